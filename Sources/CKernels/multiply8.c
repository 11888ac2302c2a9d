#include "tiles.h"
#if defined(__x86_64__)
#include <immintrin.h>
#endif

// A step is four k: weights [48][4] of 8 bits, and four numbers of each row, 0 … 255, in 16 bits, or in 8 where the
// processor multiplies unsigned by signed bytes. Sums are exact, so their order is free.

/// Bytes that a number of a row takes.
static size_t number_size(baton_isa isa) { return isa >= BATON_AVX512_VNNI ? 1 : 2; }

size_t baton_quantized_stride(baton_isa isa, size_t columns) {
  return ((columns + 3) / 4 * 4 * number_size(isa) + 63) / 64 * 64;
}

static void portable_1(
    size_t k, const void *rows, size_t a_stride, const void *panel, size_t b_stride, int continues, void *sums,
    size_t c_stride, const char *ahead, size_t share) {
  (void)a_stride, (void)c_stride, (void)ahead, (void)share;
  const int16_t *a = rows;
  const int8_t *b = panel;
  int32_t sum[16] = {};
  if (continues) memcpy(sum, sums, sizeof sum);
  for (size_t p = 0; p < k; p++, a += 4, b += 4 * b_stride)
    for (size_t j = 0; j < 16; j++)
      for (size_t q = 0; q < 4; q++) sum[j] += a[q] * b[4 * j + q];
  memcpy(sums, sum, sizeof sum);
}
static const kit portable = {1, sizeof(int16_t), {0, 16}, {0, portable_1}, {0, portable_1}};

#if defined(__x86_64__)
// The compiler would add up several steps first, which takes more registers than there are.
#define IN_ORDER(sum) __asm__("" : "+v"(sum))

// Steps with 16 bits: a vector of sums has two for each output, of even and odd pairs of k, added at the end.
#define TILE(NAME, TARGET, ROWS, COLUMNS, PITCH, WORDS, SUMS, LOAD, SPREAD, MULTIPLY_ADD, PAIRS)                       \
  TARGET static void NAME(                                                                                             \
      size_t k, const void *rows, size_t a_stride, const void *panel, size_t b_stride, int continues, void *sums,      \
      size_t c_stride, const char *ahead, size_t share) {                                                              \
    enum { each = sizeof(SUMS) / 8, vectors = COLUMNS / each };                                                        \
    (void)b_stride;                                                                                                    \
    const char *b = panel;                                                                                             \
    ROW_GROUPS(int16_t, ROWS)                                                                                          \
    SUMS sum[ROWS][vectors] = {};                                                                                      \
    EACH_STEP(4, 4 * (PITCH), 4 * COLUMNS, {                                                                           \
      WORDS column[vectors];                                                                                           \
      _Pragma("clang loop unroll(full)") for (size_t j = 0; j < vectors; j++)                                          \
          LOAD(column[j], b + at * 4 * (PITCH) + j * 4 * each);                                                        \
      _Pragma("clang loop unroll(full)") for (size_t i = 0; i < ROWS; i++) {                                           \
        WORDS left;                                                                                                    \
        SPREAD(left, group[i / 3] + i % 3 * a_stride + at * 4);                                                        \
        _Pragma("clang loop unroll(full)") for (size_t j = 0; j < vectors; j++) {                                      \
          sum[i][j] += (SUMS)MULTIPLY_ADD(left, column[j]);                                                            \
          IN_ORDER(sum[i][j]);                                                                                         \
        }                                                                                                              \
      }                                                                                                                \
    })                                                                                                                 \
    int32_t *c = sums;                                                                                                 \
    _Pragma("clang loop unroll(full)") for (size_t i = 0; i < ROWS; i++)                                               \
        _Pragma("clang loop unroll(full)") for (size_t j = 0; j < vectors; j += 2) {                                   \
      SUMS total = PAIRS(sum[i][j], sum[i][j + 1]), old;                                                               \
      int32_t *to = c + i * c_stride + j * each;                                                                       \
      if (continues) {                                                                                                 \
        memcpy(&old, to, sizeof old);                                                                                  \
        total += old;                                                                                                  \
      }                                                                                                                \
      memcpy(to, &total, sizeof total);                                                                                \
    }                                                                                                                  \
  }

