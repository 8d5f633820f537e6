// SPDX-License-Identifier: Apache-2.0
//
// Matrix products in f64, and in f32 for the shapes where a library call costs more than the product or divides it
// badly.
#include <stdlib.h>
#include <string.h>

#include "internal.h"

#pragma clang fp contract(off)

enum {
  MOST_ROWS = 12,       // of a register tile, of any instruction set
  MOST_COLUMNS = 32,
  ROWS = 48,            // rows of A a unit of work takes
  DEPTH = APUS_GEMM_DEPTH,
  LEAST_ROWS_SPREAD = 8,  // of A, worth spreading over vectors when B is transposed
  MANY_ROWS = 256,      // of A, FEW_TERMS of a sum and at most MOST_REPAID elements of a transposed B: 1.1 to 3.8 times
  FEW_TERMS = 512,      // as fast with B packed, on AVX-512; with fewer rows or more terms up to 2 times slower
  MOST_REPAID = 1 << 20,
  VECTOR_CHUNK = 128,   // results a unit of a vector product computes
  SERIAL_WORK = 65536   // multiplications not worth waking a thread for
};

#define T double
#define TRANSPOSE_SIZE 2
#define NAME(x) x##_f64
#define KERNELS apus_kernels->gemm_f64
#include "gemm_by_rows_body.h"
#include "gemm_driver_body.h"
#undef T
#undef TRANSPOSE_SIZE
#undef NAME
#undef KERNELS

#define T float
#define TRANSPOSE_SIZE 4
#define NAME(x) x##_f32
#define KERNELS apus_kernels->gemm_f32
#include "gemm_by_rows_body.h"
#include "gemm_driver_body.h"
