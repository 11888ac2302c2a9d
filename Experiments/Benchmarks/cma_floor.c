// The least that one generation of a separable CMA-ES costs on this processor, on one thread: what evolution.py holds ours against.
//
//   cc -O3 -march=native -o cma_floor cma_floor.c -lm
//   echo "10240 32 5" | ./cma_floor          # dimension, candidates, generations → seconds of each, on one line
//
// float64. ask: sixteen (AVX2: eight) normals at a time from Philox 4x32-10 and Box-Muller, in registers; x = m + σD z is written
// once, by ordinary stores. tell: one pass over all rows of x sums w y and w y² (active weights: the worse half too), another over
// n updates both paths, C, σD and m. No sorting, no ties, no failures, no two-point adaptation, no bounds: it need not be right in
// those, only touch every number that must be touched.
#define _GNU_SOURCE
#include <immintrin.h>
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>

#define INLINE static inline __attribute__((always_inline))

#if defined(__AVX512F__) && defined(__AVX512DQ__) && defined(__AVX512VL__)
#define SET "AVX-512"
enum { LANES = 8, BLOCK = 8 };  // BLOCK vectors, twice summed, stay in registers
typedef __m512d reals;
typedef __m512i words;
#define R(NAME) _mm512_##NAME##_pd
#define W(NAME) _mm512_##NAME
#define XOR(A, B) _mm512_xor_si512(A, B)
#define OR(A, B) _mm512_or_si512(A, B)
#define AND(A, B) _mm512_and_si512(A, B)
#define AS_REALS _mm512_castsi512_pd
#define AS_WORDS _mm512_castpd_si512
INLINE words counters(void) { return _mm512_set_epi64(7, 6, 5, 4, 3, 2, 1, 0); }
INLINE words low_and_high(words a, words b) { return _mm512_mask_blend_epi32(0xAAAA, a, _mm512_slli_epi64(b, 32)); }
INLINE double total(reals a) { return _mm512_reduce_add_pd(a); }
// x = 2^e m with m in [3/4, 3/2).
INLINE reals split(reals x, reals *m) {
    reals e = _mm512_getexp_pd(x), one = R(set1)(1);
    *m = _mm512_getmant_pd(x, _MM_MANT_NORM_p75_1p5, _MM_MANT_SIGN_zero);
    return _mm512_mask_add_pd(e, _mm512_cmp_pd_mask(*m, one, _CMP_LT_OQ), e, one);
}
// Where the lowest bit of `bits` is set, b; elsewhere a.
INLINE reals choose(words bits, reals a, reals b) {
    return _mm512_mask_blend_pd(_mm512_test_epi64_mask(bits, _mm512_set1_epi64(1)), a, b);
}
#elif defined(__AVX2__) && defined(__FMA__)
#define SET "AVX2"
enum { LANES = 4, BLOCK = 4 };
typedef __m256d reals;
typedef __m256i words;
#define R(NAME) _mm256_##NAME##_pd
#define W(NAME) _mm256_##NAME
#define XOR(A, B) _mm256_xor_si256(A, B)
#define OR(A, B) _mm256_or_si256(A, B)
#define AND(A, B) _mm256_and_si256(A, B)
#define AS_REALS _mm256_castsi256_pd
#define AS_WORDS _mm256_castpd_si256
#define _mm256_set1_epi64 _mm256_set1_epi64x
INLINE words counters(void) { return _mm256_set_epi64x(3, 2, 1, 0); }
INLINE words low_and_high(words a, words b) { return _mm256_blend_epi32(a, _mm256_slli_epi64(b, 32), 0xAA); }
INLINE double total(reals a) { return a[0] + a[1] + a[2] + a[3]; }
INLINE reals split(reals x, reals *m) {
    words bits = AS_WORDS(x), offset = _mm256_set1_epi64x(0x0008000000000000);  // rounds the exponent up from 3/2
    words exponent = _mm256_srli_epi64(_mm256_add_epi64(bits, offset), 52);
    *m = AS_REALS(_mm256_sub_epi64(bits, _mm256_slli_epi64(_mm256_sub_epi64(exponent, _mm256_set1_epi64x(1023)), 52)));
    return R(sub)(AS_REALS(OR(exponent, _mm256_set1_epi64x(0x4330000000000000))), R(set1)(0x1p52 + 1023));
}
INLINE reals choose(words bits, reals a, reals b) {
    return _mm256_blendv_pd(a, b, AS_REALS(_mm256_slli_epi64(bits, 63)));
}
#else
#error "the floor is written for AVX-512 and AVX2"
#endif

