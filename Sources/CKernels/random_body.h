// SPDX-License-Identifier: Apache-2.0
//
// Philox4x32-10 on eight blocks at once, and the conversions of its words. Included once per instruction set with
//   SLEEF_F32(function, accuracy), SLEEF_F64  full names of SLEEF functions; MAP(map) the loop that calls them
// Eight blocks are 32 words; each lane of a vector is a block until the words are interleaved at the end.

typedef uint32_t P32 __attribute__((vector_size(32)));
typedef uint64_t P64 __attribute__((vector_size(64)));

// The high and low halves of 32 x 32 bit products.
#define PHILOX_MULTIPLY(x, constant, high, low)                                             \
  do {                                                                                      \
    const P64 product = __builtin_convertvector(x, P64) * (uint64_t)(constant);             \
    low = __builtin_convertvector(product, P32);                                            \
    high = __builtin_convertvector(product >> 32, P32);                                     \
  } while (0)

/// Words of blocks [block, block + 8) of a stream, in order.
static inline __attribute__((always_inline)) void philox_words(uint64_t seed, uint64_t stream, uint64_t block,
                                                               uint32_t *words) {
  const P64 index = (P64){0, 1, 2, 3, 4, 5, 6, 7} + block;
  P32 c0 = __builtin_convertvector(index, P32), c1 = __builtin_convertvector(index >> 32, P32);
  P32 c2 = (P32){0} + (uint32_t)stream, c3 = (P32){0} + (uint32_t)(stream >> 32);
  uint32_t k0 = (uint32_t)seed, k1 = (uint32_t)(seed >> 32);
  for (int round = 0; round < 10; ++round) {
    P32 high0, low0, high1, low1;
    PHILOX_MULTIPLY(c0, 0xD2511F53u, high0, low0);
    PHILOX_MULTIPLY(c2, 0xCD9E8D57u, high1, low1);
    c0 = high1 ^ c1 ^ k0;
    c1 = low1;
    c2 = high0 ^ c3 ^ k1;
    c3 = low0;
    k0 += 0x9E3779B9u;
    k1 += 0xBB67AE85u;
  }
  for (int i = 0; i < 8; ++i) {
    words[4 * i] = c0[i];
    words[4 * i + 1] = c1[i];
    words[4 * i + 2] = c2[i];
    words[4 * i + 3] = c3[i];
  }
}

static void philox_bits(void *values, int64_t groups, uint64_t seed, uint64_t stream, uint64_t block) {
  uint32_t *dst = values;
  for (int64_t g = 0; g < groups; ++g) philox_words(seed, stream, block + 8 * (uint64_t)g, dst + 32 * g);
}

static void philox_uniform_f32(void *values, int64_t groups, uint64_t seed, uint64_t stream, uint64_t block) {
  float *dst = values;
  uint32_t words[32];
  for (int64_t g = 0; g < groups; ++g, dst += 32) {
    philox_words(seed, stream, block + 8 * (uint64_t)g, words);
    for (int i = 0; i < 32; ++i) dst[i] = (float)(int32_t)(words[i] >> 8) * 0x1p-24f;
  }
}

static void philox_uniform_f64(void *values, int64_t groups, uint64_t seed, uint64_t stream, uint64_t block) {
  double *dst = values;
  uint32_t words[32];
  for (int64_t g = 0; g < groups; ++g, dst += 16) {
    philox_words(seed, stream, block + 8 * (uint64_t)g, words);
    for (int i = 0; i < 16; ++i)
      dst[i] = (double)(int64_t)((uint64_t)words[2 * i] << 21 | words[2 * i + 1] >> 11) * 0x1p-53;
  }
}

/// Uniform pairs become normal pairs in place. 1 - u is exact and never 0, so the logarithm is finite.
#define BOX_MULLER(name, T, VECTOR, SLEEF)                                                   \
  static void name(T *values, int64_t count) {                                               \
    enum { block = 64, width = sizeof(VECTOR), vectors = block * sizeof(T) / width };        \
    for (int64_t i = 0; i < count; i += 2 * block) {                                         \
      T radius[block] = {0}, angle[block] = {0}, cosine[block], sine[block];                 \
      const int now = (int)apus_min64(block, (count - i) / 2);                               \
      for (int j = 0; j < now; ++j) {                                                        \
        radius[j] = 1 - values[i + 2 * j];                                                   \
        angle[j] = 2 * values[i + 2 * j + 1];                                                \
      }                                                                                      \
      MAP(&((apus_map){SLEEF(log, u10), radius, radius, width, radius, width, vectors}));    \
      MAP(&((apus_map){SLEEF(cospi, u05), cosine, angle, width, angle, width, vectors}));    \
      MAP(&((apus_map){SLEEF(sinpi, u05), sine, angle, width, angle, width, vectors}));      \
      for (int j = 0; j < block * (int)sizeof(T) / width; ++j)                               \
        ((VECTOR *)radius)[j] = __builtin_elementwise_sqrt(((VECTOR *)radius)[j] * (T)-2);   \
      for (int j = 0; j < now; ++j) {                                                        \
        values[i + 2 * j] = radius[j] * cosine[j];                                           \
        values[i + 2 * j + 1] = radius[j] * sine[j];                                         \
      }                                                                                      \
    }                                                                                        \
  }
BOX_MULLER(normal_f32, float, f32_unaligned, SLEEF_F32)
BOX_MULLER(normal_f64, double, f64_unaligned, SLEEF_F64)

static void philox_normal_f32(void *values, int64_t groups, uint64_t seed, uint64_t stream, uint64_t block) {
  philox_uniform_f32(values, groups, seed, stream, block);
  normal_f32(values, groups * 32);
}

static void philox_normal_f64(void *values, int64_t groups, uint64_t seed, uint64_t stream, uint64_t block) {
  philox_uniform_f64(values, groups, seed, stream, block);
  normal_f64(values, groups * 16);
}

static const apus_random_kernels random_kernels = {philox_bits, philox_uniform_f32, philox_uniform_f64,
                                                   philox_normal_f32, philox_normal_f64};

#undef PHILOX_MULTIPLY
#undef BOX_MULLER
