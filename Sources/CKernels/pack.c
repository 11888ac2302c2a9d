#include "tiles.h"

size_t baton_packed_size(size_t n, size_t k) { return (n + 15) / 16 * 16 * k; }

size_t baton_packed_size8(size_t n, size_t k) {
  size_t outputs = (n + 15) / 16 * 16;
  return outputs * ((k + 3) / 4 * 4) + outputs * (sizeof(float) + sizeof(int32_t));
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

typedef uint16_t half8 __attribute__((vector_size(16)));
typedef uint32_t word4 __attribute__((vector_size(16)));
#define LOW8(a, b) __builtin_shufflevector(a, b, 0, 8, 1, 9, 2, 10, 3, 11)
#define HIGH8(a, b) __builtin_shufflevector(a, b, 4, 12, 5, 13, 6, 14, 7, 15)
#define LOW4(a, b) __builtin_shufflevector(a, b, 0, 4, 1, 5)
#define HIGH4(a, b) __builtin_shufflevector(a, b, 2, 6, 3, 7)

// `[SIZE][SIZE]` at `from` turned into rows `width` apart. Laying the first half between the second, as cards are shuffled, turns
// a square after as many times as doubling one makes SIZE.
#define TURN(NAME, ELEMENT, VECTOR, SIZE, LOW, HIGH)                                                                   \
  INLINE void NAME(const ELEMENT *from, size_t stride, ELEMENT *to, size_t width) {                                    \
    VECTOR rows[SIZE], next[SIZE];                                                                                     \
    for (size_t i = 0; i < SIZE; i++) memcpy(&rows[i], from + i * stride, sizeof rows[i]);                             \
    for (size_t times = 1; times < SIZE; times *= 2) {                                                                 \
      for (size_t i = 0; i < SIZE / 2; i++) {                                                                          \
        next[2 * i] = LOW(rows[i], rows[i + SIZE / 2]);                                                                \
        next[2 * i + 1] = HIGH(rows[i], rows[i + SIZE / 2]);                                                           \
      }                                                                                                                \
      memcpy(rows, next, sizeof rows);                                                                                 \
    }                                                                                                                  \
    for (size_t i = 0; i < SIZE; i++) memcpy(to + i * width, &rows[i], sizeof rows[i]);                                \
  }
TURN(turn16, uint16_t, half8, 8, LOW8, HIGH8)
TURN(turn32, uint32_t, word4, 4, LOW4, HIGH4)

INLINE uint32_t bits_of(float x) {
  uint32_t bits;
  memcpy(&bits, &x, sizeof bits);
  return bits;
}
#define SAME(j) (j)
// Columns j and j + 8 of sixteen lie side by side, so that a shift and a mask widen both.
#define PAIRED(j) ((j) % 8 * 2 + (j) / 8)

// Sixteen rows and 32 k at a time: rounded row by row into a tile, which is then turned by squares.
enum { tile_depth = 32 };
#define PACK_PANEL(NAME, ELEMENT, NARROW, PLACE, TURN, SIZE)                                                           \
  static void NAME(size_t width, size_t used, size_t k, const float *rows, size_t stride, ELEMENT *panel) {            \
    for (size_t left = 0; left < width; left += 16)                                                                    \
      for (size_t first = 0; first < k; first += tile_depth) {                                                         \
        size_t count = k - first < tile_depth ? k - first : tile_depth;                                                \
        ELEMENT tile[16][tile_depth] = {}, *to = panel + first * width + left;                                         \
        for (size_t j = 0; j < 16 && left + j < used; j++) {                                                           \
          const float *from = rows + (left + j) * stride + first;                                                      \
          for (size_t p = 0; p < count; p++) tile[PLACE(j)][p] = NARROW(from[p]);                                      \
        }                                                                                                              \
        size_t squares = count / SIZE * SIZE;                                                                          \
        for (size_t p = 0; p < squares; p += SIZE)                                                                     \
          for (size_t j = 0; j < 16; j += SIZE) TURN(&tile[j][p], tile_depth, to + p * width + j, width);              \
        for (size_t p = squares; p < count; p++)                                                                       \
          for (size_t j = 0; j < 16; j++) to[p * width + j] = tile[j][p];                                              \
      }                                                                                                                \
  }
PACK_PANEL(pack_f32, uint32_t, bits_of, SAME, turn32, 4)
PACK_PANEL(pack_bf16, uint16_t, bfloat16, PAIRED, turn16, 8)
PACK_PANEL(pack_f16, uint16_t, float16, SAME, turn16, 8)

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
    pack_f32(width, used, k, weight + first * stride, stride, (uint32_t *)(void *)(packed + first * k));
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
