// Sixteen floats at a time, in whatever registers the function's target has: the compiler cuts the vector.
// Nothing here is passed by value, because the calling convention of wide vectors depends on the target.
#pragma once
#include "CKernels.h"
#include <string.h>

// To the end of every file that includes this: a product and a sum that become one on some sets and not on others
// would give other bits.
#pragma STDC FP_CONTRACT OFF

#define INLINE static inline __attribute__((always_inline))
#if defined(__x86_64__)
#define TARGET_AVX2 __attribute__((target("avx2,fma,f16c")))
#define TARGET_AVX512 __attribute__((target("avx512f"), min_vector_width(512)))
#endif

typedef float vec __attribute__((vector_size(64)));
typedef int32_t ivec __attribute__((vector_size(64)));
enum { lanes = 16 };

INLINE void load(vec *v, const float *from) { memcpy(v, from, sizeof *v); }
INLINE void store(float *to, const vec *v) { memcpy(to, v, sizeof *v); }

/// The first `count` < 16 floats, the rest `fill`.
INLINE void load_part(vec *v, const float *from, size_t count, float fill) {
  float part[lanes];
  for (size_t i = 0; i < lanes; i++) part[i] = i < count ? from[i] : fill;
  memcpy(v, part, sizeof *v);
}
INLINE void store_part(float *to, const vec *v, size_t count) {
  float part[lanes];
  memcpy(part, v, sizeof part);
  for (size_t i = 0; i < count; i++) to[i] = part[i];
}

/// Sum and maximum over the lanes, always in the same order. NaN is kept by the sum; `maximum` and `largest` keep it
/// or pass over it.
INLINE float total(const vec *v) {
  float s[lanes];
  memcpy(s, v, sizeof s);
  for (size_t half = lanes / 2; half > 0; half /= 2)
    for (size_t i = 0; i < half; i++) s[i] += s[i + half];
  return s[0];
}
INLINE float largest(const vec *v) {
  float s[lanes];
  memcpy(s, v, sizeof s);
  for (size_t half = lanes / 2; half > 0; half /= 2)
    for (size_t i = 0; i < half; i++) s[i] = s[i] > s[i + half] ? s[i] : s[i + half];
  return s[0];
}
INLINE void maximum(vec *a, const vec *b) { *a = __builtin_elementwise_max(*a, *b); }

/// exp for x ≤ 0; below -87 it stays at exp(-87); NaN stays NaN.
/// x = n·ln2 + r; 1 + r + r²·p(r), p fitted to |r| ≤ ln2/2 (error 3e-9).
INLINE void exp_negative(vec *x) {
  const vec least = (vec){} - 87.0f, magic = (vec){} + 12582912.0f;
  vec v = __builtin_elementwise_max(*x, least);
  vec shifted = v * 1.44269504f + magic;
  vec n = shifted - magic;
  // ln2 in two pieces, so that n·high is exact.
  vec r = v - n * 0.693359375f + n * 2.12194440e-4f;
  vec p = r * 0.0013950483f + 0.0083688907f;
  p = p * r + 0.0416662060f;
  p = p * r + 0.1666651815f;
  p = p * r + 0.5f;
  vec y = p * (r * r) + r + 1.0f;
  ivec bits;
  memcpy(&bits, &y, sizeof bits);
  ivec exponent;
  memcpy(&exponent, &shifted, sizeof exponent);
  bits += exponent << 23;
  // The maximum above made a number of NaN.
  ivec given, number = *x == *x;
  memcpy(&given, x, sizeof given);
  bits = (bits & number) | (given & ~number);
  memcpy(x, &bits, sizeof bits);
}

/// Calls the body of KERNEL, which returns nothing, for the set `isa`.
#if defined(__x86_64__)
#define RUN(KERNEL, ...)                                                                                               \
  if (isa >= BATON_AVX512) return KERNEL##_avx512(__VA_ARGS__);                                                        \
  if (isa == BATON_AVX2) return KERNEL##_avx2(__VA_ARGS__);                                                            \
  KERNEL##_portable(__VA_ARGS__);
#else
#define RUN(KERNEL, ...) (void)isa, KERNEL##_portable(__VA_ARGS__);
#endif
