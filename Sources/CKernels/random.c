// Philox 4x32-10 and Box-Muller, written once and compiled for each instruction set. See CKernels.h for the contract.
#include "CKernels.h"

#include <string.h>

// A fused multiply-add rounds once where two operations round twice, so with contraction the machines would disagree.
#pragma STDC FP_CONTRACT OFF

#define INLINE static inline __attribute__((always_inline))

// Normals made at a time: they stay in the first-level cache until they are used.
enum { CHUNK = 512 };

INLINE double bits_to_double(uint64_t bits) {
    double value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

INLINE uint64_t double_to_bits(double value) {
    uint64_t bits;
    memcpy(&bits, &value, sizeof bits);
    return bits;
}

// An integer up to 2^53 as a double, exactly. In two halves with the exponent put in by hand, because AVX2 has no
// conversion from 64-bit integers.
INLINE double exact(uint64_t k) {
    double high = bits_to_double((k >> 32) | 0x4530000000000000u);         // 2^84 + 2^32 (k >> 32)
    double low = bits_to_double((k & 0xFFFFFFFFu) | 0x4330000000000000u);  // 2^52 + (k mod 2^32)
    return (high - 0x1.00000001p+84) + low;                                // 2^84 + 2^52 taken off
}

// ln u for u in [2^-53, 1]. With u = 2^e (1 + f), 1 + f in [sqrt(1/2), sqrt 2) and s = f / (2 + f):
// ln(1 + f) = 2 artanh s = f - (f^2/2 - s (f^2/2 + R)), R = 2 artanh(s)/s - 2 as a polynomial in s^2. Written so that the
// leading f is exact. Coefficients: interpolation at Chebyshev nodes, relative error of ln below 1e-17.
INLINE double natural_logarithm(double u) {
    uint64_t bits = double_to_bits(u);
    uint64_t exponent = (bits + (0x3FF0000000000000u - 0x3FE6A09E667F3BCDu)) >> 52;  // e + 1023
    double e = bits_to_double(exponent | 0x4330000000000000u) - (0x1p52 + 1023);
    double f = bits_to_double(bits - ((exponent - 1023) << 52)) - 1;
    double s = f / (2 + f), q = s * s, half = 0.5 * f * f;
    double r = 0x1.2b5900de53b32p-3;
    r = r * q + 0x1.39fe51a7c18f9p-3;
    r = r * q + 0x1.7462b51cb66b1p-3;
    r = r * q + 0x1.c71c62e3f11e6p-3;
    r = r * q + 0x1.2492492df281ap-2;
    r = r * q + 0x1.99999999952d7p-2;
    r = r * q + 0x1.5555555555558p-1;
    r = r * q;
    return e * 0x1.62e42fefp-1 - ((half - (s * (half + r) + e * 0x1.473de6af278edp-34)) - f);
}

// sin(pi t / 2) and cos(pi t / 2) for |t| <= 1/2, as t P(t^2) and 1 - t^2 Q(t^2); interpolation at Chebyshev nodes,
// absolute error of P and Q below 1e-16.
INLINE double sine(double t, double q) {
    double p = 0x1.e3f38399551bfp-25;
    p = p * q + -0x1.e30071afc3e59p-19;
    p = p * q + 0x1.50782fda12d96p-13;
    p = p * q + -0x1.32d2cce2e5b19p-8;
    p = p * q + 0x1.466bc677587f8p-4;
    p = p * q + -0x1.4abbce625be41p-1;
    return (p * q) * t + 0x1.921fb54442d18p+0 * t;
}

INLINE double cosine(double q) {
    double p = 0x1.b2f3eb054afcdp-28;
    p = p * q + -0x1.f9ce245cada0bp-22;
    p = p * q + 0x1.a6d1eef479be1p-16;
    p = p * q + -0x1.e1f5068688d5bp-11;
    p = p * q + 0x1.55d3c7e3cb241p-6;
    p = p * q + -0x1.03c1f081b5ac0p-2;
    p = p * q + 0x1.3bd3cc9be45dep+0;
    return 1 - p * q;
}

// The two normals of one block. Words live in the low halves of 64-bit lanes, so that a product needs no shuffle; the
// high halves are not cleared, because a vector product of 32-bit words ignores them.
INLINE void normal_pair(
    uint64_t block, uint64_t row, uint64_t generation, uint64_t purpose, uint64_t key0, uint64_t key1, double *z) {
    const uint64_t word = 0xFFFFFFFFu;
    uint64_t c0 = block, c1 = row, c2 = generation, c3 = purpose;
#pragma clang loop unroll(full)
    for (int round = 0; round < 10; round++) {
        uint64_t p0 = (c0 & word) * 0xD2511F53u, p1 = (c2 & word) * 0xCD9E8D57u;
        uint64_t k0 = (key0 + (uint64_t)round * 0x9E3779B9u) & word, k1 = (key1 + (uint64_t)round * 0xBB67AE85u) & word;
        c0 = (p1 >> 32) ^ c1 ^ k0;
        c2 = (p0 >> 32) ^ c3 ^ k1;
        c1 = p1;
        c3 = p0;
    }
    double u = exact((((c0 << 32) | (c1 & word)) >> 11) + 1) * 0x1p-53;
    uint64_t angle = (((c2 << 32) | (c3 & word)) >> 11) + (1ull << 50);  // from the middle of a quarter turn
    uint64_t quadrant = angle >> 51;
    double t = bits_to_double((angle & ((1ull << 51) - 1)) | 0x4330000000000000u) - (0x1p52 + 0x1p50);
    t *= 0x1p-51;  // in [-1/2, 1/2) quarter turns, exact
    double radius = __builtin_elementwise_sqrt(-2 * natural_logarithm(u));
    double q = t * t, s = sine(t, q), c = cosine(q);
    double x = (quadrant & 1) ? s : c, y = (quadrant & 1) ? c : s;
    uint64_t negative_x = ((quadrant + 1) & 2) << 62, negative_y = (quadrant & 2) << 62;
    z[0] = radius * bits_to_double(double_to_bits(x) ^ negative_x);
    z[1] = radius * bits_to_double(double_to_bits(y) ^ negative_y);
}

INLINE void fill(baton_random_source source, uint32_t row, size_t first, size_t count, double *restrict z) {
    uint64_t key0 = source.seed & 0xFFFFFFFFu, key1 = source.seed >> 32, block = first / 2;
#pragma clang loop interleave_count(2)  // two chains of products hide each other's latency: a quarter faster
    for (size_t i = 0; i < count / 2; i++)
        normal_pair((block + i) & 0xFFFFFFFFu, row, source.generation, source.purpose, key0, key1, z + 2 * i);
    if (count % 2) {
        double pair[2];
        normal_pair(
            (block + count / 2) & 0xFFFFFFFFu, row, source.generation, source.purpose, key0, key1, pair);
        z[count - 1] = pair[0];
    }
}

INLINE void affine(
    baton_random_source source, uint32_t row, size_t count, const double *restrict center, const double *restrict scale,
    double *restrict z, double *restrict x) {
    for (size_t start = 0; start < count; start += CHUNK) {
        size_t size = count - start < CHUNK ? count - start : CHUNK;
        fill(source, row, start, size, z + start);
        for (size_t j = start; j < start + size; j++) x[j] = center[j] + scale[j] * z[j];
    }
}

#define COPIES(NAME, TARGET)                                                                                          \
    TARGET static void fill_##NAME(baton_random_source source, uint32_t row, size_t first, size_t count, double *z) {    \
        fill(source, row, first, count, z);                                                                           \
    }                                                                                                                 \
    TARGET static void affine_##NAME(                                                                                 \
        baton_random_source source, uint32_t row, size_t count, const double *center, const double *scale, double *z,    \
        double *x) {                                                                                                  \
        affine(source, row, count, center, scale, z, x);                                                              \
    }

COPIES(portable, )

#if defined(__x86_64__)
COPIES(avx2, __attribute__((target("avx2"))))
COPIES(avx512, __attribute__((target("avx512f,avx512bw,avx512vl,avx512dq"), min_vector_width(512))))

#define DISPATCH(KERNEL, ...)                                   \
    switch (source.isa) {                                       \
    case BATON_AVX512_VNNI:                                 \
    case BATON_AVX512: KERNEL##_avx512(__VA_ARGS__); break; \
    case BATON_AVX2: KERNEL##_avx2(__VA_ARGS__); break;     \
    case BATON_PORTABLE: KERNEL##_portable(__VA_ARGS__);    \
    }
#else
#define DISPATCH(KERNEL, ...) KERNEL##_portable(__VA_ARGS__)
#endif

void baton_normals(baton_random_source source, uint32_t row, size_t first, size_t count, double *z) {
    DISPATCH(fill, source, row, first, count, z);
}

void baton_normals_affine(
    baton_random_source source, uint32_t row, size_t count, const double *center, const double *scale, double *z,
    double *x) {
    DISPATCH(affine, source, row, count, center, scale, z, x);
}