// Philox 4x32-10: LANES counters (block, 0, row, 0) at a time, a 32-bit word in the low half of each lane.
INLINE void philox(uint64_t block, uint32_t row, uint32_t key0, uint32_t key1, words *a, words *b) {
    words c0 = W(add_epi64)(W(set1_epi64)((long long)block), counters()), c1 = W(set1_epi64)(0);
    words c2 = W(set1_epi64)(row), c3 = W(set1_epi64)(0);
    words m0 = W(set1_epi64)(0xD2511F53), m1 = W(set1_epi64)(0xCD9E8D57);
#pragma GCC unroll 10
    for (uint32_t round = 0; round < 10; round++) {
        words k0 = W(set1_epi64)((uint32_t)(key0 + round * 0x9E3779B9u)), k1 = W(set1_epi64)((uint32_t)(key1 + round * 0xBB67AE85u));
        words p0 = W(mul_epu32)(c0, m0), p1 = W(mul_epu32)(c2, m1);
        c0 = XOR(XOR(W(srli_epi64)(p1, 32), c1), k0);
        c2 = XOR(XOR(W(srli_epi64)(p0, 32), c3), k1);
        c1 = p1;  // the high halves are not cleared: the products ignore them
        c3 = p0;
    }
    *a = low_and_high(c0, c1);
    *b = low_and_high(c2, c3);
}

INLINE reals polynomial(reals x, const double *coefficients, int count) {
    reals p = R(set1)(coefficients[0]);
#pragma GCC unroll 12
    for (int i = 1; i < count; i++) p = R(fmadd)(p, x, R(set1)(coefficients[i]));
    return p;
}

// ln x for x in (0, 1], as 2 artanh((m-1)/(m+1)) + e ln 2.
INLINE reals logarithm(reals x) {
    static const double artanh[] = {2.0 / 19, 2.0 / 17, 2.0 / 15, 2.0 / 13, 2.0 / 11, 2.0 / 9, 2.0 / 7, 2.0 / 5, 2.0 / 3, 2.0};
    reals m, e = split(x, &m), one = R(set1)(1);
    reals s = R(div)(R(sub)(m, one), R(add)(m, one));
    return R(fmadd)(e, R(set1)(0.693147180559945309417), R(mul)(polynomial(R(mul)(s, s), artanh, 10), s));
}

// Box-Muller: the angle in quarter turns from its own bits, the quadrant from two that are spare.
INLINE void normals(words a, words b, reals *z0, reals *z1) {
    static const double sine[] = {-6.6880351098114673e-10, 5.6921729219679268e-8, -3.5988432352120853e-6, 1.6044118478735982e-4,
                                  -4.6817541353186881e-3,  7.9692626246167046e-2, -6.4596409750624625e-1, 1.5707963267948966};
    static const double cosine[] = {-6.3866030837918522e-11, 6.5659631149794723e-9,  -4.7108747788181715e-7, 2.5202042373060605e-5,
                                    -9.1926027483942659e-4,  2.0863480763352960e-2, -2.5366950790104802e-1, 1.2337005501361698};
    words one = W(set1_epi64)(0x3FF0000000000000);
    reals u = R(sub)(R(set1)(2), AS_REALS(OR(W(srli_epi64)(a, 12), one)));    // (0, 1]
    reals t = R(sub)(AS_REALS(OR(W(srli_epi64)(b, 12), one)), R(set1)(1.5));  // [-1/2, 1/2)
    reals radius = R(sqrt)(R(mul)(R(set1)(-2), logarithm(u))), q = R(mul)(t, t);
    reals s = R(mul)(polynomial(q, sine, 8), t), c = R(fnmadd)(polynomial(q, cosine, 8), q, R(set1)(1));
    words sign = AND(W(slli_epi64)(b, 62), W(set1_epi64)((long long)0x8000000000000000));
    reals signed_radius = AS_REALS(XOR(AS_WORDS(radius), sign));
    *z0 = R(mul)(signed_radius, choose(b, c, s));
    *z1 = R(mul)(signed_radius, choose(b, s, c));
}

