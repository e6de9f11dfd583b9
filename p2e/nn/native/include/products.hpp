// Products of matrices on one core. What follows a product (bias, ReLU, ReLU's derivative) is done
// while its elements are still in registers.
//
// The method is that of Goto and van de Geijn 2008: a tile of the product stays in registers while
// one row of a panel of the right matrix after the other is read.

#pragma once

#include <vector>

#include "registers.hpp"
#ifdef __SSE__
#include <immintrin.h>
#endif

// Products with at least WIDE rows, columns and terms are rounded, where that is wanted. The number
// comes from p2e/nn/products.py, as a compiler option.
#ifndef WIDE
#error "WIDE is not set"
#endif

// Element (i, j) is at data[i * down + j * right]: a transposed matrix is a view, too.
struct Matrix {
  const float* data;
  long rows, columns, down, right;
  Matrix transposed() const { return {data, columns, rows, right, down}; }
};

inline Matrix row_major(const float* data, long rows, long columns) {
  return {data, rows, columns, columns, 1};
}

// What becomes of a product, element by element.
struct Finish {
  const float* bias = nullptr;  // (columns): added
  bool relu = false;
  const float* active = nullptr;   // (rows, columns): 0 where this is not positive
  const float* factors = nullptr;  // (rows, columns): multiplied

  Finish from(long row, long column, long width) const {
    Finish moved = *this;
    if (bias) moved.bias += column;
    if (active) moved.active += row * width + column;
    if (factors) moved.factors += row * width + column;
    return moved;
  }
};

// Memory that is kept from one update to the next.
struct Buffer {
  float* of_size(size_t floats) {
    memory.resize(std::max(memory.size(), floats + LANES));
    auto address = reinterpret_cast<uintptr_t>(memory.data());
    return memory.data() + (-address / sizeof(float)) % LANES;
  }
  std::vector<float> memory;
};

template <bool ROUNDED>
inline Floats multiply_add(Floats sum, Floats left, Floats right) {
#ifdef __AVX512BF16__
  if constexpr (ROUNDED)
    return (Floats)_mm512_dpbf16_ps((__m512)sum, (__m512bh)left, (__m512bh)right);
#endif
  return sum + left * right;
}

// Columns of the right matrix, VECTORS registers wide; of these the first `columns` are wanted.
struct Panel {
  const float* data;
  long stride, columns;
};

// ROWS rows of `left` times a panel, of which ALL columns are wanted or only some.
template <bool ROUNDED, bool ALL, int ROWS, int VECTORS>
void tile(Matrix left, Panel panel, float* result, long width, Finish finish) {
  for (int i = 0; i < ROWS; ++i)
    for (int j = 0; j < VECTORS; ++j) __builtin_prefetch(result + i * width + j * LANES, 1);
  Floats sums[ROWS][VECTORS];
#pragma GCC unroll 16
  for (int i = 0; i < ROWS; ++i)
#pragma GCC unroll 4
    for (int j = 0; j < VECTORS; ++j) sums[i][j] = Floats{};
  for (long k = 0; k < left.columns; ++k) {
    const float* right = panel.data + k * panel.stride;
#pragma GCC unroll 16
    for (int i = 0; i < ROWS; ++i) {
      int32_t bits;
      std::memcpy(&bits, left.data + i * left.down + k * left.right, 4);
      Floats value = (Floats)(bits - Words{});  // the same in every lane
#pragma GCC unroll 4
      for (int j = 0; j < VECTORS; ++j)
        sums[i][j] = multiply_add<ROUNDED>(sums[i][j], value, unaligned(right + j * LANES));
    }
  }
#pragma GCC unroll 4
  for (int j = 0; j < VECTORS; ++j) {
    long count = std::clamp<long>(panel.columns - j * LANES, 0, LANES);
    Floats bias = finish.bias ? load<ALL>(finish.bias + j * LANES, count) : Floats{};
#pragma GCC unroll 16
    for (int i = 0; i < ROWS; ++i) {
      long place = i * width + j * LANES;
      Floats value = sums[i][j] + bias;
      // What is no number stays what it is, so that it is noticed.
      if (finish.relu) value = value < 0.0f ? Floats{} : value;
      if (finish.active)
        value = load<ALL>(finish.active + place, count) <= 0.0f ? Floats{} : value;
      if (finish.factors) value *= load<ALL>(finish.factors + place, count);
      store<ALL>(result + place, value, count);
    }
  }
}

