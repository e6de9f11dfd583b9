// Forward and backward pass of a perceptron with ReLU: p2e/nn/perceptron.py for one network.

#pragma once

#include "products.hpp"

class Perceptron {
 public:
  // sizes: features of the input, of each hidden layer, and of the output.
  // rounded: whether factors of wide products are rounded to bfloat16.
  Perceptron(std::vector<long> sizes, bool rounded) : sizes_(std::move(sizes)), rounded_(rounded) {}

  long layers() const { return sizes_.size() - 1; }
  long outputs() const { return sizes_.back(); }

  // Where weight (in, out) and bias (out) of a layer begin within those of the network; of the
  // layer after the last, how many there are.
  long place_of(long layer) const {
    long place = 0;
    for (long l = 0; l < layer; ++l) place += (sizes_[l] + 1) * sizes_[l + 1];
    return place;
  }
  long parameters() const { return place_of(layers()); }

  // What a forward pass leaves to the backward passes.
  struct Tape {
    long batch = 0;
    const float* rows = nullptr;  // (batch, in)
    std::vector<Buffer> buffers;  // of each layer
    std::vector<float*> layers;   // their outputs (batch, out), after the ReLU for all but the last
    const float* entering(long layer) const { return layer ? layers[layer - 1] : rows; }
    const float* outputs() const { return layers.back(); }
  };

  void forward(const float* weights, const float* rows, long batch, Tape& tape) const {
    tape.batch = batch;
    tape.rows = rows;
    tape.buffers.resize(layers());
    tape.layers.resize(layers());
    for (long layer = 0; layer < layers(); ++layer) {
      long in = sizes_[layer], out = sizes_[layer + 1];
      bool last = layer == layers() - 1;
      Matrix entering = row_major(tape.entering(layer), batch, in);
      Matrix weight = row_major(weights + place_of(layer), in, out);
      const float* bias = weight.data + in * out;
      tape.layers[layer] = tape.buffers[layer].of_size(batch * out);
      if (last && out == 1)
        multiply_column(entering, weight.data, tape.layers[layer], *bias);
      else
        multiply(entering, weight, rounded_, tape.layers[layer], {bias, !last});
    }
  }

  // Of a scalar whose gradient with respect to the outputs (batch, out) is given: its gradient with
  // respect to the weights, into `result` (parameters).
  void weight_gradient(const float* weights, const Tape& tape, const float* gradient,
                       float* result) const {
    Matrix above = row_major(gradient, tape.batch, outputs());
    for (long layer = layers() - 1; layer >= 0; --layer) {
      long in = sizes_[layer], out = sizes_[layer + 1];
      Matrix entering = row_major(tape.entering(layer), tape.batch, in);
      float* of_weight = result + place_of(layer);
      if (out == 1)
        multiply(above.transposed(), entering, rounded_, of_weight);
      else
        multiply(entering.transposed(), above, rounded_, of_weight);
      add_up_rows(above, of_weight + in * out);
      if (layer > 0) above = below(weights, layer, above, entering.data);
    }
  }

  // The same with respect to the inputs from `first` on, into `result` (batch, columns).
  //
  // Rows without a gradient are left out, which changes no bit: each of twin critics has one only
  // for the rows that it values less than the other.
  void row_gradient(const float* weights, const Tape& tape, const float* gradient, long first,
                    long columns, float* result) const {
    static thread_local Buffer top, hidden, bottom;
    std::vector<long> rows = rows_with_gradient(gradient, tape.batch);
    long count = rows.size();
    Matrix above = row_major(gathered(gradient, outputs(), rows, top), count, outputs());
    for (long layer = layers() - 1; layer > 0; --layer)
      above = below(weights, layer, above,
                    gathered(tape.entering(layer), sizes_[layer], rows, hidden));
    Matrix wanted = row_major(weights + first * sizes_[1], columns, sizes_[1]);
    float* of_rows = bottom.of_size(count * columns);
    multiply(above, wanted.transposed(), rounded_, of_rows);
    std::fill_n(result, tape.batch * columns, 0.0f);
    for (long i = 0; i < count; ++i)
      std::copy_n(of_rows + i * columns, columns, result + rows[i] * columns);
  }

 private:
  // The gradient with respect to what enters a layer, before the ReLU of the layer below.
  Matrix below(const float* weights, long layer, Matrix above, const float* entering) const {
    static thread_local Buffer buffers[2];  // `above` may be in one of them
    long in = sizes_[layer];
    Matrix weight = row_major(weights + place_of(layer), in, sizes_[layer + 1]);
    float* result = buffers[layer % 2].of_size(above.rows * in);
    multiply(above, weight.transposed(), rounded_, result, {nullptr, false, entering});
    return row_major(result, above.rows, in);
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

  static void add_up_rows(Matrix matrix, float* sums) {
    std::fill_n(sums, matrix.columns, 0.0f);
    for (long i = 0; i < matrix.rows; ++i)
      for (long j = 0; j < matrix.columns; ++j) sums[j] += matrix.data[i * matrix.down + j];
  }

  std::vector<long> sizes_;
  bool rounded_;
};
