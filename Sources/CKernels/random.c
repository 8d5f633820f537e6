// SPDX-License-Identifier: Apache-2.0
//
// Fills arrays from Philox streams. The kernels produce groups of eight blocks (32 words); the end of an array that
// is not a whole group goes through a buffer.
#include <string.h>

#include "internal.h"

enum { CHUNK_GROUPS = 512, GROUP_BYTES = 128 };

void apus_philox_block(const uint32_t counter[4], const uint32_t key[2], uint32_t output[4]) {
  uint32_t c0 = counter[0], c1 = counter[1], c2 = counter[2], c3 = counter[3], k0 = key[0], k1 = key[1];
  for (int round = 0; round < 10; ++round) {
    const uint64_t p0 = (uint64_t)c0 * 0xD2511F53u, p1 = (uint64_t)c2 * 0xCD9E8D57u;
    c0 = (uint32_t)(p1 >> 32) ^ c1 ^ k0;
    c1 = (uint32_t)p1;
    c2 = (uint32_t)(p0 >> 32) ^ c3 ^ k1;
    c3 = (uint32_t)p0;
    k0 += 0x9E3779B9u;
    k1 += 0xBB67AE85u;
  }
  output[0] = c0;
  output[1] = c1;
  output[2] = c2;
  output[3] = c3;
}

typedef struct {
  apus_random_fill kernel;
  char *dst;
  int64_t bytes;
  uint64_t seed, stream;
} job;

static void fill_chunk(void *context, int64_t chunk, int thread) {
  (void)thread;
  const job *j = context;
  const int64_t first = chunk * CHUNK_GROUPS * GROUP_BYTES;
  const int64_t bytes = apus_min64(j->bytes - first, CHUNK_GROUPS * GROUP_BYTES);
  const int64_t groups = bytes / GROUP_BYTES;
  const uint64_t block = (uint64_t)chunk * CHUNK_GROUPS * 8;
  j->kernel(j->dst + first, groups, j->seed, j->stream, block);
  const int64_t rest = bytes - groups * GROUP_BYTES;
  if (rest == 0) return;
  char tail[GROUP_BYTES] __attribute__((aligned(64)));
  j->kernel(tail, 1, j->seed, j->stream, block + 8 * (uint64_t)groups);
  memcpy(j->dst + first + groups * GROUP_BYTES, tail, (size_t)rest);
}

/// Every kind of element takes its own size in words, so bytes of output are bytes of the stream.
static void fill(apus_random_fill kernel, void *dst, int64_t bytes, uint64_t seed, uint64_t stream, int threads) {
  job j = {kernel, dst, bytes, seed, stream};
  apus_parallel(threads, apus_ceil_div(bytes, CHUNK_GROUPS * GROUP_BYTES), fill_chunk, &j);
}

void apus_philox_bits_u32(uint32_t *dst, int64_t count, uint64_t seed, uint64_t stream, int threads) {
  fill(apus_kernels->random->bits, dst, count * 4, seed, stream, threads);
}

void apus_philox_uniform_f32(float *dst, int64_t count, uint64_t seed, uint64_t stream, int threads) {
  fill(apus_kernels->random->uniform_f32, dst, count * 4, seed, stream, threads);
}

void apus_philox_uniform_f64(double *dst, int64_t count, uint64_t seed, uint64_t stream, int threads) {
  fill(apus_kernels->random->uniform_f64, dst, count * 8, seed, stream, threads);
}

void apus_philox_normal_f32(float *dst, int64_t count, uint64_t seed, uint64_t stream, int threads) {
  fill(apus_kernels->random->normal_f32, dst, count * 4, seed, stream, threads);
}

void apus_philox_normal_f64(double *dst, int64_t count, uint64_t seed, uint64_t stream, int threads) {
  fill(apus_kernels->random->normal_f64, dst, count * 8, seed, stream, threads);
}
