// The passes over all coordinates of a search, written once and compiled for each instruction set. See CKernels.h.
#include "CKernels.h"

#include <string.h>

// A fused multiply-add rounds once where two operations round twice, so with contraction the machines would disagree.
#pragma STDC FP_CONTRACT OFF

#define INLINE static inline __attribute__((always_inline))

// Partial sums of a range: as many as the widest registers hold, on every machine.
enum { LANES = 8 };

// Columns whose sums stay in registers while the rows pass: eight registers of AVX-512 for each sum.
enum { COLUMNS = 64 };

// Eight doubles at a time, in whatever registers the function's target has.
typedef double vec __attribute__((vector_size(8 * sizeof(double))));

INLINE double bits_to_double(uint64_t bits) {
    double value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

// exp x for |x| <= 700, beyond that as there; to 2 ulp. x = n ln 2 + r with n ln 2 in two pieces, the first exact;
// exp r by its Taylor series to r^13, whose rest is below 1e-17 for |r| <= ln 2 / 2.
INLINE double exponential(double x) {
    x = x < -700 ? -700 : x > 700 ? 700 : x;
    double shifted = x * 0x1.71547652b82fep+0 + 0x1.8p52, n = shifted - 0x1.8p52;
    double r = (x - n * 0x1.62e42fefap-1) - n * 0x1.cf79abc9e3b3ap-40;
    double p = 0x1.6124613a86d09p-33;
    p = p * r + 0x1.1eed8eff8d898p-29;
    p = p * r + 0x1.ae64567f544e4p-26;
    p = p * r + 0x1.27e4fb7789f5cp-22;
    p = p * r + 0x1.71de3a556c734p-19;
    p = p * r + 0x1.a01a01a01a01ap-16;
    p = p * r + 0x1.a01a01a01a01ap-13;
    p = p * r + 0x1.6c16c16c16c17p-10;
    p = p * r + 0x1.1111111111111p-7;
    p = p * r + 0x1.5555555555555p-5;
    p = p * r + 0x1.5555555555555p-3;
    p = p * r + 0.5;
    p = p * (r * r) + r + 1;
    uint64_t bits;
    memcpy(&bits, &shifted, sizeof bits);
    return p * bits_to_double((bits + 1023) << 52);
}

INLINE void scaled_roots(size_t begin, size_t end, double scale, const double *restrict x, double *restrict out) {
    for (size_t j = begin; j < end; j++) out[j] = scale * __builtin_elementwise_sqrt(x[j]);
}

// Sums of `COLUMNS` columns, in registers while the rows pass.
INLINE void sum_block(
    size_t rows, size_t stride, const double *z, const double *a, const double *b, double *linear, double *square) {
    vec l[COLUMNS / LANES] = {0}, s[COLUMNS / LANES] = {0};
    for (size_t i = 0; i < rows; i++) {
        if (a[i] == 0 && b[i] == 0) continue;
        const double *row = z + i * stride;
        vec ai = (vec){} + a[i], bi = (vec){} + b[i];
#pragma clang loop unroll(full)
        for (size_t k = 0; k < COLUMNS / LANES; k++) {
            vec value;
            memcpy(&value, row + k * LANES, sizeof value);
            l[k] += ai * value;
            s[k] += bi * (value * value);
        }
    }
    memcpy(linear, l, sizeof l);
    memcpy(square, s, sizeof s);
}

INLINE void weighted_moments(
    size_t rows, size_t stride, const double *restrict z, const double *restrict a, const double *restrict b, size_t begin,
    size_t end, double *restrict linear, double *restrict square) {
    size_t start = begin;
    for (; start + COLUMNS <= end; start += COLUMNS)
        sum_block(rows, stride, z + start, a, b, linear + start, square + start);
    for (size_t j = start; j < end; j++) linear[j] = square[j] = 0;
    for (size_t i = 0; i < rows; i++) {
        if (start == end || (a[i] == 0 && b[i] == 0)) continue;
        for (size_t j = start; j < end; j++) {
            double value = z[i * stride + j];
            linear[j] += a[i] * value;
            square[j] += b[i] * (value * value);
        }
    }
}

INLINE double follow_step(
    size_t begin, size_t end, const double *restrict deviations, const double *restrict step, double rate, double keep,
    double gain, double *restrict mean, double *restrict path) {
    for (size_t j = begin; j < end; j++) {
        mean[j] += rate * (deviations[j] * step[j]);
        path[j] = keep * path[j] + gain * step[j];
    }
    vec sums = {0};
    size_t start = begin;
    for (; start + LANES <= end; start += LANES) {
        vec moved;
        memcpy(&moved, path + start, sizeof moved);
        sums += moved * moved;
    }
    double parts[LANES];
    memcpy(parts, &sums, sizeof parts);
    for (size_t j = start; j < end; j++) parts[j - start] += path[j] * path[j];
    return ((parts[0] + parts[4]) + (parts[1] + parts[5])) + ((parts[2] + parts[6]) + (parts[3] + parts[7]));
}

INLINE void adapt_variances(
    baton_variance_update u, size_t begin, size_t end, const double *restrict step, const double *restrict squares,
    double *restrict variances, double *restrict path) {
    for (size_t j = begin; j < end; j++)
        path[j] = u.keep * path[j] + u.gain * (__builtin_elementwise_sqrt(variances[j]) * step[j]);
    if (u.one == 0 && u.mu == 0) return;
    if (u.multiplies) {
        for (size_t j = begin; j < end; j++) {
            double v = variances[j], square = path[j] * path[j];
            v *= exponential(u.one * (square / v - 1) + u.mu * (squares[j] - u.decay));
            variances[j] = v < u.least ? u.least : v > u.most ? u.most : v;
        }
    } else {
        for (size_t j = begin; j < end; j++) {
            double v = variances[j], square = path[j] * path[j];
            v = u.decay * v + u.one * square + u.mu * (v * squares[j]);
            variances[j] = v < u.least ? u.least : v > u.most ? u.most : v;
        }
    }
}

#define COPIES(NAME, TARGET)                                                                                          \
    TARGET static void scaled_roots_##NAME(size_t begin, size_t end, double scale, const double *x, double *out) {       \
        scaled_roots(begin, end, scale, x, out);                                                                      \
    }                                                                                                                 \
    TARGET static void weighted_moments_##NAME(                                                                       \
        size_t rows, size_t stride, const double *z, const double *a, const double *b, size_t begin, size_t end,         \
        double *linear, double *square) {                                                                             \
        weighted_moments(rows, stride, z, a, b, begin, end, linear, square);                                          \
    }                                                                                                                 \
    TARGET static double follow_step_##NAME(                                                                          \
        size_t begin, size_t end, const double *deviations, const double *step, double rate, double keep, double gain,   \
        double *mean, double *path) {                                                                                 \
        return follow_step(begin, end, deviations, step, rate, keep, gain, mean, path);                               \
    }                                                                                                                 \
    TARGET static void adapt_variances_##NAME(                                                                        \
        baton_variance_update update, size_t begin, size_t end, const double *step, const double *squares,               \
        double *variances, double *path) {                                                                            \
        adapt_variances(update, begin, end, step, squares, variances, path);                                          \
    }

