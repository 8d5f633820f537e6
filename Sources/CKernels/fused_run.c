// SPDX-License-Identifier: Apache-2.0
//
// Runs fused programs over whole arrays.
#include "fused_tiles.h"

/// Runs tiles [first, last) of a program. Tiles are the same for every thread count; values do not depend on them
/// anyway.
static void run_tiles(const apus_fused *program, void *const *inputs, void *const *outputs, const void *scalars,
                      int64_t first, int64_t last) {
  apus_tiles tiles;
  apus_tiles_begin(&tiles, program, inputs, outputs, scalars);
  const int64_t length = apus_tile_length(program), end = apus_min64(last * length, tiles.total);
  for (int64_t start = first * length; start < end; start += length)
    apus_tiles_store(&tiles, start, apus_min64(length, end - start));
  apus_tiles_end(&tiles);
}

typedef struct {
  const apus_fused *const *programs;
  int count;
  void *const *const *inputs;
  void *const *const *outputs;
  const void *const *scalars;
  int64_t tiles;   // of all programs together
  int64_t shares;  // parts of about equal size
} batch;

static int64_t tile_count(const apus_fused *program) {
  return apus_ceil_div(apus_fused_total(program), apus_tile_length(program));
}

static void run_share(void *context, int64_t share, int thread) {
  (void)thread;
  const batch *b = context;
  const int64_t first = b->tiles * share / b->shares, last = b->tiles * (share + 1) / b->shares;
  int64_t base = 0;  // tiles of the programs before this one
  for (int i = 0; i < b->count && base < last; ++i) {
    const int64_t tiles = tile_count(b->programs[i]);
    const int64_t from = apus_max64(first - base, 0), to = apus_min64(last - base, tiles);
    if (from < to) run_tiles(b->programs[i], b->inputs[i], b->outputs[i], b->scalars[i], from, to);
    base += tiles;
  }
}

void apus_fused_run_many(const apus_fused *const *programs, int count, void *const *const *inputs,
                         void *const *const *outputs, const void *const *scalars, int threads) {
  batch b = {programs, count, inputs, outputs, scalars, 0, 1};
  for (int i = 0; i < count; ++i) b.tiles += tile_count(programs[i]);
  b.shares = apus_max64(1, apus_min64(threads, b.tiles / 2));  // one tile is not worth waking a thread
  apus_parallel(threads, b.shares, run_share, &b);
}

void apus_fused_run(const apus_fused *program, void *const *inputs, void *const *outputs, const void *scalars,
                    int threads) {
  if (threads <= 1) {
    run_tiles(program, inputs, outputs, scalars, 0, tile_count(program));
  } else {
    apus_fused_run_many(&program, 1, &inputs, &outputs, &scalars, threads);
  }
}
