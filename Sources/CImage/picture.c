// SPDX-License-Identifier: Apache-2.0
#include "picture.h"

#include <stdio.h>
#include <string.h>

static int starts(const uint8_t *bytes, size_t count, size_t at, const char *text, size_t length) {
  return count >= at + length && memcmp(bytes + at, text, length) == 0;
}

// The name of another kind of picture, or NULL.
static const char *other_kind(const uint8_t *bytes, size_t count) {
  if (starts(bytes, count, 0, "GIF8", 4)) return "a GIF";
  if (starts(bytes, count, 0, "RIFF", 4) && starts(bytes, count, 8, "WEBP", 4)) return "a WebP";
  if (starts(bytes, count, 0, "II*\0", 4) || starts(bytes, count, 0, "MM\0*", 4)) return "a TIFF";
  if (starts(bytes, count, 4, "ftypheic", 8) || starts(bytes, count, 4, "ftypmif1", 8)) return "a HEIF";
  if (starts(bytes, count, 4, "ftypavif", 8)) return "an AVIF";
  if (starts(bytes, count, 0, "BM", 2)) return "a BMP";
  return NULL;
}

int apus_picture_look(const uint8_t *bytes, size_t count, size_t file_count, apus_picture *picture, char message[200]) {
  memset(picture, 0, sizeof *picture);
  picture->orientation = 1;
  message[0] = 0;
  if (file_count == 0) {
    snprintf(message, 200, "the file is empty");
    return -1;
  }
  if (starts(bytes, count, 0, "\x89PNG\r\n\x1a\n", 8)) {
    picture->kind = APUS_PICTURE_PNG;
    return apus_png_look(bytes, count, file_count, picture, message);
  }
  if (starts(bytes, count, 0, "\xff\xd8\xff", 3)) {
    picture->kind = APUS_PICTURE_JPEG;
    return apus_jpeg_look(bytes, count, file_count, picture, message);
  }
  const char *name = other_kind(bytes, count);
  if (name != NULL) {
    snprintf(message, 200, "it is %s file, not PNG or JPEG", name);
  } else {
    snprintf(message, 200, "it is neither a PNG nor a JPEG file");
  }
  return -1;
}

// A colour laid on white.
static inline unsigned on_white(unsigned value, unsigned alpha) {
  return alpha == 255 ? value : (value * alpha + 255 * (255 - alpha) + 127) / 255;
}

static inline uint8_t gray(unsigned red, unsigned green, unsigned blue) {
  return (uint8_t)((19595 * red + 38470 * green + 7471 * blue + 32768) >> 16);
}

// Makes 1 or 3 channels of 4 in place.
static void drop_alpha(uint8_t *pixels, size_t count, int channels) {
  for (size_t pixel = 0; pixel < count; pixel++) {
    const uint8_t *from = pixels + 4 * pixel;
    unsigned alpha = from[3];
    unsigned red = on_white(from[0], alpha), green = on_white(from[1], alpha), blue = on_white(from[2], alpha);
    if (channels == 1) {
      pixels[pixel] = gray(red, green, blue);
    } else {
      pixels[3 * pixel] = (uint8_t)red;
      pixels[3 * pixel + 1] = (uint8_t)green;
      pixels[3 * pixel + 2] = (uint8_t)blue;
    }
  }
}

int apus_picture_decode(const uint8_t *bytes, size_t count, const apus_picture *picture, int channels, int reduction,
                        uint8_t *pixels, size_t capacity, char message[200]) {
  size_t width = apus_picture_reduced(picture->width, reduction);
  size_t height = apus_picture_reduced(picture->height, reduction);
  if (picture->kind == APUS_PICTURE_PNG) {
    int status = apus_png_decode(bytes, count, pixels, capacity, message);
    if (status == 0) drop_alpha(pixels, width * height, channels);
    return status;
  }
  int status = apus_jpeg_decode(bytes, count, picture, reduction, pixels, capacity, message);
  if (status == 0 && channels == 1) {
    for (size_t pixel = 0; pixel < width * height; pixel++) {
      pixels[pixel] = gray(pixels[3 * pixel], pixels[3 * pixel + 1], pixels[3 * pixel + 2]);
    }
  }
  return status;
}
