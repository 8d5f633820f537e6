#!/usr/bin/env python3
"""Lets Keras and h5py read what Apus writes, and Apus what they write: bit for bit.

    make interop
    .venv-interop/bin/python Tests/Interop/keras_reads.py path/to/apus

A model of Keras goes from each of its files through `apus convert` to safetensors and back to .weights.h5, which another model of
the same form loads: the weights are the same bits, the outputs too. Arrays of every element type go through h5py.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path

os.environ["KERAS_BACKEND"] = "jax"
os.environ["JAX_PLATFORMS"] = "cpu"

import h5py  # noqa: E402
import keras  # noqa: E402
import numpy as np  # noqa: E402

checks = 0


def check(condition: bool, what: str) -> None:
    global checks
    checks += 1
    if not condition:
        sys.exit(f"keras_reads: {what}")


def model(seed: int) -> keras.Model:
    keras.utils.set_random_seed(seed)
    made = keras.Sequential([
        keras.Input((9, 9, 2)), keras.layers.Conv2D(4, 3, activation="relu"), keras.layers.BatchNormalization(),
        keras.layers.DepthwiseConv2D(3), keras.layers.Reshape((5, 20)), keras.layers.LSTM(6, return_sequences=True),
        keras.layers.GRU(5), keras.layers.LayerNormalization(), keras.layers.Dense(3),
    ])
    random = np.random.default_rng(seed)
    made.set_weights([random.uniform(0.1, 1, weight.shape).astype(weight.dtype) for weight in made.get_weights()])
    return made


def convert(apus: str, source: Path, target: Path) -> None:
    subprocess.run([apus, "convert", str(source), str(target)], check=True, capture_output=True)


def weights(apus: str, folder: Path) -> None:
    made = model(1)
    x = np.random.default_rng(2).standard_normal((3, 9, 9, 2), dtype=np.float32)
    for name in ["m.weights.h5", "m.keras"]:
        made.save_weights(folder / name) if name.endswith(".h5") else made.save(folder / name)
        convert(apus, folder / name, folder / "m.safetensors")
        convert(apus, folder / "m.safetensors", folder / "back.weights.h5")
        other = model(5)
        other.load_weights(folder / "back.weights.h5")
        for a, b in zip(made.get_weights(), other.get_weights(), strict=True):
            check(a.tobytes() == b.tobytes(), f"{name}: a weight of shape {a.shape} has other bits")
        check(np.array_equal(made.predict(x, verbose=0), other.predict(x, verbose=0)), f"{name}: other outputs")
    made.save(folder / "old.h5")
    convert(apus, folder / "old.h5", folder / "old.npz")
    with np.load(folder / "old.npz") as found:
        values = {array.tobytes() for array in found.values()}
    check(all(weight.tobytes() in values for weight in made.get_weights()), "old.h5: a weight is missing")


def arrays(apus: str, folder: Path) -> None:
    random = np.random.default_rng(3)
    made = {
        "a/f4": random.standard_normal((4, 3, 5), dtype=np.float32), "a/f8": random.standard_normal((7, 2)),
        "a/b/i4": random.integers(-(2**31), 2**31 - 1, (3, 1, 2)).astype(np.int32),
        "i8": np.array(2**62 + 1, dtype=np.int64), "u1": random.integers(0, 256, 11).astype(np.uint8),
        "mask": random.integers(0, 2, (5, 5)).astype(bool), "none": np.zeros((0, 3), dtype=np.float32),
    } | {f"many/{index}": np.float32([index]) for index in range(300)}
    np.savez(folder / "a.npz", **made)
    convert(apus, folder / "a.npz", folder / "a.h5")
    with h5py.File(folder / "a.h5") as file:
        for name, array in made.items():
            check(file[name].dtype == array.dtype and np.array_equal(file[name][()], array), f"h5py reads another {name}")
    for options in [{}, {"libver": ("v108", "v108")}]:
        with h5py.File(folder / "b.h5", "w", **options) as file:
            for name, array in made.items():
                if not name.startswith("many") or not options:
                    file[name] = array
        convert(apus, folder / "b.h5", folder / "b.npz")
        with np.load(folder / "b.npz") as found:
            for name in found.files:
                check(found[name].dtype == made[name].dtype and np.array_equal(found[name], made[name]), f"another {name}")
            check(len(found.files) == len(made) - (300 if options else 0), "arrays are missing")


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        weights(sys.argv[1], Path(folder))
        arrays(sys.argv[1], Path(folder))
    print(f"keras_reads: {checks} checks")


if __name__ == "__main__":
    main()
