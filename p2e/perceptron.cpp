// Forward and backward pass of perceptrons with ReLU on one core: p2e/perceptron.py with bias and
// ReLU applied to a product while it is still in registers, and without an operator for each step.
//
// Compiled for the processor that it runs on and called by p2e/native_perceptron.py. Matrices are
// row-major; `weights` of a network are weight (in, out) and bias (out) of each layer, side by side.

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <vector>
#ifdef __AVX512BF16__
#include <immintrin.h>
#endif

namespace {

// A vector register; GCC and Clang make of its operators what the processor has.
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

// Products at least so large in every direction are rounded; as in p2e/products.py.
constexpr long WIDE = 192;

// Element (i, j) is at data[i * down + j * right]: a transposed matrix is a view, too.
struct Matrix {
  const float* data;
  long rows, columns, down, right;
  Matrix transposed() const { return {data, columns, rows, right, down}; }
};

Matrix row_major(const float* data, long rows, long columns) {
  return {data, rows, columns, columns, 1};
}

// What becomes of a product, element by element.
struct Finish {
  const float* bias = nullptr;  // (columns): added
  bool relu = false;
  const float* active = nullptr;  // (rows, columns): where this is not positive, 0
};

struct Buffer {
  float* of_size(size_t floats) {
    memory.resize(floats + LANES);
    auto address = reinterpret_cast<uintptr_t>(memory.data());
    return memory.data() + (-address / sizeof(float)) % LANES;
  }
  std::vector<float> memory;
};

thread_local Buffer panel_buffer, left_pairs, right_pairs, gradient_buffers[2];

template <bool ROUNDED>
inline Floats multiply_add(Floats sum, Floats left, Floats right) {
#ifdef __AVX512BF16__
  if constexpr (ROUNDED) return (Floats)_mm512_dpbf16_ps((__m512)sum, (__m512bh)left, (__m512bh)right);
#endif
  return sum + left * right;
}

// `count` neighbours, at most a register full; the other lanes are 0.
template <bool ALL>
Floats loaded(const float* from, long count) {
  if constexpr (ALL) return (Floats) * reinterpret_cast<const UnalignedFloats*>(from);
  Floats part = {};
  std::memcpy(&part, from, 4 * count);
  return part;
}

template <bool ALL>
void store(float* to, Floats value, long count) {
  if constexpr (ALL)
    *reinterpret_cast<UnalignedFloats*>(to) = value;
  else
    std::memcpy(to, &value, 4 * count);
}

// ROWS rows of `left` times a panel of VECTORS * LANES columns; of these the first `columns` are
// wanted, or ALL.
template <bool ROUNDED, bool ALL, int ROWS, int VECTORS>
void tile(Matrix left, const float* panel, float* result, long width, long columns, Finish finish) {
  Floats sums[ROWS][VECTORS];
#pragma GCC unroll 16
  for (int i = 0; i < ROWS; ++i)
#pragma GCC unroll 4
    for (int j = 0; j < VECTORS; ++j) sums[i][j] = Floats{};
  for (long k = 0; k < left.columns; ++k) {
    const Floats* right = reinterpret_cast<const Floats*>(panel + k * VECTORS * LANES);
#pragma GCC unroll 16
    for (int i = 0; i < ROWS; ++i) {
      int32_t bits;
      std::memcpy(&bits, left.data + i * left.down + k * left.right, 4);
      Floats value = (Floats)(bits - Words{});  // the same in every lane
#pragma GCC unroll 4
      for (int j = 0; j < VECTORS; ++j)
        sums[i][j] = multiply_add<ROUNDED>(sums[i][j], value, right[j]);
    }
  }
#pragma GCC unroll 4
  for (int j = 0; j < VECTORS; ++j) {
    long count = std::clamp<long>(columns - j * LANES, 0, LANES);
    Floats bias = finish.bias ? loaded<ALL>(finish.bias + j * LANES, count) : Floats{};
#pragma GCC unroll 16
    for (int i = 0; i < ROWS; ++i) {
      long place = i * width + j * LANES;
      Floats value = sums[i][j] + bias;
      if (finish.relu) value = value > 0.0f ? value : Floats{};
      if (finish.active)
        value = loaded<ALL>(finish.active + place, count) > 0.0f ? value : Floats{};
      store<ALL>(result + place, value, count);
    }
  }
}

// The last rows are a tile of fewer rows.
template <bool ROUNDED, int ROWS, int VECTORS>
void tile_of_at_most(Matrix left, const float* panel, float* result, long width, long columns,
                     Finish finish) {
  if (left.rows >= ROWS) {
    bool all = columns >= VECTORS * LANES;
    auto multiply = all ? tile<ROUNDED, true, ROWS, VECTORS> : tile<ROUNDED, false, ROWS, VECTORS>;
    return multiply(left, panel, result, width, columns, finish);
  }
  if constexpr (ROWS > 1)
    tile_of_at_most<ROUNDED, ROWS - 1, VECTORS>(left, panel, result, width, columns, finish);
}

// Columns of `right` side by side in the order in which a tile reads them; what is beyond the last
// column is 0.
template <int VECTORS>
const float* packed(Matrix right) {
  constexpr long WIDTH = VECTORS * LANES;
  float* panel = panel_buffer.of_size(right.rows * WIDTH);
  long columns = std::min(WIDTH, right.columns);
  if (columns < WIDTH) std::fill_n(panel, right.rows * WIDTH, 0.0f);
  if (right.right == 1) {
    for (long k = 0; k < right.rows; ++k)
      std::memcpy(panel + k * WIDTH, right.data + k * right.down, 4 * columns);
    return panel;
  }
  for (long first = 0; first < right.rows; first += LANES)
    for (long j = 0; j < columns; ++j)
      for (long k = first; k < std::min(first + LANES, right.rows); ++k)
        std::memcpy(panel + k * WIDTH + j, right.data + k * right.down + j * right.right, 4);
  return panel;
}

template <bool ROUNDED, int VECTORS>
void multiply_panel(Matrix left, Matrix right, float* result, long width, Finish finish) {
  const float* panel = packed<VECTORS>(right);
  for (long first = 0; first < left.rows; first += TILE_ROWS) {
    Matrix rows = left;
    rows.data += first * left.down;
    rows.rows -= first;
    Finish of_rows = finish;
    if (finish.active) of_rows.active += first * width;
    tile_of_at_most<ROUNDED, TILE_ROWS, VECTORS>(rows, panel, result + first * width, width,
                                                 right.columns, of_rows);
  }
}

template <bool ROUNDED>
void multiply_panels(Matrix left, Matrix right, float* result, Finish finish) {
  for (long column = 0, step; column < right.columns; column += step) {
    Matrix rest = right;
    rest.data += column * right.right;
    rest.columns -= column;
    Finish of_rest = finish;
    if (finish.bias) of_rest.bias += column;
    if (finish.active) of_rest.active += column;
    bool several = rest.columns > LANES;
    step = several ? TILE_VECTORS * LANES : LANES;
    auto multiply = several ? multiply_panel<ROUNDED, TILE_VECTORS> : multiply_panel<ROUNDED, 1>;
    multiply(left, rest, result + column, right.columns, of_rest);
  }
}

#ifdef __AVX512BF16__
uint32_t bfloat16(float value) {  // to the nearest, and of two to the even one
  uint32_t bits;
  std::memcpy(&bits, &value, 4);
  return (bits + 0x7fff + (bits >> 16 & 1)) >> 16;
}

// Two neighbours of a column as bfloat16 in the place of one float: (rows / 2, columns).
Matrix in_pairs(Matrix matrix, Buffer& buffer) {
  bool by_rows = matrix.right == 1;
  long rows = (matrix.rows + 1) / 2, columns = matrix.columns;
  Matrix pairs = by_rows ? row_major(nullptr, rows, columns)
                         : row_major(nullptr, columns, rows).transposed();
  float* memory = buffer.of_size(rows * columns);
  pairs.data = memory;
  auto fill = [&](long outer, long inner, auto pair_at) {
    for (long i = 0; i < outer; ++i)
      for (long j = 0; j < inner; ++j) {
        uint32_t pair = pair_at(i, j);
        std::memcpy(memory + i * inner + j, &pair, 4);
      }
  };
  const float* data = matrix.data;
  if (by_rows)
    fill(rows, columns, [=](long i, long j) {
      const float* upper = data + 2 * i * matrix.down + j;
      return bfloat16(upper[0]) | bfloat16(upper[matrix.down]) << 16;
    });
  else
    fill(columns, rows, [=](long j, long i) {
      const float* upper = data + j * matrix.right + 2 * i;
      return bfloat16(upper[0]) | bfloat16(upper[1]) << 16;
    });
  return pairs;
}
#endif

// A single column needs no tiles, which would be empty but for it.
void multiply_column(Matrix left, const float* column, float* result, const float* bias) {
  for (long i = 0; i < left.rows; ++i) {
    const float* row = left.data + i * left.down;
    Floats sums = {};
    long k = 0;
    for (; k + LANES <= left.columns; k += LANES)
      sums += *reinterpret_cast<const UnalignedFloats*>(row + k) *
              *reinterpret_cast<const UnalignedFloats*>(column + k);
    float sum = bias ? *bias : 0.0f;
    for (int lane = 0; lane < LANES; ++lane) sum += sums[lane];
    for (; k < left.columns; ++k) sum += row[k] * column[k];
    result[i] = sum;
  }
}

// result (rows, columns) = left right, rounded to bfloat16 before if that is wanted and pays.
void multiply(Matrix left, Matrix right, bool rounded, float* result, Finish finish = {}) {
#ifdef __AVX512BF16__
  long narrowest = std::min({left.rows, left.columns, right.columns});
  if (rounded && narrowest >= WIDE && left.columns % 2 == 0) {
    Matrix pairs = in_pairs(left.transposed(), left_pairs).transposed();
    return multiply_panels<true>(pairs, in_pairs(right, right_pairs), result, finish);
  }
#endif
  multiply_panels<false>(left, right, result, finish);
}

void add_up_rows(Matrix matrix, float* sums) {
  std::fill_n(sums, matrix.columns, 0.0f);
  for (long i = 0; i < matrix.rows; ++i)
    for (long j = 0; j < matrix.columns; ++j) sums[j] += matrix.data[i * matrix.down + j];
}

long parameters_of(const int64_t* sizes, long layer) {
  return (sizes[layer] + 1) * sizes[layer + 1];
}

}  // namespace

