// SPDX-License-Identifier: Apache-2.0
//
// Reduces the value of a fused program. Work is cut by the sizes alone, and partial results are combined in their
// order, so any number of threads gives the same bits. Precision: see apus_reduce.h.
#include <math.h>
#include <stdlib.h>

#include "fused_tiles.h"

enum {
  ROW_BLOCK = 4096,     // elements of a row summed in lanes of the compute type before going to double
  COLUMN_ROWS = 128,    // rows summed in the compute type before going to double
  CHUNK_WORK = 8192,    // elements worth a chunk of their own
  COLUMN_SHARES = 16    // how many parts the rows of one large column reduction are cut into
};

static double neutral(apus_reduction kind) {
  switch (kind) {
    case APUS_SUM: return 0;
    case APUS_PROD: return 1;
    case APUS_MAX: return -INFINITY;
    case APUS_MIN: return INFINITY;
  }
  return 0;
}

static inline double combine(apus_reduction kind, double a, double b) {
  switch (kind) {
    case APUS_SUM: return a + b;
    case APUS_PROD: return a * b;
    case APUS_MAX: return a > b || a != a ? a : b;
    case APUS_MIN: return a < b || a != a ? a : b;
  }
  return 0;
}

typedef struct {
  const apus_fused *program;
  void *const *inputs;
  const void *scalars;
  apus_reduction kind;
  int64_t outer, reduced, inner;
  const char *direct; // the array itself when the program only names one; else NULL
  int64_t tile;       // elements that may be asked for at once
  int64_t parts;      // parts along the reduced dimension
  int64_t part_size;  // of this many rows (elements when inner is 1)
  int64_t segments, segment_size;  // along inner
  int64_t per_chunk, units;        // units of work: outer x parts x segments
  double *partials;   // [outer, parts, inner], or NULL when there is one part
  void *output;
} reduction;

static inline void put(const reduction *r, int64_t row, int64_t part, int64_t column, double value) {
  if (r->partials) {
    r->partials[(row * r->parts + part) * r->inner + column] = value;
  } else if (r->program->dtype == APUS_F32) {
    ((float *)r->output)[row * r->inner + column] = (float)value;
  } else {
    ((double *)r->output)[row * r->inner + column] = value;
  }
}

static inline double get(const reduction *r, const void *values, int64_t i) {
  return r->program->dtype == APUS_F32 ? (double)((const float *)values)[i] : ((const double *)values)[i];
}

static void set_all(const reduction *r, void *values, int64_t count, double value) {
  for (int64_t i = 0; i < count; ++i) {
    if (r->program->dtype == APUS_F32) {
      ((float *)values)[i] = (float)value;
    } else {
      ((double *)values)[i] = value;
    }
  }
}

/// The program's values for elements [start, start + count).
static inline const void *values_at(const reduction *r, apus_tiles *tiles, int64_t start, int64_t count) {
  return r->direct ? r->direct + start * tiles->element_size : apus_tiles_value(tiles, start, count);
}

/// Combines lanes in order. Only the first `used` lanes hold values.
static double fold(const reduction *r, const void *lanes, int64_t used) {
  double result = get(r, lanes, 0);
  for (int64_t i = 1; i < used; ++i) result = combine(r->kind, result, get(r, lanes, i));
  return result;
}

/// Rows longer than a tile: units [first, last) are (row, block) pairs.
static void reduce_long_rows(const reduction *r, apus_tiles *tiles, int64_t first, int64_t last) {
  double lanes[APUS_LANES];
  for (int64_t unit = first; unit < last; ++unit) {
    const int64_t row = unit / r->parts, part = unit % r->parts;
    const int64_t begin = part * r->part_size, end = apus_min64(begin + r->part_size, r->reduced);
    set_all(r, lanes, APUS_LANES, neutral(r->kind));
    for (int64_t i = begin; i < end; i += r->tile) {
      const int64_t count = apus_min64(r->tile, end - i);
      const void *values = values_at(r, tiles, row * r->reduced + i, count);
      tiles->kernels->reduce_run[r->kind](lanes, values, count);
    }
    put(r, row, part, 0, fold(r, lanes, apus_min64(APUS_LANES, end - begin)));
  }
}

/// Rows shorter than a tile: many are evaluated at once. Units are rows.
static void reduce_short_rows(const reduction *r, apus_tiles *tiles, int64_t first, int64_t last) {
  enum { MOST_ROWS = 256 };
  double lanes[APUS_LANES], results[MOST_ROWS];
  const int64_t rows_per_tile = apus_min64(r->tile / r->reduced, MOST_ROWS);
  for (int64_t row = first; row < last; row += rows_per_tile) {
    const int64_t rows = apus_min64(rows_per_tile, last - row);
    const char *values = values_at(r, tiles, row * r->reduced, rows * r->reduced);
    if (r->reduced <= APUS_LANES) {
      tiles->kernels->reduce_rows[r->kind](results, values, rows, r->reduced);
      for (int64_t k = 0; k < rows; ++k) put(r, row + k, 0, 0, results[k]);
      continue;
    }
    for (int64_t k = 0; k < rows; ++k, values += r->reduced * tiles->element_size) {
      set_all(r, lanes, APUS_LANES, neutral(r->kind));
      tiles->kernels->reduce_run[r->kind](lanes, values, r->reduced);
      put(r, row + k, 0, 0, fold(r, lanes, APUS_LANES));
    }
  }
}