// A search of n dimensions (rounded up to whole blocks) and λ candidates; rows of x are `stride` apart.
struct search {
    size_t n, stride, lambda;
    double *x, *mean, *deviation, *variance, *step_path, *variance_path, *step, *square;
    double *mean_weights, *variance_weights, *lengths;
    size_t *order;
    double sigma, c_sigma, c_c, c_1, c_mu, gain;
    uint32_t generation;
};

static void ask(struct search *s) {
    for (size_t i = 0; i < s->lambda; i++) {
        double *row = s->x + i * s->stride;
        reals length = R(setzero)();
        for (size_t j = 0; j < s->n; j += 2 * LANES) {
            words a, b;
            reals z0, z1;
            philox(j / 2, (uint32_t)i, 42, s->generation, &a, &b);
            normals(a, b, &z0, &z1);
            length = R(fmadd)(z1, z1, R(fmadd)(z0, z0, length));
            R(store)(row + j, R(fmadd)(R(load)(s->deviation + j), z0, R(load)(s->mean + j)));
            R(store)(row + j + LANES, R(fmadd)(R(load)(s->deviation + j + LANES), z1, R(load)(s->mean + j + LANES)));
        }
        s->lengths[i] = total(length);  // which active weights of the tutorial need
    }
}

static void tell(struct search *s) {
    reals keep = R(set1)(1 - s->c_sigma), gain = R(set1)(sqrt(s->c_sigma * (2 - s->c_sigma) * s->gain)), sum = R(setzero)();
    for (size_t j = 0; j < s->n; j += BLOCK * LANES) {
        reals step[BLOCK], square[BLOCK];
        for (int k = 0; k < BLOCK; k++) step[k] = square[k] = R(setzero)();
        for (size_t r = 0; r < s->lambda; r++) {
            const double *row = s->x + s->order[r] * s->stride + j;
            reals a = R(set1)(s->mean_weights[r]), b = R(set1)(s->variance_weights[r]);
#pragma GCC unroll 8
            for (int k = 0; k < BLOCK; k++) {
                reals y = R(sub)(R(load)(row + k * LANES), R(load)(s->mean + j + k * LANES));
                step[k] = R(fmadd)(a, y, step[k]);
                square[k] = R(fmadd)(R(mul)(b, y), y, square[k]);
            }
        }
        for (int k = 0; k < BLOCK; k++) {
            size_t at = j + (size_t)k * LANES;
            reals path = R(mul)(keep, R(load)(s->step_path + at));
            path = R(fmadd)(gain, R(div)(step[k], R(load)(s->deviation + at)), path);
            sum = R(fmadd)(path, path, sum);
            R(store)(s->step_path + at, path);
            R(store)(s->step + at, step[k]);
            R(store)(s->square + at, square[k]);
        }
    }
    // The path's length decides h_σ and σ; times zero, so that a generation more is like the one before.
    double n = (double)s->n, length = sqrt(total(sum)), open = length < (1.4 + 2 / (n + 1)) * sqrt(n), cc = s->c_c;
    s->sigma *= exp(0 * s->c_sigma * (length / sqrt(n) - 1));
    reals keep_c = R(set1)(1 - cc), gain_c = R(set1)(open * sqrt(cc * (2 - cc) * s->gain) / s->sigma);
    reals old = R(set1)(1 - s->c_1 - s->c_mu + (1 - open) * s->c_1 * cc * (2 - cc)), one = R(set1)(s->c_1);
    reals mu = R(set1)(s->c_mu / (s->sigma * s->sigma)), sigma = R(set1)(s->sigma), least = R(set1)(1e-30);
    for (size_t j = 0; j < s->n; j += LANES) {
        reals y = R(load)(s->step + j), path = R(fmadd)(gain_c, y, R(mul)(keep_c, R(load)(s->variance_path + j)));
        reals variance = R(fmadd)(R(mul)(one, path), path, R(mul)(mu, R(load)(s->square + j)));
        variance = R(max)(least, R(fmadd)(old, R(load)(s->variance + j), variance));
        R(store)(s->variance_path + j, path);
        R(store)(s->variance + j, variance);
        R(store)(s->deviation + j, R(mul)(sigma, R(sqrt)(variance)));
        R(store)(s->mean + j, R(add)(R(load)(s->mean + j), y));
    }
    s->generation++;
}

