#!/usr/bin/env python3
"""Makes the folder `pictures`: JPEG and PNG files, and in `pictures.npz` what Pillow 13 reads and resizes them to.

    pip install pillow numpy && python3 make_pictures.py

Pillow brings libjpeg-turbo. Resizing is torchvision's Resize and CenterCrop on Pillow's pictures: the shorter side
becomes `size`, the longer one int(size * longer / shorter), then the middle is cut out.
"""
import os

import numpy as np
from PIL import Image, ImageOps

os.chdir(os.path.join(os.path.dirname(os.path.abspath(__file__)), "pictures"))
random = np.random.default_rng(7)
golden = {}


def picture(width, height, noise=40):
  y, x = np.mgrid[0:height, 0:width]
  planes = [127 + 120 * np.sin(x / 5.0 + y / 9.0), 255.0 * x / width, 255.0 * y / height]
  values = np.stack(planes, axis=-1) + random.normal(0, noise, (height, width, 3))
  return Image.fromarray(np.clip(values, 0, 255).astype(np.uint8))


def planes(image, mode):
  values = np.asarray(image.convert(mode))
  return values[None] if mode == "L" else np.moveaxis(values, -1, 0)


def keep(name):
  image = ImageOps.exif_transpose(Image.open(name))
  golden[name + " 3"] = planes(image, "RGB")
  golden[name + " 1"] = planes(image.convert("RGB"), "L")


def fitted(image, height, width):
  old_width, old_height = image.size
  if old_width * height <= old_height * width:
    size = (width, width * old_height // old_width)
  else:
    size = (height * old_width // old_height, height)
  left, top = round((size[0] - width) / 2.0), round((size[1] - height) / 2.0)
  return image.resize(size, Image.BILINEAR).crop((left, top, left + width, top + height))


photo = picture(45, 33)
photo.save("photo.png")
for name, options in [("baseline.jpg", {"quality": 90}), ("progressive.jpg", {"quality": 80, "progressive": True}),
                      ("full.jpg", {"quality": 95, "subsampling": 0})]:
  photo.save(name, **options)
  keep(name)
photo.convert("L").save("gray.jpg", quality=85)
keep("gray.jpg")
photo.convert("CMYK").save("cmyk.jpg", quality=85)
keep("cmyk.jpg")
for orientation in range(2, 9):
  note = Image.Exif()
  note[0x0112] = orientation
  name = f"turned{orientation}.jpg"
  picture(11, 6).save(name, quality=90, exif=note)
  keep(name)
for height, width in [(20, 20), (16, 28), (64, 64), (33, 33), (33, 45), (7, 50), (1, 1), (40, 9)]:
  golden[f"photo.png {height}x{width} 3"] = planes(fitted(photo, height, width), "RGB")
  golden[f"photo.png {height}x{width} 1"] = planes(fitted(photo.convert("L"), height, width), "L")
large = picture(640, 480, noise=10)
large.save("large.jpg", quality=60)
golden["large.jpg 24x24 3"] = planes(fitted(Image.open("large.jpg").convert("RGB"), 24, 24), "RGB")
np.savez_compressed("pictures.npz", **golden)
