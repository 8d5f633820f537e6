#!/usr/bin/env python3
"""Compares networks with published weights in Apus and in PyTorch.

    make interop
    .venv-peers/bin/python Tests/Interop/pretrained_reads.py path/to/apus

EfficientNet-Lite0 (scripts/get-pretrained) must give PyTorch's logits to 1e-4 for photographs, say what they show, and
give the same in ONNX Runtime once exported; the digit network must be right for at least 98.5 % of MNIST's test digits
where scripts/get-mnist has put them; the networks for faces must find what the package facenet-pytorch finds, and letters
to sounds give the phonemes that the package g2p-en gives, both by the packages' own code.
"""

from __future__ import annotations

import gzip
import importlib
import json
import os
import subprocess
import sys
import tempfile
import types
import zipfile
from pathlib import Path

import numpy as np
import onnxruntime
import torch
from PIL import Image

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "Tests/Golden"))
from golden.efficientnet import EfficientNetLite0  # noqa: E402
from golden.pretrained import facenet  # noqa: E402

PHOTOGRAPHS = {"chelsea": "Egyptian cat", "coffee": "espresso", "camera": "tripod"}


# Words that no dictionary has, common ones, and some of one letter or many.
WORDS = """activationist apus backpropagation unknowable spider photographer rhythm knight queue xylophone zzz a b thorough
    enough colonel mississippi neural perceptron recurrent gradient descent momentum softmax convolution pooling epoch
    overfitting regularization dropout batch layer kernel stride padding tensor matrix eigenvalue jacobian hessian fourier
    laplace gauss newton euler turing hopfield boltzmann hinton lecun schmidhuber elman jordan vanishing exploding blorptious
    snarfblat wibbleton quixotry flumph grobnar zyxwv aeiou bcdfg ngoc tsvetkov przybylski llewellyn nguyen""".split()


def package(folder: str, requirement: str) -> zipfile.ZipFile:
    """The wheel of a PyPI package."""
    target = Path(folder) / requirement
    command = [sys.executable, "-m", "pip", "download", "--no-deps", "--quiet", "--dest", str(target), requirement]
    subprocess.run(command, check=True)
    return zipfile.ZipFile(next(target.glob("*.whl")))


def photographs(folder: str) -> None:
    """The pictures of the PyPI package scikit-image."""
    with package(folder, "scikit-image==0.26.0") as archive:
        for name in [*PHOTOGRAPHS, "astronaut"]:
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


def faces(apus: str, weights: Path, folder: str) -> None:
    """The faces of the photographs, of a sheet of copies in several sizes, and of a turned and a blurred one."""
    whole = Image.open(f"{folder}/astronaut.png").convert("RGB")
    sheet = Image.new("RGB", (640, 480), (90, 120, 150))
    for size, place in [(256, (0, 0)), (120, (300, 30)), (180, (420, 200)), (90, (60, 330))]:
        sheet.paste(whole.resize((size, size), Image.Resampling.BILINEAR), place)
    sheet.save(f"{folder}/sheet.png")
    whole.rotate(12).resize((300, 220)).save(f"{folder}/turned.png")
    images = [f"{folder}/{name}.png" for name in ["astronaut", "sheet", "turned", "coffee", "chelsea"]]
    with package(folder, "facenet-pytorch==2.6.0") as archive:
        archive.extractall(folder)
    mtcnn = facenet(Path(folder) / "facenet_pytorch")
    detector = mtcnn.MTCNN(keep_all=True, device="cpu")
    report = json.loads(run(apus, "faces", "--weights", str(weights), *images, "--json"))
    worst, found = 0.0, 0
    for image, entry in zip(images, report["pictures"], strict=True):
        boxes, probabilities, points = detector.detect(Image.open(image).convert("RGB"), landmarks=True)
        count = 0 if boxes is None else len(boxes)
        if len(entry["faces"]) != count:
            sys.exit(f"pretrained_reads: {image}: {len(entry['faces'])} faces, facenet-pytorch finds {count}")
        for face, box, probability, landmarks in zip(entry["faces"], boxes if count else [], probabilities, points if count else []):
            errors = [np.abs(np.array(face["box"]) - box.astype(float)).max(),
                      np.abs(np.array(face["landmarks"]) - landmarks.astype(float)).max(),
                      100 * abs(face["probability"] - float(probability))]
            worst = max(worst, *errors)
        found += count
    if found < 5 or not worst < 0.05:
        sys.exit(f"pretrained_reads: {found} faces are up to {worst:.1e} pixels from those of facenet-pytorch")
    print(f"pretrained_reads: {found} faces in {len(images)} pictures are those of facenet-pytorch to {worst:.1e} pixels")


def words(apus: str, weights: str, folder: str) -> None:
    """Phonemes beside those that the package's own code gives, without its dictionary."""
    with package(folder, "g2p-en==2.1.0") as archive:
        archive.extractall(folder)
    for name in ["nltk", "nltk.corpus", "nltk.tokenize", "nltk.data", "inflect"]:
        sys.modules[name] = types.ModuleType(name)
    nltk = sys.modules["nltk"]
    nltk.pos_tag, nltk.data = None, types.SimpleNamespace(find=lambda name: name)
    sys.modules["nltk.corpus"].cmudict = types.SimpleNamespace(dict=dict)
    sys.modules["nltk.tokenize"].TweetTokenizer = lambda: types.SimpleNamespace(tokenize=str.split)
    sys.modules["inflect"].engine = lambda: None
    sys.path.insert(0, folder)
    speller = importlib.import_module("g2p_en.g2p").G2p()
    report = json.loads(run(apus, "translate", "letters-to-sounds", "--weights", weights, *WORDS, "--json"))
    for word, entry in zip(WORDS, report["translations"], strict=True):
        expected = speller.predict(word)
        # The package ends every word after 20 sounds.
        if entry["target"][:20] != expected:
            sys.exit(f"pretrained_reads: {word} is {' '.join(entry['target'])}, g2p-en says {' '.join(expected)}")
    print(f"pretrained_reads: {len(WORDS)} words are pronounced as by g2p-en")


def main() -> None:
    apus = str(Path(sys.argv[1]).resolve())
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run([ROOT / "scripts/get-pretrained"], check=True)
        weights = Path.home() / ".cache/apus/pretrained"
        efficientnet(apus, str(weights / "efficientnet-lite0-57934424.pth"), folder)
        digits(apus, str(weights / "handwriting_model.pth"), folder)
        faces(apus, weights, folder)
        words(apus, str(weights / "checkpoint20.npz"), folder)


main()
