#include "tiles.h"

// ROWS rows of `a` times VECTORS vectors of one panel, K in order, on top of `c` when `continues`.
#define TILE(NAME, TARGET, VECTOR, ROWS, VECTORS, ELEMENT, LOAD, ADD_PRODUCT, PITCH)                                   \
  TARGET static void NAME(                                                                                             \
      size_t k, const void *rows, size_t a_stride, const void *panel, size_t b_stride, int continues, void *sums,      \
      size_t c_stride, const char *ahead, size_t share) {                                                              \
    (void)b_stride;                                                                                                    \
    const ELEMENT *b = panel;                                                                                          \
    float *c = sums;                                                                                                   \
    ROW_GROUPS(float, ROWS)                                                                                            \
    VECTOR sum[ROWS][VECTORS] = {};                                                                                    \
    if (continues)                                                                                                     \
      _Pragma("clang loop unroll(full)") for (size_t i = 0; i < ROWS; i++)                                             \
          memcpy(sum[i], c + i * c_stride, sizeof sum[i]);                                                             \
    EACH_STEP(1, PITCH, VECTORS * sizeof(VECTOR) / sizeof(float) * sizeof(ELEMENT), {                                  \
      VECTOR column[VECTORS];                                                                                          \
      LOAD(column, b + at * (PITCH), VECTORS);                                                                         \
      _Pragma("clang loop unroll(full)") for (size_t i = 0; i < ROWS; i++) {                                           \
        VECTOR left = group[i / 3][i % 3 * a_stride + at] - (VECTOR){};                                                \
        _Pragma("clang loop unroll(full)") for (size_t j = 0; j < VECTORS; j++)                                        \
            sum[i][j] = ADD_PRODUCT(left, column[j], sum[i][j]);                                                       \
      }                                                                                                                \
    })                                                                                                                 \
    _Pragma("clang loop unroll(full)") for (size_t i = 0; i < ROWS; i++)                                               \
        memcpy(c + i * c_stride, sum[i], sizeof sum[i]);                                                               \
  }

#define PLAIN(x, y, s) ((s) + (x) * (y))
#define FUSED(x, y, s) __builtin_elementwise_fma(x, y, s)
#define COPY(to, from, vectors) memcpy(to, from, vectors * sizeof *(to))

typedef float vec4 __attribute__((vector_size(16)));
TILE(portable_1, , vec4, 1, 4, float, COPY, PLAIN, b_stride)
TILE(portable_2, , vec4, 2, 4, float, COPY, PLAIN, b_stride)
TILE(portable_3, , vec4, 3, 2, float, COPY, PLAIN, b_stride)
TILE(portable_4, , vec4, 4, 2, float, COPY, PLAIN, b_stride)
static const kit portable = {
    4, sizeof(float), {0, 16, 16, 8, 8}, {0, portable_1, portable_2, portable_3, portable_4},
    {0, portable_1, portable_2, portable_3, portable_4}};

#if defined(__x86_64__)
typedef float vec8 __attribute__((vector_size(32)));
typedef uint32_t word8 __attribute__((vector_size(32)));
typedef uint32_t word16 __attribute__((vector_size(64)));
typedef _Float16 half8 __attribute__((vector_size(16)));
typedef _Float16 half16 __attribute__((vector_size(32)));

// Sixteen numbers in 32 bytes, in each group of four bytes column j, then column j + 8: a shift and a mask widen them.
INLINE void load_bfloat8(vec8 *to, const uint16_t *from, size_t vectors) {
  _Pragma("clang loop unroll(full)") for (size_t j = 0; j < vectors; j += 2) {
    word8 pairs, low, high;
    memcpy(&pairs, from + 8 * j, sizeof pairs);
    low = pairs << 16, high = pairs & 0xffff0000;
    memcpy(&to[j], &low, sizeof low);
    memcpy(&to[j + 1], &high, sizeof high);
  }
}
INLINE void load_bfloat16(vec *to, const uint16_t *from, size_t vectors) {
  const word16 shifts = {16, 16, 16, 16, 16, 16, 16, 16};
  _Pragma("clang loop unroll(full)") for (size_t j = 0; j < vectors; j++) {
    word8 pairs;
    memcpy(&pairs, from + 16 * j, sizeof pairs);
    word16 wide = __builtin_shufflevector(pairs, pairs, 0, 1, 2, 3, 4, 5, 6, 7, 0, 1, 2, 3, 4, 5, 6, 7);
    wide = wide << shifts & 0xffff0000;
    memcpy(&to[j], &wide, sizeof wide);
  }
}
INLINE void load_half8(vec8 *to, const uint16_t *from, size_t vectors) {
  _Pragma("clang loop unroll(full)") for (size_t j = 0; j < vectors; j++) {
    half8 halves;
    memcpy(&halves, from + 8 * j, sizeof halves);
    to[j] = __builtin_convertvector(halves, vec8);
  }
}
INLINE void load_half16(vec *to, const uint16_t *from, size_t vectors) {
  _Pragma("clang loop unroll(full)") for (size_t j = 0; j < vectors; j++) {
    half16 halves;
    memcpy(&halves, from + 16 * j, sizeof halves);
    to[j] = __builtin_convertvector(halves, vec);
  }
}