extern "C" {

// Args:
//   networks: how many; all arrays but `sizes` have an axis of them before those named.
//   sizes (layers + 1): features of the rows and of each layer's output.
//   weights (parameters), rows (batch, sizes[0]).
//   outputs: for each layer its outputs (batch, out), after the ReLU for each but the last.
void forward(int64_t networks, int64_t batch, int64_t layers, const int64_t* sizes, bool rounded,
             const float* weights, const float* rows, float* const* outputs) {
  for (long network = 0; network < networks; ++network)
    for (long layer = 0; layer < layers; ++layer) {
      long in = sizes[layer], out = sizes[layer + 1];
      const float* inputs = (layer ? outputs[layer - 1] : rows) + network * batch * in;
      const float* bias = weights + in * out;
      float* result = outputs[layer] + network * batch * out;
      bool last = layer == layers - 1;
      if (out == 1 && last)
        multiply_column(row_major(inputs, batch, in), weights, result, bias);
      else
        multiply(row_major(inputs, batch, in), row_major(weights, in, out), rounded, result,
                 {bias, !last});
      weights += parameters_of(sizes, layer);
    }
}

// Args:
//   inputs: for each layer what it was given (batch, in).
//   gradient (batch, sizes[layers]): of a scalar with respect to the outputs.
//   weight_gradient (parameters), row_gradient (batch, columns): what is filled in, of the rows for
//     the features from `first_column` on; null where not wanted.
void backward(int64_t networks, int64_t batch, int64_t layers, const int64_t* sizes, bool rounded,
              const float* weights, const float* const* inputs, const float* gradient,
              float* weight_gradient, float* row_gradient, int64_t first_column, int64_t columns) {
  for (long network = 0; network < networks; ++network) {
    Matrix above = row_major(gradient + network * batch * sizes[layers], batch, sizes[layers]);
    long place = 0;
    for (long layer = 0; layer < layers; ++layer) place += parameters_of(sizes, layer);
    long parameters = place;
    for (long layer = layers - 1; layer >= 0; --layer) {
      long in = sizes[layer], out = sizes[layer + 1];
      place -= parameters_of(sizes, layer);
      const float* entered = inputs[layer] + network * batch * in;
      Matrix weight = row_major(weights + network * parameters + place, in, out);
      if (weight_gradient) {
        float* result = weight_gradient + network * parameters + place;
        Matrix rows = row_major(entered, batch, in);
        if (out == 1)
          multiply(above.transposed(), rows, rounded, result);
        else
          multiply(rows.transposed(), above, rounded, result);
        add_up_rows(above, result + in * out);
      }
      if (layer > 0) {
        float* below = gradient_buffers[layer % 2].of_size(batch * in);
        multiply(above, weight.transposed(), rounded, below, {nullptr, false, entered});
        above = row_major(below, batch, in);
      } else if (row_gradient) {
        Matrix wanted = row_major(weight.data + first_column * out, columns, out);
        multiply(above, wanted.transposed(), rounded, row_gradient + network * batch * columns);
      }
    }
  }
}

}  // extern "C"
