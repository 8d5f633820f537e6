#!/usr/bin/env python3
"""Compares networks with published weights in Apus and in PyTorch.

    make interop
    .venv-peers/bin/python Tests/Interop/pretrained_reads.py path/to/apus

EfficientNet-Lite0 (scripts/get-pretrained) must give PyTorch's logits to 1e-4 for photographs, say what they show, and
give the same in ONNX Runtime once exported; the digit network must be right for at least 98.5 % of MNIST's test digits
where scripts/get-mnist has put them.
"""

from __future__ import annotations

import glob
import gzip
import json
import os
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

import numpy as np
import onnxruntime
import torch
from PIL import Image

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "Tests/Golden"))
from golden.efficientnet import EfficientNetLite0  # noqa: E402

PHOTOGRAPHS = {"chelsea": "Egyptian cat", "coffee": "espresso", "camera": "tripod"}


def photographs(folder: str) -> None:
    """The pictures of the PyPI package scikit-image."""
    command = [sys.executable, "-m", "pip", "download", "--no-deps", "--quiet", "--dest", folder, "scikit-image==0.26.0"]
    subprocess.run(command, check=True)
    with zipfile.ZipFile(glob.glob(f"{folder}/scikit_image*.whl")[0]) as archive:
        for name in PHOTOGRAPHS:
            Path(f"{folder}/{name}.png").write_bytes(archive.read(f"skimage/data/{name}.png"))


def run(apus: str, *arguments: str) -> str:
    return subprocess.run([apus, *arguments], check=True, capture_output=True, text=True).stdout


def efficientnet(apus: str, weights: str, folder: str) -> None:
    photographs(folder)
    images = [f"{folder}/{name}.png" for name in PHOTOGRAPHS]
    report = json.loads(run(apus, "predict", "efficientnet-lite0", "--weights", weights, *images, "--json"))
    for entry, (name, expected) in zip(report["predictions"], PHOTOGRAPHS.items(), strict=True):
        best = entry["top"][0]
        if best["class"] != expected:
            sys.exit(f"pretrained_reads: {name} is taken for {best['class']}, not {expected}")
        print(f"pretrained_reads: {name}: {best['class']} {best['probability']:.3f}")
    pixels = [np.asarray(Image.open(image).convert("RGB").resize((224, 224), Image.Resampling.BILINEAR)) for image in images]
    x = ((np.stack(pixels).astype(np.float32) - 127) / 128).transpose(0, 3, 1, 2)
    np.save(f"{folder}/x.npy", x)
    run(apus, "infer", "efficientnet-lite0", "--weights", weights, "--input", f"{folder}/x.npy", "--output", f"{folder}/y.npy")
    model = EfficientNetLite0()
    model.load_state_dict(torch.load(weights, weights_only=True))
    with torch.inference_mode():
        expected = model.eval()(torch.from_numpy(np.ascontiguousarray(x))).numpy()
    error = np.abs(np.load(f"{folder}/y.npy") - expected).max()
    if not error < 1e-4:
        sys.exit(f"pretrained_reads: logits differ from PyTorch's by {error:.1e}")
    print(f"pretrained_reads: EfficientNet-Lite0 equals PyTorch's logits to {error:.1e}")
    for option in [[], ["--fold-batch-norm"]]:
        run(apus, "export", "efficientnet-lite0", "--weights", weights, "--output", f"{folder}/e.onnx", *option)
        found = onnxruntime.InferenceSession(f"{folder}/e.onnx").run(None, {"input": x})[0]
        error = np.abs(found - expected).max() / np.abs(expected).max()
        if not error < 1e-5:
            sys.exit(f"pretrained_reads: the exported EfficientNet-Lite0 differs in ONNX Runtime by {error:.1e}")
    print(f"pretrained_reads: EfficientNet-Lite0, exported, equals PyTorch in ONNX Runtime to {error:.1e}")


def digits(apus: str, weights: str, folder: str) -> None:
    data = Path(os.environ.get("APUS_DATA", Path.home() / ".cache/apus")) / "mnist"
    if not (data / "t10k-images-idx3-ubyte.gz").exists():
        print("pretrained_reads: the digit network is not judged: scripts/get-mnist was not run")
        return
    images = np.frombuffer(gzip.open(data / "t10k-images-idx3-ubyte.gz").read()[16:], np.uint8).reshape(-1, 1, 28, 28)
    labels = np.frombuffer(gzip.open(data / "t10k-labels-idx1-ubyte.gz").read()[8:], np.uint8)
    np.save(f"{folder}/digits.npy", (images.astype(np.float32) / 255 - 0.1307) / np.float32(0.3081))
    run(apus, "infer", "digit-cnn", "--weights", weights, "--classes", "10", "--input", f"{folder}/digits.npy",
        "--output", f"{folder}/y.npy")
    accuracy = (np.load(f"{folder}/y.npy").argmax(1) == labels).mean()
    if not accuracy >= 0.985:
        sys.exit(f"pretrained_reads: the digit network is right for {accuracy:.4f} of MNIST's test digits")
    print(f"pretrained_reads: the digit network is right for {accuracy:.4f} of MNIST's 10,000 test digits")


def main() -> None:
    apus = str(Path(sys.argv[1]).resolve())
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run([ROOT / "scripts/get-pretrained"], check=True)
        weights = Path.home() / ".cache/apus/pretrained"
        efficientnet(apus, str(weights / "efficientnet-lite0-57934424.pth"), folder)
        digits(apus, str(weights / "handwriting_model.pth"), folder)


main()
