// Loops where the instruction set matters. Every kernel states its shapes, aliasing and rounding here;
// none allocates, none keeps state. Matrices are row-major; a stride is the distance of two rows in elements.
// The instruction set is an argument, so that a test can run all that the processor has; the caller answers for it.
#pragma once
#include <stddef.h>
#include <stdint.h>

/// Instruction sets that the kernels are compiled for, each a superset of the one before.
/// AVX2 comes with FMA and F16C, AVX512 with F, BW, VL and DQ.
typedef enum { BATON_PORTABLE = 0, BATON_AVX2 = 1, BATON_AVX512 = 2, BATON_AVX512_VNNI = 3 } baton_isa;

/// The best set that this processor has.
baton_isa baton_best_isa(void);
/// Whether the processor has the SHA-256 instructions.
int baton_has_sha(void);
/// Name of the `index`-th processor feature that the kernels can use and this processor has; NULL behind the last.
const char *baton_feature(size_t index);

/// Widens bfloat16 to float, exactly. `from` may have any address; `from` and `to` do not overlap.
void baton_widen_bfloat16(size_t count, const void *from, float *to);
/// Widens IEEE binary16 to float, exactly: subnormals, infinities and NaN included. Any address, no overlap.
void baton_widen_float16(size_t count, const void *from, float *to);
/// 1 when no value is infinite or NaN.
int baton_all_finite(size_t count, const float *values);

/// LayerNorm of each row of `x + residual` (residual may be NULL), by `gain` and `shift` `[columns]`.
/// Two passes: the mean, then the variance about it. `out` may be `x` or `residual`. Same bits on every set.
void baton_layer_norm(
    baton_isa isa, size_t rows, size_t columns, const float *x, size_t x_stride, const float *residual,
    size_t residual_stride, const float *gain, const float *shift, float epsilon, float *out, size_t out_stride);

/// Softmax of each row of `scale · x`, in place; `scale` > 0. exp to 2 ulp. Same bits on every set.
/// A row with NaN or +infinity becomes all NaN: what overflowed before does not become a probability.
void baton_softmax(baton_isa isa, size_t rows, size_t columns, float *x, size_t stride, float scale);

/// The same with a causal mask: row i sees columns 0 … first + i, the others become 0. A row has the same bits whatever
/// the number of columns behind what it sees.
void baton_causal_softmax(
    baton_isa isa, size_t rows, size_t columns, float *x, size_t stride, float scale, size_t first);

/// RMSNorm of each row (Zhang and Sennrich 2019): x / sqrt(mean x² + epsilon) · gain `[columns]`. `out` may be `x`.
/// Same bits on every set.
void baton_rms_norm(
    baton_isa isa, size_t rows, size_t columns, const float *x, size_t x_stride, const float *gain, float epsilon,
    float *out, size_t out_stride);

/// Rotary position embedding (Su et al. 2021) of each head of each row `[heads · head_width]`, in place, elements i and
/// i + head_width/2 being a pair: (a cos − b sin, b cos + a sin) · scale, with row `positions[row]` of the tables
/// `[…, head_width/2]`. Before it, where `gain` `[head_width]` isn't NULL, RMSNorm of each head. Same bits on every set.
void baton_rotate(
    baton_isa isa, size_t rows, size_t heads, size_t head_width, float *x, size_t stride, const float *gain,
    float epsilon, const float *cosines, const float *sines, const int32_t *positions, float scale);

/// x·Φ(x) with the Gaussian distribution function Φ, in place: absolute error below 5e-7 for |x| ≤ 10.
/// Same bits on every set. NaN of NaN and of the infinities.
void baton_gelu(baton_isa isa, size_t rows, size_t columns, float *x, size_t stride);

/// x / (1 + exp(−x)), in place: relative error below 1e-6 where the result is a normal number; −0 at −infinity, NaN of
/// NaN. Same bits on every set.
void baton_silu(baton_isa isa, size_t rows, size_t columns, float *x, size_t stride);

/// ---- pack.c, multiply.c, multiply8.c: products with weights that were laid out before ------------------------------

/// Floats that `baton_pack` writes for a matrix `[n, k]`.
size_t baton_packed_size(size_t n, size_t k);
/// Lays the rows of `weight` `[n, k]` into panels of 48 outputs, each `[k][48]`; the last is as wide as the
/// rest needs, rounded up to 16, padded with zeros.
void baton_pack(size_t n, size_t k, const float *weight, size_t stride, float *packed);
/// The same for the transpose of `weight` `[k, n]`.
void baton_pack_transposed(size_t n, size_t k, const float *weight, size_t stride, float *packed);

/// How weights are stored.
typedef enum { BATON_F32 = 0, BATON_BF16 = 1, BATON_F16 = 2 } baton_storage;

