#!/usr/bin/env python3
"""Makes the pictures in this folder, with no library: python3 make_fixtures.py.

Every picture has 3 columns and 2 rows; the tests repeat the values.
"""
import os, struct, zlib

os.chdir(os.path.dirname(os.path.abspath(__file__)))

def chunk(kind, data):
  return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

def png(name, depth, colour, rows, extra=b"", interlaced=False):
  head = struct.pack(">IIBBBBB", 3, 2, depth, colour, 0, 0, int(interlaced))
  data = b"".join(b"\0" + bytes(row) for row in rows)
  with open(name + ".png", "wb") as file:
    file.write(b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + extra + chunk(b"IDAT", zlib.compress(data, 9))
               + chunk(b"IEND", b""))

gamma = chunk(b"gAMA", struct.pack(">I", 100000))
png("gray8", 8, 0, [[0, 10, 20], [100, 200, 255]], gamma)
png("gray16", 16, 0, [[0, 0, 10, 10, 20, 20], [100, 100, 200, 200, 255, 255]])
png("gray1", 1, 0, [[0b01000000], [0b10100000]])
png("rgb8", 8, 2, [[255, 0, 0, 0, 255, 0, 0, 0, 255], [1, 2, 3, 4, 5, 6, 250, 251, 252]])
png("rgba8", 8, 6, [[255, 0, 0, 255, 0, 255, 0, 0, 0, 0, 255, 128], [0, 0, 0, 0, 0, 0, 0, 255, 9, 9, 9, 51]])
png("graya8", 8, 4, [[0, 0, 0, 255, 100, 128], [255, 0, 255, 255, 40, 51]])
png("palette", 8, 3, [[0, 1, 2], [2, 1, 0]], chunk(b"PLTE", bytes([255, 0, 0, 0, 255, 0, 0, 0, 255]))
    + chunk(b"tRNS", bytes([255, 0])))
# Adam7: of 3 x 2 pixels, passes 1, 4, 6 and 7 hold something.
png("interlaced", 8, 0, [[0], [20], [10], [100, 200, 255]], interlaced=True)
