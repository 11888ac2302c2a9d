#include "vector.h"

INLINE void load_at(vec *v, const float *x, size_t at, size_t count) {
  if (at + lanes <= count) load(v, x + at);
  else load_part(v, x + at, count - at, 0);
}
INLINE void store_at(float *x, const vec *v, size_t at, size_t count) {
  if (at + lanes <= count) store(x + at, v);
  else store_part(x + at, v, count - at);
}

/// What makes the mean square of a row 1.
INLINE float rms_scale(size_t columns, const float *x, float epsilon) {
  vec squares = {}, v;
  for (size_t at = 0; at < columns; at += lanes) {
    load_at(&v, x, at, columns);
    squares += v * v;
  }
  return 1.0f / __builtin_elementwise_sqrt(total(&squares) / (float)columns + epsilon);
}

INLINE void rms_norm_row(size_t columns, const float *x, const float *gain, float epsilon, float *out) {
  float scale = rms_scale(columns, x, epsilon);
  for (size_t at = 0; at < columns; at += lanes) {
    vec v, g;
    load_at(&v, x, at, columns), load_at(&g, gain, at, columns);
    v = v * scale * g;
    store_at(out, &v, at, columns);
  }
}

INLINE void rotate_head(size_t half, float *x, const float *gain, float epsilon, const float *c, const float *s, float scale) {
  float norm = gain ? rms_scale(2 * half, x, epsilon) : 1;
  for (size_t at = 0; at < half; at += lanes) {
    vec a, b, cosine, sine, g;
    load_at(&a, x, at, half), load_at(&b, x + half, at, half);
    load_at(&cosine, c, at, half), load_at(&sine, s, at, half);
    if (gain) {
      load_at(&g, gain, at, half), a = a * norm * g;
      load_at(&g, gain + half, at, half), b = b * norm * g;
    }
    vec first = (a * cosine - b * sine) * scale, second = (b * cosine + a * sine) * scale;
    store_at(x, &first, at, half), store_at(x + half, &second, at, half);
  }
}

#define KERNELS(SET, TARGET)                                                                                           \
  TARGET static void rms_norm_##SET(                                                                                   \
      size_t rows, size_t columns, const float *x, size_t xs, const float *gain, float epsilon, float *out, size_t os) { \
    for (size_t i = 0; i < rows; i++) rms_norm_row(columns, x + i * xs, gain, epsilon, out + i * os);                  \
  }                                                                                                                    \
  TARGET static void rotate_##SET(                                                                                     \
      size_t rows, size_t heads, size_t width, float *x, size_t stride, const float *gain, float epsilon,              \
      const float *cosines, const float *sines, const int32_t *positions, float scale) {                               \
    for (size_t i = 0; i < rows; i++) {                                                                                \
      size_t at = (size_t)positions[i] * (width / 2);                                                                  \
      for (size_t head = 0; head < heads; head++)                                                                      \
        rotate_head(width / 2, x + i * stride + head * width, gain, epsilon, cosines + at, sines + at, scale);         \
    }                                                                                                                  \
  }

KERNELS(portable, )
#if defined(__x86_64__)
KERNELS(avx2, TARGET_AVX2)
KERNELS(avx512, TARGET_AVX512)
#endif

void baton_rms_norm(
    baton_isa isa, size_t rows, size_t columns, const float *x, size_t xs, const float *gain, float epsilon, float *out,
    size_t os) {
  RUN(rms_norm, rows, columns, x, xs, gain, epsilon, out, os)
}

void baton_rotate(
    baton_isa isa, size_t rows, size_t heads, size_t head_width, float *x, size_t stride, const float *gain,
    float epsilon, const float *cosines, const float *sines, const int32_t *positions, float scale) {
  RUN(rotate, rows, heads, head_width, x, stride, gain, epsilon, cosines, sines, positions, scale)
}
