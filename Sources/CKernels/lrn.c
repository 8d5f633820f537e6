// SPDX-License-Identifier: Apache-2.0
//
// Local response normalisation: some pixels of an image at a time, with all their channels, in cache. There every step is
// one of the loops that fused programs are made of.
//
// A tile holds `gap` elements from a channel to the next: in plain layout a row of pixels for each channel, in blocks a
// row of channels for each pixel (gap 1). Zeros lie before the first channel and behind the last, so that the sum over a
// channel's neighbours is a sum of the whole tile moved by multiples of the gap.
#include <string.h>

#include "internal.h"

enum { TILE_ELEMENTS = 4096, LEAST_PIXELS = 16, SLACK = 16, BUFFERS = 7 };

typedef struct {
  const apus_lrn *lrn;
  const apus_fused_kernels *kernels;
  const char *x, *gy;
  char *result, *scratch;
  int64_t pixels, tiles;      // of a tile at most; of an image
  int64_t lanes, groups;      // channels that lie side by side; how often
  int64_t gap, row, count;    // row: elements of a pixel in blocks; count: elements that are computed
  int64_t before, after;      // neighbours
  int64_t element, bytes;     // of an element; of one buffer
} job;

/// A buffer of a tile, or a number that is the same everywhere (step 0).
typedef apus_operand value;

static value moved(const job *j, value v, int64_t elements) {
  return (value){v.values + elements * j->element, v.step};
}

/// dst = op(a, b, c) on the whole tile.
static void apply(const job *j, int op, value dst, value a, value b, value c) {
  const value operands[4] = {dst, a, b, c};
  j->kernels->ops[op](operands, &(apus_instruction){(uint16_t)op, 0, 1, 2, 3},
                      apus_ceil_div(j->count, j->kernels->width));
}

static value number(const job *j, double *room, double x) {
  j->kernels->load[APUS_F64](room, &x, 0, j->kernels->width);
  return (value){(char *)room, 0};
}

/// Calls body(image memory, tile memory, bytes) for every contiguous line of a tile that begins at `start`.
#define EACH_LINE(start, pixels, ...)                                                                          \
  if (j->lrn->block) {                                                                                         \
    for (int64_t g = 0; g < j->groups; ++g)                                                                    \
      for (int64_t p = 0; p < (pixels); ++p) {                                                                 \
        const int64_t elements = j->lanes, at = (g * j->lrn->spatial + (start) + p) * elements;                \
        const int64_t in = p * j->row + g * elements;                                                          \
        __VA_ARGS__                                                                                            \
      }                                                                                                        \
  } else {                                                                                                     \
    for (int64_t g = 0; g < j->groups; ++g) {                                                                  \
      const int64_t at = g * j->lrn->spatial + (start), in = g * j->gap, elements = (pixels);                  \
      __VA_ARGS__                                                                                              \
    }                                                                                                          \
  }

/// A block is so short that a call would cost more than the copy.
static inline void copy_line(char *to, const char *from, int64_t bytes) {
  if (bytes == 32) {
    memcpy(to, from, 32);
  } else if (bytes == 64) {
    memcpy(to, from, 64);
  } else {
    memcpy(to, from, (size_t)bytes);
  }
}

/// What a tile does not fill is not stored; the zeros around and between its lines are never written.
static void load_tile(const job *j, const char *image, value tile, int64_t start, int64_t pixels) {
  EACH_LINE(start, pixels,
            copy_line(tile.values + in * j->element, image + at * j->element, elements * j->element);)
}

static void store_tile(const job *j, char *image, value tile, int64_t start, int64_t pixels) {
  EACH_LINE(start, pixels,
            copy_line(image + at * j->element, tile.values + in * j->element, elements * j->element);)
}

/// sums = the sum of each `size` elements of the tile, a gap apart.
static void sum_neighbours(const job *j, value sums, value tile) {
  if (j->lrn->size == 1) return apply(j, APUS_OP_COPY, sums, tile, tile, tile);
  apply(j, APUS_OP_ADD, sums, tile, moved(j, tile, j->gap), tile);
  for (int64_t i = 2; i < j->lrn->size; ++i) apply(j, APUS_OP_ADD, sums, sums, moved(j, tile, i * j->gap), tile);
}

/// powers = d^-beta; `room` may be overwritten.
static void raise(const job *j, value powers, value d, value room) {
  double exponent[SLACK];
  if (j->lrn->beta == 0.75) {
    // d^-3/4 = d^-1/2 * sqrt(d^-1/2)
    apply(j, APUS_OP_RSQRT, room, d, d, d);
    apply(j, APUS_OP_SQRT, powers, room, room, room);
    apply(j, APUS_OP_MUL, powers, powers, room, room);
  } else {
    apply(j, APUS_OP_POW, powers, d, number(j, exponent, -j->lrn->beta), d);
  }
}

