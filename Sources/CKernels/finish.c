#include "activations.h"
#include "tiles.h"

/// `blocks` blocks of `each` rows; `share` of the next slice is fetched by each.
static void multiply_rows(
    const kit *set, slice s, size_t blocks, size_t each, size_t first_block, size_t all_blocks, const char *a,
    size_t a_stride, int continues, char *c, size_t c_stride) {
  size_t columns = s.width == panel_width ? set->columns[each] : set->columns[each] < 16 ? set->columns[each] : 16;
  tile multiply = s.width == panel_width ? set->whole[each] : set->narrow[each];
  size_t share = (columns * s.size + all_blocks - 1) / all_blocks;
  for (size_t at = 0; at < s.width; at += columns) {
    const char *ahead = s.ahead + at * s.size * s.k + first_block * share * s.k;
    for (size_t block = 0; block < blocks; block++, ahead += share * s.k)
      multiply(
          s.k, a + block * each * a_stride * set->row_size, a_stride, s.weights + at * s.size, s.width, continues,
          c + (block * each * c_stride + at) * sizeof(float), c_stride, ahead, share);
  }
}

// Blocks of nearly equal size: a tile of one or two rows waits for its sums.
void baton_multiply_slice(
    const kit *set, slice s, size_t rows, const void *left, size_t a_stride, int continues, void *sums, size_t c_stride) {
  const char *a = left;
  char *c = sums;
  size_t blocks = (rows + set->most_rows - 1) / set->most_rows, each = rows / blocks, larger = rows % blocks;
  if (larger > 0) multiply_rows(set, s, larger, each + 1, 0, blocks, a, a_stride, continues, c, c_stride);
  size_t first = larger * (each + 1);
  multiply_rows(
      set, s, blocks - larger, each, larger, blocks, a + first * a_stride * set->row_size, a_stride, continues,
      c + first * c_stride * sizeof(float), c_stride);
}

/// The first `count` ≤ 16 of `v`, on top of what is there when `adds`.
INLINE void put(float *c, const vec *v, size_t count, int adds) {
  vec result = *v, old;
  if (count >= lanes) {
    if (adds) load(&old, c), result += old;
    store(c, &result);
  } else {
    if (adds) load_part(&old, c, count, 0), result += old;
    store_part(c, &result, count);
  }
}

/// Sums from column `at` on as numbers, with their bias.
INLINE void take(vec *v, const float *sums, const scaling *scales, size_t row, const float *bias, size_t at) {
  load(v, sums + at);
  if (scales) {
    ivec whole, weight_sums;
    vec factor;
    memcpy(&whole, v, sizeof whole);
    memcpy(&weight_sums, scales->weight_sums + at, sizeof weight_sums);
    load(&factor, scales->weights + at);
    baton_row_scale own = scales->rows[row];
    *v = __builtin_convertvector(whole - weight_sums * own.zero, vec) * factor * own.scale;
  }
  if (bias) {
    vec b;
    load(&b, bias + at);
    *v += b;
  }
}

INLINE void finish_row(
    size_t row, size_t width, const float *sums, const scaling *scales, const float *bias, baton_activation activation,
    int adds, size_t valid, float *c) {
  vec v;
  if (activation != BATON_SWIGLU) {
    for (size_t at = 0; at < valid; at += lanes) {
      size_t count = valid - at < lanes ? valid - at : lanes;
      take(&v, sums, scales, row, bias, at);
      if (activation == BATON_GELU) gelu(&v);
      if (activation == BATON_SILU) silu(&v);
      put(c + at, &v, count, adds);
    }
    return;
  }
  // Sixteen columns are eight gates and their eight ups: two such groups make a vector of results.
  for (size_t at = 0, done = 0; done < valid; at += 2 * lanes, done += lanes) {
    vec next = {}, up;
    take(&v, sums, scales, row, bias, at);
    if (at + lanes < width) take(&next, sums, scales, row, bias, at + lanes);
    up = __builtin_shufflevector(v, next, 8, 9, 10, 11, 12, 13, 14, 15, 24, 25, 26, 27, 28, 29, 30, 31);
    v = __builtin_shufflevector(v, next, 0, 1, 2, 3, 4, 5, 6, 7, 16, 17, 18, 19, 20, 21, 22, 23);
    silu(&v);
    v *= up;
    put(c + done, &v, valid - done < lanes ? valid - done : lanes, adds);
  }
}

#define FINISH(NAME, TARGET)                                                                                           \
  TARGET static void NAME(                                                                                             \
      size_t rows, size_t width, const float *sums, size_t ss, const scaling *scales, const float *bias,               \
      baton_activation activation, int adds, size_t valid, float *c, size_t cs) {                                      \
    for (size_t i = 0; i < rows; i++)                                                                                  \
      finish_row(i, width, sums + i * ss, scales, bias, activation, adds, valid, c + i * cs);                          \
  }

FINISH(finish_portable, )
#if defined(__x86_64__)
FINISH(finish_avx2, TARGET_AVX2)
FINISH(finish_avx512, TARGET_AVX512)
#endif

void baton_finish(
    baton_isa isa, size_t rows, size_t width, const void *sums, size_t ss, const scaling *scales, const float *bias,
    baton_activation activation, int adds, size_t valid, float *c, size_t cs) {
#if defined(__x86_64__)
  if (isa >= BATON_AVX512) return finish_avx512(rows, width, sums, ss, scales, bias, activation, adds, valid, c, cs);
  if (isa == BATON_AVX2) return finish_avx2(rows, width, sums, ss, scales, bias, activation, adds, valid, c, cs);
#endif
  finish_portable(rows, width, sums, ss, scales, bias, activation, adds, valid, c, cs);
}
