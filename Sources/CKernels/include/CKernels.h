// Loops where the instruction set matters. Every kernel states its shapes, aliasing and rounding here;
// none allocates, none keeps state. Matrices are row-major; a stride is the distance of two rows in elements.
// The instruction set is an argument, so that a test can run all that the processor has; the caller answers for it.
#pragma once
#include <stddef.h>
#include <stdint.h>

/// Instruction sets that the kernels are compiled for, each a superset of the one before.
typedef enum { BATON_PORTABLE = 0, BATON_AVX2 = 1, BATON_AVX512 = 2 } baton_isa;

/// The best set that this processor has.
baton_isa baton_best_isa(void);
/// Whether the processor has the SHA-256 instructions.
int baton_has_sha(void);
/// Name of the `index`-th processor feature that the kernels can use and this processor has; NULL behind the last.
const char *baton_feature(size_t index);

/// Widens bfloat16 to float, exactly. `from` and `to` do not overlap.
void baton_widen_bfloat16(size_t count, const uint16_t *from, float *to);
/// Widens IEEE binary16 to float, exactly: subnormals, infinities and NaN included. No overlap.
void baton_widen_float16(size_t count, const uint16_t *from, float *to);
/// 1 when no value is infinite or NaN.
int baton_all_finite(size_t count, const float *values);

/// LayerNorm of each row of `x + residual` (residual may be NULL), by `gain` and `shift` `[columns]`.
/// Two passes: the mean, then the variance about it. `out` may be `x` or `residual`. Same bits on every set.
void baton_layer_norm(
    baton_isa isa, size_t rows, size_t columns, const float *x, size_t x_stride, const float *residual,
    size_t residual_stride, const float *gain, const float *shift, float epsilon, float *out, size_t out_stride);

/// Softmax of each row of `scale · x`, in place; `scale` > 0. exp to 2 ulp. Same bits on every set.
void baton_softmax(baton_isa isa, size_t rows, size_t columns, float *x, size_t stride, float scale);

/// x·Φ(x) with the Gaussian distribution function Φ, in place: absolute error below 5e-7 for |x| ≤ 10.
/// Same bits on every set.
void baton_gelu(baton_isa isa, size_t rows, size_t columns, float *x, size_t stride);

/// Floats that `baton_pack` writes for a matrix `[n, k]`.
size_t baton_packed_size(size_t n, size_t k);
/// Lays the rows of `weight` `[n, k]` into panels of 48 outputs, each `[k][48]`; the last is as wide as the
/// rest needs, rounded up to 16, padded with zeros.
void baton_pack(size_t n, size_t k, const float *weight, size_t stride, float *packed);
/// The same for the transpose of `weight` `[k, n]`.
void baton_pack_transposed(size_t n, size_t k, const float *weight, size_t stride, float *packed);

/// What is applied to each output of a product.
typedef enum { BATON_IDENTITY = 0, BATON_GELU = 1 } baton_activation;

/// `c[m, first…last) = activation(a[m, k] · Wᵀ + bias)` for the outputs of panels `first_panel ..< last_panel` of the
/// packed `W` `[n, k]`; `bias` `[n]` may be NULL. Each output is one sum over k in order, whatever m and the panels:
/// a row has the same bits alone and among others. AVX2 and AVX-512 agree bit for bit; the portable sum rounds
/// each product first. `c` overlaps nothing.
void baton_multiply(
    baton_isa isa, size_t m, size_t n, size_t k, const float *a, size_t a_stride, const float *packed,
    size_t first_panel, size_t last_panel, const float *bias, baton_activation activation, float *c, size_t c_stride);

/// Feeds `blocks` blocks of 64 bytes to a SHA-256 `state` (FIPS 180-4). `hardware` asks for the SHA instructions.
void baton_sha256_blocks(int hardware, uint32_t state[8], const uint8_t *data, size_t blocks);
