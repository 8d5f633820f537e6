// SPDX-License-Identifier: Apache-2.0
//
// Umbrella of the CPU kernels. Conventions shared by every header:
//
// - Arrays are row-major. Sizes and indices are int64_t; empty ranges are allowed everywhere.
// - `threads` is the last argument: how many threads of the OpenMP pool a call may use. It never changes a single bit
//   of the result: work is cut where the problem's size says, and partial results are combined in that order.
// - Instruction set (SSE2, AVX2+FMA, AVX-512) is chosen once, at load. Results may differ between instruction sets in the last
//   bits of transcendental functions and of contractions; elementwise arithmetic is IEEE and does not.
// - Nothing here checks shapes: callers hand over validated geometry.
#ifndef APUS_KERNELS_H
#define APUS_KERNELS_H

#include "apus_conv.h"
#include "apus_data.h"
#include "apus_fused.h"
#include "apus_gemm.h"
#include "apus_lrn.h"
#include "apus_norm.h"
#include "apus_parallel.h"
#include "apus_pool.h"
#include "apus_random.h"
#include "apus_recurrent.h"
#include "apus_reduce.h"
#include "apus_resample.h"
#include "apus_softmax.h"
#include "apus_types.h"
#include "apus_winograd.h"

#endif
