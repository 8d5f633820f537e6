// SPDX-License-Identifier: Apache-2.0
//
// Resampling of one image plane, whose pixels are scalars (plain layout) or vectors of channels (blocks).
// Included once per kind of pixel with
//   S            scalar type; STEP scalars make a pixel
//   E, EU        a pixel, and the same as it lies in memory
//   NAME(x)      x with a suffix unique to this inclusion
// which it clears in the end.

#define AT(row, x) (*(EU *)((row) + (x) * STEP))
#define READ(row, x) (*(const EU *)((row) + (x) * STEP))

/// `line`: room for a row of the image.
static void NAME(resample_forward)(const apus_resample *r, const void *src, void *dst, void *line) {
  const S *s = src;
  S *d = dst, *mixed = line;
  const int64_t in = r->in_width * STEP, out = r->out_width * STEP;
  for (int64_t y = 0; y < r->out_height; ++y, d += out) {
    const apus_resample_source row = r->rows[y];
    const S *first = s + row.first * in, *second = s + row.second * in;
    if (r->copies) {
      if (y > 0 && row.first == r->rows[y - 1].first) {
        memcpy(d, d - out, (size_t)out * sizeof(S));
      } else {
        for (int64_t x = 0; x < r->out_width; ++x) AT(d, x) = READ(first, r->columns[x].first);
      }
      continue;
    }
    const S upper = (S)(1 - row.weight), lower = (S)row.weight;
    for (int64_t i = 0; i < in; ++i) mixed[i] = upper * first[i] + lower * second[i];
    for (int64_t x = 0; x < r->out_width; ++x) {
      const apus_resample_source column = r->columns[x];
      AT(d, x) = (S)(1 - column.weight) * READ(mixed, column.first) + (S)column.weight * READ(mixed, column.second);
    }
  }
}

static void NAME(resample_backward)(const apus_resample *r, const void *gradient, void *result, void *line) {
  const S *g = gradient;
  S *d = result, *mixed = line;
  const int64_t in = r->in_width * STEP, out = r->out_width * STEP;
  memset(d, 0, (size_t)(r->in_height * in) * sizeof(S));
  for (int64_t y = 0; y < r->out_height; ++y, g += out) {
    const apus_resample_source row = r->rows[y];
    S *first = d + row.first * in, *second = d + row.second * in;
    if (r->copies) {
      for (int64_t x = 0; x < r->out_width; ++x) AT(first, r->columns[x].first) += READ(g, x);
      continue;
    }
    memset(mixed, 0, (size_t)in * sizeof(S));
    for (int64_t x = 0; x < r->out_width; ++x) {
      const apus_resample_source column = r->columns[x];
      const E part = READ(g, x);
      AT(mixed, column.first) += (S)(1 - column.weight) * part;
      AT(mixed, column.second) += (S)column.weight * part;
    }
    const S upper = (S)(1 - row.weight), lower = (S)row.weight;
    for (int64_t i = 0; i < in; ++i) first[i] += upper * mixed[i];
    for (int64_t i = 0; i < in; ++i) second[i] += lower * mixed[i];
  }
}

#undef AT
#undef READ
#undef S
#undef STEP
#undef E
#undef EU
#undef NAME
