// What the files of the matrix product share.
#pragma once
#include "vector.h"

// Panels are 48 outputs wide; a block of rows and a block of k are multiplied at a time, so that 16 columns of the
// weights stay in the first cache and the rows in the second.
enum { panel_width = 48, row_block = 192, k_block = 256 };

/// Columns in memory of panel `panel` of `n` outputs: 48, in the last one the rest, rounded up to 16.
INLINE size_t width_of(size_t n, size_t panel) {
  size_t rest = n - panel * panel_width;
  return rest >= panel_width ? panel_width : (rest + 15) / 16 * 16;
}

/// Rows of packed weights for `n` results: gates and ups stand in turns of eight.
INLINE size_t packed_rows(size_t n, baton_activation activation) {
  return activation == BATON_SWIGLU ? (n + 7) / 8 * 16 : n;
}

/// One tile: the sums of some rows for some columns of a panel over `k` steps, on top of what is in `sums` when
/// `continues`. Meanwhile the weights at `ahead` are fetched, `share` bytes a step.
typedef void (*tile)(
    size_t k, const void *rows, size_t stride, const void *panel, size_t panel_stride, int continues, void *sums,
    size_t sums_stride, const char *ahead, size_t share);

/// Tiles of one instruction set and type of weights, by their number of rows: `whole` takes `columns` of a panel of 48,
/// `narrow` at most 16 of another one. An element of the rows takes `row_size` bytes.
typedef struct {
  size_t most_rows, row_size;
  size_t columns[9];
  tile whole[9], narrow[9];
} kit;

// The tiles of a kit, one for each number of rows.
#define SIX(NAME) NAME##_1, NAME##_2, NAME##_3, NAME##_4, NAME##_5, NAME##_6
#define EIGHT(NAME) SIX(NAME), NAME##_7, NAME##_8

/// A block of `k` steps of a panel: `width` columns, elements of `size` bytes; `ahead` is what is multiplied next.
typedef struct {
  size_t k, width, size;
  const char *weights, *ahead;
} slice;

/// Sums of `rows` rows `a` over a slice, into `c` of elements of four bytes.
void baton_multiply_slice(
    const kit *set, slice s, size_t rows, const void *a, size_t a_stride, int continues, void *c, size_t c_stride);

/// What makes numbers of sums of products of 8 bits: `(sum − rows[i].zero · weight_sums[j]) · weights[j] · rows[i].scale`.
typedef struct {
  const int32_t *weight_sums;
  const float *weights;
  const baton_row_scale *rows;
} scaling;

/// What becomes of `rows` rows of sums `[rows][width]` of one panel: scales (where sums are integers), bias, activation,
/// sum with what is in `c`. `sums` may be `c` when all `width` columns are valid and none is scaled.
void baton_finish(
    baton_isa isa, size_t rows, size_t width, const void *sums, size_t sums_stride, const scaling *scales,
    const float *bias, baton_activation activation, int adds, size_t valid, float *c, size_t c_stride);

/// The scale of a row of weights, and what its elements are multiplied by before rounding; then the numbers, −127 … 127.
float baton_quantization(size_t count, const float *x, float *scale);
void baton_quantize_piece(size_t count, const float *x, float factor, int16_t *numbers);

// The compiler would derive all addresses from one another, an addition each.
#define KEEP(pointer) __asm__("" : "+r"(pointer))

// The parts of a tile that all have. Rows are addressed in threes (base, + stride, + 2 strides), and steps are taken four a
// turn: with a turn for each step, instructions that only count and add are a third of all, and what the processor can
// decode is the limit, above all where two threads share a core. A single row waits for its weights, and takes one.
#define ROW_GROUPS(TYPE, ROWS)                                                                                         \
  enum { groups = (ROWS + 2) / 3, turn = ROWS > 1 ? 4 : 1 };                                                           \
  const TYPE *group[groups];                                                                                           \
  _Pragma("clang loop unroll(full)") for (size_t g = 0; g < groups; g++) {                                             \
    group[g] = (const TYPE *)rows + 3 * g * a_stride;                                                                  \
    KEEP(group[g]);                                                                                                    \
  }

// What stands at the end for each of the k steps, the step's weights at `b + at * PITCH`, its piece of row i at
// `group[i / 3] + i % 3 * a_stride + at * WIDTH`. Meanwhile what is at `ahead` is fetched, `share` bytes a step of at
// most BYTES.
#define EACH_STEP(WIDTH, PITCH, BYTES, ...)                                                                            \
  size_t p = 0;                                                                                                        \
  _Pragma("clang loop unroll(disable)") for (; p + turn <= k; p += turn, b += turn * (PITCH), ahead += turn * share) { \
    __builtin_prefetch(ahead, 0, 2);                                                                                   \
    if (share > 16)                                                                                                    \
      _Pragma("clang loop unroll(full)") for (size_t line = 64; line < turn * (BYTES); line += 64)                     \
          __builtin_prefetch(ahead + line, 0, 2);                                                                      \
    _Pragma("clang loop unroll(full)") for (size_t at = 0; at < turn; at++) { __VA_ARGS__ }                            \
    _Pragma("clang loop unroll(full)") for (size_t g = 0; g < groups; g++) group[g] += turn * (WIDTH);                 \
  }                                                                                                                    \
  _Pragma("clang loop unroll(disable)") for (; p < k; p++, b += (PITCH)) {                                             \
    enum { at = 0 };                                                                                                   \
    __VA_ARGS__                                                                                                        \
    _Pragma("clang loop unroll(full)") for (size_t g = 0; g < groups; g++) group[g] += (WIDTH);                        \
  }
