#include "activations.h"

INLINE void row(size_t columns, float *x, baton_activation activation) {
  vec v;
  for (size_t at = 0; at < columns; at += lanes) {
    size_t rest = columns - at;
    if (rest >= lanes) load(&v, x + at);
    else load_part(&v, x + at, rest, 0);
    if (activation == BATON_GELU) gelu(&v);
    else silu(&v);
    if (rest >= lanes) store(x + at, &v);
    else store_part(x + at, &v, rest);
  }
}

#define ACTIVATION(NAME, TARGET, ACTIVATION)                                                                           \
  TARGET static void NAME(size_t rows, size_t columns, float *x, size_t stride) {                                      \
    for (size_t i = 0; i < rows; i++) row(columns, x + i * stride, ACTIVATION);                                        \
  }

ACTIVATION(gelu_portable, , BATON_GELU)
ACTIVATION(silu_portable, , BATON_SILU)
#if defined(__x86_64__)
ACTIVATION(gelu_avx2, TARGET_AVX2, BATON_GELU)
ACTIVATION(gelu_avx512, TARGET_AVX512, BATON_GELU)
ACTIVATION(silu_avx2, TARGET_AVX2, BATON_SILU)
ACTIVATION(silu_avx512, TARGET_AVX512, BATON_SILU)
#endif

void baton_gelu(baton_isa isa, size_t rows, size_t columns, float *x, size_t stride) {
  RUN(gelu, rows, columns, x, stride)
}

void baton_silu(baton_isa isa, size_t rows, size_t columns, float *x, size_t stride) {
  RUN(silu, rows, columns, x, stride)
}