typedef int32_t int8x32 __attribute__((vector_size(32)));
typedef int16_t short16 __attribute__((vector_size(32)));
typedef int8_t byte16 __attribute__((vector_size(16)));
typedef int64_t long4 __attribute__((vector_size(32)));
#define LOAD_256(to, from)                                                                                             \
  do {                                                                                                                 \
    byte16 bytes;                                                                                                      \
    memcpy(&bytes, from, sizeof bytes);                                                                                \
    to = __builtin_convertvector(bytes, short16);                                                                      \
  } while (0)
#define SPREAD_256(to, from)                                                                                           \
  do {                                                                                                                 \
    int64_t four;                                                                                                      \
    memcpy(&four, from, sizeof four);                                                                                  \
    to = (short16)((long4){} + four);                                                                                  \
  } while (0)
#define MULTIPLY_256(x, y) _mm256_madd_epi16((__m256i)(x), (__m256i)(y))
#define PAIRS_256(x, y)                                                                                                \
  (__builtin_shufflevector(x, y, 0, 2, 4, 6, 8, 10, 12, 14) + __builtin_shufflevector(x, y, 1, 3, 5, 7, 9, 11, 13, 15))
// Tiles of whole panels, whose steps lie 48 outputs apart, and of narrower ones.
#define AVX2_TILE(ROWS, COLUMNS, KIND, PITCH)                                                                          \
  TILE(avx2_##KIND##_##ROWS, TARGET_AVX2, ROWS, COLUMNS, PITCH, short16, int8x32, LOAD_256, SPREAD_256, MULTIPLY_256,  \
       PAIRS_256)
#define AVX2_TILES(ROWS, COLUMNS, NARROW)                                                                              \
  AVX2_TILE(ROWS, COLUMNS, whole, panel_width) AVX2_TILE(ROWS, NARROW, narrow, b_stride)
AVX2_TILES(1, 48, 16)
AVX2_TILES(2, 16, 16)
AVX2_TILES(3, 8, 8)
AVX2_TILES(4, 8, 8)
AVX2_TILES(5, 8, 8)
AVX2_TILES(6, 8, 8)
static const kit avx2 = {
    6, sizeof(int16_t), {0, 48, 16, 8, 8, 8, 8}, {0, SIX(avx2_whole)}, {0, SIX(avx2_narrow)}};

#define TARGET_WORDS __attribute__((target("avx512f,avx512bw,avx512vl,avx512dq"), min_vector_width(512)))
typedef int16_t short32 __attribute__((vector_size(64)));
typedef int8_t byte32 __attribute__((vector_size(32)));
typedef int64_t long8 __attribute__((vector_size(64)));
#define LOAD_512(to, from)                                                                                             \
  do {                                                                                                                 \
    byte32 bytes;                                                                                                      \
    memcpy(&bytes, from, sizeof bytes);                                                                                \
    to = __builtin_convertvector(bytes, short32);                                                                      \
  } while (0)
#define SPREAD_512(to, from)                                                                                           \
  do {                                                                                                                 \
    int64_t four;                                                                                                      \
    memcpy(&four, from, sizeof four);                                                                                  \
    to = (short32)((long8){} + four);                                                                                  \
  } while (0)
#define MULTIPLY_512(x, y) _mm512_madd_epi16((__m512i)(x), (__m512i)(y))
#define PAIRS_512(x, y)                                                                                                \
  (__builtin_shufflevector(x, y, 0, 2, 4, 6, 8, 10, 12, 14, 16, 18, 20, 22, 24, 26, 28, 30)                            \
   + __builtin_shufflevector(x, y, 1, 3, 5, 7, 9, 11, 13, 15, 17, 19, 21, 23, 25, 27, 29, 31))
