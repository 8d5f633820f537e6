// SPDX-License-Identifier: Apache-2.0
//
// Loops over time that are one kernel each.
#include <stdlib.h>
#include <string.h>

#include "internal.h"

enum { FEW_SUMS = 8192 };  // of a group of units, for which the stack has room

#define T float
#define NAME(x) x##_f32
#define GEMM apus_kernels->gemm_f32
#define STEP apus_kernels->fused[APUS_F32]->lstm_part
#include "recurrent_loop_body.h"
#undef T
#undef NAME
#undef GEMM
#undef STEP

#define T double
#define NAME(x) x##_f64
#define GEMM apus_kernels->gemm_f64
#define STEP apus_kernels->fused[APUS_F64]->lstm_part
#include "recurrent_loop_body.h"

int64_t apus_lstm_loop_group(apus_dtype dtype) {
  return dtype == APUS_F64 ? apus_kernels->gemm_f64->tile_columns : apus_kernels->gemm_f32->tile_columns;
}

void apus_lstm_loop_run(apus_dtype dtype, const apus_lstm_loop *loop, int threads) {
  threads = (int)apus_min64(threads, loop->units / apus_lstm_loop_group(dtype));
  apus_together(threads, dtype == APUS_F64 ? lstm_member_f64 : lstm_member_f32, (void *)loop);
}
