// Forward and backward pass of a perceptron: p2e/nn/perceptron.py for one network.

#pragma once

#include "layer_norm.hpp"
#include "products.hpp"

// In the order of p2e/nn/native/perceptrons.py. NORM_RELU: ReLU of what layer normalisation leaves.
enum class Activation { RELU, SILU, NORM_RELU };

class Perceptron {
 public:
  // sizes: features of the input, of each hidden layer, and of the output.
  // activation: after every layer but the last.
  // rounded: whether factors of wide products are rounded to bfloat16.
  Perceptron(std::vector<long> sizes, Activation activation, bool rounded)
      : sizes_(std::move(sizes)), activation_(activation), rounded_(rounded) {}

  long layers() const { return sizes_.size() - 1; }
  long inputs() const { return sizes_.front(); }
  long outputs() const { return sizes_.back(); }

  // Where weight (in, out) and bias (out) of a layer begin within those of the network; of the
  // layer after the last, how many there are.
  long place_of(long layer) const {
    long place = 0;
    for (long l = 0; l < layer; ++l) place += (sizes_[l] + 1) * sizes_[l + 1];
    return place;
  }
  long parameters() const { return place_of(layers()); }

  // Floats that a forward pass keeps of each row: what leaves the hidden layers and, where ReLU does
  // not tell it from that, what the backward passes need of their activations.
  long kept() const {
    long units = 0;
    for (long layer = 1; layer < layers(); ++layer)
      units += sizes_[layer] + (keeps_more() ? slopes_of(layer) : 0);
    return units;
  }

  // What a forward pass leaves to the backward passes: its rows and `kept()` floats of each.
  struct Tape {
    Matrix rows;
    float* memory;
  };

  void forward(const float* weights, const Tape& tape, float* result) const {
    pass(weights, tape, result, keeps_more());
  }

  // The same without what the backward passes need, in memory of its own.
  void infer(const float* weights, Matrix rows, float* result) const {
    static thread_local Buffer buffer;
    pass(weights, {rows, buffer.of_size(rows.rows * kept())}, result, false);
  }

  // Of a scalar whose gradient with respect to the outputs (batch, out) is given: its gradients with
  // respect to the weights, into `of_weights` (parameters), and to the inputs from `first` on, into
  // `of_rows` (batch, columns). Either may be null.
  void backward(const float* weights, const Tape& tape, const float* gradient, float* of_weights,
                float* of_rows, long first, long columns) const {
    Matrix above = row_major(gradient, tape.rows.rows, outputs());
    for (long layer = layers() - 1; layer >= 0; --layer) {
      if (of_weights) find_weight_gradient(layer, tape, above, of_weights + place_of(layer));
      if (layer > 0) above = below(weights, layer, above, derivative(tape, layer));
    }
    if (of_rows) leave(weights, above, first, columns, of_rows);
  }

  // With respect to the inputs alone. Rows without a gradient are left out, which changes no bit:
  // each of twin critics has one only for the rows that it values less than the other.
  void row_gradient(const float* weights, const Tape& tape, const float* gradient, long first,
                    long columns, float* result) const {
    static thread_local Buffer top, hidden, bottom;
    long batch = tape.rows.rows;
    std::vector<long> rows = rows_with_gradient(gradient, batch);
    long count = rows.size();
    Matrix above = row_major(gathered(gradient, outputs(), rows, top), count, outputs());
    for (long layer = layers() - 1; layer > 0; --layer)
      above = below(weights, layer, above,
                    gathered(derivative(tape, layer), slopes_of(layer), rows, hidden));
    float* of_rows = bottom.of_size(count * columns);
    leave(weights, above, first, columns, of_rows);
    std::fill_n(result, batch * columns, 0.0f);
    for (long i = 0; i < count; ++i)
      std::copy_n(of_rows + i * columns, columns, result + rows[i] * columns);
  }

 private:
  // Whether the backward passes need more than what leaves the hidden layers.
  bool keeps_more() const { return activation_ != Activation::RELU; }

  // Floats that tell the derivative of the activation below a layer, for each row.
  long slopes_of(long layer) const {
    return sizes_[layer] + (activation_ == Activation::NORM_RELU ? 1 : 0);
  }

  // What leaves a hidden layer (batch, out); of the layer after the last hidden one, where the
  // derivatives of the first begin.
  float* leaving(const Tape& tape, long layer) const {
    long units = 0;
    for (long l = 0; l < layer; ++l) units += sizes_[l + 1];
    return tape.memory + units * tape.rows.rows;
  }

