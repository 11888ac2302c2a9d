#include "CKernels.h"

#if defined(__x86_64__)

baton_isa baton_best_isa(void) {
  __builtin_cpu_init();
  if (!__builtin_cpu_supports("avx2") || !__builtin_cpu_supports("fma") || !__builtin_cpu_supports("f16c"))
    return BATON_PORTABLE;
  int wide = __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw")
             && __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512dq");
  if (!wide) return BATON_AVX2;
  return __builtin_cpu_supports("avx512vnni") ? BATON_AVX512_VNNI : BATON_AVX512;
}

// __builtin_cpu_supports does not know the SHA extension in every compiler: leaf 7, EBX bit 29.
#include <cpuid.h>
int baton_has_sha(void) {
  unsigned a, b, c, d;
  if (!__get_cpuid_count(7, 0, &a, &b, &c, &d)) return 0;
  return (b >> 29) & 1 && __builtin_cpu_supports("sse4.1") && __builtin_cpu_supports("ssse3");
}

const char *baton_feature(size_t index) {
  const char *found[8];
  size_t count = 0;
  __builtin_cpu_init();
  if (__builtin_cpu_supports("avx2")) found[count++] = "avx2";
  if (__builtin_cpu_supports("fma")) found[count++] = "fma";
  if (__builtin_cpu_supports("f16c")) found[count++] = "f16c";
  if (__builtin_cpu_supports("avx512f")) found[count++] = "avx512f";
  if (__builtin_cpu_supports("avx512vnni")) found[count++] = "avx512vnni";
  if (baton_has_sha()) found[count++] = "sha";
  return index < count ? found[index] : NULL;
}

#else

baton_isa baton_best_isa(void) { return BATON_PORTABLE; }
int baton_has_sha(void) { return 0; }
const char *baton_feature(size_t index) {
  (void)index;
  return NULL;
}

#endif
