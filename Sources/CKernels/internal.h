// SPDX-License-Identifier: Apache-2.0
//
// What the kernel files share: the table of kernels compiled once per instruction set, and a few helpers.
//
// Files named *_body.h hold the code that depends on the vector width. kernels_sse2.c, kernels_avx2.c and
// kernels_avx512.c define the width and include them all; one more instruction set is one more such file and one more line in dispatch.c.
#ifndef APUS_INTERNAL_H
#define APUS_INTERNAL_H

#include "include/apus_kernels.h"

/// An operand of a fused program as seen by a tile: where its values start, and how far to go for the next vector
/// (0 for scalars, which are stored repeated over one vector).
typedef struct {
  char *values;
  ptrdiff_t step;
} apus_operand;

typedef void (*apus_op_kernel)(const apus_operand *operands, const apus_instruction *instruction, int64_t vectors);

/// A register of a fused program: 512 f32 or 256 f64. Kernels of operations never see more at once.
enum { APUS_TILE_BYTES = 2048 };

/// Lanes over which a contiguous run is summed, the same for every instruction set so that the bits are too.
enum { APUS_LANES = 32 };

/// The part of a step of LSTM that some units take, a whole number of vectors of them; see lstm_step of recurrent_body.h.
typedef struct {
  const void *x, *r, *before;        // of the first row and unit
  void *h, *c, *gates;               // gates may be NULL
  void *h_again, *before_again;      // further places for h and for what `before` holds, or NULL
  int64_t rows, units, r_row, r_gate;  // elements between rows and between gates of r
  int64_t count;
} apus_lstm_part;

/// A step of a recurrent network over some rows; see apus_recurrent.h for its operands.
typedef void (*apus_recurrent_kernel)(const void *const *in, void *const *out, int64_t rows, int64_t units);

/// Kernels of fused programs, and others over contiguous values, for one compute type.
typedef struct {
  int width;  // elements per vector
  apus_op_kernel ops[APUS_OP_COUNT];
  /// dst[i] = src[i * stride], converted from the indexing dtype.
  void (*load[6])(void *dst, const void *src, int64_t stride, int64_t count);
  /// dst[i] = src[i], converted to the indexing dtype.
  void (*store[6])(void *dst, const void *src, int64_t count);
  /// lanes[i % APUS_LANES] = combine(lanes[i % APUS_LANES], src[i]); by apus_reduction.
  void (*reduce_run[4])(void *lanes, const void *src, int64_t count);
  /// acc[i] = combine(acc[i], src[r, i]) for each of the rows, each count long, in order.
  void (*accumulate[4])(void *acc, const void *src, int64_t count, int64_t rows);
  /// totals[i] = combine(totals[i], acc[i]) in double.
  void (*merge[4])(double *totals, const void *acc, int64_t count);
  /// results[r] = the reduction of src[r, 0..<count] in double, element after element.
  void (*reduce_rows[4])(double *results, const void *src, int64_t rows, int64_t count);
  void (*softmax)(const void *src, void *dst, int64_t rows, int64_t columns, int log_space);
  void (*softmax_backward)(const void *values, const void *gradient, void *result, int64_t rows, int64_t columns,
                           int log_space);
  apus_recurrent_kernel lstm_step, lstm_step_backward, gru_step, gru_step_backward;
  void (*lstm_part)(const apus_lstm_part *part);
} apus_fused_kernels;

/// Fills groups of 32 words' worth of elements, beginning with the given block of the stream.
typedef void (*apus_random_fill)(void *values, int64_t groups, uint64_t seed, uint64_t stream, uint64_t block);

typedef struct {
  apus_random_fill bits, uniform_f32, uniform_f64, normal_f32, normal_f64;
} apus_random_kernels;

/// k of one pass of a product: a packed panel of the right operand stays in L1. Part of the packed form.
enum { APUS_GEMM_DEPTH = 256 };

/// See gemm_body.h.
typedef struct {
  int tile_rows, tile_columns;
  void (*tile)(int rows, int64_t k, const float *a, int64_t ars, int64_t acs, const float *b, int64_t bs, float beta,
               float *c, int64_t ldc);
  void (*strip)(int rows, int64_t k, const float *a, int64_t ars, int64_t acs, const float *b, int64_t step, float beta,
                float *c, int64_t ldc);
  void (*dot_rows)(int rows, int vectors, int64_t k, const float *b, int64_t ldb, const float *x, float *sums);
  float (*dot)(const float *x, const float *y, int64_t count);
  void (*sum_rows)(const float *m, int64_t ld, int64_t rows, int64_t columns, const float *x, float *y);
} apus_gemm_f32_kernels;

