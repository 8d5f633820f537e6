// SPDX-License-Identifier: Apache-2.0
//
// The kernels for every x86-64 processor.
#include <math.h>
#include <string.h>

#include "conv_internal.h"
#include "internal.h"
#include "sleef.h"

#define MAP apus_map_sse2

// Every result is the rounding of one operation: fused programs must equal unfused ones bit for bit.
#pragma clang fp contract(off)

#define T float
#define I int32_t
#define MANTISSA_BITS 23
#define LANES 4
#define NAME(x) f32_##x
#define FMOD fmodf
#define APUS_SLEEF(function, accuracy) Sleef_##function##f4_##accuracy##sse2
#include "fused_ops_body.h"
#include "kernels_undef.h"

#define T double
#define I int64_t
#define MANTISSA_BITS 52
#define LANES 2
#define NAME(x) f64_##x
#define FMOD fmod
#define APUS_SLEEF(function, accuracy) Sleef_##function##d2_##accuracy##sse2
#include "fused_ops_body.h"
#include "kernels_undef.h"

#define FMA(a, b, c) ((a) * (b) + (c))
#define FMA_MEMORY(a, p, c) ((c) = (a) * *(p) + (c))
#include "conv_body.h"
#include "conv_products_body.h"
#undef FMA
#undef FMA_MEMORY

#include "pool_blocked_body.h"

#include "norm_body.h"

#define BLOCK 8
#include "winograd_body.h"

#define SLEEF_F32(function, accuracy) Sleef_##function##f4_##accuracy##sse2
#define SLEEF_F64(function, accuracy) Sleef_##function##d2_##accuracy##sse2
#include "random_body.h"

#define BYTES 32
#define TILE_ROWS 6
#define T float
#define NAME(x) f32_##x
#define GEMM_KERNELS apus_gemm_f32_kernels
#define BROADCAST(x) ((f32_wide){x, x, x, x, x, x, x, x})
#define FMA(a, b, c) ((a) * (b) + (c))
#include "gemm_body.h"
#undef FMA
#undef BROADCAST
#undef GEMM_KERNELS
#undef NAME
#undef T

#define T double
#define NAME(x) f64_##x
#define GEMM_KERNELS apus_gemm_f64_kernels
#define BROADCAST(x) ((f64_wide){x, x, x, x})
#define FMA(a, b, c) ((a) * (b) + (c))
#include "gemm_body.h"
#undef FMA
#undef BROADCAST
#undef GEMM_KERNELS
#undef NAME
#undef T

const apus_kernel_table apus_kernels_sse2 = {"sse2",
    {&f32_kernels, &f64_kernels}, &conv_kernels, NULL, &random_kernels, &f32_gemm, &f64_gemm,
    {&pool_kernels_blocked8, &pool_kernels_blocked16}, &norm_kernels, &winograd_kernels, max_pairs};
