// SPDX-License-Identifier: Apache-2.0
//
// Cuts a matrix product into tiles. Included by gemm.c once per type with
//   T, NAME(x), KERNELS
//
// The columns of C are cut into panels of NR and its rows into blocks of ROWS; a panel of B is packed into a contiguous
// [k, NR] block shared by all threads, unless B already reads well. A is packed only when it is transposed. The k
// dimension is cut into blocks of DEPTH whose products are added to C in order.

typedef struct {
  int64_t m, n, k;             // k of this block
  const T *a;
  int64_t ars, acs;            // strides of op(A) between rows and along k
  const T *b;
  int64_t brs, bcs;            // strides of op(B) along k and between columns
  T beta;
  T *c;
  int64_t ldc;
  int64_t panels, stripe;      // panels of C, and how many of them a unit of work takes
  int64_t stripes;
  int packed_all;              // every panel is packed; else only a partial last one
  int64_t mr, nr;              // rows and columns of a register tile
  T *packed_b;                 // [panels or 1][k, NR]
} NAME(product);

static void NAME(pack_panel)(void *context, int64_t panel, int thread) {
  (void)thread;
  const NAME(product) *p = context;
  const int64_t nr = p->nr, first = panel * nr, columns = apus_min64(nr, p->n - first);
  T *restrict dst = p->packed_b + (p->packed_all ? panel * p->k * nr : 0);
  const T *restrict src = p->b + first * p->bcs;
  if (p->bcs == 1) {
    for (int64_t r = 0; r < p->k; ++r) {
      if (columns == nr) {
        for (int64_t j = 0; j < nr; ++j) dst[r * nr + j] = src[r * p->brs + j];
      } else {
        for (int64_t j = 0; j < nr; ++j) dst[r * nr + j] = j < columns ? src[r * p->brs + j] : 0;
      }
    }
  } else if (columns == nr && p->brs == 1) {
    NAME(transpose_block)(src, p->bcs, nr, p->k, dst, nr);
  } else {
    for (int64_t j = 0; j < nr; ++j)
      for (int64_t r = 0; r < p->k; ++r) dst[r * nr + j] = j < columns ? src[j * p->bcs + r * p->brs] : 0;
  }
}

/// One block of rows against one stripe of panels.
static void NAME(multiply_block)(void *context, int64_t unit, int thread) {
  (void)thread;
  const NAME(product) *p = context;
  const int64_t mr = p->mr, nr = p->nr;
  const int64_t first_row = unit / p->stripes * ROWS, rows = apus_min64(ROWS, p->m - first_row);
  const int64_t first_panel = unit % p->stripes * p->stripe, last_panel = apus_min64(first_panel + p->stripe, p->panels);
  T packed_a[ROWS * DEPTH] __attribute__((aligned(64)));
  const T *a = p->a + first_row * p->ars;
  int64_t ars = p->ars, acs = p->acs;
  if (ars == 1 && acs != 1) {  // transposed: one pass here spares many strided ones
    for (int64_t r = 0; r < p->k; ++r)
      for (int64_t i = 0; i < rows; ++i) packed_a[i / mr * mr * p->k + r * mr + i % mr] = a[i + r * acs];
    a = packed_a;
    acs = mr;
  }
  const int packed = a == packed_a;
  // Panels that one or two rows take at once.
  const int64_t group = p->packed_all && rows <= 2 ? 4 / rows : 0;
  for (int64_t panel = first_panel; panel < last_panel; ++panel) {
    if (group > 0 && panel + group <= last_panel && (panel + group) * nr <= p->n) {
      KERNELS->strip((int)rows, p->k, a, ars, acs, p->packed_b + panel * p->k * nr, p->k * nr, p->beta,
                     p->c + first_row * p->ldc + panel * nr, p->ldc);
      panel += group - 1;
      continue;
    }
    const int64_t column = panel * nr, columns = apus_min64(nr, p->n - column);
    const int direct = !p->packed_all && columns == nr;
    const T *b = direct ? p->b + column : p->packed_b + (p->packed_all ? panel * p->k * nr : 0);
    const int64_t bs = direct ? p->brs : nr;
    for (int64_t i = 0; i < rows; i += mr) {
      const int now = (int)apus_min64(mr, rows - i);
      T *c = p->c + (first_row + i) * p->ldc + column;
      const T *strip = packed ? a + i * p->k : a + i * ars;
      if (columns == nr) {
        KERNELS->tile(now, p->k, strip, ars, acs, b, bs, p->beta, c, p->ldc);
        continue;
      }
      T edge[MOST_ROWS * MOST_COLUMNS];
      for (int r = 0; r < now; ++r)
        for (int64_t j = 0; j < nr; ++j) edge[r * nr + j] = p->beta != 0 && j < columns ? c[r * p->ldc + j] : 0;
      KERNELS->tile(now, p->k, strip, ars, acs, b, bs, p->beta, edge, nr);
      for (int r = 0; r < now; ++r)
        for (int64_t j = 0; j < columns; ++j) c[r * p->ldc + j] = edge[r * nr + j];
    }
  }
}