/// One panel of `width` outputs from `used` ≤ width rows of floats `[used, k]`, rounded to the nearest (to even), as
/// `[k][width]`; in BF16 columns j and j + 8 of each sixteen lie side by side. Magnitudes beyond 65,504 become infinite
/// in F16.
void baton_pack_panel(
    baton_storage storage, size_t width, size_t used, size_t k, const float *rows, size_t stride, void *panel);

/// Bytes of a matrix `[n, k]` of 8-bit numbers: panels `[k/4][48][4]`, k padded with zeros, then a scale (float) for
/// each output, then the sum of its numbers (int32), outputs padded to a multiple of 16.
size_t baton_packed_size8(size_t n, size_t k);
/// One panel of 8-bit numbers: scale = the largest magnitude of a row / 127, numbers to the nearest (to even).
void baton_pack_panel8(
    size_t width, size_t used, size_t k, const float *rows, size_t stride, void *panel, float *scales, int32_t *sums);

/// What is applied to each output of a product. `BATON_SWIGLU` takes weights whose rows are gates and ups in turns of
/// eight: result j is silu(gate j) · up j, so `n` results have 2n rows of weights, n rounded up to 8.
typedef enum { BATON_IDENTITY = 0, BATON_GELU = 1, BATON_SILU = 2, BATON_SWIGLU = 3 } baton_activation;

/// `c[m, …] = activation(a[m, k] · Wᵀ + bias)` for the outputs of panels `first_panel ..< last_panel` of the packed `W`,
/// whose panels are `packed_k` ≥ k long; what `c` holds is added when `adds`. `n` are the results, columns of `c`.
/// `bias` has a value for each row of weights, padded to a multiple of 16, or is NULL. Each output is one sum over k in
/// order, whatever m and the panels: a row has the same bits alone and among others. Weights of 16 bits give the bits of
/// f32 arithmetic on the widened ones. AVX2 and AVX-512 agree bit for bit; the portable sum rounds each product first. `c` overlaps nothing.
void baton_multiply(
    baton_isa isa, baton_storage storage, size_t m, size_t n, size_t k, const float *a, size_t a_stride,
    const void *packed, size_t packed_k, size_t first_panel, size_t last_panel, const float *bias,
    baton_activation activation, int adds, float *c, size_t c_stride);

/// Rows of queries that `baton_attend` takes at a time, so rows of its scratch.
enum { baton_attention_block = 24 };

/// softmax(scale · q · Kᵀ) · V for `rows` rows of one head; row i sees keys 0 … first + i of the `tokens`: `first` ≥ tokens
/// is no mask. `keys` are `baton_pack` of `[tokens, head_width]`, `values` `baton_pack_transposed` of the same shape;
/// `scores` is scratch of `baton_attention_block` rows (or `rows`, if fewer) of `tokens`. A row has the same bits alone
/// and in any block, as long as all values are finite. Rounding as `baton_multiply`.
void baton_attend(
    baton_isa isa, size_t rows, size_t head_width, const float *q, size_t q_stride, const float *keys,
    const float *values, size_t tokens, size_t first, float scale, float *scores, size_t scores_stride, float *out,
    size_t out_stride);

/// Bytes from one row of 8-bit numbers to the next as `isa` multiplies them, a multiple of 64.
size_t baton_quantized_stride(baton_isa isa, size_t columns);
/// What the 8-bit numbers of a row stand for: x ≈ (number − zero) · scale.
typedef struct {
    float scale;
    int32_t zero;
} baton_row_scale;

/// Rows of floats to numbers 0 … 255, in the form that `isa` multiplies. They reach from the least element to the largest,
/// zero included, and zero is exact: few rows are as far below it as above, so a scale for both sides would waste up to a
/// bit. Rounded to the nearest (to even). A row of zeros (or of a range below 2⁻¹⁰⁰) has scale 0, one with NaN or an infinity scale
/// NaN. The numbers are the same on every set, their form isn't. `q` is `[rows]` of `q_stride` bytes.
void baton_quantize_rows(
    baton_isa isa, size_t rows, size_t columns, const float *x, size_t stride, void *q, size_t q_stride,
    baton_row_scale *scales);

/// `baton_multiply` of 8-bit numbers: `a` `[m]` of `a_stride` bytes with `a_scales` `[m]` from `baton_quantize_rows` on the
/// same set. Sums are exact in 32 bits up to k = 65,000; result = sum · weight scale · row scale. Same bits on every set.
void baton_multiply8(
    baton_isa isa, size_t m, size_t n, size_t k, const void *a, size_t a_stride, const baton_row_scale *a_scales,
    const void *packed, size_t first_panel, size_t last_panel, const float *bias, baton_activation activation, int adds,
    float *c, size_t c_stride);

/// Multiplies and adds in registers only: `rounds` times twelve vectors. Returns the operations; the caller takes the time.
double baton_peak(baton_isa isa, size_t rounds);