static void lrn_tile(void *context, int64_t chunk, int thread) {
  const job *j = context;
  const int64_t image = chunk / j->tiles, start = chunk % j->tiles * j->pixels;
  const int64_t pixels = apus_min64(j->pixels, j->lrn->spatial - start);
  const int64_t offset = image * j->groups * j->lanes * j->lrn->spatial * j->element;
  value buffers[BUFFERS];
  for (int i = 0; i < BUFFERS; ++i)
    buffers[i] = (value){j->scratch + (BUFFERS * thread + i) * j->bytes, j->kernels->width * j->element};
  const value x = moved(j, buffers[0], j->before * j->gap), gy = moved(j, buffers[1], j->before * j->gap);
  const value squares = buffers[2], products = buffers[3], d = buffers[4], powers = buffers[5], result = buffers[6];
  double factor[SLACK], k[SLACK];

  load_tile(j, j->x + offset, x, start, pixels);
  apply(j, APUS_OP_MUL, moved(j, squares, j->before * j->gap), x, x, x);
  sum_neighbours(j, d, squares);
  apply(j, APUS_OP_MULADD, d, d, number(j, factor, j->lrn->factor), number(j, k, j->lrn->k));
  raise(j, powers, d, result);
  if (!j->gy) {
    apply(j, APUS_OP_MUL, result, powers, x, x);
    return store_tile(j, j->result + offset, result, start, pixels);
  }
  load_tile(j, j->gy + offset, gy, start, pixels);
  apply(j, APUS_OP_MUL, result, gy, powers, gy);
  // The channels that c is a neighbour of are its neighbours on the other side.
  const value center = moved(j, products, j->after * j->gap);
  apply(j, APUS_OP_MUL, center, result, x, x);
  apply(j, APUS_OP_DIV, center, center, d, d);
  sum_neighbours(j, d, products);
  apply(j, APUS_OP_MUL, d, d, x, x);
  apply(j, APUS_OP_MULADD, result, d, number(j, factor, -2 * j->lrn->factor * j->lrn->beta), result);
  store_tile(j, j->result + offset, result, start, pixels);
}

static job make_job(const apus_lrn *lrn) {
  job j = {.lrn = lrn, .kernels = apus_kernels->fused[lrn->dtype], .element = apus_size_of(lrn->dtype)};
  j.lanes = lrn->block ? lrn->block : 1;
  j.groups = apus_ceil_div(lrn->channels, j.lanes);
  j.before = lrn->size / 2;
  j.after = (lrn->size - 1) / 2;
  const int64_t wanted = TILE_ELEMENTS / apus_max64(lrn->channels, 1) / LEAST_PIXELS * LEAST_PIXELS;
  j.pixels = apus_min64(apus_max64(wanted, LEAST_PIXELS), apus_ceil_div(lrn->spatial, SLACK) * SLACK);
  j.tiles = apus_ceil_div(lrn->spatial, apus_max64(j.pixels, 1));
  j.gap = lrn->block ? 1 : j.pixels;
  j.row = j.groups * j.lanes + lrn->size - 1;
  j.count = lrn->block ? j.pixels * j.row : j.groups * j.pixels;
  // A tile moved by all neighbours, and the rest of the last vector.
  j.bytes = apus_ceil_div((j.count + lrn->size * j.gap + SLACK) * j.element, 64) * 64;
  return j;
}

int64_t apus_lrn_scratch(const apus_lrn *lrn, int threads) {
  return BUFFERS * make_job(lrn).bytes * apus_max64(threads, 1);
}

static void run(const apus_lrn *lrn, const void *x, const void *gy, void *result, void *scratch, int threads) {
  if (lrn->batch * lrn->channels * lrn->spatial == 0) return;
  job j = make_job(lrn);
  j.x = x;
  j.gy = gy;
  j.result = result;
  j.scratch = scratch;
  memset(scratch, 0, (size_t)apus_lrn_scratch(lrn, threads));
  apus_parallel(threads, lrn->batch * j.tiles, lrn_tile, &j);
}

void apus_lrn_forward(const apus_lrn *lrn, const void *x, void *y, void *scratch, int threads) {
  run(lrn, x, NULL, y, scratch, threads);
}

void apus_lrn_backward(const apus_lrn *lrn, const void *x, const void *gy, void *gx, void *scratch, int threads) {
  run(lrn, x, gy, gx, scratch, threads);
}
