// SPDX-License-Identifier: Apache-2.0
//
// Gradients of a convolution's input with 16 images in the lanes of a vector. Included after conv_wide_body.h, whose vectors
// it uses.

/// Transposes 8x8 in both halves at once: rows [i | i + 8] of 8 become columns, and the other way round.
INLINE void conv_transpose_halves(V16 a[8]) {
  V16 b[8];
  FULL for (int i = 0; i < 4; ++i) {
    b[i] = __builtin_shufflevector(a[i], a[i + 4], 0, 1, 2, 3, 16, 17, 18, 19, 8, 9, 10, 11, 24, 25, 26, 27);
    b[i + 4] = __builtin_shufflevector(a[i], a[i + 4], 4, 5, 6, 7, 20, 21, 22, 23, 12, 13, 14, 15, 28, 29, 30, 31);
  }
  FULL for (int h = 0; h < 8; h += 4)
    FULL for (int i = h; i < h + 2; ++i) {
      a[i] = __builtin_shufflevector(b[i], b[i + 2], 0, 1, 16, 17, 4, 5, 20, 21, 8, 9, 24, 25, 12, 13, 28, 29);
      a[i + 2] = __builtin_shufflevector(b[i], b[i + 2], 2, 3, 18, 19, 6, 7, 22, 23, 10, 11, 26, 27, 14, 15, 30, 31);
    }
  FULL for (int i = 0; i < 8; i += 2) {
    b[i] = __builtin_shufflevector(a[i], a[i + 1], 0, 16, 2, 18, 4, 20, 6, 22, 8, 24, 10, 26, 12, 28, 14, 30);
    b[i + 1] = __builtin_shufflevector(a[i], a[i + 1], 1, 17, 3, 19, 5, 21, 7, 23, 9, 25, 11, 27, 13, 29, 15, 31);
  }
  FULL for (int i = 0; i < 8; ++i) a[i] = b[i];
}

/// src: the first of 16 images, image_step floats apart, of count pixels of 8 channels; dst[8][count, 16], channels plane
/// apart.
static void conv_lanes_gather(const float *src, int64_t image_step, int64_t count, float *dst, int64_t plane) {
  for (int64_t p = 0; p < count; ++p, src += 8, dst += 16) {
    V16 rows[8];
    FULL for (int i = 0; i < 8; ++i) {
      const V8 low = *(const U8 *)(src + i * image_step), high = *(const U8 *)(src + (i + 8) * image_step);
      rows[i] = __builtin_shufflevector(low, high, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);
    }
    conv_transpose_halves(rows);
    FULL for (int c = 0; c < 8; ++c) *(U16 *)(dst + c * plane) = rows[c];
  }
}

/// A few neighbouring pixels of the input's gradient, all channels: every weight is loaded once for all pixels, every
/// gradient once for all channels. Taps outside the output are left out, not multiplied by zero.
INLINE void conv_lanes_pixels(const apus_conv_lanes *l, const int channels, const int pixels, int64_t y, int64_t x,
                              int64_t count, float *dst, int64_t image_step) {
  V16 acc[8][6];
  FULL for (int c = 0; c < channels; ++c)
    FULL for (int p = 0; p < pixels; ++p) acc[c][p] = (V16){0};
  for (int64_t ky = 0; ky < l->kernel_height; ++ky) {
    const int64_t oy = y + l->pad_top - ky;
    if (oy < 0 || oy >= l->height) continue;
    for (int64_t o = 0; o < l->channels; ++o) {
      const float *row = l->gradient + (o * l->height + oy) * l->width * 16;
      const float *w = l->weights + (o * l->kernel_height + ky) * l->kernel_width * channels;
      int64_t ox = x + l->pad_left;
      for (int64_t kx = 0; kx < l->kernel_width; ++kx, --ox, w += channels) {
        V16 weight[8];
        FULL for (int c = 0; c < channels; ++c) weight[c] = SPLAT16(w[c]);
        FULL for (int p = 0; p < pixels; ++p) {
          if ((uint64_t)(ox + p) >= (uint64_t)l->width) continue;
          const V16 g = *(const U16 *)(row + (ox + p) * 16);
          FULL for (int c = 0; c < channels; ++c) acc[c][p] = _mm512_fmadd_ps(g, weight[c], acc[c][p]);
        }
      }
    }
  }
  FULL for (int p = 0; p < pixels; ++p) {
    if (p >= count) continue;
    V16 rows[8];
    FULL for (int c = 0; c < 8; ++c) rows[c] = c < channels && c < l->input_channels ? acc[c][p] : (V16){0};
    conv_transpose_halves(rows);
    FULL for (int i = 0; i < 8; ++i) {
      float halves[16];
      *(U16 *)halves = rows[i];
      *(U8 *)(dst + p * 8 + i * image_step) = *(const U8 *)halves;
      *(U8 *)(dst + p * 8 + (i + 8) * image_step) = *(const U8 *)(halves + 8);
    }
  }
}

/// A row of the input's gradient of 16 images, whose pixels are 8 channels; the channels padded to 4, 6 or 8 in the weights.
static void conv_lanes_row(const apus_conv_lanes *l, int channels, int64_t y, int64_t width, float *dst,
                           int64_t image_step) {
  const int64_t step = channels == 4 ? 6 : channels == 6 ? 4 : 3;
  for (int64_t x = 0; x < width; x += step) {
    const int64_t count = apus_min64(step, width - x);
    switch (channels) {
      case 4: conv_lanes_pixels(l, 4, 6, y, x, count, dst + x * 8, image_step); break;
      case 6: conv_lanes_pixels(l, 6, 4, y, x, count, dst + x * 8, image_step); break;
      default: conv_lanes_pixels(l, 8, 3, y, x, count, dst + x * 8, image_step);
    }
  }
}

static const apus_conv_lanes_kernels conv_lanes_kernels = {16, conv_lanes_gather, conv_lanes_row};

#undef SPLAT16
