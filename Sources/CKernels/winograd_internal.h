// SPDX-License-Identifier: Apache-2.0
//
// What both directions of Winograd's convolution share: how images are cut into tiles.
#ifndef APUS_WINOGRAD_INTERNAL_H
#define APUS_WINOGRAD_INTERNAL_H

#include "internal.h"

enum { APUS_WINOGRAD_POINTS = 36, APUS_WINOGRAD_TILE = 4, APUS_WINOGRAD_CHANNELS = 16, APUS_WINOGRAD_COLUMNS = 32 };

/// A convolution's channels in blocks and its result in tiles.
typedef struct {
  const apus_winograd *problem;
  int64_t block, in_blocks, out_blocks;
  int64_t inputs, outputs;       // channels with their padding; outputs in whole panels
  int64_t panel;                 // columns of a register tile
  int64_t rows, columns, tiles;  // tiles of an image, down and across, and of all images
} apus_winograd_tiling;

static inline int64_t apus_round_up(int64_t x, int64_t to) { return (x + to - 1) / to * to; }

static inline apus_winograd_tiling apus_winograd_tiling_of(const apus_winograd *p) {
  apus_winograd_tiling t = {.problem = p, .block = apus_kernels->winograd->block,
                            .panel = apus_kernels->gemm_f32->tile_columns};
  t.in_blocks = apus_ceil_div(p->in_channels, t.block);
  t.out_blocks = apus_ceil_div(p->out_channels, t.block);
  t.inputs = t.in_blocks * t.block;
  t.outputs = apus_round_up(p->out_channels, t.panel);
  t.rows = apus_ceil_div(p->out_height, APUS_WINOGRAD_TILE);
  t.columns = apus_ceil_div(p->out_width, APUS_WINOGRAD_TILE);
  t.tiles = p->batch * t.rows * t.columns;
  return t;
}

/// The place of a tile: its image, and its first row and column there.
static inline void apus_winograd_place(const apus_winograd_tiling *t, int64_t tile, int64_t *image, int64_t *y,
                                       int64_t *x) {
  *image = tile / (t->rows * t->columns);
  *y = tile / t->columns % t->rows * APUS_WINOGRAD_TILE;
  *x = tile % t->columns * APUS_WINOGRAD_TILE;
}

/// Transforms what a tile reads of the images to dst[point * step + channel].
static inline void apus_winograd_read(const apus_winograd_tiling *t, const float *src, int64_t tile, float *dst,
                                      int64_t step) {
  const apus_winograd *p = t->problem;
  const int64_t plane = p->in_height * p->in_width * t->block;
  int64_t image, y, x;
  apus_winograd_place(t, tile, &image, &y, &x);
  for (int64_t b = 0; b < t->in_blocks; ++b)
    apus_kernels->winograd->image(src + (image * t->in_blocks + b) * plane, p->in_height, p->in_width, y - p->pad_top,
                                  x - p->pad_left, dst + b * t->block, step);
}

#endif