static double *numbers(size_t count, double value) {
    const size_t page = (size_t)2 << 20, bytes = (count * sizeof(double) + page - 1) & ~(page - 1);
    double *p = aligned_alloc(page, bytes);
    if (!p) exit(1);
    madvise(p, bytes, MADV_HUGEPAGE);
    for (size_t i = 0; i < count; i++) p[i] = value;
    return p;
}

static struct search start(size_t n, size_t lambda) {
    struct search s = {.n = (n + 127) & ~(size_t)127, .lambda = lambda, .sigma = 0.5, .gain = 9};
    s.stride = s.n + 16;  // rows not a power of two apart
    double **arrays[] = {&s.mean, &s.step_path, &s.variance_path, &s.step, &s.square};
    for (size_t i = 0; i < sizeof arrays / sizeof *arrays; i++) *arrays[i] = numbers(s.n, 0);
    s.x = numbers(s.stride * lambda, 0);
    s.deviation = numbers(s.n, s.sigma);
    s.variance = numbers(s.n, 1);
    s.mean_weights = calloc(lambda, sizeof(double));
    s.variance_weights = calloc(lambda, sizeof(double));
    s.lengths = calloc(lambda, sizeof(double));
    s.order = calloc(lambda, sizeof(size_t));
    double d = (double)n, sum = 0, parents = 9;
    s.c_sigma = (parents + 2) / (d + parents + 5);
    s.c_c = 4 / (d + 4);
    s.c_1 = (d + 2) / 3 * 2 / ((d + 1.3) * (d + 1.3) + parents);
    s.c_mu = (d + 2) / 3 * 2 * (parents - 2 + 1 / parents) / ((d + 2) * (d + 2) + parents);
    for (size_t i = 0; i < lambda / 2; i++) sum += s.mean_weights[i] = log((double)lambda / 2 + 0.5) - log((double)i + 1);
    for (size_t i = 0; i < lambda; i++) {
        s.mean_weights[i] /= sum;
        s.variance_weights[i] = i < lambda / 2 ? s.mean_weights[i] : -0.3 / (double)lambda;
        s.order[i] = (i * 7 + 3) % lambda;  // as if ranked: rows are not read in the order in which they lie
    }
    return s;
}

static void end(struct search s) {
    void *parts[] = {s.x, s.mean, s.deviation, s.variance, s.step_path, s.variance_path, s.step, s.square, s.mean_weights,
                     s.variance_weights, s.lengths, s.order};
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) free(parts[i]);
}

static double now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

int main(void) {
    words a, b;
    philox(0, 0, 0, 0, &a, &b);
    if (a[0] != 0x6627e8d5 + ((long long)0xe169c58d << 32) || b[0] != 0xbc57ac4c + ((long long)0x9b00dbd8 << 32)) {
        fprintf(stderr, "cma_floor: Philox does not give its known answer\n");
        return 1;
    }
    printf("%s\n", SET);
    fflush(stdout);
    size_t n, lambda;
    int generations;
    while (scanf("%zu %zu %d", &n, &lambda, &generations) == 3) {
        struct search s = start(n, lambda);
        ask(&s);  // the first touches every page
        tell(&s);
        for (int g = 0; g < generations; g++) {
            double begin = now();
            ask(&s);
            tell(&s);
            printf("%.9f ", now() - begin);
        }
        printf("\n");
        fflush(stdout);
        end(s);
    }
    return 0;
}
