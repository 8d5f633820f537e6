// SPDX-License-Identifier: Apache-2.0
//
// C = A B^T + beta C, where the rows of A and B are both contiguous along k, as in a dense layer. Included by gemm.c once
// per type with T, NAME(x), KERNELS.
//
// Vectors run over the rows of A, which are few and are transposed once; B is read where it lies, row by row, each
// value broadcast to a vector. So nothing of B, the larger, is packed. Every element is summed over k in order by one
// accumulator, kept in `sums` between blocks of k.

enum { NAME(BLOCK_DEPTH) = 3072 / sizeof(T) };  // of k: what a tile reads of B stays in L1 for all blocks of A's rows

typedef struct {
  int64_t m, n, k;
  const T *a, *b;
  int64_t lda, ldb;
  T beta;
  T *c;
  int64_t ldc;
  int64_t tile, width;  // rows of B and of A that meet in a register tile
  int64_t blocks;       // of A's rows, each `width`
  T *spread;            // [blocks, k, width]: A transposed, zeros in missing rows
} NAME(by_rows);

typedef T NAME(quad) __attribute__((vector_size(16)));
typedef T NAME(quad_unaligned) __attribute__((vector_size(16), aligned(sizeof(T)), may_alias));

/// dst[j * dst_step + i] = src[i * src_step + j] for rows i < 16 / sizeof(T) and as many columns.
static inline __attribute__((always_inline)) void NAME(transpose_tile)(const T *src, int64_t src_step, T *dst,
                                                                       int64_t dst_step) {
#define LOAD_QUAD(i) *(const NAME(quad_unaligned) *)(src + (i)*src_step)
#define STORE_QUAD(i) *(NAME(quad_unaligned) *)(dst + (i)*dst_step)
#if TRANSPOSE_SIZE == 4
  const NAME(quad) a = LOAD_QUAD(0), b = LOAD_QUAD(1), c = LOAD_QUAD(2), d = LOAD_QUAD(3);
  const NAME(quad) ab = __builtin_shufflevector(a, b, 0, 4, 1, 5), cd = __builtin_shufflevector(c, d, 0, 4, 1, 5);
  const NAME(quad) ef = __builtin_shufflevector(a, b, 2, 6, 3, 7), gh = __builtin_shufflevector(c, d, 2, 6, 3, 7);
  STORE_QUAD(0) = __builtin_shufflevector(ab, cd, 0, 1, 4, 5);
  STORE_QUAD(1) = __builtin_shufflevector(ab, cd, 2, 3, 6, 7);
  STORE_QUAD(2) = __builtin_shufflevector(ef, gh, 0, 1, 4, 5);
  STORE_QUAD(3) = __builtin_shufflevector(ef, gh, 2, 3, 6, 7);
#else
  const NAME(quad) a = LOAD_QUAD(0), b = LOAD_QUAD(1);
  STORE_QUAD(0) = __builtin_shufflevector(a, b, 0, 2);
  STORE_QUAD(1) = __builtin_shufflevector(a, b, 1, 3);
#endif
#undef LOAD_QUAD
#undef STORE_QUAD
}

/// dst[j * dst_step + i] = src[i * src_step + j] for i < rows, j < columns.
static void NAME(transpose_block)(const T *src, int64_t src_step, int64_t rows, int64_t columns, T *dst,
                                  int64_t dst_step) {
  const int64_t whole_rows = rows / TRANSPOSE_SIZE * TRANSPOSE_SIZE;
  const int64_t whole_columns = columns / TRANSPOSE_SIZE * TRANSPOSE_SIZE;
  for (int64_t i = 0; i < whole_rows; i += TRANSPOSE_SIZE)
    for (int64_t j = 0; j < whole_columns; j += TRANSPOSE_SIZE)
      NAME(transpose_tile)(src + i * src_step + j, src_step, dst + j * dst_step + i, dst_step);
  for (int64_t i = 0; i < rows; ++i)
    for (int64_t j = i < whole_rows ? whole_columns : 0; j < columns; ++j) dst[j * dst_step + i] = src[i * src_step + j];
}

