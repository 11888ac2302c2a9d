#include "vector.h"

enum { panel_width = 48, row_block = 8 };

static size_t width_of(size_t n, size_t panel) {
  size_t rest = n - panel * panel_width;
  return rest >= panel_width ? panel_width : (rest + 15) / 16 * 16;
}

size_t baton_packed_size(size_t n, size_t k) { return (n + 15) / 16 * 16 * k; }

void baton_pack(size_t n, size_t k, const float *weight, size_t stride, float *packed) {
  for (size_t first = 0; first < n; first += panel_width) {
    size_t width = width_of(n, first / panel_width), used = n - first < width ? n - first : width;
    float *panel = packed + first * k;
    for (size_t p = 0; p < k; p++) {
      for (size_t j = 0; j < used; j++) panel[p * width + j] = weight[(first + j) * stride + p];
      for (size_t j = used; j < width; j++) panel[p * width + j] = 0;
    }
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

// ROWS rows of `a` times VECTORS vectors of one panel, K innermost and whole. `valid` columns are stored.
#define TILE(NAME, TARGET, VECTOR, ROWS, VECTORS, ADD_PRODUCT)                                                         \
  TARGET static void NAME(                                                                                             \
      size_t k, const float *a, size_t a_stride, const float *b, size_t b_stride, const float *bias, float *c,         \
      size_t c_stride, size_t valid) {                                                                                 \
    VECTOR sum[ROWS][VECTORS] = {};                                                                                    \
    const size_t width = sizeof(VECTOR) / sizeof(float);                                                               \
    for (size_t p = 0; p < k; p++, b += b_stride) {                                                                    \
      VECTOR column[VECTORS];                                                                                          \
      memcpy(column, b, sizeof column);                                                                                \
      _Pragma("clang loop unroll(full)") for (size_t i = 0; i < ROWS; i++) {                                           \
        VECTOR left = a[i * a_stride + p] - (VECTOR){};                                                                  \
        _Pragma("clang loop unroll(full)") for (size_t j = 0; j < VECTORS; j++)                                        \
            sum[i][j] = ADD_PRODUCT(left, column[j], sum[i][j]);                                                       \
      }                                                                                                                \
    }                                                                                                                  \
    if (valid == VECTORS * width) {                                                                                    \
      VECTOR add[VECTORS] = {};                                                                                        \
      if (bias) memcpy(add, bias, sizeof add);                                                                         \
      _Pragma("clang loop unroll(full)") for (size_t i = 0; i < ROWS; i++)                                             \
          _Pragma("clang loop unroll(full)") for (size_t j = 0; j < VECTORS; j++) {                                    \
        sum[i][j] += add[j];                                                                                           \
        memcpy(c + i * c_stride + j * width, &sum[i][j], sizeof(VECTOR));                                              \
      }                                                                                                                \
    } else {                                                                                                           \
      float spilled[ROWS][VECTORS * sizeof(VECTOR) / sizeof(float)];                                                   \
      memcpy(spilled, sum, sizeof spilled);                                                                            \
      for (size_t i = 0; i < ROWS; i++)                                                                                \
        for (size_t j = 0; j < valid; j++) c[i * c_stride + j] = spilled[i][j] + (bias ? bias[j] : 0);                 \
    }                                                                                                                  \
  }

typedef void (*tile)(
    size_t k, const float *a, size_t a_stride, const float *b, size_t b_stride, const float *bias, float *c,
    size_t c_stride, size_t valid);

/// Tiles of one instruction set: `kernels[log2 rows][vectors - 1]`, `lanes` floats in a vector.
typedef struct {
  size_t lanes, most_rows, most_vectors;
  tile kernels[4][3];
} tiles;

#define PLAIN(x, y, s) ((s) + (x) * (y))
#define FUSED(x, y, s) __builtin_elementwise_fma(x, y, s)

typedef float vec4 __attribute__((vector_size(16)));
TILE(portable_1x1, , vec4, 1, 1, PLAIN)
TILE(portable_1x2, , vec4, 1, 2, PLAIN)
TILE(portable_2x1, , vec4, 2, 1, PLAIN)
TILE(portable_2x2, , vec4, 2, 2, PLAIN)
TILE(portable_4x1, , vec4, 4, 1, PLAIN)
TILE(portable_4x2, , vec4, 4, 2, PLAIN)
static const tiles portable = {4, 4, 2,
    {{portable_1x1, portable_1x2}, {portable_2x1, portable_2x2}, {portable_4x1, portable_4x2}}};

#if defined(__x86_64__)
typedef float vec8 __attribute__((vector_size(32)));
TILE(avx2_1x1, TARGET_AVX2, vec8, 1, 1, FUSED)
TILE(avx2_1x2, TARGET_AVX2, vec8, 1, 2, FUSED)
TILE(avx2_2x1, TARGET_AVX2, vec8, 2, 1, FUSED)
TILE(avx2_2x2, TARGET_AVX2, vec8, 2, 2, FUSED)
TILE(avx2_4x1, TARGET_AVX2, vec8, 4, 1, FUSED)
TILE(avx2_4x2, TARGET_AVX2, vec8, 4, 2, FUSED)
// Three vectors would need all sixteen registers, and the compiler then spills.
static const tiles avx2 = {8, 4, 2,
    {{avx2_1x1, avx2_1x2}, {avx2_2x1, avx2_2x2}, {avx2_4x1, avx2_4x2}}};

TILE(avx512_1x1, TARGET_AVX512, vec, 1, 1, FUSED)
TILE(avx512_1x2, TARGET_AVX512, vec, 1, 2, FUSED)
TILE(avx512_1x3, TARGET_AVX512, vec, 1, 3, FUSED)
TILE(avx512_2x1, TARGET_AVX512, vec, 2, 1, FUSED)
TILE(avx512_2x2, TARGET_AVX512, vec, 2, 2, FUSED)
TILE(avx512_2x3, TARGET_AVX512, vec, 2, 3, FUSED)
TILE(avx512_4x1, TARGET_AVX512, vec, 4, 1, FUSED)
TILE(avx512_4x2, TARGET_AVX512, vec, 4, 2, FUSED)
TILE(avx512_4x3, TARGET_AVX512, vec, 4, 3, FUSED)
TILE(avx512_8x1, TARGET_AVX512, vec, 8, 1, FUSED)
TILE(avx512_8x2, TARGET_AVX512, vec, 8, 2, FUSED)
TILE(avx512_8x3, TARGET_AVX512, vec, 8, 3, FUSED)
static const tiles avx512 = {16, 8, 3,
    {{avx512_1x1, avx512_1x2, avx512_1x3}, {avx512_2x1, avx512_2x2, avx512_2x3},
     {avx512_4x1, avx512_4x2, avx512_4x3}, {avx512_8x1, avx512_8x2, avx512_8x3}}};
#endif

static const tiles *tiles_for(baton_isa isa) {
#if defined(__x86_64__)
  if (isa == BATON_AVX512) return &avx512;
  if (isa == BATON_AVX2) return &avx2;
#endif
  (void)isa;
  return &portable;
}

/// Up to `most_rows` rows of one panel.
static void multiply_rows(
    const tiles *set, size_t log_rows, size_t k, const float *a, size_t a_stride, const float *panel, size_t width,
    const float *bias, float *c, size_t c_stride, size_t used) {
  for (size_t at = 0; at < used;) {
    size_t vectors = (width - at) / set->lanes;
    if (vectors > set->most_vectors) vectors = set->most_vectors;
    size_t columns = vectors * set->lanes, valid = used - at < columns ? used - at : columns;
    set->kernels[log_rows][vectors - 1](
        k, a, a_stride, panel + at, width, bias ? bias + at : NULL, c + at, c_stride, valid);
    at += columns;
  }
}

void baton_multiply(
    baton_isa isa, size_t m, size_t n, size_t k, const float *a, size_t a_stride, const float *packed,
    size_t first_panel, size_t last_panel, const float *bias, baton_activation activation, float *c, size_t c_stride) {
  const tiles *set = tiles_for(isa);
  for (size_t panel = first_panel; panel < last_panel; panel++) {
    size_t first = panel * panel_width, width = width_of(n, panel);
    size_t used = n - first < width ? n - first : width;
    for (size_t row = 0; row < m;) {
      size_t log_rows = 3;
      while (((size_t)1 << log_rows) > set->most_rows || ((size_t)1 << log_rows) > m - row) log_rows--;
      size_t rows = (size_t)1 << log_rows;
      float *out = c + row * c_stride + first;
      multiply_rows(
          set, log_rows, k, a + row * a_stride, a_stride, packed + first * k, width, bias ? bias + first : NULL, out,
          c_stride, used);
      if (activation == BATON_GELU) baton_gelu(isa, rows, used, out, c_stride);
      row += rows;
    }
  }
}
