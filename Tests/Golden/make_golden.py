#!/usr/bin/env python3
"""Writes the golden files of Tests/Golden/data: PyTorch's values for Apus's tests to compare with.

    scripts/peer-environment && .venv-peers/bin/python Tests/Golden/make_golden.py

See Tests/Golden/README.md for what the files hold.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import torch

from golden import activations, adversarial, elman, further_activations, further_losses, further_training
from golden import higher_order, layers, losses, networks, normalizations, optimization, optimizers, pictures, recurrent
from golden import resampling, sparse, spatial, tensor_ops, training, translation
from golden.store import GoldenFile, write

DATA = Path(__file__).resolve().parent / "data"
LARGEST_FILE = 300_000
TYPES = {"f32": torch.float32, "f64": torch.float64}


def build_architectures(dtype: torch.dtype) -> GoldenFile:
    """Imported when it is asked for: it alone needs torchvision."""
    from golden import architectures

    return architectures.build(dtype)


def build_efficientnet(dtype: torch.dtype) -> GoldenFile:
    """EfficientNet-Lite0, likewise."""
    from golden import efficientnet

    return efficientnet.build(dtype)


def build_faces(dtype: torch.dtype) -> GoldenFile:
    """Networks that find faces; needs facenet-pytorch too."""
    from golden import pretrained

    return pretrained.build_faces(dtype)


def build_letters(dtype: torch.dtype) -> GoldenFile:
    """Letters to sounds, whose weights are filled as those of architectures are."""
    from golden import pretrained

    return pretrained.build_letters(dtype)


# Subject: how to build it, in which types.
SUBJECTS: dict[str, tuple[Callable[[torch.dtype], GoldenFile], tuple[str, ...]]] = {
    "layers": (layers.build, ("f32", "f64")),
    "convolution": (layers.build_convolution, ("f32", "f64")),
    "pooling": (layers.build_pooling, ("f32", "f64")),
    "resampling": (resampling.build, ("f32", "f64")),
    "further_pooling": (spatial.build_pooling, ("f32", "f64")),
    "spatial": (spatial.build, ("f32", "f64")),
    "activations": (activations.build, ("f32", "f64")),
    "losses": (losses.build, ("f32", "f64")),
    "further_activations": (further_activations.build, ("f32", "f64")),
    "further_losses": (further_losses.build, ("f32", "f64")),
    "normalizations": (normalizations.build, ("f32", "f64")),
    "training": (training.build, ("f32", "f64")),
    "further_training": (further_training.build, ("f32", "f64")),
    "optimizers": (optimizers.build, ("f32", "f64")),
    "optimization": (optimization.build, ("f32", "f64")),
    "sparse": (sparse.build, ("f32", "f64")),
    "schedules": (optimization.build_schedules, ("f64",)),
    "tensor_ops": (tensor_ops.build, ("f32", "f64")),
    "reductions": (tensor_ops.build_reductions, ("f32", "f64")),
    "higher_order": (higher_order.build, ("f32", "f64")),
    "elman": (elman.build, ("f32", "f64")),
    "recurrent": (recurrent.build, ("f32", "f64")),
    "translation": (translation.build, ("f32", "f64")),
    "adversarial": (adversarial.build, ("f32", "f64")),
    "pictures": (pictures.build, ("f64",)),
    "mlp": (networks.build_mlp, ("f32", "f64")),
    "lenet5_parameters": (networks.build_lenet5_parameters, ("f32",)),
    "lenet5_gradients": (networks.build_lenet5_gradients, ("f32",)),
    "lenet5_run": (networks.build_lenet5_run, ("f32", "f64")),
    "architectures": (build_architectures, ("f32",)),
    "efficientnet": (build_efficientnet, ("f32",)),
    "faces": (build_faces, ("f32",)),
    "letters": (build_letters, ("f32",)),
}


def built(subjects: list[str]) -> Iterator[tuple[str, GoldenFile]]:
    """Each file's name and content, one after the other."""
    for subject in subjects:
        build, types = SUBJECTS[subject]
        for suffix in types:
            yield f"{subject}_{suffix}.safetensors", build(TYPES[suffix])


def list_cases(subjects: list[str]) -> None:
    """Prints one line a case."""
    for name, file in built(subjects):
        print(f"{name}: {len(file.cases)} cases, {len(file.tensors)} tensors")
        for case in file.cases:
            print(f"  {case['name']}  {case['operation']} {json.dumps(case['options'])}")


def make(subjects: list[str], *, check: bool) -> int:
    """Writes the files, or only says which differ; gives the exit status."""
    differing = 0
    DATA.mkdir(exist_ok=True)
    for name, file in built(subjects):
        content, path = file.bytes(), DATA / name
        if len(content) > LARGEST_FILE:
            raise SystemExit(f"{name} would have {len(content)} bytes; the limit is {LARGEST_FILE}")
        if check:
            changed = not path.exists() or path.read_bytes() != content
            status = "DIFFERS" if changed else "same"
        else:
            changed = write(path, content)
            status = "written" if changed else "unchanged"
        differing += changed
        print(f"{status:10} {name:32} {len(file.cases):4} cases {len(content):8} bytes")
    return 1 if check and differing else 0


def main() -> int:
    """The command."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("subjects", nargs="*", metavar="SUBJECT", help=f"only these of: {', '.join(SUBJECTS)}")
    parser.add_argument("--list", action="store_true", help="print every case, write nothing")
    parser.add_argument("--check", action="store_true", help="say which files differ from what would be written")
    arguments = parser.parse_args()
    unknown = [subject for subject in arguments.subjects if subject not in SUBJECTS]
    if unknown:
        parser.error(f"no subject called {unknown[0]}; there are: {', '.join(SUBJECTS)}")
    # One thread and plain algorithms: the order of additions, and so the bits, do not depend on the machine's load.
    torch.set_num_threads(1)
    torch.use_deterministic_algorithms(True)
    subjects = arguments.subjects or list(SUBJECTS)
    if arguments.list:
        list_cases(subjects)
        return 0
    return make(subjects, check=arguments.check)


if __name__ == "__main__":
    sys.exit(main())
