// SPDX-License-Identifier: Apache-2.0
//
// Pooling of one image plane, whose pixels are scalars (plain layout) or vectors of 8 channels (blocked layout).
// Included once per kind of pixel with
//   S            scalar type; STEP scalars make a pixel
//   E, EU        a pixel, and the same as it lies in memory
//   X, XU        as many int32 indices
//   SPLAT_E(x), SPLAT_X(x), PICK_E(mask, a, b), PICK_X(mask, a, b)
//   FIRST_WINDOW where in a row (oy of s, d, argmax) of 2x2 windows to begin: what it did otherwise comes before
//   NAME(x)      x with a suffix unique to this inclusion

/// The part of a window that lies in the image: kernel rows [i0, i1), columns [j0, j1); y, x is kernel position (0, 0).
typedef struct {
  int64_t y, x, i0, i1, j0, j1;
} NAME(window);

#define POOL_INLINE static inline __attribute__((always_inline))

POOL_INLINE void NAME(clip)(int64_t start, int64_t dilation, int64_t kernel, int64_t extent, int64_t *first,
                            int64_t *last) {
  *first = start >= 0 ? 0 : apus_ceil_div(-start, dilation);
  *last = start + (kernel - 1) * dilation < extent ? kernel : apus_max64(apus_ceil_div(extent - start, dilation), 0);
}

/// kh and kw are constants where the common 2x2 window is inlined.
#define POOL_WINDOWS(body)                                                                              \
  for (int64_t oy = 0; oy < p->out_height; ++oy) {                                                      \
    NAME(window) w;                                                                                     \
    w.y = oy * p->stride_h - p->pad_top;                                                                \
    NAME(clip)(w.y, p->dilation_h, kh, p->in_height, &w.i0, &w.i1);                                     \
    for (int64_t ox = 0; ox < p->out_width; ++ox) {                                                     \
      const int64_t out = oy * p->out_width + ox;                                                       \
      w.x = ox * p->stride_w - p->pad_left;                                                             \
      NAME(clip)(w.x, p->dilation_w, kw, p->in_width, &w.j0, &w.j1);                                    \
      body                                                                                              \
    }                                                                                                   \
  }

#define POOL_PLACE ((w.y + i * p->dilation_h) * p->in_width + w.x + j * p->dilation_w)

/// Whether all of a window lies in the image and its pixels next to each other: loops over it then have constant bounds.
#define POOL_WHOLE(kh, kw)                                                                             \
  (w.i0 == 0 && w.i1 == (kh) && w.j0 == 0 && w.j1 == (kw) && p->dilation_h == 1 && p->dilation_w == 1)

/// One pixel of a window meets the best so far; the first is taken whatever it is, so that -inf has a place too.
POOL_INLINE void NAME(meet)(const S *s, int64_t place, int is_first, int with_index, E *best, X *where) {
  const E x = *(const EU *)(s + place * STEP);
  // Greater, or the first NaN.
  const X better = is_first ? ~(X){0} : ~(X)(x <= *best) & (X)(*best == *best);
  *best = is_first ? x : PICK_E(better, x, *best);
  if (with_index) *where = is_first ? SPLAT_X((int32_t)place) : PICK_X(better, SPLAT_X((int32_t)place), *where);
}

POOL_INLINE void NAME(max_windows)(const apus_pool *p, const int64_t kh, const int64_t kw, const int with_index,
                                   const S *s, S *d, int32_t *argmax) {
  POOL_WINDOWS({
    E best = SPLAT_E((S)-INFINITY);
    X where = SPLAT_X(-1);
    if (POOL_WHOLE(kh, kw)) {
      const int64_t corner = w.y * p->in_width + w.x;
      for (int64_t i = 0; i < kh; ++i)
        for (int64_t j = 0; j < kw; ++j)
          NAME(meet)(s, corner + i * p->in_width + j, i == 0 && j == 0, with_index, &best, &where);
    } else {
      for (int64_t i = w.i0; i < w.i1; ++i)
        for (int64_t j = w.j0; j < w.j1; ++j)
          NAME(meet)(s, POOL_PLACE, i == w.i0 && j == w.j0, with_index, &best, &where);
    }
    *(EU *)(d + out * STEP) = best;
    if (with_index) *(XU *)(argmax + out * STEP) = where;
  })
}

