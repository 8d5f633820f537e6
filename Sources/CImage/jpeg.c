// SPDX-License-Identifier: Apache-2.0
#include "picture.h"

#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jpeglib.h>

#include <jerror.h>

// Pictures of more scans than this are made to keep a decoder busy.
#define MAX_SCANS 200
// Bytes that a progressive picture's coefficients may take.
#define MAX_MEMORY (512l << 20)

// One reading of a file. It lives outside the function that calls setjmp, so that its members keep their values after a
// longjmp.
typedef struct {
  struct jpeg_decompress_struct info;
  struct jpeg_error_mgr errors;
  struct jpeg_progress_mgr progress;
  jmp_buf escape;
  char *message;
  uint8_t *row;
} apus_jpeg;

static void fail(j_common_ptr info) {
  apus_jpeg *file = info->client_data;
  char text[JMSG_LENGTH_MAX];
  info->err->format_message(info, text);
  snprintf(file->message, 200, "%.180s", text);
  longjmp(file->escape, 1);
}

static void fail_with(apus_jpeg *file, const char *text) {
  snprintf(file->message, 200, "%s", text);
  longjmp(file->escape, 1);
}

// Damaged data is a failure, although the library would go on with gray; only remarks that leave the picture whole pass.
static void note(j_common_ptr info, int level) {
  if (level >= 0) return;
  switch (info->err->msg_code) {
    case JWRN_EXTRANEOUS_DATA:
    case JWRN_ADOBE_XFORM:
    case JWRN_JFIF_MAJOR:
    case JWRN_BOGUS_PROGRESSION:
      return;
    case JWRN_JPEG_EOF:
    case JWRN_HIT_MARKER:
      fail_with(info->client_data, "the file is cut short or damaged");
      return;
    default:
      fail(info);
  }
}

static void ignore(j_common_ptr info) { (void)info; }

static void count_scans(j_common_ptr info) {
  if (((j_decompress_ptr)info)->input_scan_number > MAX_SCANS) fail_with(info->client_data, "it has too many scans");
}

static unsigned number(const uint8_t *bytes, int length, int is_little) {
  unsigned value = 0;
  for (int i = 0; i < length; i++) value = value << 8 | bytes[is_little ? length - 1 - i : i];
  return value;
}

// The orientation in an EXIF segment, 1 to 8; 1 where there is none or it is damaged.
static int orientation_in(const uint8_t *bytes, size_t count) {
  if (count < 14 || memcmp(bytes, "Exif\0\0", 6) != 0) return 1;
  bytes += 6;
  count -= 6;
  int is_little = bytes[0] == 'I';
  if (memcmp(bytes, is_little ? "II*\0" : "MM\0*", 4) != 0) return 1;
  size_t at = number(bytes + 4, 4, is_little);
  if (at + 2 > count) return 1;
  unsigned entries = number(bytes + at, 2, is_little);
  at += 2;
  for (unsigned entry = 0; entry < entries && at + 12 <= count; entry++, at += 12) {
    if (number(bytes + at, 2, is_little) != 0x0112) continue;
    unsigned value = number(bytes + at + 8, 2, is_little);
    return value >= 1 && value <= 8 ? (int)value : 1;
  }
  return 1;
}

static int orientation_of(j_decompress_ptr info) {
  for (jpeg_saved_marker_ptr marker = info->marker_list; marker != NULL; marker = marker->next) {
    if (marker->marker != JPEG_APP0 + 1) continue;
    int found = orientation_in(marker->data, marker->data_length);
    if (found != 1) return found;
  }
  return 1;
}

// Reads the head; does not return when it is wrong.
static void open_input(apus_jpeg *file, const uint8_t *bytes, size_t count, size_t file_count) {
  jpeg_create_decompress(&file->info);
  file->info.client_data = file;
  file->info.progress = &file->progress;
  file->info.mem->max_memory_to_use = MAX_MEMORY;
  jpeg_mem_src(&file->info, bytes, count);
  jpeg_save_markers(&file->info, JPEG_APP0 + 1, 0xffff);
  jpeg_read_header(&file->info, TRUE);
  uint64_t pixels = (uint64_t)file->info.image_width * file->info.image_height;
  if (file->info.image_width > APUS_IMAGE_MAX_SIDE || file->info.image_height > APUS_IMAGE_MAX_SIDE ||
      pixels > APUS_IMAGE_MAX_PIXELS) {
    fail_with(file, "it has too many pixels");
  }
  // Each block of 8 x 8 pixels takes at least one bit.
  if (pixels / 512 > file_count) fail_with(file, "its size cannot fit in the file");
}