COPIES(portable, )

#if defined(__x86_64__)
COPIES(avx2, __attribute__((target("avx2"))))
COPIES(avx512, __attribute__((target("avx512f,avx512bw,avx512vl,avx512dq"), min_vector_width(512))))

#define DISPATCH(KERNEL, ...)                                  \
    switch (isa) {                                             \
    case BATON_AVX512_VNNI:                                    \
    case BATON_AVX512: return KERNEL##_avx512(__VA_ARGS__);    \
    case BATON_AVX2: return KERNEL##_avx2(__VA_ARGS__);        \
    case BATON_PORTABLE: break;                                \
    }                                                          \
    return KERNEL##_portable(__VA_ARGS__)
#else
#define DISPATCH(KERNEL, ...) return KERNEL##_portable(__VA_ARGS__)
#endif

void baton_scaled_roots(baton_isa isa, size_t begin, size_t end, double scale, const double *x, double *out) {
    DISPATCH(scaled_roots, begin, end, scale, x, out);
}

void baton_weighted_moments(
    baton_isa isa, size_t rows, size_t stride, const double *z, const double *a, const double *b, size_t begin, size_t end,
    double *linear, double *square) {
    DISPATCH(weighted_moments, rows, stride, z, a, b, begin, end, linear, square);
}

double baton_follow_step(
    baton_isa isa, size_t begin, size_t end, const double *deviations, const double *step, double rate, double keep,
    double gain, double *mean, double *path) {
    DISPATCH(follow_step, begin, end, deviations, step, rate, keep, gain, mean, path);
}

void baton_adapt_variances(
    baton_isa isa, baton_variance_update update, size_t begin, size_t end, const double *step, const double *squares,
    double *variances, double *path) {
    DISPATCH(adapt_variances, update, begin, end, step, squares, variances, path);
}