static void NAME(max_forward)(const apus_pool *p, const void *src, void *dst, int32_t *argmax) {
  const int two = p->kernel_height == 2 && p->kernel_width == 2 && p->dilation_h == 1 && p->dilation_w == 1 &&
                  p->pad_top == 0 && p->pad_left == 0 && p->out_height * p->stride_h <= p->in_height &&
                  p->out_width * p->stride_w <= p->in_width && p->stride_h >= 2 && p->stride_w >= 2;
  if (!two) {
    if (p->kernel_height == 3 && p->kernel_width == 3) {
      if (argmax) return NAME(max_windows)(p, 3, 3, 1, src, dst, argmax);
      return NAME(max_windows)(p, 3, 3, 0, src, dst, NULL);
    }
    if (argmax) return NAME(max_windows)(p, p->kernel_height, p->kernel_width, 1, src, dst, argmax);
    return NAME(max_windows)(p, p->kernel_height, p->kernel_width, 0, src, dst, NULL);
  }
  // Whole 2x2 windows without overlap: no clipping, everything in registers.
  const S *s = src;
  S *d = dst;
  for (int64_t oy = 0; oy < p->out_height; ++oy)
    for (int64_t ox = FIRST_WINDOW; ox < p->out_width; ++ox) {
      const int64_t out = oy * p->out_width + ox, place = oy * p->stride_h * p->in_width + ox * p->stride_w;
      const int64_t places[4] = {place, place + 1, place + p->in_width, place + p->in_width + 1};
      E best;
      X where;
      for (int k = 0; k < 4; ++k) NAME(meet)(s, places[k], k == 0, argmax != NULL, &best, &where);
      *(EU *)(d + out * STEP) = best;
      if (argmax) *(XU *)(argmax + out * STEP) = where;
    }
}

/// Whether every input pixel is in exactly one window: then gradients are stored, not added.
static int NAME(covers)(const apus_pool *p) {
  return p->pad_top == 0 && p->pad_left == 0 && p->dilation_h == 1 && p->dilation_w == 1 &&
         p->kernel_height == p->stride_h && p->kernel_width == p->stride_w &&
         p->out_height * p->stride_h == p->in_height && p->out_width * p->stride_w == p->in_width;
}

/// A window's gradient reaches the pixel the maximum came from.
POOL_INLINE void NAME(spread)(int64_t place, const X *where, const E *gradient, int covers, S *r) {
  const E part = PICK_E(*where == SPLAT_X((int32_t)place), *gradient, SPLAT_E(0));
  EU *to = (EU *)(r + place * STEP);
  *to = covers ? part : *to + part;
}

POOL_INLINE void NAME(max_spread)(const apus_pool *p, const int64_t kh, const int64_t kw, const int covers, const S *g,
                                  const int32_t *argmax, S *r) {
  POOL_WINDOWS({
    const E gradient = *(const EU *)(g + out * STEP);
    const X where = *(const XU *)(argmax + out * STEP);
    if (covers || POOL_WHOLE(kh, kw)) {
      const int64_t corner = w.y * p->in_width + w.x;
      for (int64_t i = 0; i < kh; ++i)
        for (int64_t j = 0; j < kw; ++j)
          NAME(spread)(corner + i * p->in_width + j, &where, &gradient, covers, r);
    } else {
      for (int64_t i = w.i0; i < w.i1; ++i)
        for (int64_t j = w.j0; j < w.j1; ++j) NAME(spread)(POOL_PLACE, &where, &gradient, 0, r);
    }
  })
}

/// Windows of 2x2 that cover the image: nothing is clipped or added.
static void NAME(max_spread_pairs)(const apus_pool *p, const S *g, const int32_t *argmax, S *r) {
  const int64_t width = p->in_width;
  for (int64_t oy = 0; oy < p->out_height; ++oy) {
    int32_t place = (int32_t)(2 * oy * width);
    S *upper = r + place * STEP, *lower = upper + width * STEP;
    for (int64_t ox = 0; ox < p->out_width; ++ox, place += 2, upper += 2 * STEP, lower += 2 * STEP, g += STEP, argmax += STEP) {
      const E gradient = *(const EU *)g;
      const X where = *(const XU *)argmax - place;
      *(EU *)upper = PICK_E(where == SPLAT_X(0), gradient, SPLAT_E(0));
      *(EU *)(upper + STEP) = PICK_E(where == SPLAT_X(1), gradient, SPLAT_E(0));
      *(EU *)lower = PICK_E(where == SPLAT_X((int32_t)width), gradient, SPLAT_E(0));
      *(EU *)(lower + STEP) = PICK_E(where == SPLAT_X((int32_t)width + 1), gradient, SPLAT_E(0));
    }
  }
}