enum { NAME(SPREAD_CHUNK) = 128 };  // of k, transposed at once

static void NAME(spread_rows)(void *context, int64_t unit, int thread) {
  (void)thread;
  const NAME(by_rows) *p = context;
  const int64_t block = unit % p->blocks, first = unit / p->blocks * NAME(SPREAD_CHUNK);
  const int64_t count = apus_min64(NAME(SPREAD_CHUNK), p->k - first);
  const int64_t rows = apus_min64(p->width, p->m - block * p->width);
  T *dst = p->spread + (block * p->k + first) * p->width;
  if (rows < p->width) memset(dst, 0, (size_t)(count * p->width) * sizeof(T));
  NAME(transpose_block)(p->a + block * p->width * p->lda + first, p->lda, rows, count, dst, p->width);
}

/// One tile of B's rows against all rows of A.
static void NAME(multiply_tile)(void *context, int64_t unit, int thread) {
  (void)thread;
  const NAME(by_rows) *p = context;
  const int64_t first = unit * p->tile, rows = apus_min64(p->tile, p->n - first);
  const T *b = p->b + first * p->ldb;
  T few[8 * MOST_ROWS * MOST_COLUMNS] __attribute__((aligned(64)));
  const int64_t block_sums = p->tile * p->width, need = p->blocks * block_sums;
  T *sums = need <= (int64_t)(sizeof few / sizeof(T)) ? few : malloc((size_t)need * sizeof(T));
  memset(sums, 0, (size_t)need * sizeof(T));
  for (int64_t done = 0; done < p->k; done += NAME(BLOCK_DEPTH)) {
    const int64_t depth = apus_min64(NAME(BLOCK_DEPTH), p->k - done);
    for (int64_t block = 0; block < p->blocks; ++block) {
      const int vectors = p->m - block * p->width > p->width / 2 ? 2 : 1;
      KERNELS->dot_rows((int)rows, vectors, depth, b + done, p->ldb, p->spread + (block * p->k + done) * p->width,
                        sums + block * block_sums);
    }
  }
  for (int64_t i = 0; i < p->m; i += p->width) {
    const int64_t count = apus_min64(p->width, p->m - i);
    const T *block = sums + i / p->width * block_sums;
    T *c = p->c + i * p->ldc + first;
    if (p->beta == 0) {
      NAME(transpose_block)(block, p->width, rows, count, c, p->ldc);
      continue;
    }
    for (int64_t r = 0; r < count; ++r)
      for (int64_t j = 0; j < rows; ++j) c[r * p->ldc + j] = block[j * p->width + r] + p->beta * c[r * p->ldc + j];
  }
  if (sums != few) free(sums);
}

static void NAME(multiply_by_rows)(int64_t m, int64_t n, int64_t k, const T *a, int64_t lda, const T *b, int64_t ldb,
                                   T beta, T *c, int64_t ldc, int threads) {
  NAME(by_rows) p = {.m = m, .n = n, .k = k, .a = a, .b = b, .lda = lda, .ldb = ldb, .beta = beta, .c = c, .ldc = ldc,
                     .tile = KERNELS->tile_rows, .width = KERNELS->tile_columns};
  p.blocks = apus_ceil_div(m, p.width);
  T small[8192] __attribute__((aligned(64)));
  const int64_t need = p.blocks * k * p.width;
  p.spread = need <= (int64_t)(sizeof small / sizeof(T)) ? small : aligned_alloc(64, (size_t)(need * sizeof(T) + 63) / 64 * 64);
  if (m * n * k < SERIAL_WORK) threads = 1;
  apus_parallel(need < 16384 ? 1 : threads, apus_ceil_div(k, NAME(SPREAD_CHUNK)) * p.blocks, NAME(spread_rows), &p);
  apus_parallel(threads, apus_ceil_div(n, p.tile), NAME(multiply_tile), &p);
  if (p.spread != small) free(p.spread);
}
