// SPDX-License-Identifier: Apache-2.0
//
// The kernels for AVX-512: 16 floats wide where the layout of 8 channels lets them be.
#include <immintrin.h>
#include <math.h>
#include <string.h>

#include "conv_internal.h"
#include "internal.h"
#include "sleef.h"

#define MAP apus_map_avx512

// Every result is the rounding of one operation: fused programs must equal unfused ones bit for bit.
#pragma clang fp contract(off)

#pragma clang attribute push(__attribute__((target("avx2,fma,avx512f,avx512dq,avx512bw,avx512vl"))), apply_to = function)

#define T float
#define I int32_t
#define MANTISSA_BITS 23
#define LANES 16
#define NAME(x) f32_##x
#define FMOD fmodf
#define APUS_SLEEF(function, accuracy) Sleef_##function##f16_##accuracy##avx512f
#include "fused_ops_body.h"
#include "kernels_undef.h"

#define T double
#define I int64_t
#define MANTISSA_BITS 52
#define LANES 8
#define NAME(x) f64_##x
#define FMOD fmod
#define APUS_SLEEF(function, accuracy) Sleef_##function##d8_##accuracy##avx512f
#include "fused_ops_body.h"
#include "kernels_undef.h"

#define FMA(a, b, c) _mm256_fmadd_ps(a, b, c)
#define FMA_MEMORY(a, p, c) __asm__("vfmadd231ps %2, %1, %0" : "+x"(c) : "x"(a), "m"(*(p)))
#include "conv_body.h"
#include "conv_wide_body.h"
#include "conv_lanes_body.h"
#undef FMA
#undef FMA_MEMORY

#include "pool_blocked_body.h"

#include "norm_body.h"

#define BLOCK 16
#include "winograd_body.h"

#define SLEEF_F32(function, accuracy) Sleef_##function##f16_##accuracy##avx512f
#define SLEEF_F64(function, accuracy) Sleef_##function##d8_##accuracy##avx512f
#include "random_body.h"

#define BYTES 64
#define TILE_ROWS 12
#define T float
#define NAME(x) f32_##x
#define GEMM_KERNELS apus_gemm_f32_kernels
#define BROADCAST(x) _mm512_set1_ps(x)
#define FMA(a, b, c) _mm512_fmadd_ps(a, b, c)
#include "gemm_body.h"
#undef FMA
#undef BROADCAST
#undef GEMM_KERNELS
#undef NAME
#undef T

#define T double
#define NAME(x) f64_##x
#define GEMM_KERNELS apus_gemm_f64_kernels
#define BROADCAST(x) _mm512_set1_pd(x)
#define FMA(a, b, c) _mm512_fmadd_pd(a, b, c)
#include "gemm_body.h"
#undef FMA
#undef BROADCAST
#undef GEMM_KERNELS
#undef NAME
#undef T

#pragma clang attribute pop

const apus_kernel_table apus_kernels_avx512 = {"avx512",
    {&f32_kernels, &f64_kernels}, &conv_kernels, &conv_lanes_kernels, &random_kernels, &f32_gemm, &f64_gemm,
    {&pool_kernels_blocked8, &pool_kernels_blocked16}, &norm_kernels, &winograd_kernels, max_pairs};
