// Layer normalisation without weights (Ba et al. 2016), alone and before ReLU, row by row.

#pragma once

#include <cmath>

#include "registers.hpp"

constexpr float NORM_EPSILON = 1e-5f;  // as in torch.nn.functional.layer_norm

// The sum of `term(all, place, count)`, registers whose lanes beyond `count` are 0, over a row.
template <class Term>
inline float sum_over(long width, Term term) {
  Floats sums = {};
  for_each_register(width, [&](auto all, long place, long count) { sums += term(all, place, count); });
  float sum = 0;
  for (int lane = 0; lane < LANES; ++lane) sum += sums[lane];
  return sum;
}

// Shifts and scales a row to mean 0 and variance 1. Returns the scale.
inline float normalise(float* row, long width) {
  auto part = [=](auto all, long i, long count) { return load<all()>(row + i, count); };
  float mean = sum_over(width, part) / width;
  for_each_register(width, [=](auto all, long i, long count) {
    store<all()>(row + i, part(all, i, count) - mean, count);
  });
  float squares = sum_over(width, [=](auto all, long i, long count) {
    Floats deviation = part(all, i, count);
    return deviation * deviation;
  });
  float scale = 1 / std::sqrt(squares / width + NORM_EPSILON);
  for_each_register(width, [=](auto all, long i, long count) {
    store<all()>(row + i, part(all, i, count) * scale, count);
  });
  return scale;
}

// A row becomes the positive part of its normalised self. `kept` (width + 1), which may be null, takes
// what the backward pass needs: the normalised row, and its scale.
inline void apply_norm_relu(float* row, float* kept, long width) {
  float scale = normalise(row, width);
  if (kept) {
    std::copy_n(row, width, kept);
    kept[width] = scale;
  }
  for_each_register(width, [=](auto all, long i, long count) {
    Floats value = load<all()>(row + i, count);
    store<all()>(row + i, value < 0.0f ? Floats{} : value, count);  // what is no number stays none
  });
}

// A gradient g with respect to these positive parts becomes the one with respect to the row before it
// was normalised to n: (h - mean(h) - n mean(h n)) scale, h = g where n is positive and 0 elsewhere.
inline void below_norm_relu(float* gradient, const float* kept, long width) {
  auto normalised = [=](auto all, long i, long count) { return load<all()>(kept + i, count); };
  auto active = [=](auto all, long i, long count) {
    Floats slope = load<all()>(gradient + i, count);
    return normalised(all, i, count) <= 0.0f ? Floats{} : slope;
  };
  float mean = sum_over(width, active) / width;
  float along = sum_over(width, [=](auto all, long i, long count) {
                  return active(all, i, count) * normalised(all, i, count);
                }) / width;
  float scale = kept[width];
  for_each_register(width, [=](auto all, long i, long count) {
    Floats n = normalised(all, i, count);
    store<all()>(gradient + i, (active(all, i, count) - mean - n * along) * scale, count);
  });
}
