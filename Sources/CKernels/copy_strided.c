// SPDX-License-Identifier: Apache-2.0
//
// Copies between strided index spaces: dimensions are sorted and merged first, then the innermost one or two decide the
// loop that runs.
#include <string.h>

#include "internal.h"

enum { MAX_RANK = 16, CHUNK_WORK = 16384 };

typedef struct {
  int64_t extent, src, dst;
} dimension;

typedef struct {
  int element_size;
  int rank;
  dimension dims[MAX_RANK];  // outermost first; the last one or two are the kernel's
  int kernel_rank;           // 1: runs; 2: transpose, dims[rank-2] is contiguous in src and dims[rank-1] in dst
  const char *src;
  char *dst;
  int64_t outer;             // index combinations of the dimensions before the kernel's
  int64_t pieces, piece;     // the first kernel dimension is cut into pieces
  int64_t per_chunk, units;
} copy_plan;

static inline int64_t magnitude(int64_t x) { return x < 0 ? -x : x; }

/// Largest dst stride first, so that writing proceeds through memory; then dimensions that continue each other are
/// merged.
static void normalize(copy_plan *p) {
  int rank = 0;
  for (int d = 0; d < p->rank; ++d) {
    dimension current = p->dims[d];
    if (current.extent == 1) continue;
    int at = rank++;
    for (; at > 0 && magnitude(p->dims[at - 1].dst) < magnitude(current.dst); --at) p->dims[at] = p->dims[at - 1];
    p->dims[at] = current;
  }
  int merged = 0;
  for (int d = 0; d < rank; ++d) {
    dimension current = p->dims[d], *last = merged ? &p->dims[merged - 1] : NULL;
    if (last && last->src == current.src * current.extent && last->dst == current.dst * current.extent) {
      *last = (dimension){last->extent * current.extent, current.src, current.dst};
    } else {
      p->dims[merged++] = current;
    }
  }
  if (merged == 0) p->dims[merged++] = (dimension){1, 1, 1};
  p->rank = merged;
}

/// A transpose pays when the last dimension jumps in src while another one there is contiguous.
static void choose_kernel(copy_plan *p) {
  p->kernel_rank = 1;
  const dimension last = p->dims[p->rank - 1];
  if (last.dst != 1 || last.src == 1 || last.src == 0 || p->element_size < 4) return;
  for (int d = 0; d < p->rank - 1; ++d) {
    if (p->dims[d].src != 1 || p->dims[d].extent < 4) continue;
    dimension contiguous = p->dims[d];
    for (int k = d; k < p->rank - 2; ++k) p->dims[k] = p->dims[k + 1];
    p->dims[p->rank - 2] = contiguous;
    p->kernel_rank = 2;
    return;
  }
}

typedef float f32x4 __attribute__((vector_size(16), aligned(4), may_alias));
typedef double f64x2 __attribute__((vector_size(16), aligned(8), may_alias));

static inline void transpose_4x4(const float *s, int64_t ss, float *d, int64_t ds) {
  f32x4 a = *(const f32x4 *)s, b = *(const f32x4 *)(s + ss), c = *(const f32x4 *)(s + 2 * ss),
        e = *(const f32x4 *)(s + 3 * ss);
  f32x4 ab0 = __builtin_shufflevector(a, b, 0, 4, 1, 5), ab1 = __builtin_shufflevector(a, b, 2, 6, 3, 7);
  f32x4 ce0 = __builtin_shufflevector(c, e, 0, 4, 1, 5), ce1 = __builtin_shufflevector(c, e, 2, 6, 3, 7);
  *(f32x4 *)d = __builtin_shufflevector(ab0, ce0, 0, 1, 4, 5);
  *(f32x4 *)(d + ds) = __builtin_shufflevector(ab0, ce0, 2, 3, 6, 7);
  *(f32x4 *)(d + 2 * ds) = __builtin_shufflevector(ab1, ce1, 0, 1, 4, 5);
  *(f32x4 *)(d + 3 * ds) = __builtin_shufflevector(ab1, ce1, 2, 3, 6, 7);
}

static inline void transpose_2x2(const double *s, int64_t ss, double *d, int64_t ds) {
  f64x2 a = *(const f64x2 *)s, b = *(const f64x2 *)(s + ss);
  *(f64x2 *)d = __builtin_shufflevector(a, b, 0, 2);
  *(f64x2 *)(d + ds) = __builtin_shufflevector(a, b, 1, 3);
}

/// dst[i * ds + j] = src[i + j * ss] for i < rows, j < columns, in blocks that fill cache lines on both sides.
#define TRANSPOSE(name, T, SIDE, kernel)                                                                         \
  static void name(const T *src, int64_t ss, T *dst, int64_t ds, int64_t rows, int64_t columns) {                \
    enum { block = 64 / sizeof(T) };                                                                             \
    for (int64_t i0 = 0; i0 < rows; i0 += block) {                                                               \
      const int64_t i1 = apus_min64(i0 + block, rows);                                                           \
      for (int64_t j0 = 0; j0 < columns; j0 += block) {                                                          \
        const int64_t j1 = apus_min64(j0 + block, columns);                                                      \
        int64_t i = i0;                                                                                          \
        for (; i + SIDE <= i1; i += SIDE) {                                                                      \
          int64_t j = j0;                                                                                        \
          for (; j + SIDE <= j1; j += SIDE) kernel(src + i + j * ss, ss, dst + i * ds + j, ds);                  \
          for (; j < j1; ++j)                                                                                    \
            for (int k = 0; k < SIDE; ++k) dst[(i + k) * ds + j] = src[i + k + j * ss];                          \
        }                                                                                                        \
        for (; i < i1; ++i)                                                                                      \
          for (int64_t j = j0; j < j1; ++j) dst[i * ds + j] = src[i + j * ss];                                   \
      }                                                                                                          \
    }                                                                                                            \
  }
