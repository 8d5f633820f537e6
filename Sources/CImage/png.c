// SPDX-License-Identifier: Apache-2.0
#include "apus_image.h"
#include "picture.h"

#include <png.h>
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

// One reading or writing of a file. It lives outside the function that calls setjmp, so that its members keep their
// values after a longjmp.
typedef struct {
  png_structp png;
  png_infop info;
  const uint8_t *input;
  size_t input_count, input_position, file_count;
  png_bytep *rows;
  uint8_t *output;
  size_t output_count, output_capacity;
  char *message;
} apus_png;

static void fail(png_structp png, png_const_charp text) {
  apus_png *file = png_get_error_ptr(png);
  snprintf(file->message, 200, "%s", text);
  png_longjmp(png, 1);
}

static void ignore(png_structp png, png_const_charp text) {
  (void)png;
  (void)text;
}

static void read_bytes(png_structp png, png_bytep to, size_t count) {
  apus_png *file = png_get_io_ptr(png);
  if (count > file->input_count - file->input_position) png_error(png, "the file is cut short");
  memcpy(to, file->input + file->input_position, count);
  file->input_position += count;
}

static void write_bytes(png_structp png, png_bytep from, size_t count) {
  apus_png *file = png_get_io_ptr(png);
  if (count > file->output_capacity - file->output_count) {
    size_t capacity = 2 * (file->output_capacity + count) + 4096;
    uint8_t *larger = realloc(file->output, capacity);
    if (larger == NULL) png_error(png, "out of memory");
    file->output = larger;
    file->output_capacity = capacity;
  }
  memcpy(file->output + file->output_count, from, count);
  file->output_count += count;
}

static void flush(png_structp png) { (void)png; }

// Whether so many bytes of file can hold the picture: deflate expands at most 1032 times.
static int plausible(apus_png *file, png_uint_32 width, png_uint_32 height) {
  uint64_t bits = (uint64_t)png_get_bit_depth(file->png, file->info) * png_get_channels(file->png, file->info);
  uint64_t raw = (1 + (width * bits + 7) / 8) * height;
  return raw / 1032 <= file->file_count;
}

// Reads header chunks; does not return when they are wrong.
static void open_input(apus_png *file, png_uint_32 *width, png_uint_32 *height) {
  if (file->input_count < 8 || png_sig_cmp(file->input, 0, 8) != 0) png_error(file->png, "it is not a PNG file");
  png_set_read_fn(file->png, file, read_bytes);
  png_set_user_limits(file->png, APUS_IMAGE_MAX_SIDE, APUS_IMAGE_MAX_SIDE);
  png_set_chunk_cache_max(file->png, 100);
  png_set_chunk_malloc_max(file->png, 8 << 20);
  png_read_info(file->png, file->info);
  *width = png_get_image_width(file->png, file->info);
  *height = png_get_image_height(file->png, file->info);
  if ((uint64_t)*width * *height > APUS_IMAGE_MAX_PIXELS) png_error(file->png, "it has too many pixels");
  if (!plausible(file, *width, *height)) png_error(file->png, "its size cannot fit in the file");
}

static int create_reader(apus_png *file, const uint8_t *bytes, size_t count, size_t file_count, char *message) {
  memset(file, 0, sizeof *file);
  message[0] = 0;
  file->input = bytes;
  file->input_count = count;
  file->file_count = file_count;
  file->message = message;
  file->png = png_create_read_struct(PNG_LIBPNG_VER_STRING, file, fail, ignore);
  if (file->png != NULL) file->info = png_create_info_struct(file->png);
  if (file->info != NULL) return 0;
  png_destroy_read_struct(&file->png, NULL, NULL);
  snprintf(message, 200, "out of memory");
  return -1;
}

static int look(apus_png *file, apus_picture *picture) {
  if (setjmp(png_jmpbuf(file->png)) != 0) return -1;
  open_input(file, &picture->width, &picture->height);
  picture->is_gray = (png_get_color_type(file->png, file->info) & PNG_COLOR_MASK_COLOR) == 0;
  picture->bytes_per_pixel = 4;
  return 0;
}

int apus_png_look(const uint8_t *bytes, size_t count, size_t file_count, apus_picture *picture, char message[200]) {
  apus_png file;
  if (create_reader(&file, bytes, count, file_count, message) != 0) return -1;
  int status = look(&file, picture);
  png_destroy_read_struct(&file.png, &file.info, NULL);
  return status;
}

