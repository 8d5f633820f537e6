#!/usr/bin/env python3
"""Makes the HDF5 files of these tests: python make_keras_fixtures.py   (needs h5py, numpy; keras with its jax backend)

Every array holds a ramp, ((i * 7) % 23 - 11) / 4 in its type, so that the tests need no second copy of the values.
"""

import os
from pathlib import Path

os.environ["KERAS_BACKEND"] = "jax"

import h5py  # noqa: E402
import keras  # noqa: E402
import numpy as np  # noqa: E402

HERE = Path(__file__).parent


def ramp(shape, dtype):
  count = int(np.prod(shape, dtype=int))
  return ((np.arange(count) * 7 % 23 - 11) / 4).astype(dtype).reshape(shape)


def groups(name, layers, **options):
  with h5py.File(HERE / name, "w", **options) as file:
    file.attrs["keras_version"] = "2.0"
    model = file.create_group("model_weights")
    model.attrs["layer_names"] = np.array([b"dense", b"dense_1"])
    for kind in ["<f4", ">f4", "<f8", "<f2", "<i4", "<i8", "|u1", "<i2"]:
      model.create_dataset(f"types/{kind[1:]}{'be' if kind[0] == '>' else ''}", data=ramp((3, 4), kind))
    for index in range(layers):
      model.create_dataset(f"dense_{index}/kernel:0", data=ramp((2, index + 1), "f4"))
    file["scalar"] = np.float32(2.5)
    file["truth"] = np.array([True, False, True])
    file["empty"] = np.zeros((0, 3), "f4")
    file["text"] = "a note"
    file["alias"] = file["scalar"]
    file.create_dataset("never", (2, 2), "f4")


def model():
  made = keras.Sequential([
    keras.Input((8, 8, 1)), keras.layers.Conv2D(2, 3), keras.layers.BatchNormalization(), keras.layers.Flatten(),
    keras.layers.Dense(3),
  ])
  made.set_weights([ramp(weight.shape, "f4") for weight in made.get_weights()])
  made.save_weights(HERE / "keras.weights.h5")
  made.save(HERE / "keras.keras")
  made.save(HERE / "keras_legacy.h5")


if __name__ == "__main__":
  groups("groups_old.h5", 20)
  # More than eight members would stand in a heap.
  groups("groups_new.h5", 6, libver=("v108", "v108"))
  with h5py.File(HERE / "chunks.h5", "w") as file:
    file.create_dataset("packed", data=ramp((64, 64), "f4"), chunks=(16, 16), compression="gzip")
  with h5py.File(HERE / "cycle.h5", "w") as file:
    file["a/b"] = ramp((2,), "f4")
    file["a/loop"] = file["/"]
  model()
