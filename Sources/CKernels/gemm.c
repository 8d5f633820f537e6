// SPDX-License-Identifier: Apache-2.0
//
// Matrix products in f64, and in f32 for the shapes where a library call costs more than the product.
#include <stdlib.h>

#include "internal.h"

#pragma clang fp contract(off)

enum {
  MR = 6,               // rows of a register tile
  ROWS = 48,            // rows of A a unit of work takes
  DEPTH = 256,          // k of one pass: a packed panel of B stays in L1
  VECTOR_CHUNK = 128,   // results a unit of a vector product computes
  SERIAL_WORK = 65536   // multiplications not worth waking a thread for
};

#define T double
#define NAME(x) x##_f64
#define KERNELS apus_kernels->gemm_f64
#include "gemm_driver_body.h"
#undef T
#undef NAME
#undef KERNELS

#define T float
#define NAME(x) x##_f32
#define KERNELS apus_kernels->gemm_f32
#include "gemm_driver_body.h"
