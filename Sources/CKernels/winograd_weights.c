// SPDX-License-Identifier: Apache-2.0
//
// Weight gradients by Winograd's F(4x4, 3x3), the adjoint of winograd.c in its weights: for each of 36 points the product
// [channels, tiles] x [tiles, outputs], then the transform of the weights, transposed. Groups of tiles are taken one
// after the other, their points side by side: the bits do not depend on the number of threads.
#include <string.h>

#include "winograd_internal.h"

enum {
  CACHE_BYTES = 6 * 1024 * 1024,  // of transformed tiles, shared by all threads, if
  LEAST_TILES = 96,               // that leaves as many: fewer go over the sums too often
  TILES_AT_ONCE = 4               // transformed by a thread
};

typedef struct {
  apus_winograd_tiling tiling;
  const float *src, *gradient;
  float *weights_gradient;
  int64_t group;          // tiles at once
  int64_t first, count;   // of the group now
  float *sums;            // [points][inputs, outputs]
  float *images;          // [points][group, inputs]
  float *gradients;       // [points][group, outputs]
  double *bias_sums;      // [outputs]
} job;

static job plan(const apus_winograd *p) {
  job j = {.tiling = apus_winograd_tiling_of(p)};
  const apus_winograd_tiling *t = &j.tiling;
  const int64_t tile_bytes = APUS_WINOGRAD_POINTS * (t->inputs + t->outputs) * (int64_t)sizeof(float);
  j.group = apus_max64(1, apus_min64(t->tiles, apus_max64(CACHE_BYTES / tile_bytes, LEAST_TILES)));
  return j;
}

int64_t apus_winograd_weights_scratch(const apus_winograd *problem) {
  const job j = plan(problem);
  const apus_winograd_tiling *t = &j.tiling;
  const int64_t floats = APUS_WINOGRAD_POINTS * (t->inputs * t->outputs + j.group * (t->inputs + t->outputs));
  return floats * (int64_t)sizeof(float) + t->outputs * (int64_t)sizeof(double);
}

static void transform_tiles(void *context, int64_t unit, int thread) {
  (void)thread;
  const job *j = context;
  const apus_winograd_tiling *t = &j->tiling;
  const apus_winograd *p = t->problem;
  const int64_t plane = p->out_height * p->out_width * t->block;
  for (int64_t i = unit * TILES_AT_ONCE; i < apus_min64((unit + 1) * TILES_AT_ONCE, j->count); ++i) {
    apus_winograd_read(t, j->src, j->first + i, j->images + i * t->inputs, j->group * t->inputs);
    int64_t image, y, x;
    apus_winograd_place(t, j->first + i, &image, &y, &x);
    for (int64_t b = 0; b < t->out_blocks; ++b)
      apus_kernels->winograd->gradient(j->gradient + (image * t->out_blocks + b) * plane, p->out_height, p->out_width, y,
                                       x, j->gradients + i * t->outputs + b * t->block, j->group * t->outputs);
  }
}

static void add_products(void *context, int64_t point, int thread) {
  (void)thread;
  const job *j = context;
  const apus_winograd_tiling *t = &j->tiling;
  const int tile_rows = apus_kernels->gemm_f32->tile_rows;
  const float *images = j->images + point * j->group * t->inputs;
  const float *gradients = j->gradients + point * j->group * t->outputs;
  float *sums = j->sums + point * t->inputs * t->outputs;
  for (int64_t column = 0; column < t->outputs; column += t->panel)
    for (int64_t row = 0; row < t->inputs; row += tile_rows)
      apus_kernels->gemm_f32->tile((int)apus_min64(tile_rows, t->inputs - row), j->count, images + row, 1, t->inputs,
                                   gradients + column, t->outputs, j->first == 0 ? 0 : 1,
                                   sums + row * t->outputs + column, t->outputs);
}

/// Transforms the sums of some inputs for a panel of outputs to gradients of weights.
static void transform_sums(void *context, int64_t unit, int thread) {
  (void)thread;
  const job *j = context;
  const apus_winograd_tiling *t = &j->tiling;
  const apus_winograd *p = t->problem;
  const int64_t panels = t->outputs / t->panel, panel = unit % panels, first = unit / panels * APUS_WINOGRAD_CHANNELS;
  const int64_t present = apus_min64(t->panel, p->out_channels - panel * t->panel);
  const int64_t last = apus_min64(first + APUS_WINOGRAD_CHANNELS, p->in_channels);
  float taps[APUS_WINOGRAD_CHANNELS][9 * APUS_WINOGRAD_COLUMNS] __attribute__((aligned(64)));
  for (int64_t c = first; c < last; ++c)
    apus_kernels->winograd->taps(j->sums + c * t->outputs + panel * t->panel, t->inputs * t->outputs, taps[c - first],
                                 t->panel);
  for (int64_t k = 0; k < present; ++k)
    for (int64_t c = first; c < last; ++c) {
      float *w = j->weights_gradient + (panel * t->panel + k) * p->out_step + c * p->in_step;
      for (int tap = 0; tap < 9; ++tap) w[p->reversed ? 8 - tap : tap] = taps[c - first][tap * t->panel + k];
    }
}

void apus_winograd_backward_weights(const apus_winograd *problem, const float *src, const float *dst_gradient,
                                    float *weights_gradient, float *bias_gradient, void *scratch, int threads) {
  job j = plan(problem);
  const apus_winograd_tiling *t = &j.tiling;
  j.src = src;
  j.gradient = dst_gradient;
  j.weights_gradient = weights_gradient;
  j.sums = scratch;
  j.images = j.sums + APUS_WINOGRAD_POINTS * t->inputs * t->outputs;
  j.gradients = j.images + APUS_WINOGRAD_POINTS * j.group * t->inputs;
  j.bias_sums = (double *)(j.gradients + APUS_WINOGRAD_POINTS * j.group * t->outputs);
  memset(j.bias_sums, 0, (size_t)t->outputs * sizeof(double));
  // The last panel may reach beyond the channels there are.
  memset(j.gradients, 0, (size_t)(APUS_WINOGRAD_POINTS * j.group * t->outputs) * sizeof(float));
  for (j.first = 0; j.first < t->tiles; j.first += j.group) {
    j.count = apus_min64(j.group, t->tiles - j.first);
    apus_parallel(threads, apus_ceil_div(j.count, TILES_AT_ONCE), transform_tiles, &j);
    apus_parallel(threads, APUS_WINOGRAD_POINTS, add_products, &j);
    // At the point (1, 1) a tile's transform is the sum of its pixels.
    const float *pixels = j.gradients + 7 * j.group * t->outputs;
    if (!bias_gradient) continue;
    for (int64_t i = 0; i < j.count; ++i)
      for (int64_t o = 0; o < problem->out_channels; ++o) j.bias_sums[o] += pixels[i * t->outputs + o];
  }
  const int64_t chunks = apus_ceil_div(problem->in_channels, APUS_WINOGRAD_CHANNELS) * (t->outputs / t->panel);
  apus_parallel(threads, chunks, transform_sums, &j);
  for (int64_t o = 0; bias_gradient && o < problem->out_channels; ++o) bias_gradient[o] = (float)j.bias_sums[o];
}
