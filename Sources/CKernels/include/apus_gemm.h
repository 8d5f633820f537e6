// SPDX-License-Identifier: Apache-2.0
//
// Matrix products, row-major: C[m, n] = op(A) op(B) + beta C, where op(A) is [m, k] and op(B) is [k, n].
// With transpose_a == 0, A is stored [m, k] with row stride lda >= k; otherwise [k, m] with row stride lda >= m; likewise
// B. With beta == 0, C is written without being read (NaN there does not survive). k == 0 gives beta C.
#ifndef APUS_GEMM_H
#define APUS_GEMM_H

#include "apus_types.h"

#if defined(__cplusplus)
extern "C" {
#endif

/// Packed and blocked; every element is summed over k in one fixed order (blocks of 256), whatever `threads`.
void apus_gemm_f64(int transpose_a, int transpose_b, int64_t m, int64_t n, int64_t k, const double *a, int64_t lda,
                   const double *b, int64_t ldb, double beta, double *c, int64_t ldc, int threads);

/// The same in f32; meant for tiny and matrix-vector shapes where dnnl_sgemm's overhead shows, correct for all.
void apus_gemm_f32(int transpose_a, int transpose_b, int64_t m, int64_t n, int64_t k, const float *a, int64_t lda,
                   const float *b, int64_t ldb, float beta, float *c, int64_t ldc, int threads);

/// A right operand in the form in which products read it, for many products with it: how many elements the form takes,
/// which depends on the instruction set; its making; and C[m, n] = A op(B) with the bits of apus_gemm where that packs.
int64_t apus_gemm_packed_count_f32(int64_t n, int64_t k);
int64_t apus_gemm_packed_count_f64(int64_t n, int64_t k);
void apus_gemm_pack_f32(int transpose_b, int64_t n, int64_t k, const float *b, int64_t ldb, float *packed, int threads);
void apus_gemm_pack_f64(int transpose_b, int64_t n, int64_t k, const double *b, int64_t ldb, double *packed,
                        int threads);
void apus_gemm_packed_f32(int64_t m, int64_t n, int64_t k, const float *a, int64_t lda, const float *packed, float *c,
                          int64_t ldc, int threads);
void apus_gemm_packed_f64(int64_t m, int64_t n, int64_t k, const double *a, int64_t lda, const double *packed,
                          double *c, int64_t ldc, int threads);

#if defined(__cplusplus)
}
#endif
#endif
