// SPDX-License-Identifier: Apache-2.0
//
// The kernels for AVX2 and FMA.
#include <math.h>

#include "internal.h"

// Every result is the rounding of one operation: fused programs must equal unfused ones bit for bit.
#pragma clang fp contract(off)

#pragma clang attribute push(__attribute__((target("avx2,fma"))), apply_to = function)

#define T float
#define I int32_t
#define LANES 8
#define NAME(x) f32_##x
#define FMOD fmodf
#define APUS_SLEEF(function, accuracy) Sleef_##function##f8_##accuracy##avx2
#include "fused_ops_body.h"
#include "kernels_undef.h"

#define T double
#define I int64_t
#define LANES 4
#define NAME(x) f64_##x
#define FMOD fmod
#define APUS_SLEEF(function, accuracy) Sleef_##function##d4_##accuracy##avx2
#include "fused_ops_body.h"
#include "kernels_undef.h"

#pragma clang attribute pop

const apus_kernel_table apus_kernels_avx2 = {"avx2", {&f32_kernels, &f64_kernels}};