static void NAME(max_backward)(const apus_pool *p, const void *gradient, const int32_t *argmax, void *result) {
  if (NAME(covers)(p)) {
    if (p->kernel_height == 2 && p->kernel_width == 2) return NAME(max_spread_pairs)(p, gradient, argmax, result);
    return NAME(max_spread)(p, p->kernel_height, p->kernel_width, 1, gradient, argmax, result);
  }
  memset(result, 0, (size_t)(p->in_height * p->in_width * STEP) * sizeof(S));
  if (p->kernel_height == 3 && p->kernel_width == 3) return NAME(max_spread)(p, 3, 3, 0, gradient, argmax, result);
  NAME(max_spread)(p, p->kernel_height, p->kernel_width, 0, gradient, argmax, result);
}

/// The number of pixels a window's mean is over.
static inline S NAME(divisor)(const apus_pool *p, const NAME(window) *w) {
  int64_t rows = w->i1 - w->i0, columns = w->j1 - w->j0;
  if (p->count_include_pad) {
    int64_t first;
    NAME(clip)(w->y + p->pad_top, p->dilation_h, p->kernel_height, p->in_height + p->pad_top + p->pad_bottom, &first,
               &rows);
    NAME(clip)(w->x + p->pad_left, p->dilation_w, p->kernel_width, p->in_width + p->pad_left + p->pad_right, &first,
               &columns);
  }
  return (S)(rows > 0 && columns > 0 ? rows * columns : 1);
}

POOL_INLINE void NAME(mean_windows)(const apus_pool *p, const int64_t kh, const int64_t kw, const int covers, const S *s,
                                    S *d) {
  POOL_WINDOWS({
    E sum = SPLAT_E(0);
    if (covers || POOL_WHOLE(kh, kw)) {
      const S *corner = s + (w.y * p->in_width + w.x) * STEP;
      for (int64_t i = 0; i < kh; ++i)
        for (int64_t j = 0; j < kw; ++j) sum += *(const EU *)(corner + (i * p->in_width + j) * STEP);
    } else {
      for (int64_t i = w.i0; i < w.i1; ++i)
        for (int64_t j = w.j0; j < w.j1; ++j) sum += *(const EU *)(s + POOL_PLACE * STEP);
    }
    *(EU *)(d + out * STEP) = sum / (covers ? (S)(kh * kw) : NAME(divisor)(p, &w));
  })
}

static void NAME(average_forward)(const apus_pool *p, const void *src, void *dst) {
  if (!NAME(covers)(p)) {
    if (p->kernel_height == 3 && p->kernel_width == 3) return NAME(mean_windows)(p, 3, 3, 0, src, dst);
    return NAME(mean_windows)(p, p->kernel_height, p->kernel_width, 0, src, dst);
  }
  if (p->kernel_height == 2 && p->kernel_width == 2) return NAME(mean_windows)(p, 2, 2, 1, src, dst);
  NAME(mean_windows)(p, p->kernel_height, p->kernel_width, 1, src, dst);
}

POOL_INLINE void NAME(mean_spread)(const apus_pool *p, const int64_t kh, const int64_t kw, const int covers, const S *g,
                                   S *r) {
  POOL_WINDOWS({
    const E part = *(const EU *)(g + out * STEP) / (covers ? (S)(kh * kw) : NAME(divisor)(p, &w));
    for (int64_t i = covers ? 0 : w.i0; i < (covers ? kh : w.i1); ++i)
      for (int64_t j = covers ? 0 : w.j0; j < (covers ? kw : w.j1); ++j) {
        EU *to = (EU *)(r + POOL_PLACE * STEP);
        *to = covers ? part : *to + part;
      }
  })
}

static void NAME(average_backward)(const apus_pool *p, const void *gradient, void *result) {
  if (NAME(covers)(p)) {
    if (p->kernel_height == 2 && p->kernel_width == 2) return NAME(mean_spread)(p, 2, 2, 1, gradient, result);
    return NAME(mean_spread)(p, p->kernel_height, p->kernel_width, 1, gradient, result);
  }
  memset(result, 0, (size_t)(p->in_height * p->in_width * STEP) * sizeof(S));
  NAME(mean_spread)(p, p->kernel_height, p->kernel_width, 0, gradient, result);
}

static const apus_pool_kernels NAME(pool_kernels) = {NAME(max_forward), NAME(max_backward), NAME(average_forward),
                                                     NAME(average_backward)};

#undef POOL_INLINE
#undef POOL_WINDOWS
#undef POOL_PLACE
#undef POOL_WHOLE