/// Feeds `blocks` blocks of 64 bytes to a SHA-256 `state` (FIPS 180-4). `hardware` asks for the SHA instructions.
void baton_sha256_blocks(int hardware, uint32_t state[8], const uint8_t *data, size_t blocks);

/// ---- random.c: normals from a counter ----------------------------------------------------------------------------
/// Philox 4x32-10 (Salmon, Moraes, Dror, Shaw: Parallel random numbers: as easy as 1, 2, 3; SC 2011). The key is the
/// seed (low word, high word), the counter (block, row, generation, purpose). A block's words a, b, c, d give
///   u = (((a 2^32 + b) >> 11) + 1) 2^-53,  v = ((c 2^32 + d) >> 11) 2^-53,
///   z[2 block] = sqrt(-2 ln u) cos 2 pi v,  z[2 block + 1] = sqrt(-2 ln u) sin 2 pi v        (Box and Muller 1958).
/// Every instruction set gives the same bits: nothing is contracted, no sum is reordered, no function of libm is called.

/// One stream of normals for each row: `seed`, `generation` and `purpose` fill the key and the counter.
typedef struct {
    uint64_t seed;
    uint32_t generation;
    uint32_t purpose;
    baton_isa isa;
} baton_random_source;

/// z[0 ..< count] = normals number `first` ..< first + count of row `row`; `first` must be even.
void baton_normals(baton_random_source source, uint32_t row, size_t first, size_t count, double *z);

/// x[j] = center[j] + scale[j] z[j] for j in 0 ..< count, z as above from 0 and kept. No aliasing.
void baton_normals_affine(
    baton_random_source source, uint32_t row, size_t count, const double *center, const double *scale, double *z,
    double *x);

/// ---- diagonal.c: how a normal distribution with a variance a coordinate moves --------------------------------------
/// Same bits on every instruction set. Ranges are begin ..< end; sums over coordinates are over such a range, in eight
/// interleaved partial sums that are then added in a fixed order.

/// out[j] = scale sqrt(x[j]).
void baton_scaled_roots(baton_isa isa, size_t begin, size_t end, double scale, const double *x, double *out);

/// linear[j] = sum_i a[i] z[i, j] and square[j] = sum_i b[i] z[i, j]^2 over the rows i in 0 ..< rows in their order; a row
/// whose weights are both zero is passed over. `z` is `[rows, stride]`. No aliasing.
void baton_weighted_moments(
    baton_isa isa, size_t rows, size_t stride, const double *z, const double *a, const double *b, size_t begin, size_t end,
    double *linear, double *square);

/// mean[j] += rate deviations[j] step[j]; path[j] = keep path[j] + gain step[j]. Returns the sum of path[j]^2.
double baton_follow_step(
    baton_isa isa, size_t begin, size_t end, const double *deviations, const double *step, double rate, double keep,
    double gain, double *mean, double *path);

/// What `baton_adapt_variances` takes, with the names of Hansen's tutorial (arXiv 1604.00772).
typedef struct {
    double keep, gain;           // of the path: 1 - c_c and h sqrt(c_c (2 - c_c) mu_eff)
    double one, mu;              // rates of the path's square and of the draws' squares
    double decay;                // additive: 1 - c_1 - c_mu sum w + lost; multiplicative: the sum of weights
    double least, most;          // where variances stay
    int multiplies;              // v exp(...) instead of a sum: no variance can become negative
} baton_variance_update;

/// path[j] = keep path[j] + gain sqrt(v[j]) step[j]; then v[j] from path[j]^2 and squares[j]:
///   additive         decay v + one path^2 + mu v squares
///   multiplicative   v exp(one (path^2 / v - 1) + mu (squares - decay))
/// With one = mu = 0 variances stay as they are.
void baton_adapt_variances(
    baton_isa isa, baton_variance_update update, size_t begin, size_t end, const double *step, const double *squares,
    double *variances, double *path);

/// ---- reward.c: what choosing by scores earns ---------------------------------------------------------------------
/// For each policy p in 0 ..< policies: sums[p] = the sum over the columns of what it earns there, where choice c of the
/// policy has the score scores[p choices + c, column] and is worth values[c, column]; a choice of value NaN isn't there.
/// A column without any choice earns 0. Columns are added in double in an order that depends on their number alone.
/// Same bits on every set. No aliasing.

/// Choices are drawn from the softmax of the scores: the exact expectation, exp to 2 ulp. A score of NaN or +infinity
/// makes the policy's sum NaN.
void baton_softmax_rewards(
    baton_isa isa, size_t policies, size_t choices, size_t columns, const float *scores, size_t stride,
    const float *values, size_t value_stride, double *sums);

/// The choice of highest score; the mean over the highest on a tie. A score of NaN is never the highest; a column where
/// all are NaN makes the policy's sum NaN.
void baton_argmax_rewards(
    baton_isa isa, size_t policies, size_t choices, size_t columns, const float *scores, size_t stride,
    const float *values, size_t value_stride, double *sums);
