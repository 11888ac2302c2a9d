#include "tiles.h"

size_t baton_packed_size(size_t n, size_t k) { return (n + 15) / 16 * 16 * k; }

size_t baton_packed_size8(size_t n, size_t k) {
  size_t outputs = (n + 15) / 16 * 16;
  return outputs * ((k + 3) / 4 * 4) + outputs * (sizeof(float) + sizeof(int32_t));
}

// Sixteen k of every row at a time: what is written then lies in the first cache.
#define PACK_PANEL(NAME, ELEMENT, NARROW, PLACE)                                                                       \
  static void NAME(size_t width, size_t used, size_t k, const float *rows, size_t stride, ELEMENT *panel) {            \
    for (size_t first = 0; first < k; first += 16) {                                                                   \
      size_t count = k - first < 16 ? k - first : 16;                                                                  \
      for (size_t j = 0; j < width; j++)                                                                               \
        for (size_t p = first; p < first + count; p++)                                                                 \
          panel[p * width + PLACE(j)] = j < used ? NARROW(rows[j * stride + p]) : 0;                                   \
    }                                                                                                                  \
  }

// To the nearest, to the even one of two; NaN stays NaN.
INLINE uint16_t bfloat16(float x) {
  uint32_t bits;
  memcpy(&bits, &x, sizeof bits);
  if ((bits & 0x7fffffff) > 0x7f800000) return (uint16_t)(bits >> 16 | 0x40);
  return (uint16_t)((bits + 0x7fff + (bits >> 16 & 1)) >> 16);
}
// As bfloat16; what is too large becomes infinite. Adding a power of two lets the processor round subnormals.
INLINE uint16_t float16(float x) {
  uint32_t bits, sign, rounded;
  memcpy(&bits, &x, sizeof bits);
  sign = bits >> 16 & 0x8000, bits &= 0x7fffffff;
  if (bits > 0x7f800000) return (uint16_t)(sign | 0x7e00);
  if (bits >= 0x477ff000) return (uint16_t)(sign | 0x7c00);
  if (bits < 0x38800000) {
    float small;
    memcpy(&small, &bits, sizeof small);
    small += 0.5f;
    memcpy(&rounded, &small, sizeof rounded);
    return (uint16_t)(sign | (rounded - 0x3f000000));
  }
  rounded = bits - 0x38000000 + 0xfff + (bits >> 13 & 1);
  return (uint16_t)(sign | rounded >> 13);
}
#define SAME(x) (x)
// Columns j and j + 8 of sixteen lie side by side, so that a shift and a mask widen both.
#define PAIRED(j) ((j) / 16 * 16 + (j) % 8 * 2 + (j) / 8 % 2)
PACK_PANEL(pack_f32, float, SAME, SAME)
PACK_PANEL(pack_bf16, uint16_t, bfloat16, PAIRED)
PACK_PANEL(pack_f16, uint16_t, float16, SAME)

void baton_pack_panel(
    baton_storage storage, size_t width, size_t used, size_t k, const float *rows, size_t stride, void *panel) {
  if (storage == BATON_F32) pack_f32(width, used, k, rows, stride, panel);
  if (storage == BATON_BF16) pack_bf16(width, used, k, rows, stride, panel);
  if (storage == BATON_F16) pack_f16(width, used, k, rows, stride, panel);
}

void baton_pack_panel8(
    size_t width, size_t used, size_t k, const float *rows, size_t stride, void *panel, float *scales, int32_t *sums) {
  int8_t *to = panel;
  size_t padded = (k + 3) / 4 * 4;
  memset(to, 0, width * padded);
  for (size_t j = 0; j < width; j++) {
    scales[j] = 0, sums[j] = 0;
    if (j >= used) continue;
    int16_t numbers[64];
    // In pieces, by the scale of the whole row.
    float factor = baton_quantization(k, rows + j * stride, &scales[j]);
    for (size_t first = 0; first < k; first += 64) {
      size_t count = k - first < 64 ? k - first : 64;
      baton_quantize_piece(count, rows + j * stride + first, factor, numbers);
      for (size_t p = 0; p < count; p++) {
        to[((first + p) / 4 * width + j) * 4 + (first + p) % 4] = (int8_t)numbers[p];
        sums[j] += numbers[p];
      }
    }
  }
}

void baton_pack(size_t n, size_t k, const float *weight, size_t stride, float *packed) {
  for (size_t first = 0; first < n; first += panel_width) {
    size_t width = width_of(n, first / panel_width), used = n - first < width ? n - first : width;
    pack_f32(width, used, k, weight + first * stride, stride, packed + first * k);
  }
}

void baton_pack_transposed(size_t n, size_t k, const float *weight, size_t stride, float *packed) {
  for (size_t first = 0; first < n; first += panel_width) {
    size_t width = width_of(n, first / panel_width), used = n - first < width ? n - first : width;
    float *panel = packed + first * k;
    for (size_t p = 0; p < k; p++) {
      memcpy(panel + p * width, weight + p * stride + first, used * sizeof(float));
      for (size_t j = used; j < width; j++) panel[p * width + j] = 0;
    }
  }
}
