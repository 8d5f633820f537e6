// SPDX-License-Identifier: Apache-2.0
//
// Chunked parallel loops on libgomp's thread pool. The entry points are those a compiler emits for "omp parallel";
// calling them directly needs no -fopenmp flag, which SwiftPM packages cannot pass.
#include <sched.h>
#include <stdatomic.h>

#include "internal.h"

extern void GOMP_parallel(void (*body)(void *), void *data, unsigned threads, unsigned flags);
extern int omp_get_thread_num(void);
extern int omp_get_num_threads(void);
extern int omp_get_max_threads(void);
extern int omp_in_parallel(void);

typedef struct {
  int64_t chunks;
  void (*body)(void *, int64_t, int);
  void *context;
} region;

static void run_share(void *data) {
  const region *r = data;
  // The pool may give fewer threads than asked: divide by what is there.
  int64_t thread = omp_get_thread_num(), threads = omp_get_num_threads();
  int64_t share = r->chunks / threads, rest = r->chunks % threads;
  int64_t first = share * thread + rest * thread / threads;
  int64_t last = share * (thread + 1) + rest * (thread + 1) / threads;
  for (int64_t chunk = first; chunk < last; ++chunk) r->body(r->context, chunk, (int)thread);
}

void apus_parallel(int threads, int64_t chunks, void (*body)(void *context, int64_t chunk, int thread), void *context) {
  if (threads > chunks) threads = (int)chunks;
  if (threads <= 1 || omp_in_parallel()) {
    for (int64_t chunk = 0; chunk < chunks; ++chunk) body(context, chunk, 0);
    return;
  }
  region r = {chunks, body, context};
  GOMP_parallel(run_share, &r, (unsigned)threads, 0);
}

enum { SPINS_BEFORE_YIELDING = 20000 };

struct apus_team {
  _Atomic int count, arrived;
  _Alignas(64) _Atomic int round;
};

typedef struct {
  void (*body)(void *, int, int, apus_team *);
  void *context;
  apus_team team;
} together;

static void run_member(void *data) {
  together *t = data;
  // The pool may give fewer threads than asked. All members write the same number, each before it reads it.
  const int count = omp_get_num_threads();
  atomic_store_explicit(&t->team.count, count, memory_order_relaxed);
  t->body(t->context, omp_get_thread_num(), count, &t->team);
}

void apus_together(int threads, void (*body)(void *context, int thread, int count, apus_team *team), void *context) {
  together t = {body, context, {0}};
  if (threads <= 1 || omp_in_parallel()) {
    atomic_store_explicit(&t.team.count, 1, memory_order_relaxed);
    body(context, 0, 1, &t.team);
    return;
  }
  GOMP_parallel(run_member, &t, (unsigned)threads, 0);
}

void apus_wait(apus_team *team) {
  const int count = atomic_load_explicit(&team->count, memory_order_relaxed);
  if (count <= 1) return;
  const int round = atomic_load_explicit(&team->round, memory_order_relaxed);
  if (atomic_fetch_add_explicit(&team->arrived, 1, memory_order_acq_rel) == count - 1) {
    atomic_store_explicit(&team->arrived, 0, memory_order_relaxed);
    atomic_store_explicit(&team->round, round + 1, memory_order_release);
    return;
  }
  // Another program may hold the processor of the one that is waited for.
  for (int spins = 0; atomic_load_explicit(&team->round, memory_order_acquire) == round; ++spins) {
    if (spins < SPINS_BEFORE_YIELDING) __builtin_ia32_pause();
    else sched_yield();
  }
}

int apus_max_threads(void) { return omp_get_max_threads(); }
