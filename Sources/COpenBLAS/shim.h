#pragma once
#include <cblas.h>
#include <stddef.h>

// LAPACK's own entries, which OpenBLAS carries. Declared here because LAPACKE's header is another package. Fortran passes
// everything by reference, matrices by columns, and the length of each text behind all else.

// Singular value decomposition of a general matrix by divide and conquer.
void dgesdd_(
    const char *job, const int *rows, const int *columns, double *a, const int *lda, double *values, double *u, const int *ldu,
    double *vt, const int *ldvt, double *work, const int *work_size, int *integer_work, int *info, size_t job_length);

// Eigenvalues, ascending, and eigenvectors of a symmetric matrix by divide and conquer.
void dsyevd_(
    const char *job, const char *triangle, const int *size, double *a, const int *lda, double *values, double *work,
    const int *work_size, int *integer_work, const int *integer_work_size, int *info, size_t job_length,
    size_t triangle_length);
