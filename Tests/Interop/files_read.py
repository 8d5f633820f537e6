#!/usr/bin/env python3
"""Lets PyTorch, safetensors and NumPy read what Apus writes, and Apus what they write: bit for bit.

    make interop
    .venv-peers/bin/python Tests/Interop/files_read.py path/to/apus

A dictionary of tensors of every element type goes from each program through `apus convert` to each format and is read
back there by the format's own library.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import safetensors.numpy
import torch

checks = 0


def check(condition: bool, what: str) -> None:
    global checks
    checks += 1
    if not condition:
        sys.exit(f"files_read: {what}")


def tensors() -> dict[str, np.ndarray]:
    random = np.random.default_rng(3)
    bits = random.integers(0, 2**32, 600, dtype=np.uint32)
    return {
        "conv.weight": random.standard_normal((4, 3, 5, 5), dtype=np.float32),
        "anything": bits.view(np.float32),
        "double": random.standard_normal((7, 2)),
        "steps": np.array(2**62 + 1, dtype=np.int64),
        "labels": random.integers(-(2**31), 2**31 - 1, (3, 1, 2)).astype(np.int32),
        "bytes": random.integers(0, 256, 11).astype(np.uint8),
        "mask": random.integers(0, 2, (5, 5)).astype(bool),
        "none": np.zeros((0, 3), dtype=np.float32),
    }


def write(arrays: dict[str, np.ndarray], path: Path) -> None:
    match path.suffix:
        case ".npz": np.savez(path, **arrays)
        case ".safetensors": safetensors.numpy.save_file(arrays, path)
        case _:
            content = {name: torch.from_numpy(array.copy()) for name, array in arrays.items()}
            torch.save(content, path, _use_new_zipfile_serialization=path.suffix == ".pth")


def read(path: Path) -> dict[str, np.ndarray]:
    match path.suffix:
        case ".npz": return dict(np.load(path))
        case ".safetensors": return safetensors.numpy.load_file(path)
        case _: return {name: tensor.numpy() for name, tensor in torch.load(path, weights_only=True).items()}


def main() -> None:
    apus = Path(sys.argv[1]).resolve()
    arrays = tensors()
    with tempfile.TemporaryDirectory() as folder:
        for source in [".npz", ".safetensors", ".pth", ".pt"]:
            start = Path(folder) / f"from{source}"
            write(arrays, start)
            for target in [".npz", ".safetensors", ".pth"]:
                end = Path(folder) / f"to{target}"
                subprocess.run([apus, "convert", start, end], check=True, capture_output=True)
                found = read(end)
                check(found.keys() == arrays.keys(), f"{source} to {target}: the names are {sorted(found)}")
                for name, array in arrays.items():
                    same = found[name].dtype == array.dtype and found[name].shape == array.shape
                    check(same and found[name].tobytes() == array.tobytes(), f"{source} to {target}: {name} differs")
    print(f"files_read: {checks} checks passed (torch {torch.__version__}, numpy {np.__version__})")


main()
