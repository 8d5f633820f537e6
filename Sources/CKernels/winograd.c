// SPDX-License-Identifier: Apache-2.0
//
// Convolution by Winograd's F(4x4, 3x3): each thread takes a few dozen tiles of the result, transforms what they read,
// multiplies 36 matrices [tiles, channels] x [channels, outputs] and transforms back, all in its own cache.
#include <string.h>

#include "winograd_internal.h"

enum {
  CACHE_BYTES = 700 * 1024,  // of transformed tiles a thread works on, if
  LEAST_TILES = 36,          // that leaves it as many: fewer read the weights too often
  MOST_TILES = 96
};

typedef struct {
  apus_winograd_tiling tiling;
  const float *src, *weights, *added;
  float *dst;
  int64_t group;               // tiles a thread takes at once
  float *bias;                 // [outputs]
  float *made_weights;         // transformed here, or
  const float *transformed_weights;  // given: [points][panels][inputs, panel]
  float *work;                 // for each thread: [points][group, inputs] and [points][group, outputs]
  int64_t work_floats;
} job;

int apus_winograd_block(void) { return apus_kernels->winograd->block; }

static job plan(const apus_winograd *p, int threads) {
  job j = {.tiling = apus_winograd_tiling_of(p)};
  const apus_winograd_tiling *t = &j.tiling;
  const int64_t tile_bytes = APUS_WINOGRAD_POINTS * (t->inputs + t->outputs) * (int64_t)sizeof(float);
  j.group = apus_min64(apus_max64(CACHE_BYTES / tile_bytes, LEAST_TILES), MOST_TILES);
  j.group = apus_max64(1, apus_min64(j.group, apus_ceil_div(t->tiles, apus_max64(threads, 1))));
  j.work_floats = apus_round_up(APUS_WINOGRAD_POINTS * j.group * (t->inputs + t->outputs), 16);
  return j;
}

static int64_t weight_floats(const job *j) { return APUS_WINOGRAD_POINTS * j->tiling.inputs * j->tiling.outputs; }

int64_t apus_winograd_scratch(const apus_winograd *problem, int threads) {
  const job j = plan(problem, threads);
  const int64_t floats = apus_round_up(j.tiling.outputs, 16) + (problem->prepared ? 0 : weight_floats(&j)) +
                         apus_max64(threads, 1) * j.work_floats;
  return floats * (int64_t)sizeof(float);
}

/// Transforms the weights of some inputs for a panel of outputs.
static void transform_weights(void *context, int64_t unit, int thread) {
  (void)thread;
  const job *j = context;
  const apus_winograd_tiling *t = &j->tiling;
  const apus_winograd *p = t->problem;
  const int64_t panels = t->outputs / t->panel, panel = unit % panels, first = unit / panels * APUS_WINOGRAD_CHANNELS;
  const int64_t present = apus_min64(t->panel, p->out_channels - panel * t->panel);
  const int64_t last = apus_min64(first + APUS_WINOGRAD_CHANNELS, t->inputs);
  float taps[APUS_WINOGRAD_CHANNELS][9 * APUS_WINOGRAD_COLUMNS] __attribute__((aligned(64)));
  memset(taps, 0, sizeof taps);
  for (int64_t k = 0; k < present; ++k)
    for (int64_t c = first; c < apus_min64(last, p->in_channels); ++c) {
      const float *w = j->weights + (panel * t->panel + k) * p->out_step + c * p->in_step;
      for (int tap = 0; tap < 9; ++tap) taps[c - first][tap * t->panel + k] = w[p->reversed ? 8 - tap : tap];
    }
  for (int64_t c = first; c < last; ++c)
    apus_kernels->winograd->weights(taps[c - first], t->panel,
                                    j->made_weights + (panel * t->inputs + c) * t->panel, t->inputs * t->outputs);
}

static void convolve_group(void *context, int64_t unit, int thread) {
  const job *j = context;
  const apus_winograd_tiling *t = &j->tiling;
  const apus_winograd *p = t->problem;
  const int64_t first = unit * j->group, count = apus_min64(j->group, t->tiles - first);
  float *images = j->work + thread * j->work_floats, *products = images + APUS_WINOGRAD_POINTS * j->group * t->inputs;
  for (int64_t i = 0; i < count; ++i)
    apus_winograd_read(t, j->src, first + i, images + i * t->inputs, j->group * t->inputs);
  const int tile_rows = apus_kernels->gemm_f32->tile_rows;
  for (int point = 0; point < APUS_WINOGRAD_POINTS; ++point)
    for (int64_t column = 0; column < t->outputs; column += t->panel)
      for (int64_t i = 0; i < count; i += tile_rows)
        apus_kernels->gemm_f32->tile((int)apus_min64(tile_rows, count - i), t->inputs,
                                     images + (point * j->group + i) * t->inputs, t->inputs, 1,
                                     j->transformed_weights + (point * t->outputs + column) * t->inputs, t->panel, 0,
                                     products + (point * j->group + i) * t->outputs + column, t->outputs);
  const int64_t plane = p->out_height * p->out_width * t->block;
  for (int64_t i = 0; i < count; ++i) {
    int64_t image, y, x;
    apus_winograd_place(t, first + i, &image, &y, &x);
    for (int64_t b = 0; b < t->out_blocks; ++b)
      apus_kernels->winograd->result(products + i * t->outputs + b * t->block, j->group * t->outputs,
                                     j->bias + b * t->block, p->relu,
                                     j->added ? j->added + (image * t->out_blocks + b) * plane : NULL,
                                     j->dst + (image * t->out_blocks + b) * plane, p->out_height, p->out_width, y, x);
  }
}

static void prepare(job *j, int threads) {
  const apus_winograd_tiling *t = &j->tiling;
  const int64_t chunks = apus_ceil_div(t->inputs, APUS_WINOGRAD_CHANNELS) * (t->outputs / t->panel);
  apus_parallel(threads, chunks, transform_weights, j);
}

int64_t apus_winograd_weight_floats(const apus_winograd *problem) {
  const job j = plan(problem, 1);
  return weight_floats(&j);
}

void apus_winograd_prepare(const apus_winograd *problem, const float *weights, float *transformed, int threads) {
  job j = plan(problem, threads);
  j.weights = weights;
  j.made_weights = transformed;
  prepare(&j, threads);
}

void apus_winograd_forward(const apus_winograd *problem, const float *src, const float *weights, const float *bias,
                           const float *added, float *dst, void *scratch, int threads) {
  job j = plan(problem, threads);
  const apus_winograd_tiling *t = &j.tiling;
  j.src = src;
  j.weights = weights;
  j.added = added;
  j.dst = dst;
  j.bias = scratch;
  j.work = j.bias + apus_round_up(t->outputs, 16);
  j.transformed_weights = weights;
  for (int64_t o = 0; o < t->outputs; ++o) j.bias[o] = bias && o < problem->out_channels ? bias[o] : 0;
  if (!problem->prepared) {
    j.made_weights = j.work;
    j.transformed_weights = j.made_weights;
    j.work += weight_floats(&j);
    prepare(&j, threads);
  }
  apus_parallel(threads, apus_ceil_div(t->tiles, j.group), convolve_group, &j);
}
