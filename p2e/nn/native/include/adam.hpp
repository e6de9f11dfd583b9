// Adam (Kingma & Ba 2015, algorithm 1) with the gradient of each seed clipped: what
// p2e/nn/optimizer.py does with PyTorch's operators.

#pragma once

#include <cmath>

#include "registers.hpp"

// A parameter and what Adam remembers of its gradient, all (seeds, size). `decays`, what the weights
// decay by, may be null.
struct Learning {
  float *weights, *means, *squares;
  const float* decays;
  long size;
};

constexpr double BETA1 = 0.9, BETA2 = 0.999, EPSILON = 1e-8;  // as in p2e/nn/optimizer.py

inline double sum_of_squares(const float* vector, long size) {
  constexpr long PART = 1024;  // not too many floats in one sum
  double sum = 0;
  for (long first = 0; first < size; first += PART) {
    long stop = std::min(first + PART, size), i = first;
    Floats lanes = {};
    for (; i + LANES <= stop; i += LANES) lanes += unaligned(vector + i) * unaligned(vector + i);
    for (int lane = 0; lane < LANES; ++lane) sum += lanes[lane];
    for (; i < stop; ++i) sum += vector[i] * vector[i];
  }
  return sum;
}

// By how much a gradient of this norm is shortened; an infinite limit for not at all.
inline float clip_factor(float norm, float limit) {
  return std::isfinite(limit) ? std::min(limit / (norm + 1e-6f), 1.0f) : 1;  // not a number stays none
}

// One step of one seed from its gradient (size), times `factor`. `steps`: made, this one included.
inline void adam(const Learning& learning, long seed, const float* __restrict gradient,
                 float factor, float steps, float rate) {
  float step_size = rate / (1 - std::pow(BETA1, steps));
  float correction = 1 / std::sqrt(1 - std::pow(BETA2, steps));
  constexpr float BETA = BETA2, ONE_LESS_BETA1 = 1 - BETA1, ONE_LESS_BETA2 = 1 - BETA2;
  long size = learning.size;
  const float* __restrict decays = learning.decays ? learning.decays + seed * size : nullptr;
  float* __restrict weights = learning.weights + seed * size;
  float* __restrict means = learning.means + seed * size;
  float* __restrict squares = learning.squares + seed * size;
  auto descend = [=](long i, float slope) {
    means[i] += ONE_LESS_BETA1 * (slope - means[i]);
    squares[i] = BETA * squares[i] + ONE_LESS_BETA2 * slope * slope;
    weights[i] -= step_size * means[i] / (std::sqrt(squares[i]) * correction + float(EPSILON));
  };
  if (decays)
    for (long i = 0; i < size; ++i) descend(i, gradient[i] * factor + decays[i] * weights[i]);
  else
    for (long i = 0; i < size; ++i) descend(i, gradient[i] * factor);
}