/// Panels of C, and how units of work take them: enough units for the threads of any machine at hand, but long stripes
/// where the rows alone give them.
static void NAME(divide)(NAME(product) *p) {
  const int64_t blocks = apus_ceil_div(p->m, ROWS);
  p->panels = apus_ceil_div(p->n, p->nr);
  p->stripe = blocks >= 16 ? p->panels : apus_max64(4, apus_ceil_div(p->panels * blocks, 16));
  p->stripes = apus_ceil_div(p->panels, p->stripe);
}

static void NAME(scale)(int64_t m, int64_t n, T beta, T *c, int64_t ldc) {
  for (int64_t i = 0; i < m; ++i)
    for (int64_t j = 0; j < n; ++j) c[i * ldc + j] = beta == 0 ? 0 : beta * c[i * ldc + j];
}

/// A vector times a matrix: y = x M + beta y, where M is [k, n] with strides; x and y are strided too.
typedef struct {
  int64_t n, k;
  const T *m;
  int64_t mks, mns;
  const T *x;  // contiguous
  T beta;
  T *y;
  int64_t ys;
} NAME(vector_product);

static void NAME(vector_chunk)(void *context, int64_t chunk, int thread) {
  (void)thread;
  const NAME(vector_product) *p = context;
  const int64_t first = chunk * VECTOR_CHUNK, count = apus_min64(VECTOR_CHUNK, p->n - first);
  T sums[VECTOR_CHUNK];
  if (p->mks == 1) {
    for (int64_t j = 0; j < count; ++j) sums[j] = KERNELS->dot(p->x, p->m + (first + j) * p->mns, p->k);
  } else {
    KERNELS->sum_rows(p->m + first, p->mks, p->k, count, p->x, sums);
  }
  T *y = p->y + first * p->ys;
  for (int64_t j = 0; j < count; ++j) y[j * p->ys] = p->beta == 0 ? sums[j] : sums[j] + p->beta * y[j * p->ys];
}

static void NAME(multiply_vector)(int64_t n, int64_t k, const T *x, int64_t xs, const T *m, int64_t mks, int64_t mns,
                                  T beta, T *y, int64_t ys, int threads) {
  T small[1024], *gathered = NULL;
  if (xs != 1) {
    gathered = k <= 1024 ? small : malloc((size_t)k * sizeof(T));
    for (int64_t i = 0; i < k; ++i) gathered[i] = x[i * xs];
    x = gathered;
  }
  NAME(vector_product) p = {n, k, m, mks, mns, x, beta, y, ys};
  apus_parallel(n * k < SERIAL_WORK ? 1 : threads, apus_ceil_div(n, VECTOR_CHUNK), NAME(vector_chunk), &p);
  if (gathered != small) free(gathered);
}