#define AVX512_TILE(ROWS, COLUMNS, KIND, PITCH)                                                                        \
  TILE(avx512_##KIND##_##ROWS, TARGET_WORDS, ROWS, COLUMNS, PITCH, short32, ivec, LOAD_512, SPREAD_512, MULTIPLY_512,  \
       PAIRS_512)
#define AVX512_TILES(ROWS, COLUMNS)                                                                                    \
  AVX512_TILE(ROWS, COLUMNS, whole, panel_width) AVX512_TILE(ROWS, 16, narrow, b_stride)
AVX512_TILES(1, 48)
AVX512_TILES(2, 48)
AVX512_TILES(3, 48)
AVX512_TILES(4, 16)
AVX512_TILES(5, 16)
AVX512_TILES(6, 16)
AVX512_TILES(7, 16)
AVX512_TILES(8, 16)
static const kit avx512 = {
    8, sizeof(int16_t), {0, 48, 48, 48, 16, 16, 16, 16, 16}, {0, EIGHT(avx512_whole)}, {0, EIGHT(avx512_narrow)}};

#define TARGET_VNNI                                                                                                    \
  __attribute__((target("avx512f,avx512bw,avx512vl,avx512dq,avx512vnni"), min_vector_width(512)))
// A vector of sums has sixteen outputs.
#define VNNI_TILE(ROWS, COLUMNS, KIND, PITCH)                                                                          \
  TARGET_VNNI static void vnni_##KIND##_##ROWS(                                                                        \
      size_t k, const void *rows, size_t a_stride, const void *panel, size_t b_stride, int continues, void *sums,      \
      size_t c_stride, const char *ahead, size_t share) {                                                              \
    enum { vectors = COLUMNS / 16 };                                                                                   \
    (void)b_stride;                                                                                                    \
    const char *b = panel;                                                                                             \
    int32_t *c = sums;                                                                                                 \
    ROW_GROUPS(char, ROWS)                                                                                             \
    __m512i sum[ROWS][vectors] = {};                                                                                   \
    if (continues)                                                                                                     \
      _Pragma("clang loop unroll(full)") for (size_t i = 0; i < ROWS; i++)                                             \
          memcpy(sum[i], c + i * c_stride, sizeof sum[i]);                                                             \
    EACH_STEP(4, 4 * (PITCH), 4 * COLUMNS, {                                                                           \
      __m512i column[vectors];                                                                                         \
      memcpy(column, b + at * 4 * (PITCH), sizeof column);                                                             \
      _Pragma("clang loop unroll(full)") for (size_t i = 0; i < ROWS; i++) {                                           \
        int32_t four;                                                                                                  \
        memcpy(&four, group[i / 3] + i % 3 * a_stride + at * 4, sizeof four);                                          \
        __m512i left = _mm512_set1_epi32(four);                                                                        \
        _Pragma("clang loop unroll(full)") for (size_t j = 0; j < vectors; j++)                                        \
            sum[i][j] = _mm512_dpbusd_epi32(sum[i][j], left, column[j]);                                               \
      }                                                                                                                \
    })                                                                                                                 \
    _Pragma("clang loop unroll(full)") for (size_t i = 0; i < ROWS; i++)                                               \
        memcpy(c + i * c_stride, sum[i], sizeof sum[i]);                                                               \
  }
#define VNNI_TILES(ROWS) VNNI_TILE(ROWS, 48, whole, panel_width) VNNI_TILE(ROWS, 16, narrow, b_stride)
VNNI_TILES(1)
VNNI_TILES(2)
VNNI_TILES(3)
VNNI_TILES(4)
VNNI_TILES(5)
VNNI_TILES(6)
VNNI_TILES(7)
VNNI_TILES(8)
static const kit vnni = {
    8, sizeof(uint8_t), {0, 48, 48, 48, 48, 48, 48, 48, 48}, {0, EIGHT(vnni_whole)}, {0, EIGHT(vnni_narrow)}};
#endif

static const kit *kit_for(baton_isa isa) {
#if defined(__x86_64__)
  if (isa >= BATON_AVX512_VNNI) return &vnni;
  if (isa == BATON_AVX512) return &avx512;
  if (isa == BATON_AVX2) return &avx2;
#endif
  (void)isa;
  return &portable;
}

