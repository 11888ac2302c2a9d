#include "CKernels.h"
#include <string.h>

void baton_widen_bfloat16(size_t count, const uint16_t *from, float *to) {
  uint32_t *bits = (uint32_t *)(void *)to;
  for (size_t i = 0; i < count; i++) bits[i] = (uint32_t)from[i] << 16;
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

void baton_widen_float16(size_t count, const uint16_t *from, float *to) {
  for (size_t i = 0; i < count; i++) to[i] = widen_half(from[i]);
}

int baton_all_finite(size_t count, const float *values) {
  uint32_t worst = 0;
  for (size_t i = 0; i < count; i++) {
    uint32_t bits;
    memcpy(&bits, &values[i], 4);
    bits &= 0x7f800000u;
    worst = bits > worst ? bits : worst;
  }
  return worst < 0x7f800000u;
}
