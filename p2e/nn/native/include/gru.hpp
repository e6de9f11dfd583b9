// The gated recurrent unit along a sequence, forward and backward: p2e/nn/gru_cell.py for one seed.

#pragma once

#include "products.hpp"

class GatedRecurrentUnit {
 public:
  GatedRecurrentUnit(long inputs, long units) : inputs_(inputs), units_(units) {}

  // Weights (inputs or units, 3 units) and biases (3 units): of reset, update and candidate.
  struct Weights {
    const float *of_input, *input_bias, *of_memory, *memory_bias;
  };
  struct Gradients {
    float *of_input, *input_bias, *of_memory, *memory_bias;
  };

  // Rows of each step: `first` is not 0 where the memory is set to zero before the step, or null.
  struct Sequence {
    long steps, batch;
    const float *input, *first;
    long rows() const { return steps * batch; }
  };

  // What the steps keep: reset, update, candidate and the memory's part of the candidate (rows, 4 units).
  static constexpr long KEPT = 4;

  // The memory before each step (rows, units), zero where `first`, and after it.
  void forward(Weights w, Sequence s, const float* memory, float* before, float* after,
               float* kept) const {
    long wide = 3 * units_;
    float* projected = buffer(0).of_size(s.rows() * wide);
    multiply(row_major(s.input, s.rows(), inputs_), row_major(w.of_input, inputs_, wide), false,
             projected, {w.input_bias});
    float* of_memory = buffer(1).of_size(s.batch * wide);
    for (long t = 0, row = 0; t < s.steps; ++t, row += s.batch) {
      std::copy_n(memory, s.batch * units_, before + row * units_);
      for (long i = 0; s.first && i < s.batch; ++i)
        if (s.first[row + i] != 0) std::fill_n(before + (row + i) * units_, units_, 0.0f);
      multiply(row_major(before + row * units_, s.batch, units_),
               row_major(w.of_memory, units_, wide), false, of_memory, {w.memory_bias});
      for (long i = 0; i < s.batch; ++i)
        step(projected + (row + i) * wide, of_memory + i * wide, before + (row + i) * units_,
             after + (row + i) * units_, kept ? kept + (row + i) * KEPT * units_ : nullptr);
      memory = after + row * units_;
    }
  }

  // From the gradients with respect to what `forward` gave (`of_before` may be null) to those of the
  // weights, of the input (rows, inputs) and of the memory at the start (batch, units).
  void backward(Weights w, Sequence s, const float* before, const float* kept,
                const float* of_before, const float* of_after, Gradients result, float* of_input,
                float* of_start) const {
    long wide = 3 * units_;
    float* of_projected = buffer(0).of_size(s.rows() * wide);
    float* of_products = buffer(1).of_size(s.rows() * wide);
    float* through_product = buffer(2).of_size(s.batch * units_);
    std::fill_n(of_start, s.batch * units_, 0.0f);
    for (long t = s.steps - 1; t >= 0; --t) {
      long row = t * s.batch;
      for (long i = 0; i < s.batch; ++i)
        step_back(kept + (row + i) * KEPT * units_, before + (row + i) * units_,
                  of_after + (row + i) * units_, of_start + i * units_,
                  of_projected + (row + i) * wide, of_products + (row + i) * wide);
      multiply(row_major(of_products + row * wide, s.batch, wide),
               row_major(w.of_memory, units_, wide).transposed(), false, through_product);
      for (long i = 0; i < s.batch * units_; ++i) {
        of_start[i] += through_product[i];
        if (of_before) of_start[i] += of_before[row * units_ + i];
        if (s.first && s.first[row + i / units_] != 0) of_start[i] = 0;
      }
    }
    Matrix projected = row_major(of_projected, s.rows(), wide);
    Matrix products = row_major(of_products, s.rows(), wide);
    multiply(row_major(s.input, s.rows(), inputs_).transposed(), projected, false, result.of_input);
    multiply(row_major(before, s.rows(), units_).transposed(), products, false, result.of_memory);
    add_up_rows(projected, result.input_bias);
    add_up_rows(products, result.memory_bias);
    multiply(projected, row_major(w.of_input, inputs_, wide).transposed(), false, of_input);
  }

 private:
  static Buffer& buffer(int number) {
    static thread_local Buffer buffers[3];
    return buffers[number];
  }

  void step(const float* x, const float* m, const float* before, float* after, float* kept) const {
    long n = units_;
    for_each_register(n, [=](auto all, long i, long count) {
      auto at = [=](const float* from) { return load<all()>(from + i, count); };
      Floats reset = sigmoid(at(x) + at(m));
      Floats update = sigmoid(at(x + n) + at(m + n));
      Floats part = at(m + 2 * n);
      Floats candidate = hyperbolic_tangent(at(x + 2 * n) + reset * part);
      store<all()>(after + i, candidate + update * (at(before) - candidate), count);
      if (!kept) return;
      const Floats values[KEPT] = {reset, update, candidate, part};
      for (long k = 0; k < KEPT; ++k) store<all()>(kept + k * n + i, values[k], count);
    });
  }

  // `of_memory`: that of the memory after the step, as far as later steps are concerned; becomes that
  // of the memory before it, without what goes through the product with the weights.
  void step_back(const float* kept, const float* before, const float* of_after, float* of_memory,
                 float* of_projected, float* of_product) const {
    long n = units_;
    for_each_register(n, [=](auto all, long i, long count) {
      auto at = [=](const float* from) { return load<all()>(from + i, count); };
      auto put = [=](float* to, Floats value) { store<all()>(to + i, value, count); };
      Floats reset = at(kept), update = at(kept + n);
      Floats candidate = at(kept + 2 * n), part = at(kept + 3 * n);
      Floats above = at(of_after) + at(of_memory);
      Floats of_candidate = above * (1.0f - update) * (1.0f - candidate * candidate);
      Floats of_update = above * (at(before) - candidate) * update * (1.0f - update);
      Floats of_reset = of_candidate * part * reset * (1.0f - reset);
      put(of_projected, of_reset);
      put(of_projected + n, of_update);
      put(of_projected + 2 * n, of_candidate);
      put(of_product, of_reset);
      put(of_product + n, of_update);
      put(of_product + 2 * n, of_candidate * reset);
      put(of_memory, above * update);
    });
  }

  long inputs_, units_;
};