void baton_multiply8(
    baton_isa isa, size_t m, size_t n, size_t k, const void *a, size_t a_stride, const baton_row_scale *a_scales,
    const void *packed, size_t first_panel, size_t last_panel, const float *bias, baton_activation activation, int adds,
    float *c, size_t c_stride) {
  _Alignas(64) int32_t sums[row_block * panel_width];
  const kit *set = kit_for(isa);
  size_t outputs = packed_rows(n, activation), steps = (k + 3) / 4, padded = (outputs + 15) / 16 * 16;
  size_t per_panel = activation == BATON_SWIGLU ? panel_width / 2 : panel_width;
  const char *weights = packed, *rows = a;
  const float *scales = (const float *)(weights + padded * steps * 4);
  const int32_t *weight_sums = (const int32_t *)(scales + padded);
  for (size_t panel = first_panel; panel < last_panel; panel++) {
    size_t first = panel * panel_width, width = width_of(outputs, panel), column = panel * per_panel;
    size_t valid = n - column < per_panel ? n - column : per_panel;
    const char *own = weights + first * steps * 4;
    for (size_t row = 0; row < m; row += row_block) {
      size_t count = m - row < row_block ? m - row : row_block;
      const char *left = rows + row * a_stride, *after = row + count < m ? own : own + width * steps * 4;
      if (steps == 0) memset(sums, 0, sizeof sums);
      for (size_t step = 0; step < steps; step += k_block) {
        slice s = {steps - step < k_block ? steps - step : k_block, width, 4, own + step * width * 4, NULL};
        s.ahead = step + k_block < steps ? s.weights + s.k * width * 4 : after;
        baton_multiply_slice(
            set, s, count, left + step * 4 * set->row_size, a_stride / set->row_size, step > 0, sums, panel_width);
      }
      scaling scaled = {weight_sums + first, scales + first, a_scales + row};
      baton_finish(
          isa, count, width, sums, panel_width, &scaled, bias ? bias + first : NULL, activation, adds, valid,
          c + row * c_stride + column, c_stride);
    }
  }
}

// ---- rows of numbers ----------------------------------------------------------------------------------------------

/// 127 / (the largest magnitude), and its inverse as the row's scale. No number in a row makes the scale NaN; a row
/// whose inverse would overflow counts as zeros.
float baton_quantization(size_t count, const float *x, float *scale) {
  int32_t most = 0, bits;
  for (size_t at = 0; at < count; at++) {
    memcpy(&bits, x + at, sizeof bits);
    bits &= 0x7fffffff;
    most = bits > most ? bits : most;
  }
  float size;
  memcpy(&size, &most, sizeof size);
  if (most >= 0x7f800000) {
    *scale = __builtin_nanf("");
    return 0;
  }
  if (size < 0x1p-100f) return *scale = 0;
  *scale = size / 127.0f;
  return 127.0f / size;
}

// Adding 1.5 · 2²³ rounds to the nearest whole number, to the even one of two.
static const float magic = 12582912.0f;
enum { magic_bits = 0x4b400000 };

void baton_quantize_piece(size_t count, const float *x, float factor, int16_t *numbers) {
  for (size_t at = 0; at < count; at++) {
    float shifted = (factor == 0 ? 0 : x[at] * factor) + magic;
    int32_t bits;
    memcpy(&bits, &shifted, sizeof bits);
    numbers[at] = (int16_t)(bits - magic_bits);
  }
}

typedef uint32_t bits16 __attribute__((vector_size(64)));
typedef int16_t row_short16 __attribute__((vector_size(32)));
typedef uint8_t row_byte16 __attribute__((vector_size(16)));

