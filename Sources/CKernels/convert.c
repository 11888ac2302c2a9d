#include "CKernels.h"
#include <string.h>

// Elements are copied, not pointed at: they may lie at odd addresses. The compiler makes wide unaligned loads of it.
static inline uint16_t element(const void *from, size_t index) {
  uint16_t bits;
  memcpy(&bits, (const char *)from + 2 * index, 2);
  return bits;
}

void baton_widen_bfloat16(size_t count, const void *from, float *to) {
  for (size_t i = 0; i < count; i++) {
    uint32_t bits = (uint32_t)element(from, i) << 16;
    memcpy(&to[i], &bits, 4);
  }
}

// One multiplication renormalises subnormals; only infinities and NaN need another exponent.
static inline float widen_half(uint16_t half) {
  uint32_t bits = (uint32_t)(half & 0x7fff) << 13;
  float value;
  memcpy(&value, &bits, 4);
  value *= 0x1p112f;
  memcpy(&bits, &value, 4);
  if ((half & 0x7c00) == 0x7c00) bits = 0x7f800000u | (uint32_t)(half & 0x3ff) << 13;
  bits |= (uint32_t)(half & 0x8000) << 16;
  memcpy(&value, &bits, 4);
  return value;
}

void baton_widen_float16(size_t count, const void *from, float *to) {
  for (size_t i = 0; i < count; i++) to[i] = widen_half(element(from, i));
}

int baton_all_finite(size_t count, const float *values) {
  uint32_t found = 0;
  for (size_t i = 0; i < count; i++) {
    uint32_t bits;
    memcpy(&bits, &values[i], 4);
    found |= (bits & 0x7f800000u) == 0x7f800000u;
  }
  return !found;
}
