#include "vector.h"

INLINE void softmax_row(size_t columns, float *x, float scale) {
  size_t whole = columns / lanes * lanes;
  vec top = (vec){} - __builtin_inff(), v, sum = {};
  for (size_t at = 0; at < whole; at += lanes) {
    load(&v, x + at);
    maximum(&top, &v);
  }
  if (whole < columns) {
    load_part(&v, x + whole, columns - whole, -__builtin_inff());
    maximum(&top, &v);
  }
  // Whether a NaN of the row is in `highest` or not, its own power is NaN, and so the sum and the whole row.
  float highest = largest(&top);
  for (size_t at = 0; at < whole; at += lanes) {
    load(&v, x + at);
    v = (v - highest) * scale;
    exp_negative(&v);
    sum += v;
    store(x + at, &v);
  }
  if (whole < columns) {
    load_part(&v, x + whole, columns - whole, highest);
    v = (v - highest) * scale;
    exp_negative(&v);
    store_part(x + whole, &v, columns - whole);
    load_part(&v, x + whole, columns - whole, 0);
    sum += v;
  }
  float factor = 1.0f / total(&sum);
  for (size_t at = 0; at < columns; at++) x[at] *= factor;
}

/// Row i has `visible` + i columns, at most `columns`; the others become 0.
INLINE void softmax_rows(size_t rows, size_t columns, float *x, size_t stride, float scale, size_t visible) {
  for (size_t i = 0; i < rows; i++) {
    size_t own = visible < columns - (i < columns ? i : columns) ? visible + i : columns;
    softmax_row(own, x + i * stride, scale);
    memset(x + i * stride + own, 0, (columns - own) * sizeof(float));
  }
}

#define SOFTMAX(NAME, TARGET)                                                                                          \
  TARGET static void NAME(size_t rows, size_t columns, float *x, size_t stride, float scale, size_t visible) {         \
    softmax_rows(rows, columns, x, stride, scale, visible);                                                            \
  }

SOFTMAX(softmax_portable, )
#if defined(__x86_64__)
SOFTMAX(softmax_avx2, TARGET_AVX2)
SOFTMAX(softmax_avx512, TARGET_AVX512)
#endif

static void softmax(
    baton_isa isa, size_t rows, size_t columns, float *x, size_t stride, float scale, size_t visible) {
  if (columns == 0) return;
#if defined(__x86_64__)
  if (isa >= BATON_AVX512) return softmax_avx512(rows, columns, x, stride, scale, visible);
  if (isa == BATON_AVX2) return softmax_avx2(rows, columns, x, stride, scale, visible);
#endif
  softmax_portable(rows, columns, x, stride, scale, visible);
}

void baton_softmax(baton_isa isa, size_t rows, size_t columns, float *x, size_t stride, float scale) {
  softmax(isa, rows, columns, x, stride, scale, columns);
}

void baton_causal_softmax(
    baton_isa isa, size_t rows, size_t columns, float *x, size_t stride, float scale, size_t first) {
  softmax(isa, rows, columns, x, stride, scale, first + 1);
}