// Tiles of whole panels, whose rows of weights lie 48 apart, and of narrower ones.
#define BOTH(NAME, TARGET, VECTOR, ROWS, VECTORS, NARROW, ELEMENT, LOAD)                                               \
  TILE(NAME##_whole_##ROWS, TARGET, VECTOR, ROWS, VECTORS, ELEMENT, LOAD, FUSED, panel_width)                          \
  TILE(NAME##_narrow_##ROWS, TARGET, VECTOR, ROWS, NARROW, ELEMENT, LOAD, FUSED, b_stride)

// With up to twelve sums the compiler keeps everything in the sixteen registers.
#define AVX2_KIT(NAME, ELEMENT, LOAD)                                                                                  \
  BOTH(NAME, TARGET_AVX2, vec8, 1, 6, 2, ELEMENT, LOAD)                                                                \
  BOTH(NAME, TARGET_AVX2, vec8, 2, 2, 2, ELEMENT, LOAD)                                                                \
  BOTH(NAME, TARGET_AVX2, vec8, 3, 2, 2, ELEMENT, LOAD)                                                                \
  BOTH(NAME, TARGET_AVX2, vec8, 4, 2, 2, ELEMENT, LOAD)                                                                \
  BOTH(NAME, TARGET_AVX2, vec8, 5, 2, 2, ELEMENT, LOAD)                                                                \
  BOTH(NAME, TARGET_AVX2, vec8, 6, 2, 2, ELEMENT, LOAD)                                                                \
  static const kit NAME = {                                                                                            \
      6, sizeof(float), {0, 48, 16, 16, 16, 16, 16},                                                                   \
      {0, SIX(NAME##_whole)}, {0, SIX(NAME##_narrow)}};

AVX2_KIT(avx2_f32, float, COPY)
AVX2_KIT(avx2_bf16, uint16_t, load_bfloat8)
AVX2_KIT(avx2_f16, uint16_t, load_half8)

#define AVX512_KIT(NAME, ELEMENT, LOAD)                                                                                \
  BOTH(NAME, TARGET_AVX512, vec, 1, 3, 1, ELEMENT, LOAD)                                                               \
  BOTH(NAME, TARGET_AVX512, vec, 2, 3, 1, ELEMENT, LOAD)                                                               \
  BOTH(NAME, TARGET_AVX512, vec, 3, 3, 1, ELEMENT, LOAD)                                                               \
  BOTH(NAME, TARGET_AVX512, vec, 4, 3, 1, ELEMENT, LOAD)                                                               \
  BOTH(NAME, TARGET_AVX512, vec, 5, 3, 1, ELEMENT, LOAD)                                                               \
  BOTH(NAME, TARGET_AVX512, vec, 6, 3, 1, ELEMENT, LOAD)                                                               \
  BOTH(NAME, TARGET_AVX512, vec, 7, 3, 1, ELEMENT, LOAD)                                                               \
  BOTH(NAME, TARGET_AVX512, vec, 8, 3, 1, ELEMENT, LOAD)                                                               \
  static const kit NAME = {                                                                                            \
      8, sizeof(float), {0, 48, 48, 48, 48, 48, 48, 48, 48},                                                           \
      {0, EIGHT(NAME##_whole)}, {0, EIGHT(NAME##_narrow)}};

AVX512_KIT(avx512_f32, float, COPY)
AVX512_KIT(avx512_bf16, uint16_t, load_bfloat16)
AVX512_KIT(avx512_f16, uint16_t, load_half16)
#endif

/// The tiles for `rows` rows; NULL where weights of 16 bits are to be widened before.
static const kit *kit_for(baton_isa isa, baton_storage storage, size_t rows) {
#if defined(__x86_64__)
  if (isa >= BATON_AVX512) {
    // Widening takes ports of the multiplications here.
    if (storage != BATON_F32 && rows > 8) return NULL;
    return storage == BATON_F32 ? &avx512_f32 : storage == BATON_BF16 ? &avx512_bf16 : &avx512_f16;
  }
  if (isa == BATON_AVX2) return storage == BATON_F32 ? &avx2_f32 : storage == BATON_BF16 ? &avx2_bf16 : &avx2_f16;
#endif
  (void)isa, (void)rows;
  return storage == BATON_F32 ? &portable : NULL;
}

/// The order of bfloat16 in a panel, undone.
static void widen_pairs(size_t count, const char *from, float *to) {
  for (size_t at = 0; at < count; at += lanes)
    for (size_t j = 0; j < lanes / 2; j++) {
      uint32_t pair, low, high;
      memcpy(&pair, from + 2 * at + 4 * j, sizeof pair);
      low = pair << 16, high = pair & 0xffff0000;
      memcpy(to + at + j, &low, sizeof low);
      memcpy(to + at + lanes / 2 + j, &high, sizeof high);
    }
}

/// Sums of `rows` rows for one panel, block by block of k.
static void multiply_panel(
    baton_isa isa, baton_storage storage, size_t rows, size_t k, const float *a, size_t a_stride, const char *panel,
    size_t width, const char *ahead, float *c, size_t c_stride) {
  _Alignas(64) float wide[k_block * panel_width];
  size_t size = storage == BATON_F32 ? sizeof(float) : sizeof(uint16_t);
  const kit *set = kit_for(isa, storage, rows);
  if (k == 0)
    for (size_t i = 0; i < rows; i++) memset(c + i * c_stride, 0, width * sizeof(float));
  for (size_t first = 0; first < k; first += k_block) {
    slice s = {k - first < k_block ? k - first : k_block, width, size, panel + first * width * size, NULL};
    s.ahead = first + k_block < k ? s.weights + s.k * width * size : ahead;
    if (!set) {
      if (storage == BATON_BF16) widen_pairs(s.k * width, s.weights, wide);
      else baton_widen_float16(s.k * width, s.weights, wide);
      s.weights = (const char *)wide, s.size = sizeof(float);
    }
    baton_multiply_slice(set ? set : kit_for(isa, BATON_F32, rows), s, rows, a + first, a_stride, first > 0, c, c_stride);
  }
}

void baton_multiply(
    baton_isa isa, baton_storage storage, size_t m, size_t n, size_t k, const float *a, size_t a_stride,
    const void *packed, size_t packed_k, size_t first_panel, size_t last_panel, const float *bias,
    baton_activation activation, int adds, float *c, size_t c_stride) {
  _Alignas(64) float sums[row_block * panel_width];
  size_t size = storage == BATON_F32 ? sizeof(float) : sizeof(uint16_t), outputs = packed_rows(n, activation);
  size_t per_panel = activation == BATON_SWIGLU ? panel_width / 2 : panel_width;
  for (size_t panel = first_panel; panel < last_panel; panel++) {
    size_t first = panel * panel_width, width = width_of(outputs, panel), column = panel * per_panel;
    size_t valid = n - column < per_panel ? n - column : per_panel;
    const char *weights = (const char *)packed + first * packed_k * size;
    // Where a panel's columns all lie in `c`, sums need no place of their own.
    int direct = valid == width && !adds;
    for (size_t row = 0; row < m; row += row_block) {
      size_t rows = m - row < row_block ? m - row : row_block;
      float *out = c + row * c_stride + column, *target = direct ? out : sums;
      size_t stride = direct ? c_stride : panel_width;
      const char *ahead = row + rows < m ? weights : weights + width * packed_k * size;
      multiply_panel(isa, storage, rows, k, a + row * a_stride, a_stride, weights, width, ahead, target, stride);
      if (!direct || bias || activation != BATON_IDENTITY)
        baton_finish(
            isa, rows, width, target, stride, NULL, bias ? bias + first : NULL, activation, adds, valid, out, c_stride);
    }
  }
}