TRANSPOSE(transpose_f32, float, 4, transpose_4x4)
TRANSPOSE(transpose_f64, double, 2, transpose_2x2)

#define COPY_RUN(name, T)                                                                                        \
  static void name(const void *src, int64_t ss, void *dst, int64_t ds, int64_t count) {                          \
    const T *restrict s = src;                                                                                   \
    T *restrict d = dst;                                                                                         \
    if (ss == 0 && ds == 1) {                                                                                    \
      const T value = *s;                                                                                        \
      for (int64_t i = 0; i < count; ++i) d[i] = value;                                                          \
    } else {                                                                                                     \
      for (int64_t i = 0; i < count; ++i) d[i * ds] = s[i * ss];                                                 \
    }                                                                                                            \
  }
COPY_RUN(copy_1, uint8_t)
COPY_RUN(copy_2, uint16_t)
COPY_RUN(copy_4, uint32_t)
COPY_RUN(copy_8, uint64_t)

static void copy_run(int element_size, const char *src, int64_t ss, char *dst, int64_t ds, int64_t count) {
  if (ss == 1 && ds == 1) {
    memcpy(dst, src, (size_t)(count * element_size));
    return;
  }
  switch (element_size) {
    case 1: return copy_1(src, ss, dst, ds, count);
    case 2: return copy_2(src, ss, dst, ds, count);
    case 4: return copy_4(src, ss, dst, ds, count);
    default: return copy_8(src, ss, dst, ds, count);
  }
}

static void copy_chunk(void *context, int64_t chunk, int thread) {
  (void)thread;
  const copy_plan *p = context;
  const int outer_rank = p->rank - p->kernel_rank;
  const int64_t size = p->element_size;
  const dimension first = p->dims[outer_rank], last = p->dims[p->rank - 1];
  const int64_t begin = chunk * p->per_chunk, end = apus_min64(begin + p->per_chunk, p->units);
  int64_t at[MAX_RANK], rest = begin / p->pieces, piece = begin % p->pieces;
  const char *src = p->src;
  char *dst = p->dst;
  for (int d = outer_rank - 1; d >= 0; --d) {
    at[d] = rest % p->dims[d].extent;
    rest /= p->dims[d].extent;
    src += at[d] * p->dims[d].src * size;
    dst += at[d] * p->dims[d].dst * size;
  }
  for (int64_t unit = begin; unit < end; ++unit) {
    const int64_t start = piece * p->piece, count = apus_min64(p->piece, first.extent - start);
    const char *s = src + start * first.src * size;
    char *d = dst + start * first.dst * size;
    if (p->kernel_rank == 1) {
      copy_run(p->element_size, s, first.src, d, first.dst, count);
    } else if (size == 4) {
      transpose_f32((const float *)s, last.src, (float *)d, first.dst, count, last.extent);
    } else {
      transpose_f64((const double *)s, last.src, (double *)d, first.dst, count, last.extent);
    }
    if (++piece < p->pieces) continue;
    piece = 0;
    for (int k = outer_rank - 1; k >= 0; --k) {
      src += p->dims[k].src * size;
      dst += p->dims[k].dst * size;
      if (++at[k] < p->dims[k].extent) break;
      src -= p->dims[k].extent * p->dims[k].src * size;
      dst -= p->dims[k].extent * p->dims[k].dst * size;
      at[k] = 0;
    }
  }
}

void apus_copy_strided(int element_size, int rank, const int64_t *extents, const void *src, const int64_t *src_strides,
                       void *dst, const int64_t *dst_strides, int threads) {
  copy_plan p = {.element_size = element_size, .rank = rank, .src = src, .dst = dst, .outer = 1};
  for (int d = 0; d < rank; ++d) {
    if (extents[d] == 0) return;
    p.dims[d] = (dimension){extents[d], src_strides[d], dst_strides[d]};
  }
  normalize(&p);
  choose_kernel(&p);
  const int outer_rank = p.rank - p.kernel_rank;
  for (int d = 0; d < outer_rank; ++d) p.outer *= p.dims[d].extent;
  const int64_t extent = p.dims[outer_rank].extent, rest = p.kernel_rank == 2 ? p.dims[p.rank - 1].extent : 1;
  p.piece = apus_max64(CHUNK_WORK / rest / 16 * 16, 16);
  p.pieces = apus_ceil_div(extent, p.piece);
  p.units = p.outer * p.pieces;
  p.per_chunk = threads <= 1 ? p.units : apus_max64(1, CHUNK_WORK / (apus_min64(p.piece, extent) * rest));
  apus_parallel(threads, apus_ceil_div(p.units, p.per_chunk), copy_chunk, &p);
}
