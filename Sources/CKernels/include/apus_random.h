// SPDX-License-Identifier: Apache-2.0
//
// Counter-based random numbers: Philox4x32-10 (Salmon, Moraes, Dror, Shaw: Parallel random numbers: as easy as 1, 2, 3.
// SC'11). Element i of a stream depends only on (seed, stream, i): never on count, threads or instruction set (normals:
// up to the last bits of log, sin and cos).
//
// Block b of stream s under seed k is Philox with key (low k, high k) and counter (low b, high b, low s, high s); it gives
// four words. Word i is word i % 4 of block i / 4.
#ifndef APUS_RANDOM_H
#define APUS_RANDOM_H

#include "apus_types.h"

#if defined(__cplusplus)
extern "C" {
#endif

/// One Philox4x32-10 block, for tests and for callers that need single values.
void apus_philox_block(const uint32_t counter[4], const uint32_t key[2], uint32_t output[4]);

/// dst[i] = word i.
void apus_philox_bits_u32(uint32_t *dst, int64_t count, uint64_t seed, uint64_t stream, int threads);

/// Uniform in [0, 1). f32: (word i >> 8) * 2^-24. f64: ((word 2i << 21 | word 2i+1 >> 11)) * 2^-53.
void apus_philox_uniform_f32(float *dst, int64_t count, uint64_t seed, uint64_t stream, int threads);
void apus_philox_uniform_f64(double *dst, int64_t count, uint64_t seed, uint64_t stream, int threads);

/// Standard normal by Box-Muller. With v = uniform values of the same stream, elements 2p and 2p+1 are
/// sqrt(-2 log(1 - v[2p])) times cos and sin of 2 pi v[2p+1]. Computed in the element's own precision with SLEEF
/// (f32 in float: the largest magnitude is sqrt(48 log 2), about 5.77; f64: about 8.57).
void apus_philox_normal_f32(float *dst, int64_t count, uint64_t seed, uint64_t stream, int threads);
void apus_philox_normal_f64(double *dst, int64_t count, uint64_t seed, uint64_t stream, int threads);

#if defined(__cplusplus)
}
#endif
#endif
