// Vector registers, and functions of all their lanes at once.

#pragma once

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <utility>

// A vector register; the compiler makes of its operators what the processor has.
#if defined(__AVX512F__)
constexpr int LANES = 16, TILE_ROWS = 6, TILE_VECTORS = 4;  // 24 sums in 32 registers
#elif defined(__AVX__)
constexpr int LANES = 8, TILE_ROWS = 6, TILE_VECTORS = 2;  // 12 sums in 16 registers
#else
constexpr int LANES = 4, TILE_ROWS = 6, TILE_VECTORS = 4;
#endif
typedef float Floats __attribute__((vector_size(4 * LANES), may_alias));
typedef float UnalignedFloats __attribute__((vector_size(4 * LANES), may_alias, aligned(4)));
typedef int32_t Words __attribute__((vector_size(4 * LANES)));

inline Floats unaligned(const float* from) {
  return (Floats) * reinterpret_cast<const UnalignedFloats*>(from);
}

// `count` neighbours, at most a register full; the other lanes are 0.
template <bool ALL>
inline Floats load(const float* from, long count) {
  if constexpr (ALL) return unaligned(from);
  Floats part = {};
  std::memcpy(&part, from, 4 * count);
  return part;
}

template <bool ALL>
inline void store(float* to, Floats value, long count) {
  if constexpr (ALL)
    *reinterpret_cast<UnalignedFloats*>(to) = value;
  else
    std::memcpy(to, &value, 4 * count);
}

// Calls `operate(place, count)` for every register full of `size` neighbours, and for what is left.
template <class Operate>
inline void for_each_register(long size, Operate operate) {
  long place = 0;
  for (; place + LANES <= size; place += LANES) operate(std::true_type(), place, long(LANES));
  if (place < size) operate(std::false_type(), place, size - place);
}

// e^x, relative error below 2e-7: e^x = 2^n e^r with |r| <= log(2) / 2 (as in Cephes' expf). What is
// no number stays none.
inline Floats exponential(Floats x) {
  constexpr float LOWEST = -87.0f, HIGHEST = 88.0f;  // beyond them e^x is no normal float
  x = x < LOWEST ? Floats{} + LOWEST : x;
  x = x > HIGHEST ? Floats{} + HIGHEST : x;
  constexpr float ROUNDING = 12582912.0f;  // 1.5 * 2^23: adding it leaves a whole number in the low bits
  Floats shifted = x * 1.44269504f + ROUNDING;
  Floats n = shifted - ROUNDING;
  Floats r = x - n * 0.693359375f;  // log(2) in two parts, so that no digit of r is lost
  r = r + n * 2.12194440e-4f;
  Floats sum = r * 1.9875691500e-4f + 1.3981999507e-3f;
  sum = sum * r + 8.3334519073e-3f;
  sum = sum * r + 4.1665795894e-2f;
  sum = sum * r + 1.6666665459e-1f;
  sum = sum * r + 5.0000001201e-1f;
  sum = sum * r * r + r + 1.0f;
  return (Floats)((Words)sum + ((Words)shifted << 23));
}

inline Floats sigmoid(Floats x) { return 1.0f / (1.0f + exponential(-x)); }

// x becomes x sigmoid(x) (SiLU), and `slopes`, which may be null, its derivative.
inline void apply_silu(float* x, float* slopes, long size) {
  for_each_register(size, [=](auto all, long place, long count) {
    Floats value = load<all()>(x + place, count), gate = sigmoid(value);
    Floats result = value * gate;
    store<all()>(x + place, result, count);
    if (slopes) store<all()>(slopes + place, gate + result * (1.0f - gate), count);
  });
}

// tanh(x), relative error below 3e-7: near 0 an odd polynomial (as in Cephes' tanhf), elsewhere by e^x.
inline Floats hyperbolic_tangent(Floats x) {
  Floats square = x * x;
  Floats sum = square * -5.70498872745e-3f + 2.06390887954e-2f;
  sum = sum * square - 5.37397155531e-2f;
  sum = sum * square + 1.33314422036e-1f;
  sum = sum * square - 3.33332819422e-1f;
  Floats near = sum * square * x + x;
  Floats far = 1.0f - 2.0f / (exponential(2.0f * x) + 1.0f);
  return square < 0.390625f ? near : far;
}