  Matrix entering(const Tape& tape, long layer) const {
    if (layer == 0) return tape.rows;
    return row_major(leaving(tape, layer - 1), tape.rows.rows, sizes_[layer]);
  }

  // Of the activation below a layer (batch, slopes): ReLU's outputs, which are positive where it is 1,
  // SiLU's derivatives, or normalised rows with their scales.
  float* derivative(const Tape& tape, long layer) const {
    if (!keeps_more()) return leaving(tape, layer - 1);
    float* first = leaving(tape, layers() - 1);
    for (long l = 1; l < layer; ++l) first += slopes_of(l) * tape.rows.rows;
    return first;
  }

  void pass(const float* weights, const Tape& tape, float* result, bool keeps) const {
    for (long layer = 0; layer < layers(); ++layer) {
      long in = sizes_[layer], out = sizes_[layer + 1];
      bool last = layer == layers() - 1;
      Matrix rows = entering(tape, layer);
      Matrix weight = row_major(weights + place_of(layer), in, out);
      const float* bias = weight.data + in * out;
      if (last && out == 1) {
        multiply_column(rows, weight.data, result, *bias);
      } else if (last) {
        multiply(rows, weight, rounded_, result, {bias});
      } else {
        float* outputs = leaving(tape, layer);
        multiply(rows, weight, rounded_, outputs, {bias, activation_ == Activation::RELU});
        if (keeps_more())
          activate(outputs, keeps ? derivative(tape, layer + 1) : nullptr, rows.rows, out);
      }
    }
  }

  // What leaves a hidden layer; `kept`, which may be null, takes what the backward passes need.
  void activate(float* outputs, float* kept, long batch, long units) const {
    if (activation_ == Activation::SILU) return apply_silu(outputs, kept, batch * units);
    for (long i = 0; i < batch; ++i)
      apply_norm_relu(outputs + i * units, kept ? kept + i * (units + 1) : nullptr, units);
  }

  // Of weight and bias of a layer, which lie side by side.
  void find_weight_gradient(long layer, const Tape& tape, Matrix above, float* result) const {
    Matrix rows = entering(tape, layer);
    if (above.columns == 1)
      multiply(above.transposed(), rows, rounded_, result);
    else
      multiply(rows.transposed(), above, rounded_, result);
    add_up_rows(above, result + rows.columns * above.columns);
  }

  // The gradient with respect to what enters a layer, before the activation of the layer below.
  Matrix below(const float* weights, long layer, Matrix above, const float* derivative) const {
    static thread_local Buffer buffers[2];  // `above` may be in one of them
    long in = sizes_[layer];
    Matrix weight = row_major(weights + place_of(layer), in, sizes_[layer + 1]);
    float* result = buffers[layer % 2].of_size(above.rows * in);
    Finish finish;
    if (activation_ == Activation::RELU) finish.active = derivative;
    if (activation_ == Activation::SILU) finish.factors = derivative;
    multiply(above, weight.transposed(), rounded_, result, finish);
    if (activation_ == Activation::NORM_RELU)
      for (long i = 0; i < above.rows; ++i)
        below_norm_relu(result + i * in, derivative + i * (in + 1), in);
    return row_major(result, above.rows, in);
  }

  // The gradient with respect to some of the inputs.
  void leave(const float* weights, Matrix above, long first, long columns, float* result) const {
    Matrix wanted = row_major(weights + first * sizes_[1], columns, sizes_[1]);
    multiply(above, wanted.transposed(), rounded_, result);
  }

  std::vector<long> rows_with_gradient(const float* gradient, long batch) const {
    std::vector<long> found;
    for (long i = 0; i < batch; ++i) {
      const float* row = gradient + i * outputs();
      if (std::any_of(row, row + outputs(), [](float x) { return x != 0.0f; })) found.push_back(i);
    }
    return found;
  }

  static const float* gathered(const float* data, long width, const std::vector<long>& rows,
                               Buffer& buffer) {
    float* copy = buffer.of_size(rows.size() * width);
    for (size_t i = 0; i < rows.size(); ++i)
      std::copy_n(data + rows[i] * width, width, copy + i * width);
    return copy;
  }

  std::vector<long> sizes_;
  Activation activation_;
  bool rounded_;
};
