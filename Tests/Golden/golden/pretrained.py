"""Networks with published weights: those that find faces, and letters to sounds.

Needs torchvision and facenet-pytorch beside the packages of scripts/peer-environment:

    .venv-peers/bin/pip install --no-deps torchvision==0.28.0 pillow facenet-pytorch==2.6.0

Faces are found by the package's own code. Weights are filled from a table, see architectures.py.
"""

from __future__ import annotations

import importlib
import importlib.util
import sys
import types
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn

from .architectures import fill, fnv, noise, parameters
from .store import GoldenFile

THRESHOLDS = [0.55, 0.5, 0.45]
SMALLEST = 14
WORDS = ["apus", "zebra", "qwxyz", "a", "unfathomableness"]
# A word's padding, an unknown letter, its end, then a to z.
WORD_END = 2
SOUNDS, START, END, MOST = 74, 2, 3, 32


def facenet(folder: Path | None = None) -> types.ModuleType:
    """The module `mtcnn` of the package facenet-pytorch, installed or unpacked in a folder, without what it imports for other
    purposes. Overlapping boxes are dropped in Python, which torchvision does in C++ with the same rule."""
    if folder is None:
        spec = importlib.util.find_spec("facenet_pytorch")
        assert spec is not None and spec.origin is not None, "facenet-pytorch is not installed"
        folder = Path(spec.origin).parent
    package = types.ModuleType("facenet_pytorch")
    package.__path__ = [str(folder)]
    sys.modules["facenet_pytorch"] = package
    module = importlib.import_module("facenet_pytorch.models.mtcnn")
    importlib.import_module("facenet_pytorch.models.utils.detect_face").batched_nms = kept_boxes
    return module


def kept_boxes(boxes: torch.Tensor, scores: torch.Tensor, groups: torch.Tensor, limit: float) -> torch.Tensor:
    """Places of the boxes that share at most `limit` of the union with a better one, best first; for one group."""
    assert len(groups.unique()) <= 1
    kept: list[int] = []
    for place in torch.argsort(scores, descending=True, stable=True).tolist():
        box, others = boxes[place], boxes[kept]
        sides = (torch.minimum(box[2:4], others[:, 2:4]) - torch.maximum(box[:2], others[:, :2])).clamp(min=0)
        shared = sides.prod(1)
        areas = (others[:, 2:4] - others[:, :2]).prod(1) + (box[2:4] - box[:2]).prod()
        if bool((shared / (areas - shared) <= limit).all()):
            kept.append(place)
    return torch.tensor(kept, dtype=torch.long)


def listing(model: nn.Module) -> dict[str, Any]:
    """Names, shapes and numbers of the parameters."""
    named = parameters(model)
    text = "".join(f"{key} {list(tensor.shape)}\n" for key, tensor in named)
    return {"count": sum(t.numel() for _, t in named), "names": len(named), "hash": fnv(text)}


def build_faces(dtype: torch.dtype) -> GoldenFile:
    """Each network by itself, and all three on a picture."""
    file, package = GoldenFile(dtype), facenet()
    networks = []
    for name, kind, size in [("pnet", "PNet", (17, 26)), ("rnet", "RNet", (24, 24)), ("onet", "ONet", (48, 48))]:
        model = getattr(package, kind)(pretrained=False)
        fill(model)
        model = model.double().eval()
        networks.append(model)
        images = torch.from_numpy(noise(f"{name}/input", (2, 3, *size))).double()
        with torch.no_grad():
            boxes, *landmarks, classes = model(images)
        file.describe(name, "network", {**listing(model), "image": list(size)})
        for role, tensor in [("boxes", boxes), ("classes", classes), *(("landmarks", part) for part in landmarks)]:
            file.store(f"{name}/{role}", tensor.float())
    height, width = 56, 48
    picture = ((noise("faces/picture", (height // 4, width // 4, 3)) + 1) * 128).astype(np.uint8)
    picture = picture.repeat(4, 0).repeat(4, 1)
    with torch.no_grad():
        found, points = package.detect_face(picture, SMALLEST, *networks, THRESHOLDS, 0.709, "cpu")
    boxes, points = found[0].astype(np.float64), points[0].astype(np.float64)
    order = np.argsort(-(boxes[:, 2] - boxes[:, 0]) * (boxes[:, 3] - boxes[:, 1]), kind="stable")
    file.describe("cascade", "cascade", {"smallest": SMALLEST, "thresholds": THRESHOLDS})
    file.store("cascade/picture", torch.from_numpy(np.ascontiguousarray(picture.transpose(2, 0, 1))))
    file.store("cascade/boxes", torch.from_numpy(boxes[order]).float())
    file.store("cascade/points", torch.from_numpy(points[order]).float())
    return file


class Speller(nn.Module):
    """Two GRU layers, from letters to sounds."""

    def __init__(self, units: int, embedding: int) -> None:
        super().__init__()
        self.letters, self.sounds = nn.Embedding(29, embedding), nn.Embedding(SOUNDS, embedding)
        self.encoder = nn.GRU(embedding, units, batch_first=True)
        self.decoder = nn.GRU(embedding, units, batch_first=True)
        self.output = nn.Linear(units, SOUNDS)

    def named(self) -> list[tuple[str, torch.Tensor]]:
        """The parameters under the names of the published archive."""
        def part(prefix: str, embedding: nn.Embedding, layer: nn.GRU) -> list[tuple[str, torch.Tensor]]:
            return [(f"{prefix}_emb", embedding.weight), (f"{prefix}_w_ih", layer.weight_ih_l0),
                    (f"{prefix}_w_hh", layer.weight_hh_l0), (f"{prefix}_b_ih", layer.bias_ih_l0),
                    (f"{prefix}_b_hh", layer.bias_hh_l0)]
        return [*part("enc", self.letters, self.encoder), *part("dec", self.sounds, self.decoder),
                ("fc_w", self.output.weight), ("fc_b", self.output.bias)]


def build_letters(dtype: torch.dtype) -> GoldenFile:
    """Logits of given sounds, and the sounds that follow greedily."""
    file, model = GoldenFile(dtype), Speller(24, 12)
    with torch.no_grad():
        for name, tensor in model.named():
            values = noise(name, tuple(tensor.shape))
            # Strong weights, so that what comes next depends on what came before.
            tensor.copy_(torch.from_numpy(values * np.float32(2 if name.endswith("emb") else 0.75)))
        # Some words end.
        model.output.bias[END] += 1.5
        model = model.double()
        for word in WORDS:
            numbers = [ord(letter) - ord("a") + 3 for letter in word] + [WORD_END]
            _, state = model.encoder(model.letters(torch.tensor([numbers])))
            given, after, found = START, state, []
            for _ in range(MOST):
                output, after = model.decoder(model.sounds(torch.tensor([[given]])), after)
                logits = model.output(output)[0, 0]
                logits[START] = -np.inf
                given = int(logits.argmax())
                if given == END:
                    break
                found.append(given)
            outputs, _ = model.decoder(model.sounds(torch.tensor([[START, *found]])), state)
            file.describe(word, "word", {"hasEnded": given == END})
            file.store(f"{word}/sounds", torch.tensor(found, dtype=torch.int64))
            file.store(f"{word}/logits", model.output(outputs)[0].float())
    return file
