// SPDX-License-Identifier: Apache-2.0
//
// What picture.c needs of png.c and jpeg.c.
#ifndef APUS_PICTURE_INTERNAL_H
#define APUS_PICTURE_INTERNAL_H

#include "apus_image.h"

int apus_png_look(const uint8_t *bytes, size_t count, size_t file_count, apus_picture *picture, char message[200]);
int apus_jpeg_look(const uint8_t *bytes, size_t count, size_t file_count, apus_picture *picture, char message[200]);

// 8-bit red, green, blue, alpha, interleaved.
int apus_png_decode(const uint8_t *bytes, size_t count, uint8_t *rgba, size_t capacity, char message[200]);
// 8-bit red, green, blue, interleaved and turned.
int apus_jpeg_decode(const uint8_t *bytes, size_t count, const apus_picture *picture, int reduction, uint8_t *rgb,
                     size_t capacity, char message[200]);

#endif