// As many rows of `left` as there are, ROWS at most.
template <bool ROUNDED, int ROWS, int VECTORS>
void tile_of_at_most(Matrix left, Panel panel, float* result, long width, Finish finish) {
  if (left.rows >= ROWS) {
    bool all = panel.columns >= VECTORS * LANES;
    auto multiply = all ? tile<ROUNDED, true, ROWS, VECTORS> : tile<ROUNDED, false, ROWS, VECTORS>;
    multiply(left, panel, result, width, finish);
  } else if constexpr (ROWS > 1) {
    tile_of_at_most<ROUNDED, ROWS - 1, VECTORS>(left, panel, result, width, finish);
  }
}

// The transpose of four by four neighbours; the arguments are followed by the distance of their rows.
inline void transpose_four(const float* from, long from_width, float* to, long to_width) {
#ifdef __SSE__
  __m128 rows[4];
  for (int i = 0; i < 4; ++i) rows[i] = _mm_loadu_ps(from + i * from_width);
  _MM_TRANSPOSE4_PS(rows[0], rows[1], rows[2], rows[3]);
  for (int i = 0; i < 4; ++i) _mm_storeu_ps(to + i * to_width, rows[i]);
#else
  for (int i = 0; i < 4; ++i)
    for (int j = 0; j < 4; ++j) to[j * to_width + i] = from[i * from_width + j];
#endif
}

// A copy of the first columns of `right`, with neighbours of a row side by side and with room for a
// whole panel. Where they lie in memory, the rows of a wide matrix would evict each other from the
// first cache: powers of two apart, they share a few of its lines.
template <int VECTORS>
Panel panel_of(Matrix right) {
  constexpr long WIDTH = VECTORS * LANES;
  long columns = std::min(WIDTH, right.columns);
  static thread_local Buffer buffer;
  float* copy = buffer.of_size(right.rows * WIDTH);
  if (columns == WIDTH && right.right == 1) {
    for (long k = 0; k < right.rows; ++k)
      for (int j = 0; j < VECTORS; ++j)
        store<true>(copy + k * WIDTH + j * LANES,
                    unaligned(right.data + k * right.down + j * LANES), LANES);
    return {copy, WIDTH, columns};
  }
  if (right.down == 1 && right.rows >= 4 && columns % 4 == 0) {
    for (long j = 0; j < columns; j += 4) {
      const float* from = right.data + j * right.right;
      for (long k = 0; k < right.rows; k += 4) {
        k = std::min(k, right.rows - 4);
        transpose_four(from + k, right.right, copy + k * WIDTH + j, WIDTH);
      }
    }
    return {copy, WIDTH, columns};
  }
  // By blocks of one cache line, whichever way the columns run.
  for (long first = 0; first < right.rows; first += LANES)
    for (long j = 0; j < columns; ++j)
      for (long k = first; k < std::min(first + LANES, right.rows); ++k)
        std::memcpy(copy + k * WIDTH + j, right.data + k * right.down + j * right.right, 4);
  return {copy, WIDTH, columns};
}

template <bool ROUNDED, int VECTORS>
void multiply_panel(Matrix left, Matrix right, float* result, long width, Finish finish) {
  Panel panel = panel_of<VECTORS>(right);
  for (long first = 0; first < left.rows; first += TILE_ROWS) {
    Matrix rows = left;
    rows.data += first * left.down;
    rows.rows -= first;
    Finish of_rows = finish.from(first, 0, width);
    tile_of_at_most<ROUNDED, TILE_ROWS, VECTORS>(rows, panel, result + first * width, width,
                                                 of_rows);
  }
}

