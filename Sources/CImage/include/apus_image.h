// SPDX-License-Identifier: Apache-2.0
//
// PNG pictures through libpng (changes of pictures: apus_augment.h). Every function returns 0, or -1 with a message (at
// most 200 bytes, terminated).
#ifndef APUS_IMAGE_H
#define APUS_IMAGE_H

#include <stddef.h>
#include <stdint.h>

#if defined(__cplusplus)
extern "C" {
#endif

/// The most pixels along one side, and in all, of a picture that is read.
#define APUS_PNG_MAX_SIDE 32768
#define APUS_PNG_MAX_PIXELS (1 << 26)

/// Checks the header of a PNG file and gives the picture's size. Refuses sizes beyond the limits above and sizes that
/// the file's bytes cannot hold.
int apus_png_size(const uint8_t *bytes, size_t count, uint32_t *width, uint32_t *height, char message[200]);

/// Decodes a PNG file of any kind to 8-bit red, green, blue, alpha, interleaved. The file's sample values are kept: no
/// colour management; 16-bit samples are scaled to 8 bits. capacity: bytes at rgba, at least 4 * width * height.
int apus_png_decode(const uint8_t *bytes, size_t count, uint8_t *rgba, size_t capacity, char message[200]);

/// Encodes 8-bit gray (channels 1) or red, green, blue (3), interleaved. The result at *bytes is given back with
/// apus_png_free.
int apus_png_encode(const uint8_t *pixels, uint32_t width, uint32_t height, int channels, uint8_t **bytes,
                    size_t *count, char message[200]);

/// Gives back what apus_png_encode made.
void apus_png_free(uint8_t *bytes);

#if defined(__cplusplus)
}
#endif
#endif