/// Columns: a unit is a part of the rows of one segment of columns no wider than a tile.
static void reduce_columns(const reduction *r, apus_tiles *tiles, int64_t first, int64_t last) {
  double acc[APUS_TILE_BYTES / sizeof(double)], totals[APUS_TILE_BYTES / sizeof(float)];
  for (int64_t unit = first; unit < last; ++unit) {
    const int64_t segment = unit % r->segments, part = unit / r->segments % r->parts;
    const int64_t row = unit / r->segments / r->parts;
    const int64_t column = segment * r->segment_size, width = apus_min64(r->segment_size, r->inner - column);
    const int64_t begin = part * r->part_size, end = apus_min64(begin + r->part_size, r->reduced);
    // When a row is a whole segment, consecutive rows follow each other and a tile may hold several.
    const int64_t rows_per_tile = width == r->inner ? r->tile / width : 1;
    for (int64_t j = 0; j < width; ++j) totals[j] = neutral(r->kind);
    for (int64_t block = begin; block < end; block += COLUMN_ROWS) {
      const int64_t block_end = apus_min64(block + COLUMN_ROWS, end);
      set_all(r, acc, width, neutral(r->kind));
      for (int64_t k = block; k < block_end; k += rows_per_tile) {
        const int64_t rows = apus_min64(rows_per_tile, block_end - k);
        const void *values = values_at(r, tiles, (row * r->reduced + k) * r->inner + column, rows * width);
        tiles->kernels->accumulate[r->kind](acc, values, width, rows);
      }
      tiles->kernels->merge[r->kind](totals, acc, width);
    }
    for (int64_t j = 0; j < width; ++j) put(r, row, part, column + j, totals[j]);
  }
}

static void reduce_chunk(void *context, int64_t chunk, int thread) {
  (void)thread;
  const reduction *r = context;
  const int64_t first = chunk * r->per_chunk, last = apus_min64(first + r->per_chunk, r->units);
  apus_tiles tiles;
  apus_tiles_begin(&tiles, r->program, r->inputs, NULL, r->scalars);
  if (r->inner > 1) {
    reduce_columns(r, &tiles, first, last);
  } else if (r->reduced > apus_tile_length(r->program) / 2) {
    reduce_long_rows(r, &tiles, first, last);
  } else {
    reduce_short_rows(r, &tiles, first, last);
  }
  apus_tiles_end(&tiles);
}

static void combine_parts(void *context, int64_t row, int thread) {
  (void)thread;
  const reduction *r = context;
  double *first = r->partials + row * r->parts * r->inner;
  for (int64_t part = 1; part < r->parts; ++part) {
    const double *next = first + part * r->inner;
    apus_kernels->fused[APUS_F64]->merge[r->kind](first, next, r->inner);
  }
  reduction direct = *r;
  direct.partials = NULL;
  for (int64_t j = 0; j < r->inner; ++j) put(&direct, row, 0, j, first[j]);
}

void apus_fused_reduce(const apus_fused *program, void *const *inputs, void *output, const void *scalars,
                       apus_reduction kind, int64_t outer, int64_t reduced, int64_t inner, int threads) {
  if (outer * inner == 0) return;
  reduction r = {.program = program, .inputs = inputs, .scalars = scalars, .kind = kind, .outer = outer,
                 .reduced = reduced, .inner = inner, .tile = apus_tile_length(program), .output = output};
  r.direct = apus_fused_direct(program, inputs);
  if (r.direct) r.tile = INT64_MAX / 2;
  if (reduced == 0) return set_all(&r, output, outer * inner, neutral(kind));
  r.segment_size = apus_min64(inner, apus_tile_length(program));
  r.segments = apus_ceil_div(inner, r.segment_size);
  if (inner == 1) {
    r.part_size = ROW_BLOCK;
  } else if (outer * r.segments >= COLUMN_SHARES) {
    r.part_size = reduced;
  } else {
    r.part_size = apus_max64(apus_ceil_div(reduced, COLUMN_SHARES), apus_ceil_div(CHUNK_WORK, r.segment_size));
  }
  r.parts = apus_ceil_div(reduced, r.part_size);
  r.units = outer * r.parts * r.segments;
  const int64_t unit_work = apus_min64(r.part_size, reduced) * r.segment_size;
  r.per_chunk = apus_max64(1, CHUNK_WORK / unit_work);
  if (r.parts > 1) r.partials = malloc((size_t)(outer * r.parts * inner) * sizeof(double));
  // One thread takes everything as one chunk: chunks do not change values, only who computes them.
  if (threads <= 1) r.per_chunk = r.units;
  apus_parallel(threads, apus_ceil_div(r.units, r.per_chunk), reduce_chunk, &r);
  if (r.partials) apus_parallel(threads, outer, combine_parts, &r);
  free(r.partials);
}