/// What a row's elements are multiplied by before rounding, and its scale: 255 steps from the least to the largest.
INLINE float spread_row(size_t columns, const float *x, baton_row_scale *own) {
  // As whole numbers, bits of floats of one sign are in the order of magnitudes, NaN last: the signed maximum is the
  // largest element, the unsigned one the least, where there is one below zero.
  ivec above = {};
  bits16 below = (bits16){} + 0x80000000u;
  vec v;
  for (size_t at = 0; at < columns; at += lanes) {
    if (at + lanes <= columns) load(&v, x + at);
    else load_part(&v, x + at, columns - at, 0);
    ivec bits;
    bits16 magnitudes;
    memcpy(&bits, &v, sizeof bits);
    memcpy(&magnitudes, &v, sizeof magnitudes);
    above = __builtin_elementwise_max(above, bits);
    below = __builtin_elementwise_max(below, magnitudes);
  }
  int32_t most = __builtin_reduce_max(above);
  uint32_t least = __builtin_reduce_max(below);
  *own = (baton_row_scale){0, 0};
  if (most >= 0x7f800000 || least >= 0xff800000u) {
    own->scale = __builtin_nanf("");
    return 0;
  }
  float high, low;
  memcpy(&high, &most, sizeof high);
  memcpy(&low, &least, sizeof low);
  // Half of it, which can't overflow.
  float range = high * 0.5f - low * 0.5f;
  if (range < 0x1p-100f) return 0;
  float factor = 127.5f / range, shifted = magic - low * factor;
  memcpy(&own->zero, &shifted, sizeof own->zero);
  own->zero -= magic_bits;
  own->scale = range / 127.5f;
  return factor;
}

INLINE void quantize_row(size_t columns, const float *x, int bytes, char *q, baton_row_scale *own) {
  float factor = spread_row(columns, x, own);
  const ivec zero = (ivec){} + (own->zero - magic_bits), most = (ivec){} + 255;
  size_t padded = (columns + 3) / 4 * 4;
  for (size_t at = 0; at < padded; at += lanes) {
    vec v;
    ivec numbers;
    if (at + lanes <= columns) load(&v, x + at);
    else load_part(&v, x + at, columns - at, 0);
    // Zero times infinity would not be a number of 8 bits.
    if (factor == 0) v = (vec){};
    v = v * factor + magic;
    memcpy(&numbers, &v, sizeof numbers);
    // Where the least and the largest both lie between two numbers, both may be rounded away from zero: 256 steps.
    numbers = __builtin_elementwise_min(numbers + zero, most);
    if (bytes) {
      row_byte16 narrow = __builtin_convertvector(numbers, row_byte16);
      memcpy(q + at, &narrow, sizeof narrow);
    } else {
      row_short16 narrow = __builtin_convertvector(numbers, row_short16);
      memcpy(q + 2 * at, &narrow, sizeof narrow);
    }
  }
}

#define QUANTIZE(NAME, TARGET, BYTES)                                                                                  \
  TARGET static void NAME(                                                                                             \
      size_t rows, size_t columns, const float *x, size_t stride, char *q, size_t q_stride,                            \
      baton_row_scale *scales) {                                                                                       \
    for (size_t i = 0; i < rows; i++) quantize_row(columns, x + i * stride, BYTES, q + i * q_stride, scales + i);      \
  }
QUANTIZE(quantize_portable, , 0)
#if defined(__x86_64__)
QUANTIZE(quantize_avx2, TARGET_AVX2, 0)
QUANTIZE(quantize_avx512, TARGET_WORDS, 0)
QUANTIZE(quantize_vnni, TARGET_WORDS, 1)
#endif

void baton_quantize_rows(
    baton_isa isa, size_t rows, size_t columns, const float *x, size_t stride, void *q, size_t q_stride,
    baton_row_scale *scales) {
#if defined(__x86_64__)
  if (isa >= BATON_AVX512_VNNI) return quantize_vnni(rows, columns, x, stride, q, q_stride, scales);
  if (isa == BATON_AVX512) return quantize_avx512(rows, columns, x, stride, q, q_stride, scales);
  if (isa == BATON_AVX2) return quantize_avx2(rows, columns, x, stride, q, q_stride, scales);
#endif
  quantize_portable(rows, columns, x, stride, q, q_stride, scales);
}