static int decode(apus_png *file, uint8_t *rgba, size_t capacity) {
  if (setjmp(png_jmpbuf(file->png)) != 0) return -1;
  png_uint_32 width, height;
  open_input(file, &width, &height);
  png_set_expand(file->png);
  png_set_scale_16(file->png);
  png_set_gray_to_rgb(file->png);
  png_set_add_alpha(file->png, 0xff, PNG_FILLER_AFTER);
  png_set_interlace_handling(file->png);
  png_read_update_info(file->png, file->info);
  size_t row = (size_t)width * 4;
  if (png_get_rowbytes(file->png, file->info) != row || capacity / row < height) {
    png_error(file->png, "its pixels are of an unknown kind");
  }
  file->rows = malloc(height * sizeof *file->rows);
  if (file->rows == NULL) png_error(file->png, "out of memory");
  for (png_uint_32 y = 0; y < height; y++) file->rows[y] = rgba + y * row;
  png_read_image(file->png, file->rows);
  png_read_end(file->png, NULL);
  return 0;
}

int apus_png_decode(const uint8_t *bytes, size_t count, uint8_t *rgba, size_t capacity, char message[200]) {
  apus_png file;
  if (create_reader(&file, bytes, count, count, message) != 0) return -1;
  int status = decode(&file, rgba, capacity);
  png_destroy_read_struct(&file.png, &file.info, NULL);
  free(file.rows);
  return status;
}

static int numbers(apus_png *file, uint8_t *pixels, size_t capacity) {
  if (setjmp(png_jmpbuf(file->png)) != 0) return -1;
  png_uint_32 width, height;
  open_input(file, &width, &height);
  if (png_get_bit_depth(file->png, file->info) == 16) png_error(file->png, "its numbers have 16 bits, not 8");
  png_set_packing(file->png);
  png_set_strip_alpha(file->png);
  png_set_interlace_handling(file->png);
  png_read_update_info(file->png, file->info);
  size_t channels = png_get_channels(file->png, file->info), row = width * channels;
  if (png_get_rowbytes(file->png, file->info) != row || capacity / row < height) {
    png_error(file->png, "its pixels are of an unknown kind");
  }
  file->rows = malloc(height * sizeof *file->rows);
  if (file->rows == NULL) png_error(file->png, "out of memory");
  for (png_uint_32 y = 0; y < height; y++) file->rows[y] = pixels + y * row;
  png_read_image(file->png, file->rows);
  png_read_end(file->png, NULL);
  if (channels == 1) return 0;
  for (size_t pixel = 0; pixel < (size_t)width * height; pixel++) {
    const uint8_t *from = pixels + channels * pixel;
    if (channels != 3 || from[0] != from[1] || from[0] != from[2]) png_error(file->png, "its pixels are colours, not numbers");
    pixels[pixel] = from[0];
  }
  return 0;
}

int apus_png_numbers(const uint8_t *bytes, size_t count, const apus_picture *picture, uint8_t *pixels, size_t capacity,
                     char message[200]) {
  apus_png file;
  if (picture->kind != APUS_PICTURE_PNG) {
    snprintf(message, 200, "a mask is a PNG file: JPEG changes the numbers of its pixels");
    return -1;
  }
  if (create_reader(&file, bytes, count, count, message) != 0) return -1;
  int status = numbers(&file, pixels, capacity);
  png_destroy_read_struct(&file.png, &file.info, NULL);
  free(file.rows);
  return status;
}

static int encode(apus_png *file, const uint8_t *pixels, uint32_t width, uint32_t height, int channels) {
  if (setjmp(png_jmpbuf(file->png)) != 0) return -1;
  png_set_write_fn(file->png, file, write_bytes, flush);
  png_set_IHDR(file->png, file->info, width, height, 8, channels == 1 ? PNG_COLOR_TYPE_GRAY : PNG_COLOR_TYPE_RGB,
               PNG_INTERLACE_NONE, PNG_COMPRESSION_TYPE_DEFAULT, PNG_FILTER_TYPE_DEFAULT);
  png_write_info(file->png, file->info);
  for (uint32_t y = 0; y < height; y++) png_write_row(file->png, pixels + (size_t)y * width * channels);
  png_write_end(file->png, file->info);
  return 0;
}

int apus_png_encode(const uint8_t *pixels, uint32_t width, uint32_t height, int channels, uint8_t **bytes,
                    size_t *count, char message[200]) {
  apus_png file;
  memset(&file, 0, sizeof file);
  message[0] = 0;
  file.message = message;
  file.png = png_create_write_struct(PNG_LIBPNG_VER_STRING, &file, fail, ignore);
  if (file.png != NULL) file.info = png_create_info_struct(file.png);
  int status = -1;
  if (file.info != NULL) {
    status = encode(&file, pixels, width, height, channels);
  } else {
    snprintf(message, 200, "out of memory");
  }
  png_destroy_write_struct(&file.png, &file.info);
  if (status != 0) {
    free(file.output);
    return status;
  }
  *bytes = file.output;
  *count = file.output_count;
  return 0;
}

void apus_png_free(uint8_t *bytes) { free(bytes); }
