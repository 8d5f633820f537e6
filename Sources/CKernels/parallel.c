// SPDX-License-Identifier: Apache-2.0
//
// Chunked parallel loops on libgomp's thread pool. The entry points are those a compiler emits for "omp parallel";
// calling them directly needs no -fopenmp flag, which SwiftPM packages cannot pass.
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

int apus_max_threads(void) { return omp_get_max_threads(); }
