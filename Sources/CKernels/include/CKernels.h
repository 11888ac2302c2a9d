// Loops where the instruction set matters. Every kernel states its shapes, aliasing and rounding here;
// none allocates, none keeps state.
#pragma once
#include <stddef.h>
#include <stdint.h>

// ---- random.c: normals from a counter ----------------------------------------------------------------------------
// Philox 4x32-10 (Salmon, Moraes, Dror, Shaw: Parallel random numbers: as easy as 1, 2, 3; SC 2011). The key is the
// seed (low word, high word), the counter (block, row, generation, purpose). A block's words a, b, c, d give
//   u = (((a 2^32 + b) >> 11) + 1) 2^-53,  v = ((c 2^32 + d) >> 11) 2^-53,
//   z[2 block] = sqrt(-2 ln u) cos 2 pi v,  z[2 block + 1] = sqrt(-2 ln u) sin 2 pi v        (Box and Muller 1958).
// Every instruction set gives the same bits: nothing is contracted, no sum is reordered, no function of libm is called.

// The instruction sets that have their own copy of the loops, the most portable first.
typedef enum { CK_RANDOM_PORTABLE = 0, CK_RANDOM_AVX2 = 1, CK_RANDOM_AVX512 = 2 } ck_random_isa;

// One stream of normals for each row: `seed`, `generation` and `purpose` fill the key and the counter.
typedef struct {
    uint64_t seed;
    uint32_t generation;
    uint32_t purpose;
    ck_random_isa isa;
} ck_random_source;

// The widest that this processor has.
ck_random_isa ck_random_best_isa(void);

// z[0 ..< count] = normals number `first` ..< first + count of row `row`; `first` must be even.
void ck_normals(ck_random_source source, uint32_t row, size_t first, size_t count, double *z);

// x[j] = center[j] + scale[j] z[j] for j in 0 ..< count, z as above from 0. No aliasing.
void ck_normals_affine(
    ck_random_source source, uint32_t row, size_t count, const double *center, const double *scale, double *x);

// For the columns j in begin ..< end (begin even): linear[j] = sum_i a[i] z[i, j] and square[j] = sum_i b[i] z[i, j]^2,
// over the rows i in 0 ..< rows in their order, without rows whose weights are both zero. No aliasing.
void ck_normals_moments(
    ck_random_source source, size_t rows, const double *a, const double *b, size_t begin, size_t end, double *linear,
    double *square);