template <bool ROUNDED>
void multiply_panels(Matrix left, Matrix right, float* result, Finish finish) {
  for (long column = 0, step; column < right.columns; column += step) {
    Matrix rest = right;
    rest.data += column * right.right;
    rest.columns -= column;
    Finish of_rest = finish.from(0, column, right.columns);
    bool several = rest.columns > LANES;
    step = several ? TILE_VECTORS * LANES : LANES;
    auto multiply = several ? multiply_panel<ROUNDED, TILE_VECTORS> : multiply_panel<ROUNDED, 1>;
    multiply(left, rest, result + column, right.columns, of_rest);
  }
}

inline uint32_t bfloat16(float value) {  // the nearest, and of two the even one
  uint32_t bits;
  std::memcpy(&bits, &value, 4);
  return (bits + 0x7fff + (bits >> 16 & 1)) >> 16;
}

// Two neighbours of a column as bfloat16 in the place of one float: (rows / 2, columns).
inline Matrix in_pairs(Matrix matrix, Buffer& buffer) {
  long rows = matrix.rows / 2, columns = matrix.columns;
  float* memory = buffer.of_size(rows * columns);
  auto fill = [memory](long outer, long inner, auto first_of_pair, long to_second) {
    for (long i = 0; i < outer; ++i)
      for (long j = 0; j < inner; ++j) {
        const float* first = first_of_pair(i, j);
        uint32_t pair = bfloat16(first[0]) | bfloat16(first[to_second]) << 16;
        std::memcpy(memory + i * inner + j, &pair, 4);
      }
  };
  if (matrix.right == 1) {
    auto first = [=](long i, long j) { return matrix.data + 2 * i * matrix.down + j; };
    fill(rows, columns, first, matrix.down);
    return row_major(memory, rows, columns);
  }
  auto first = [=](long j, long i) { return matrix.data + j * matrix.right + 2 * i; };
  fill(columns, rows, first, 1);
  return row_major(memory, columns, rows).transposed();
}

// A single column needs no tiles, of which it would fill a sixteenth.
inline void multiply_column(Matrix left, const float* column, float* result, float bias) {
  for (long i = 0; i < left.rows; ++i) {
    const float* row = left.data + i * left.down;
    Floats even = {}, odd = {};
    long k = 0;
    for (; k + 2 * LANES <= left.columns; k += 2 * LANES) {
      even += unaligned(row + k) * unaligned(column + k);
      odd += unaligned(row + k + LANES) * unaligned(column + k + LANES);
    }
    even += odd;
    float sum = bias;
    for (int lane = 0; lane < LANES; ++lane) sum += even[lane];
    for (; k < left.columns; ++k) sum += row[k] * column[k];
    result[i] = sum;
  }
}

// result (rows, columns) = left right; of factors rounded to bfloat16 where that is wanted, the
// product is wide and the processor multiplies them.
inline void multiply(Matrix left, Matrix right, bool rounded, float* result, Finish finish = {}) {
#ifdef __AVX512BF16__
  if (rounded && std::min({left.rows, left.columns, right.columns}) >= WIDE &&
      left.columns % 2 == 0) {
    static thread_local Buffer left_pairs, right_pairs;
    Matrix pairs = in_pairs(left.transposed(), left_pairs).transposed();
    return multiply_panels<true>(pairs, in_pairs(right, right_pairs), result, finish);
  }
#endif
  multiply_panels<false>(left, right, result, finish);
}

inline void add_up_rows(Matrix matrix, float* __restrict sums) {
  std::fill_n(sums, matrix.columns, 0.0f);
  for (long i = 0; i < matrix.rows; ++i)
    for (long j = 0; j < matrix.columns; ++j) sums[j] += matrix.data[i * matrix.down + j];
}
