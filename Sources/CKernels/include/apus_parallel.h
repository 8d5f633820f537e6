// SPDX-License-Identifier: Apache-2.0
#ifndef APUS_PARALLEL_H
#define APUS_PARALLEL_H

#include "apus_types.h"

#if defined(__cplusplus)
extern "C" {
#endif

/// Runs body(context, chunk, thread) for every chunk in 0..<chunks on libgomp's pool, the one oneDNN uses too.
/// Thread t of T gets the contiguous chunks [chunks*t/T, chunks*(t+1)/T), in ascending order; `thread` is in 0..<threads.
/// Runs inline on the caller (thread 0) when threads <= 1, chunks <= 1, or already inside a parallel region.
void apus_parallel(int threads, int64_t chunks, void (*body)(void *context, int64_t chunk, int thread), void *context);

/// Threads that do the steps of a loop together.
typedef struct apus_team apus_team;

/// Runs body(context, thread, count, team) on up to `threads` threads at the same time; `count` says how many there are.
void apus_together(int threads, void (*body)(void *context, int thread, int count, apus_team *team), void *context);

/// Returns once all threads of the team have called it: what they wrote before can be read.
void apus_wait(apus_team *team);

/// The number of threads the OpenMP pool would use by default (OMP_NUM_THREADS, else the processors available).
int apus_max_threads(void);

/// The instruction set in use: "sse2" or "avx2". The environment variable APUS_INSTRUCTION_SET=sse2, read at load, asks
/// for the narrower one (for tests).
const char *apus_instruction_set(void);

#if defined(__cplusplus)
}
#endif
#endif
