// SPDX-License-Identifier: Apache-2.0
//
// Makes the zeros around (and between) an image's pixels explicit, so that the kernels need no bounds checks.
#include <string.h>

#include "conv_internal.h"

void apus_conv_frame_copy(const apus_conv_frame *f, const float *image, int64_t first, int64_t last, float *dst) {
  const int64_t lanes = f->blocked ? 8 : 1;
  const int64_t planes = f->blocked ? (f->channels + 7) / 8 : f->channels;
  // Columns of the padded image that hold pixels of the image: left + spread * x for x in [x0, x1).
  const int64_t x0 = f->left >= 0 ? 0 : apus_ceil_div(-f->left, f->spread_w);
  const int64_t x1 = apus_min64(f->width, apus_ceil_div(apus_max64(f->padded_width - f->left, 0), f->spread_w));
  for (int64_t c = 0; c < planes; ++c) {
    const float *plane = image + c * f->height * f->width * lanes;
    for (int64_t row = first; row < last; ++row, dst += f->padded_width * lanes) {
      const int64_t from_top = row - f->top, y = from_top / f->spread_h;
      if (from_top < 0 || from_top % f->spread_h != 0 || y >= f->height || x0 >= x1) {
        memset(dst, 0, (size_t)(f->padded_width * lanes) * sizeof(float));
        continue;
      }
      const float *src = plane + (y * f->width + x0) * lanes;
      const int64_t begin = f->left + x0 * f->spread_w;
      if (f->spread_w == 1) {
        const int64_t end = begin + (x1 - x0);
        memset(dst, 0, (size_t)(begin * lanes) * sizeof(float));
        memcpy(dst + begin * lanes, src, (size_t)((x1 - x0) * lanes) * sizeof(float));
        memset(dst + end * lanes, 0, (size_t)((f->padded_width - end) * lanes) * sizeof(float));
      } else {
        memset(dst, 0, (size_t)(f->padded_width * lanes) * sizeof(float));
        for (int64_t x = x0; x < x1; ++x, src += lanes)
          memcpy(dst + (begin + (x - x0) * f->spread_w) * lanes, src, (size_t)lanes * sizeof(float));
      }
    }
  }
}
