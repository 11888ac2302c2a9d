#include "vector.h"

// Twelve sums: as many as hide the latency of two multiplications at a time, and no more than there are registers.
#define PEAK(NAME, TARGET, VECTOR, SUMS, MULTIPLY_ADD)                                                                 \
  TARGET static double NAME(size_t rounds) {                                                                           \
    VECTOR sum[SUMS] = {}, half = (VECTOR){} + 0.5f;                                                                   \
    for (size_t round = 0; round < rounds; round++) {                                                                  \
      _Pragma("clang loop unroll(full)") for (size_t i = 0; i < SUMS; i++) {                                           \
        sum[i] = MULTIPLY_ADD(sum[i], half, half);                                                                     \
        __asm__ volatile("" : "+x"(sum[i]));                                                                           \
      }                                                                                                                \
    }                                                                                                                  \
    return 2.0 * SUMS * (sizeof(VECTOR) / sizeof(float)) * (double)rounds;                                             \
  }

#define PLAIN(x, y, s) ((s) + (x) * (y))
#define FUSED(x, y, s) __builtin_elementwise_fma(x, y, s)
#if defined(__x86_64__)
typedef float vec4 __attribute__((vector_size(16)));
typedef float vec8 __attribute__((vector_size(32)));
PEAK(peak_portable, , vec4, 12, PLAIN)
PEAK(peak_avx2, TARGET_AVX2, vec8, 12, FUSED)
PEAK(peak_avx512, TARGET_AVX512, vec, 12, FUSED)

double baton_peak(baton_isa isa, size_t rounds) {
  if (isa >= BATON_AVX512) return peak_avx512(rounds);
  return isa == BATON_AVX2 ? peak_avx2(rounds) : peak_portable(rounds);
}
#else
double baton_peak(baton_isa isa, size_t rounds) {
  (void)isa, (void)rounds;
  return 0;
}
#endif
