// The AVX-512 product of bfloat16 for processors without it, so that the kernels' rounding is tested
// everywhere. Included before a kernel.

#pragma once

#include <immintrin.h>

#include <cstdint>

#ifndef __AVX512BF16__
#define __AVX512BF16__ 1
#define __m512 Floats  // the kernels' own register
#define __m512bh Floats
#define _mm512_dpbf16_ps add_products_of_pairs

// Each float of a factor holds two neighbours as bfloat16.
template <class Register>
inline Register add_products_of_pairs(Register sum, Register left, Register right) {
  typedef uint32_t Bits __attribute__((vector_size(sizeof(Register))));
  Bits l = (Bits)left, r = (Bits)right;
  sum += (Register)(l << 16) * (Register)(r << 16);
  return sum + (Register)(l & 0xffff0000u) * (Register)(r & 0xffff0000u);
}
#endif
