#include "vector.h"

INLINE void sum_at(vec *v, const float *x, const float *residual, size_t at, size_t columns) {
  if (at + lanes <= columns) {
    load(v, x + at);
    if (residual) {
      vec r;
      load(&r, residual + at);
      *v += r;
    }
  } else {
    load_part(v, x + at, columns - at, 0);
    if (residual) {
      vec r;
      load_part(&r, residual + at, columns - at, 0);
      *v += r;
    }
  }
}

INLINE void normalize_row(
    size_t columns, const float *x, const float *residual, const float *gain, const float *shift, float epsilon,
    float *out) {
  vec sum = {}, squares = {}, v;
  for (size_t at = 0; at < columns; at += lanes) {
    sum_at(&v, x, residual, at, columns);
    sum += v;
    if (at + lanes <= columns) store(out + at, &v);
    else store_part(out + at, &v, columns - at);
  }
  float mean = total(&sum) / (float)columns;
  for (size_t at = 0; at < columns; at += lanes) {
    if (at + lanes <= columns) load(&v, out + at);
    else load_part(&v, out + at, columns - at, mean);
    v -= mean;
    squares += v * v;
  }
  float scale = 1.0f / __builtin_elementwise_sqrt(total(&squares) / (float)columns + epsilon);
  for (size_t at = 0; at < columns; at += lanes) {
    vec g, s;
    if (at + lanes <= columns) {
      load(&v, out + at), load(&g, gain + at), load(&s, shift + at);
      v = (v - mean) * scale * g + s;
      store(out + at, &v);
    } else {
      size_t rest = columns - at;
      load_part(&v, out + at, rest, 0), load_part(&g, gain + at, rest, 0), load_part(&s, shift + at, rest, 0);
      v = (v - mean) * scale * g + s;
      store_part(out + at, &v, rest);
    }
  }
}

#define LAYER_NORM(NAME, TARGET)                                                                                       \
  TARGET static void NAME(                                                                                             \
      size_t rows, size_t columns, const float *x, size_t xs, const float *r, size_t rs, const float *gain,            \
      const float *shift, float epsilon, float *out, size_t os) {                                                      \
    for (size_t i = 0; i < rows; i++)                                                                                  \
      normalize_row(columns, x + i * xs, r ? r + i * rs : NULL, gain, shift, epsilon, out + i * os);                   \
  }

LAYER_NORM(layer_norm_portable, )
#if defined(__x86_64__)
LAYER_NORM(layer_norm_avx2, TARGET_AVX2)
LAYER_NORM(layer_norm_avx512, TARGET_AVX512)
#endif

void baton_layer_norm(
    baton_isa isa, size_t rows, size_t columns, const float *x, size_t xs, const float *r, size_t rs,
    const float *gain, const float *shift, float epsilon, float *out, size_t os) {
#if defined(__x86_64__)
  if (isa >= BATON_AVX512) return layer_norm_avx512(rows, columns, x, xs, r, rs, gain, shift, epsilon, out, os);
  if (isa == BATON_AVX2) return layer_norm_avx2(rows, columns, x, xs, r, rs, gain, shift, epsilon, out, os);
#endif
  layer_norm_portable(rows, columns, x, xs, r, rs, gain, shift, epsilon, out, os);
}
