#include "vector.h"

// x·Φ(x) = max(x, 0) − |x|·Φ(−|x|), which loses nothing to cancellation in the tails. Φ(−|x|)·exp(x²/2) is a
// polynomial in t = 1/(1 + 0.32·|x|), the form of Hastings (1955), fitted by iterated weighted least squares to
// erfcx on [0, 12] with |x|·exp(−x²/2) as weight: error of the product 2e-9 before rounding.
INLINE void gelu(vec *x) {
  vec zero = {}, size = __builtin_elementwise_abs(*x);
  vec t = 1.0f / (size * 0.32f + 1.0f);
  vec p = t * 0.0445957407f - 0.235618547f;
  p = p * t + 0.398840874f;
  p = p * t - 0.157106414f;
  p = p * t + 0.213507831f;
  p = p * t + 0.106150836f;
  p = p * t + 0.129629657f;
  p = p * t;
  vec tail = size * size * -0.5f;
  exp_negative(&tail);
  *x = __builtin_elementwise_max(*x, zero) - size * (p * tail);
}

INLINE void gelu_row(size_t columns, float *x) {
  size_t whole = columns / lanes * lanes;
  vec v;
  for (size_t at = 0; at < whole; at += lanes) {
    load(&v, x + at);
    gelu(&v);
    store(x + at, &v);
  }
  if (whole < columns) {
    load_part(&v, x + whole, columns - whole, 0);
    gelu(&v);
    store_part(x + whole, &v, columns - whole);
  }
}

#define GELU(NAME, TARGET)                                                                                             \
  TARGET static void NAME(size_t rows, size_t columns, float *x, size_t stride) {                                      \
    for (size_t i = 0; i < rows; i++) gelu_row(columns, x + i * stride);                                               \
  }

GELU(gelu_portable, )
#if defined(__x86_64__)
GELU(gelu_avx2, TARGET_AVX2)
GELU(gelu_avx512, TARGET_AVX512)
#endif

void baton_gelu(baton_isa isa, size_t rows, size_t columns, float *x, size_t stride) {
#if defined(__x86_64__)
  if (isa == BATON_AVX512) return gelu_avx512(rows, columns, x, stride);
  if (isa == BATON_AVX2) return gelu_avx2(rows, columns, x, stride);
#endif
  gelu_portable(rows, columns, x, stride);
}