void NAME(apus_gemm)(int transpose_a, int transpose_b, int64_t m, int64_t n, int64_t k, const T *a, int64_t lda,
                     const T *b, int64_t ldb, T beta, T *c, int64_t ldc, int threads) {
  if (m <= 0 || n <= 0) return;
  if (k <= 0) return NAME(scale)(m, n, beta, c, ldc);
  const int64_t ars = transpose_a ? 1 : lda, acs = transpose_a ? lda : 1;
  const int64_t brs = transpose_b ? 1 : ldb, bcs = transpose_b ? ldb : 1;
  if (m == 1) return NAME(multiply_vector)(n, k, a, acs, b, brs, bcs, beta, c, 1, threads);
  if (n == 1) return NAME(multiply_vector)(m, k, b, brs, a, acs, ars, beta, c, ldc, threads);

  // Many rows repay the packing of B unless it is large, the more so when few terms are summed for a result.
  const int repays = m >= MANY_ROWS && k <= FEW_TERMS && n * k <= MOST_REPAID;
  if (transpose_b && !transpose_a && m >= LEAST_ROWS_SPREAD && !repays)
    return NAME(multiply_by_rows)(m, n, k, a, lda, b, ldb, beta, c, ldc, threads);

  NAME(product) p = {.m = m, .n = n, .a = a, .ars = ars, .acs = acs, .b = b, .brs = brs, .bcs = bcs, .c = c,
                     .ldc = ldc, .mr = KERNELS->tile_rows, .nr = KERNELS->tile_columns};
  NAME(divide)(&p);
  const int64_t blocks = apus_ceil_div(m, ROWS), depth = apus_min64(k, DEPTH);
  // Packing costs a pass over B, which few rows do not repay when B reads well as it is.
  p.packed_all = transpose_b || m > 2 * p.mr;
  T small[MOST_COLUMNS * DEPTH] __attribute__((aligned(64)));
  const int64_t need = (p.packed_all ? p.panels : 1) * depth * p.nr;
  p.packed_b = need <= (int64_t)(sizeof small / sizeof(T)) ? small : aligned_alloc(64, (size_t)need * sizeof(T));
  if (m * n * k < SERIAL_WORK) threads = 1;
  for (int64_t done = 0; done < k; done += DEPTH) {
    p.k = apus_min64(DEPTH, k - done);
    p.a = a + done * acs;
    p.b = b + done * brs;
    p.beta = done == 0 ? beta : 1;
    if (p.packed_all) {
      apus_parallel(threads, p.panels, NAME(pack_panel), &p);
    } else if (n % p.nr != 0) {
      NAME(pack_panel)(&p, p.panels - 1, 0);
    }
    apus_parallel(threads, blocks * p.stripes, NAME(multiply_block), &p);
  }
  if (p.packed_b != small) free(p.packed_b);
}

int64_t NAME(apus_gemm_packed_count)(int64_t n, int64_t k) {
  const int64_t nr = KERNELS->tile_columns;
  return apus_ceil_div(n, nr) * nr * k;
}

void NAME(apus_gemm_pack)(int transpose_b, int64_t n, int64_t k, const T *b, int64_t ldb, T *packed, int threads) {
  NAME(product) p = {.m = 1, .n = n, .brs = transpose_b ? 1 : ldb, .bcs = transpose_b ? ldb : 1, .packed_all = 1,
                     .nr = KERNELS->tile_columns};
  NAME(divide)(&p);
  for (int64_t done = 0; done < k; done += DEPTH) {
    p.k = apus_min64(DEPTH, k - done);
    p.b = b + done * p.brs;
    p.packed_b = packed + done * p.panels * p.nr;
    apus_parallel(n * k < SERIAL_WORK ? 1 : threads, p.panels, NAME(pack_panel), &p);
  }
}

void NAME(apus_gemm_packed)(int64_t m, int64_t n, int64_t k, const T *a, int64_t lda, const T *packed, T *c,
                            int64_t ldc, int threads) {
  if (m <= 0 || n <= 0) return;
  if (k <= 0) return NAME(scale)(m, n, 0, c, ldc);
  NAME(product) p = {.m = m, .n = n, .ars = lda, .acs = 1, .packed_all = 1, .c = c, .ldc = ldc,
                     .mr = KERNELS->tile_rows, .nr = KERNELS->tile_columns};
  NAME(divide)(&p);
  for (int64_t done = 0; done < k; done += DEPTH) {
    p.k = apus_min64(DEPTH, k - done);
    p.a = a + done;
    p.packed_b = (T *)packed + done * p.panels * p.nr;  // only read
    p.beta = done == 0 ? 0 : 1;
    apus_parallel(m * n * k < SERIAL_WORK ? 1 : threads, apus_ceil_div(m, ROWS) * p.stripes, NAME(multiply_block), &p);
  }
}