typedef struct {
  int tile_rows, tile_columns;
  void (*tile)(int rows, int64_t k, const double *a, int64_t ars, int64_t acs, const double *b, int64_t bs, double beta,
               double *c, int64_t ldc);
  void (*strip)(int rows, int64_t k, const double *a, int64_t ars, int64_t acs, const double *b, int64_t step, double beta,
                double *c, int64_t ldc);
  void (*dot_rows)(int rows, int vectors, int64_t k, const double *b, int64_t ldb, const double *x, double *sums);
  double (*dot)(const double *x, const double *y, int64_t count);
  void (*sum_rows)(const double *m, int64_t ld, int64_t rows, int64_t columns, const double *x, double *y);
} apus_gemm_f64_kernels;

/// Pooling of one image plane; see pool_body.h.
typedef struct {
  void (*max_forward)(const apus_pool *pool, const void *src, void *dst, int32_t *argmax);
  void (*max_backward)(const apus_pool *pool, const void *gradient, const int32_t *argmax, void *result);
  void (*average_forward)(const apus_pool *pool, const void *src, void *dst);
  void (*average_backward)(const apus_pool *pool, const void *gradient, void *result);
} apus_pool_kernels;

/// The kernels for a pool's type and layout.
const apus_pool_kernels *apus_pool_kernels_of(const apus_pool *pool);

/// The part of a batch normalisation that one task does: some images of a channel by itself, or of eight side by side.
typedef struct {
  int64_t images, image_stride, vectors, step, tail;  // per image: vectors of 8, `step` apart, then single elements
  double count;                                 // elements of a channel in these images
  int single, rectified;
} apus_norm_task;

/// Numbers for each of eight channels; all the same for a channel by itself, 0 for channels that are padding.
typedef struct {
  float center[8], factor[8], offset[8], shifted[8], inner[8];
} apus_norm_lanes;

/// See norm_body.h.
typedef struct {
  void (*moments)(const apus_norm_task *task, const float *x, double *means, double *squares);
  void (*apply)(const apus_norm_task *task, const apus_norm_lanes *lanes, const float *x, float *y);
  void (*sums)(const apus_norm_task *task, const apus_norm_lanes *lanes, const float *x, const float *gy, double *sums,
               double *products);
  void (*gradient)(const apus_norm_task *task, const apus_norm_lanes *lanes, const float *x, const float *gy, float *gx);
  void (*passed)(const apus_norm_task *task, const apus_norm_lanes *lanes, const float *x, const float *gy, float *result);
} apus_norm_kernels;

/// The transforms of Winograd's convolution; see winograd_body.h.
typedef struct {
  int block;
  void (*image)(const float *plane, int64_t height, int64_t width, int64_t y, int64_t x, float *dst, int64_t step);
  void (*result)(const float *src, int64_t step, const float *bias, int relu, const float *added, float *plane,
                 int64_t height, int64_t width, int64_t y, int64_t x);
  void (*weights)(const float *taps, int64_t columns, float *dst, int64_t step);
  void (*gradient)(const float *plane, int64_t height, int64_t width, int64_t y, int64_t x, float *dst, int64_t step);
  void (*taps)(const float *sums, int64_t step, float *taps, int64_t columns);
} apus_winograd_kernels;

typedef struct {
  const char *name;
  const apus_fused_kernels *fused[2];  // by APUS_F32, APUS_F64
  const struct apus_conv_kernels *conv;
  const struct apus_conv_lanes_kernels *conv_lanes;  // NULL where vectors are too short to gain by it
  const apus_random_kernels *random;
  const apus_gemm_f32_kernels *gemm_f32;
  const apus_gemm_f64_kernels *gemm_f64;
  const apus_pool_kernels *blocked_pool[2];  // by blocks of 8, of 16
  const apus_norm_kernels *norm;
  const apus_winograd_kernels *winograd;
  int64_t (*max_pairs)(const float *top, int64_t width, int64_t place, float *dst, int32_t *argmax, int64_t count);
} apus_kernel_table;

extern const apus_kernel_table apus_kernels_sse2, apus_kernels_avx2, apus_kernels_avx512;
extern const apus_kernel_table *apus_kernels;

static inline int64_t apus_min64(int64_t a, int64_t b) { return a < b ? a : b; }
static inline int64_t apus_max64(int64_t a, int64_t b) { return a > b ? a : b; }
static inline int64_t apus_ceil_div(int64_t a, int64_t b) { return (a + b - 1) / b; }

static inline int apus_size_of(int dtype) {
  static const int sizes[6] = {4, 8, 4, 8, 1, 1};
  return sizes[dtype];
}

#endif
