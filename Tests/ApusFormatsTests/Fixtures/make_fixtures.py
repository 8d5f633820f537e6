#!/usr/bin/env python3
"""Makes the files in this folder: python3 make_fixtures.py (numpy 2; safetensors from PyPI).

The values follow simple rules that the tests repeat, so that no second copy of them is kept.
"""
import gzip, os, struct, numpy as np
from safetensors.numpy import save_file

os.chdir(os.path.dirname(os.path.abspath(__file__)))
ramp = np.arange(6).reshape(2, 3)

for code in ["f2", "f4", "f8", "i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8"]:
  np.save(f"ramp_{code}.npy", ramp.astype("<" + code))
for code in ["f2", "f4", "f8", "i2", "i4", "i8", "u4"]:
  np.save(f"ramp_big_{code}.npy", ramp.astype(">" + code))
np.save("ramp_b1.npy", ramp % 2 == 1)
np.save("fortran.npy", np.asfortranarray(np.arange(24, dtype="<f4").reshape(2, 3, 4)))
np.save("fortran_u1.npy", np.asfortranarray(np.arange(24, dtype="u1").reshape(2, 3, 4)))
np.save("scalar.npy", np.float64(2.5))
np.save("vector.npy", np.arange(5, dtype="<f4"))
np.save("empty.npy", np.zeros((0, 4), "<f4"))
for version in [(2, 0), (3, 0)]:
  with open(f"version{version[0]}.npy", "wb") as file:
    np.lib.format.write_array(file, ramp.astype("<f4"), version=version)
half = np.array([0, -0.0, 1, -2, 65504, 6.1e-5, 5.96e-8, 1 / 3, np.inf, -np.inf], "<f2")
np.save("halves.npy", half)
np.save("halves_f4.npy", half.astype("<f4"))
np.save("too_large_u8.npy", np.array([2**63], "<u8"))
np.save("complex.npy", np.zeros(2, "<c8"))
np.save("text.npy", np.array(["a"]))
np.save("records.npy", np.zeros(2, [("a", "<f4")]))

arrays = {"x": ramp.astype("<f4"), "labels": np.arange(3, dtype="<i8"), "mask": ramp % 2 == 1}
np.savez("stored.npz", **arrays)
np.savez_compressed("deflated.npz", **arrays)

tensors = {
  "weight": ramp.astype("<f4"), "bias": np.arange(3, dtype="<f8"), "steps": np.array(7, "<i8"),
  "labels": np.arange(3, dtype="<i4"), "bytes": np.arange(5, dtype="u1"), "mask": ramp % 2 == 1,
  "empty": np.zeros((0, 2), "<f4"),
}
save_file(tensors, "python.safetensors", {"made by": 'Python "safetensors" \n é'})
save_file(
  {"half": half, "small": np.array([-128, 127], "i1"), "short": np.array([-32768, 32767], "<i2"),
   "unsigned": np.array([0, 2**32 - 1], "<u4")}, "narrow.safetensors")
header = b'{"brain":{"dtype":"BF16","shape":[3],"data_offsets":[0,6]}}'
header += b" " * (-len(header) % 8)
values = np.array([1, -2.5, 3e38], "<f4").view("<u4") >> 16
with open("brain.safetensors", "wb") as file:
  file.write(struct.pack("<Q", len(header)) + header + values.astype("<u2").tobytes())

def idx(array, code):
  return bytes([0, 0, code, array.ndim]) + b"".join(struct.pack(">I", n) for n in array.shape) + array.tobytes()
for code, kind in {8: "u1", 9: "i1", 11: ">i2", 12: ">i4", 13: ">f4", 14: ">f8"}.items():
  with open(f"ramp_{code}.idx", "wb") as file: file.write(idx(ramp.astype(kind), code))
with open("ramp_8.idx.gz", "wb") as file: file.write(gzip.compress(idx(ramp.astype("u1"), 8), mtime=0))
whole = idx(ramp.astype(">f4"), 13)
with open("members_13.idx.gz", "wb") as file:
  file.write(gzip.compress(whole[:9], mtime=0) + gzip.compress(whole[9:], mtime=0))