static void prepare(apus_jpeg *file, char *message) {
  memset(file, 0, sizeof *file);
  message[0] = 0;
  file->message = message;
  file->info.err = jpeg_std_error(&file->errors);
  file->info.client_data = file;
  file->errors.error_exit = fail;
  file->errors.emit_message = note;
  file->errors.output_message = ignore;
  file->progress.progress_monitor = count_scans;
}

static int look(apus_jpeg *file, const uint8_t *bytes, size_t count, size_t file_count, apus_picture *picture) {
  if (setjmp(file->escape) != 0) return -1;
  open_input(file, bytes, count, file_count);
  picture->is_gray = file->info.num_components == 1;
  picture->orientation = orientation_of(&file->info);
  picture->bytes_per_pixel = 3;
  int is_turned = picture->orientation >= 5;
  picture->width = is_turned ? file->info.image_height : file->info.image_width;
  picture->height = is_turned ? file->info.image_width : file->info.image_height;
  return 0;
}

int apus_jpeg_look(const uint8_t *bytes, size_t count, size_t file_count, apus_picture *picture, char message[200]) {
  apus_jpeg file;
  prepare(&file, message);
  int status = look(&file, bytes, count, file_count, picture);
  jpeg_destroy_decompress(&file.info);
  return status;
}

// Where the pixels of a row go in a turned picture: the first one, and the way from one to the next.
typedef struct {
  ptrdiff_t start, step;
} apus_way;

static apus_way way_of_row(int orientation, ptrdiff_t y, ptrdiff_t width, ptrdiff_t height) {
  ptrdiff_t x_last = width - 1, y_last = height - 1;
  switch (orientation) {
    case 2: return (apus_way){y * width + x_last, -1};
    case 3: return (apus_way){(y_last - y) * width + x_last, -1};
    case 4: return (apus_way){(y_last - y) * width, 1};
    case 5: return (apus_way){y, height};
    case 6: return (apus_way){y_last - y, height};
    case 7: return (apus_way){x_last * height + y_last - y, -height};
    case 8: return (apus_way){x_last * height + y, -height};
    default: return (apus_way){y * width, 1};
  }
}

// Adobe's programs store inks inverted.
static void ink_to_light(uint8_t *pixel, const uint8_t *ink, int is_inverted) {
  unsigned black = is_inverted ? ink[3] : 255u - ink[3];
  for (int channel = 0; channel < 3; channel++) {
    unsigned light = is_inverted ? ink[channel] : 255u - ink[channel];
    pixel[channel] = (uint8_t)((light * black + 127) / 255);
  }
}

static int decode(apus_jpeg *file, const uint8_t *bytes, size_t count, const apus_picture *picture, int reduction,
                  uint8_t *rgb, size_t capacity) {
  if (setjmp(file->escape) != 0) return -1;
  open_input(file, bytes, count, count);
  int has_inks = file->info.num_components == 4;
  file->info.out_color_space = has_inks ? JCS_CMYK : JCS_RGB;
  file->info.scale_num = 1;
  file->info.scale_denom = (unsigned)reduction;
  file->info.dct_method = JDCT_ISLOW;
  jpeg_start_decompress(&file->info);
  ptrdiff_t width = file->info.output_width, height = file->info.output_height;
  if (capacity / 3 / (size_t)width < (size_t)height || file->info.output_components != (has_inks ? 4 : 3)) {
    fail_with(file, "its pixels are of an unknown kind");
  }
  file->row = malloc((size_t)width * 4);
  if (file->row == NULL) fail_with(file, "out of memory");
  while (file->info.output_scanline < file->info.output_height) {
    apus_way way = way_of_row(picture->orientation, file->info.output_scanline, width, height);
    jpeg_read_scanlines(&file->info, &file->row, 1);
    for (ptrdiff_t x = 0; x < width; x++) {
      uint8_t *pixel = rgb + 3 * (way.start + x * way.step);
      if (has_inks) {
        ink_to_light(pixel, file->row + 4 * x, file->info.saw_Adobe_marker);
      } else {
        memcpy(pixel, file->row + 3 * x, 3);
      }
    }
  }
  return 0;
}

int apus_jpeg_decode(const uint8_t *bytes, size_t count, const apus_picture *picture, int reduction, uint8_t *rgb,
                     size_t capacity, char message[200]) {
  apus_jpeg file;
  prepare(&file, message);
  int status = decode(&file, bytes, count, picture, reduction, rgb, capacity);
  jpeg_destroy_decompress(&file.info);
  free(file.row);
  return status;
}
