// SPDX-License-Identifier: Apache-2.0
//
// Pictures in PNG files through libpng and in JPEG files through libjpeg-turbo (changes of pictures: apus_augment.h).
// Every function returns 0, or -1 with a message (at most 200 bytes, terminated). No error of a library leaves C.
#ifndef APUS_IMAGE_H
#define APUS_IMAGE_H

#include <stddef.h>
#include <stdint.h>

#if defined(__cplusplus)
extern "C" {
#endif

/// The most pixels along one side, and in all, of a picture that is read.
#define APUS_IMAGE_MAX_SIDE 32768
#define APUS_IMAGE_MAX_PIXELS (1 << 26)

/// The kinds of files.
enum { APUS_PICTURE_PNG = 1, APUS_PICTURE_JPEG = 2 };

/// What the head of a file says.
typedef struct {
  /// APUS_PICTURE_PNG or APUS_PICTURE_JPEG.
  int kind;
  /// Whether its pixels have no colour.
  int is_gray;
  /// How an EXIF note says that the picture is to be turned, 1 (not at all) to 8.
  int orientation;
  /// Bytes for each pixel that decoding needs.
  int bytes_per_pixel;
  /// The size, once the picture is turned.
  uint32_t width, height;
} apus_picture;

/// Reads the head of a file. Refuses sizes beyond the limits above and sizes that the file's bytes cannot hold.
///
/// bytes: the file, or its first count bytes; file_count: the size of the whole file.
int apus_picture_look(const uint8_t *bytes, size_t count, size_t file_count, apus_picture *picture, char message[200]);

/// The length of a side of so many pixels after decoding at 1 / reduction of the size.
static inline uint32_t apus_picture_reduced(uint32_t side, int reduction) {
  return (side + (uint32_t)reduction - 1) / (uint32_t)reduction;
}

/// Decodes a file of any kind of PNG or JPEG to 8-bit gray (channels 1) or red, green, blue (3), interleaved, turned as
/// its EXIF note says.
///
/// Sample values are kept: no colour management; 16-bit samples are scaled to 8 bits. Transparent pixels are laid on
/// white; colour becomes gray by the weights of ITU-R BT.601. reduction: 1, or for JPEG 2, 4 or 8, which decode a
/// smaller picture of the apus_picture_reduced sides. capacity: bytes at pixels, at least bytes_per_pixel for each pixel
/// of the reduced picture.
int apus_picture_decode(const uint8_t *bytes, size_t count, const apus_picture *picture, int channels, int reduction,
                        uint8_t *pixels, size_t capacity, char message[200]);

/// Decodes a PNG file whose pixels are numbers: gray of up to 8 bits, or the numbers of a palette's colours; also colour
/// whose three channels are equal. Transparency is passed over. capacity: at least bytes_per_pixel for each pixel.
int apus_png_numbers(const uint8_t *bytes, size_t count, const apus_picture *picture, uint8_t *numbers, size_t capacity,
                     char message[200]);

/// A part of a picture made larger or smaller.
typedef struct {
  /// The size of the whole picture before and after.
  uint32_t width, height, new_width, new_height;
  /// The part of the new picture that is wanted.
  uint32_t left, top, part_width, part_height;
} apus_resizing;

/// Resizes an interleaved 8-bit picture by bilinear interpolation, smoothing over all pixels that fall on a new one, and
/// writes the wanted part as planes: the values of Pillow's resize with its bilinear filter, bit for bit.
/// -1 only for want of memory.
int apus_resize(const uint8_t *pixels, int channels, const apus_resizing *resizing, uint8_t *planes);

/// Encodes 8-bit gray (channels 1) or red, green, blue (3), interleaved, as PNG. The result at *bytes is given back with
/// apus_png_free.
int apus_png_encode(const uint8_t *pixels, uint32_t width, uint32_t height, int channels, uint8_t **bytes,
                    size_t *count, char message[200]);

/// Gives back what apus_png_encode made.
void apus_png_free(uint8_t *bytes);

#if defined(__cplusplus)
}
#endif
#endif
