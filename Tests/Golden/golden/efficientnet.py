"""EfficientNet-Lite0: names, shapes and numbers of parameters, values; see architectures.py."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import nn

from .architectures import CLASSES, Network, add
from .store import GoldenFile

STAGES = [(1, 3, 1, 1, 16), (2, 3, 2, 6, 24), (2, 5, 2, 6, 40), (3, 3, 2, 6, 80), (3, 5, 1, 6, 112), (4, 5, 2, 6, 192),
          (1, 3, 1, 6, 320)]


class SameConv(nn.Conv2d):
    """Padded as TensorFlow pads: the odd pixel below and to the right."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        pads = []
        for extent, kernel, stride in zip(x.shape[:1:-1], self.kernel_size[::-1], self.stride[::-1], strict=True):
            total = max((-(-extent // stride) - 1) * stride + kernel - extent, 0)
            pads += [total // 2, total - total // 2]
        return super().forward(F.pad(x, pads))


def norm(channels: int) -> nn.Module:
    return nn.BatchNorm2d(channels, eps=1e-3, momentum=0.01)


class Block(nn.Module):
    def __init__(self, inputs: int, outputs: int, kernel: int, stride: int, factor: int) -> None:
        super().__init__()
        width = inputs * factor
        if factor != 1:
            self._expand_conv, self._bn0 = SameConv(inputs, width, 1, bias=False), norm(width)
        self._depthwise_conv = SameConv(width, width, kernel, stride, groups=width, bias=False)
        self._bn1 = norm(width)
        self._project_conv, self._bn2 = SameConv(width, outputs, 1, bias=False), norm(outputs)
        self.adds = stride == 1 and inputs == outputs

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        h = F.relu6(self._bn0(self._expand_conv(x))) if hasattr(self, "_expand_conv") else x
        h = self._bn2(self._project_conv(F.relu6(self._bn1(self._depthwise_conv(h)))))
        return h + x if self.adds else h


class EfficientNetLite0(nn.Module):
    """Tan, Le, 2019; the layers and names of the published weights."""

    def __init__(self, classes: int = 1000) -> None:
        super().__init__()
        self._conv_stem, self._bn0 = SameConv(3, 32, 3, 2, bias=False), norm(32)
        blocks, inputs = [], 32
        for count, kernel, stride, factor, outputs in STAGES:
            for position in range(count):
                blocks.append(Block(inputs, outputs, kernel, stride if position == 0 else 1, factor))
                inputs = outputs
        self._blocks = nn.ModuleList(blocks)
        self._conv_head, self._bn1 = SameConv(inputs, 1280, 1, bias=False), norm(1280)
        self._fc = nn.Linear(1280, classes)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        h = F.relu6(self._bn0(self._conv_stem(x)))
        for block in self._blocks:
            h = block(h)
        return self._fc(F.relu6(self._bn1(self._conv_head(h))).mean((2, 3)))


def build(dtype: torch.dtype) -> GoldenFile:
    file = GoldenFile(dtype)
    add(file, "efficientnet_lite0", Network(
        EfficientNetLite0, lambda: EfficientNetLite0(CLASSES), (3, 65, 96), trains=False, gradients=False))
    return file
