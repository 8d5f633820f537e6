"""Famous networks: names, shapes and numbers of parameters, values and gradients.

Needs torchvision beside the packages of scripts/peer-environment:

    .venv-peers/bin/pip install --no-deps torchvision==0.28.0 pillow

Where torchvision has the network, its own is used; the others are written here from their papers. Weights would be too
large to keep, so both sides fill them from one table, see `fill`.
"""

from __future__ import annotations

import importlib
import warnings
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

from .store import GoldenFile

# torchvision's C++ operators need another build of torch; no model uses them, but importing it wants their names.
_operators = torch.library.Library("torchvision", "DEF")
for _name in ("nms", "qnms"):
    _operators.define(f"{_name}(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
import torchvision.models as tv  # noqa: E402

# By its path, because `models.googlenet` is also a function.
tv_googlenet = importlib.import_module("torchvision.models.googlenet")

TABLE_LENGTH = 65521
CLASSES = 7
SAMPLES = 4


def table() -> np.ndarray:
    """Numbers in -1..<1 with 24 bits: x' = 1664525 x + 1013904223 modulo 2^32, from x = 1; the upper 24 bits of each x'."""
    values, x = np.empty(TABLE_LENGTH, np.float32), 1
    for index in range(TABLE_LENGTH):
        x = (1664525 * x + 1013904223) % 2**32
        values[index] = (x >> 8) / 2**23 - 1
    return values


TABLE = table()


def fnv(text: str) -> int:
    """The 32-bit FNV-1a hash of a text."""
    value = 0x811C9DC5
    for byte in text.encode():
        value = ((value ^ byte) * 0x01000193) % 2**32
    return value


def noise(name: str, shape: tuple[int, ...]) -> np.ndarray:
    """The numbers of the table from the place that the hash of the name says, round and round."""
    count = int(np.prod(shape))
    return np.resize(np.roll(TABLE, -(fnv(name) % TABLE_LENGTH)), count).reshape(shape)


def fill(model: nn.Module, low: float = -0.55) -> None:
    """Gives every parameter and running statistic its numbers, in single precision.

    Weights: noise times the root of 3 / fan in. Batch normalisation: factors 0.2 + noise / 20, shifts 1 + noise / 50, or
    low + noise / 50 where noise < -0.5, variances 1 + noise / 4: so the inputs of its ReLUs are far from 0, where a rounding
    would switch a unit, and with it gradients, on or off. All else noise / 8.
    """
    named = parameters(model)
    normalized = {name.removesuffix("running_mean") for name, _ in named if name.endswith("running_mean")}
    for name, tensor in named:
        values = noise(name, tuple(tensor.shape))
        if tensor.dim() > 1:
            values = values * np.float32(np.sqrt(3 / np.prod(tensor.shape[1:])))
        elif name.endswith("running_var"):
            values = values * np.float32(0.25) + np.float32(1)
        elif name.removesuffix("weight") in normalized:
            values = values * np.float32(0.05) + np.float32(0.2)
        elif name.removesuffix("bias") in normalized:
            values = values * np.float32(0.02) + np.where(values < -0.5, np.float32(low), np.float32(1))
        else:
            values = values * np.float32(0.125)
        tensor.data.copy_(torch.from_numpy(np.ascontiguousarray(values)))


def parameters(model: nn.Module) -> list[tuple[str, torch.Tensor]]:
    """Everything a state dict holds but the numbers of batches."""
    return [(name, t) for name, t in model.state_dict(keep_vars=True).items() if not name.endswith("num_batches_tracked")]


class Unit(nn.Module):
    """Convolution, batch normalisation with epsilon 0.001, ReLU."""

    def __init__(self, inputs: int, outputs: int, kernel: int | tuple[int, int] = 1, stride: int = 1, pad: bool = False):
        super().__init__()
        size = (kernel, kernel) if isinstance(kernel, int) else kernel
        padding = (size[0] // 2, size[1] // 2) if pad else 0
        self.conv = nn.Conv2d(inputs, outputs, size, stride=stride, padding=padding, bias=False)
        self.bn = nn.BatchNorm2d(outputs, eps=0.001)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return F.relu(self.bn(self.conv(x)))


class Parts(nn.Module):
    """Named layers side by side, joined along the channels; a layer without parameters may be called anything."""

    def __init__(self, **layers: nn.Module) -> None:
        super().__init__()
        for name, layer in layers.items():
            self.add_module(name, layer)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return torch.cat([layer(x) for layer in self.children()], 1)


def chain(*layers: nn.Module) -> nn.Sequential:
    """Layers one after the other."""
    return nn.Sequential(*layers)


def mean_pool() -> nn.AvgPool2d:
    """The mean of 3x3 pixels, of those that there are."""
    return nn.AvgPool2d(3, stride=1, padding=1, count_include_pad=False)


class AlexNet2012(nn.Module):
    """Krizhevsky, Sutskever, Hinton, 2012."""

    def __init__(self, classes: int = 1000, hidden: tuple[int, ...] = (4096, 4096)) -> None:
        super().__init__()

        def response() -> nn.LocalResponseNorm:
            return nn.LocalResponseNorm(5, alpha=5e-4, beta=0.75, k=2)

        self.features = chain(
            nn.Conv2d(3, 96, 11, stride=4), nn.ReLU(), response(), nn.MaxPool2d(3, 2),
            nn.Conv2d(96, 256, 5, padding=2, groups=2), nn.ReLU(), response(), nn.MaxPool2d(3, 2),
            nn.Conv2d(256, 384, 3, padding=1), nn.ReLU(), nn.Conv2d(384, 384, 3, padding=1, groups=2), nn.ReLU(),
            nn.Conv2d(384, 256, 3, padding=1, groups=2), nn.ReLU(), nn.MaxPool2d(3, 2))
        layers: list[nn.Module] = []
        units = 256 * 36
        for width in hidden:
            layers += [nn.Linear(units, width), nn.ReLU(), nn.Dropout(0.5)]
            units = width
        self.classifier = chain(*layers, nn.Linear(units, classes))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.classifier(F.adaptive_avg_pool2d(self.features(x), 6).flatten(1))


class PlainUnit(nn.Module):
    """Convolution with bias, ReLU."""

    def __init__(self, inputs: int, outputs: int, **options: Any) -> None:
        super().__init__()
        self.conv = nn.Conv2d(inputs, outputs, **options)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return F.relu(self.conv(x))


class GoogLeNet2014(tv.GoogLeNet):
    """The paper's network: 5x5 kernels, biases and local response normalisation instead of batch normalisation."""

    class Module(tv_googlenet.Inception):
        """A module with 5x5 kernels."""

        def __init__(self, *sizes: int, conv_block: Callable[..., nn.Module]) -> None:
            super().__init__(*sizes, conv_block=conv_block)
            self.branch3[1] = conv_block(sizes[4], sizes[5], kernel_size=5, padding=2)

    class Head(tv_googlenet.InceptionAux):
        """A head that averages windows of 5x5."""

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return super().forward(F.avg_pool2d(x, 5, stride=3))

    def __init__(self, classes: int = 1000) -> None:
        def module(*sizes: int) -> nn.Module:
            return self.Module(*sizes, conv_block=PlainUnit)

        def head(inputs: int, classes: int, dropout: float) -> nn.Module:
            return self.Head(inputs, classes, conv_block=PlainUnit, dropout=dropout)

        super().__init__(classes, init_weights=False, blocks=[PlainUnit, module, head])
        self.maxpool1 = chain(self.maxpool1, nn.LocalResponseNorm(5))
        self.maxpool2 = chain(nn.LocalResponseNorm(5), self.maxpool2)
        self.maxpool4 = nn.MaxPool2d(3, stride=2, ceil_mode=True)


class SmallResNet(nn.Module):
    """He, Zhang, Ren, Sun, 2015, section 4.2, with 1x1 convolutions where the number of channels changes."""

    def __init__(self, layers: int, width: int, channels: int, classes: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(channels, width, 3, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(width)
        inputs = width
        for stage in range(3):
            blocks = []
            for block in range((layers - 2) // 6):
                stride = 2 if stage > 0 and block == 0 else 1
                outputs = width << stage
                shortcut = None
                if stride == 2:
                    shortcut = chain(nn.Conv2d(inputs, outputs, 1, stride=2, bias=False), nn.BatchNorm2d(outputs))
                blocks.append(tv.resnet.BasicBlock(inputs, outputs, stride, shortcut))
                inputs = outputs
            self.add_module(f"layer{stage + 1}", chain(*blocks))
        self.fc = nn.Linear(inputs, classes)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        h = F.relu(self.bn1(self.conv1(x)))
        return self.fc(self.layer3(self.layer2(self.layer1(h))).mean((2, 3)))


class InceptionV4(nn.Module):
    """Szegedy, Ioffe, Vanhoucke, Alemi, 2017; figures 3 to 9."""

    def __init__(self, classes: int = 1000) -> None:
        super().__init__()
        self.features = chain(
            Unit(3, 32, 3, 2), Unit(32, 32, 3), Unit(32, 64, 3, pad=True),
            Parts(maxpool=nn.MaxPool2d(3, 2), conv=Unit(64, 96, 3, 2)),
            Parts(
                branch0=chain(Unit(160, 64), Unit(64, 96, 3)),
                branch1=chain(Unit(160, 64), Unit(64, 64, (1, 7), pad=True), Unit(64, 64, (7, 1), pad=True), Unit(64, 96, 3))),
            Parts(conv=Unit(192, 192, 3, 2), maxpool=nn.MaxPool2d(3, 2)),
            *[self.module_a() for _ in range(4)],
            Parts(
                branch0=Unit(384, 384, 3, 2),
                branch1=chain(Unit(384, 192), Unit(192, 224, 3, pad=True), Unit(224, 256, 3, 2)),
                branch2=nn.MaxPool2d(3, 2)),
            *[self.module_b() for _ in range(7)],
            Parts(
                branch0=chain(Unit(1024, 192), Unit(192, 192, 3, 2)),
                branch1=chain(
                    Unit(1024, 256), Unit(256, 256, (1, 7), pad=True), Unit(256, 320, (7, 1), pad=True), Unit(320, 320, 3, 2)),
                branch2=nn.MaxPool2d(3, 2)),
            *[InceptionV4C() for _ in range(3)])
        self.last_linear = nn.Linear(1536, classes)

    @staticmethod
    def module_a() -> nn.Module:
        """For maps of 35x35."""
        return Parts(
            branch0=Unit(384, 96), branch1=chain(Unit(384, 64), Unit(64, 96, 3, pad=True)),
            branch2=chain(Unit(384, 64), Unit(64, 96, 3, pad=True), Unit(96, 96, 3, pad=True)),
            branch3=chain(mean_pool(), Unit(384, 96)))

    @staticmethod
    def module_b() -> nn.Module:
        """For maps of 17x17."""
        return Parts(
            branch0=Unit(1024, 384),
            branch1=chain(Unit(1024, 192), Unit(192, 224, (1, 7), pad=True), Unit(224, 256, (7, 1), pad=True)),
            branch2=chain(
                Unit(1024, 192), Unit(192, 192, (7, 1), pad=True), Unit(192, 224, (1, 7), pad=True),
                Unit(224, 224, (7, 1), pad=True), Unit(224, 256, (1, 7), pad=True)),
            branch3=chain(mean_pool(), Unit(1024, 128)))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.last_linear(self.features(x).mean((2, 3)))


class InceptionV4C(nn.Module):
    """For maps of 8x8."""

    def __init__(self) -> None:
        super().__init__()
        self.branch0 = Unit(1536, 256)
        self.branch1_0 = Unit(1536, 384)
        self.branch1_1a, self.branch1_1b = Unit(384, 256, (1, 3), pad=True), Unit(384, 256, (3, 1), pad=True)
        self.branch2_0, self.branch2_1 = Unit(1536, 384), Unit(384, 448, (3, 1), pad=True)
        self.branch2_2 = Unit(448, 512, (1, 3), pad=True)
        self.branch2_3a, self.branch2_3b = Unit(512, 256, (1, 3), pad=True), Unit(512, 256, (3, 1), pad=True)
        self.branch3 = chain(mean_pool(), Unit(1536, 256))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        one, two = self.branch1_0(x), self.branch2_2(self.branch2_1(self.branch2_0(x)))
        return torch.cat(
            [self.branch0(x), self.branch1_1a(one), self.branch1_1b(one), self.branch2_3a(two), self.branch2_3b(two),
             self.branch3(x)], 1)


class ScaledResidual(nn.Module):
    """Branches, a 1x1 convolution, a factor, the sum with the input."""

    def __init__(self, branches: dict[str, nn.Module], joined: int, channels: int, scale: float, relu: bool = True) -> None:
        super().__init__()
        self.names = list(branches)
        for name, branch in branches.items():
            self.add_module(name, branch)
        self.conv2d = nn.Conv2d(joined, channels, 1)
        self.scale, self.relu = scale, relu

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        h = torch.cat([getattr(self, name)(x) for name in self.names], 1)
        h = x + self.scale * self.conv2d(h)
        return F.relu(h) if self.relu else h


class InceptionResNetV2(nn.Module):
    """Szegedy, Ioffe, Vanhoucke, Alemi, 2017; the modules of the authors' code."""

    def __init__(self, classes: int = 1000) -> None:
        super().__init__()
        self.conv2d_1a, self.conv2d_2a = Unit(3, 32, 3, 2), Unit(32, 32, 3)
        self.conv2d_2b, self.maxpool_3a = Unit(32, 64, 3, pad=True), nn.MaxPool2d(3, 2)
        self.conv2d_3b, self.conv2d_4a, self.maxpool_5a = Unit(64, 80), Unit(80, 192, 3), nn.MaxPool2d(3, 2)
        self.mixed_5b = Parts(
            branch0=Unit(192, 96), branch1=chain(Unit(192, 48), Unit(48, 64, 5, pad=True)),
            branch2=chain(Unit(192, 64), Unit(64, 96, 3, pad=True), Unit(96, 96, 3, pad=True)),
            branch3=chain(mean_pool(), Unit(192, 64)))
        self.repeat = chain(*[self.block35() for _ in range(10)])
        self.mixed_6a = Parts(
            branch0=Unit(320, 384, 3, 2), branch1=chain(Unit(320, 256), Unit(256, 256, 3, pad=True), Unit(256, 384, 3, 2)),
            branch2=nn.MaxPool2d(3, 2))
        self.repeat_1 = chain(*[self.block17() for _ in range(20)])
        self.mixed_7a = Parts(
            branch0=chain(Unit(1088, 256), Unit(256, 384, 3, 2)), branch1=chain(Unit(1088, 256), Unit(256, 288, 3, 2)),
            branch2=chain(Unit(1088, 256), Unit(256, 288, 3, pad=True), Unit(288, 320, 3, 2)), branch3=nn.MaxPool2d(3, 2))
        self.repeat_2 = chain(*[self.block8(0.2) for _ in range(9)])
        self.block8_last = self.block8(1.0, relu=False)
        # Its published name is taken by the function above.
        self._modules["block8"] = self._modules.pop("block8_last")
        self.conv2d_7b = Unit(2080, 1536)
        self.classif = nn.Linear(1536, classes)

    @staticmethod
    def block35() -> nn.Module:
        """For maps of 35x35."""
        return ScaledResidual({
            "branch0": Unit(320, 32), "branch1": chain(Unit(320, 32), Unit(32, 32, 3, pad=True)),
            "branch2": chain(Unit(320, 32), Unit(32, 48, 3, pad=True), Unit(48, 64, 3, pad=True))}, 128, 320, 0.17)

    @staticmethod
    def block17() -> nn.Module:
        """For maps of 17x17."""
        return ScaledResidual({
            "branch0": Unit(1088, 192),
            "branch1": chain(Unit(1088, 128), Unit(128, 160, (1, 7), pad=True), Unit(160, 192, (7, 1), pad=True))},
            384, 1088, 0.1)

    @staticmethod
    def block8(scale: float, relu: bool = True) -> nn.Module:
        """For maps of 8x8."""
        return ScaledResidual({
            "branch0": Unit(2080, 192),
            "branch1": chain(Unit(2080, 192), Unit(192, 224, (1, 3), pad=True), Unit(224, 256, (3, 1), pad=True))},
            448, 2080, scale, relu)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        for name, module in self.named_children():
            if name != "classif":
                x = module(x)
        return self.classif(x.mean((2, 3)))


class UNetStage(nn.Module):
    """Two convolutions; before those of the way up a transposed one, whose maps are joined to others."""

    def __init__(self, inputs: int, outputs: int, normalizes: bool, rises: bool = False) -> None:
        super().__init__()
        self.transposed = nn.ConvTranspose2d(inputs, outputs, 2, stride=2) if rises else None
        for number, channels in enumerate([inputs, outputs], 1):
            self.add_module(f"conv{number}", nn.Conv2d(channels, outputs, 3, padding=1))
            self.add_module(f"norm{number}", nn.BatchNorm2d(outputs) if normalizes else nn.Identity())

    def forward(self, x: torch.Tensor, bridge: torch.Tensor | None = None) -> torch.Tensor:
        if self.transposed is not None:
            x = torch.cat([bridge, self.transposed(x)], 1)
        x = F.relu(self.norm1(self.conv1(x)))
        return F.relu(self.norm2(self.conv2(x)))


class UNet(nn.Module):
    """Ronneberger, Fischer, Brox, 2015, with padded convolutions."""

    def __init__(self, channels: int = 1, classes: int = 2, width: int = 64, normalizes: bool = False) -> None:
        super().__init__()
        widths = [width << level for level in range(5)]
        for level, (inputs, outputs) in enumerate(zip([channels, *widths], widths), 1):
            self.add_module(f"down{level}", UNetStage(inputs, outputs, normalizes))
        for level in range(4, 0, -1):
            self.add_module(f"up{level}", UNetStage(widths[level], widths[level - 1], normalizes, rises=True))
        self.output = nn.Conv2d(width, classes, 1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        bridges = []
        for level in range(1, 6):
            x = self.get_submodule(f"down{level}")(x if level == 1 else F.max_pool2d(x, 2))
            bridges.append(x)
        for level in range(4, 0, -1):
            x = self.get_submodule(f"up{level}")(x, bridges[level - 1])
        return self.output(x)


@dataclass
class Network:
    """A network: how it is built, and which images it is tried on."""

    build: Callable[[], nn.Module]
    # The network with few classes; nil names and counts it only.
    small: Callable[[], nn.Module] | None = None
    image: tuple[int, int, int] = (3, 64, 64)
    batch: int = 2
    # Whether what a training step computes is kept too, and with its gradients.
    trains: bool = True
    gradients: bool = True
    # The shift of the units that are mostly off.
    low: float = -0.55
    # Where the parameters begin behind whose gradients no pool of so many windows lies that some have two nearly equal
    # pixels: the name of a layer. Which of them is the largest is then a matter of rounding.
    decided_from: str = ""
    # The roundings of images that must switch no unit, relative to their pixels.
    rounding: float = 1e-5
    # Weights of the auxiliary losses.
    heads: list[float] = field(default_factory=list)


def torchvision_network(name: str, image: tuple[int, int, int] = (3, 64, 64), **options: Any) -> Network:
    """A network of torchvision."""
    return Network(lambda: getattr(tv, name)(), lambda: getattr(tv, name)(num_classes=CLASSES), image, **options)


def with_hidden(model: nn.Module, hidden: tuple[int, int]) -> nn.Module:
    """A network whose classifier has narrower hidden layers and few classes."""
    widths = iter([*hidden, CLASSES])
    inputs = None
    for position, layer in enumerate(model.classifier):
        if isinstance(layer, nn.Linear):
            width = next(widths)
            model.classifier[position] = nn.Linear(inputs or layer.in_features, width)
            inputs = width
    return model


def narrow(name: str, image: tuple[int, int, int], **options: Any) -> Network:
    """A network of torchvision, tried with 24 and 16 hidden units."""

    def small() -> nn.Module:
        with torch.device("meta"):
            model = with_hidden(getattr(tv, name)(), (24, 16))
        return model.to_empty(device="cpu")

    return Network(lambda: getattr(tv, name)(), small, image, **options)


NETWORKS: dict[str, Network] = {
    "resnet20": Network(
        lambda: SmallResNet(20, 16, 3, 10), lambda: SmallResNet(20, 8, 1, CLASSES), (1, 28, 28), batch=3),
    "resnet18": torchvision_network("resnet18"),
    "resnet34": torchvision_network("resnet34", (3, 33, 65)),
    "resnet50": torchvision_network("resnet50", (3, 48, 64)),
    "resnet101": torchvision_network("resnet101", (3, 48, 64)),
    "resnet152": torchvision_network("resnet152", (3, 64, 48)),
    "vgg11": narrow("vgg11", (3, 32, 40)),
    "vgg13": narrow("vgg13", (3, 32, 32)),
    "vgg16": narrow("vgg16", (3, 32, 40)),
    "vgg19": narrow("vgg19", (3, 32, 32)),
    "vgg11_bn": narrow("vgg11_bn", (3, 40, 64)),
    "vgg13_bn": narrow("vgg13_bn", (3, 64, 40)),
    "vgg16_bn": narrow("vgg16_bn", (3, 40, 64)),
    "vgg19_bn": narrow("vgg19_bn", (3, 64, 40)),
    "alexnet": narrow("alexnet", (3, 95, 127)),
    "googlenet": torchvision_network("googlenet", (3, 64, 48), heads=[0.3, 0.3]),
    "googlenet_plain": Network(
        lambda: tv.googlenet(aux_logits=False), lambda: tv.googlenet(num_classes=CLASSES, aux_logits=False), (3, 48, 64)),
    "googlenet_original2014": Network(
        GoogLeNet2014, lambda: GoogLeNet2014(CLASSES), (3, 100, 79), heads=[0.3, 0.3]),
    "alexnet_original2012": Network(
        AlexNet2012, lambda: AlexNet2012(CLASSES, (24, 16)), (3, 227, 131)),
    # Its head needs large images: among so many units some that are mostly off would always be near 0, so they are always
    # off. Of the 250,000 windows of Mixed_6a's pool some have nearly equal pixels on all images: PyTorch's own gradients in
    # single precision are off by up to 1.5e-3 (norms) and 1.5e-2 (elements), over five images. inception_v3_plain checks the
    # layers before it.
    "inception_v3": torchvision_network(
        "inception_v3", (3, 299, 299), batch=3, low=-1.5, decided_from="Mixed_6a", rounding=1e-6, heads=[0.4]),
    "inception_v3_plain": Network(
        lambda: tv.inception_v3(aux_logits=False), lambda: tv.inception_v3(num_classes=CLASSES, aux_logits=False),
        (3, 107, 123)),
    "inception_v4": Network(InceptionV4, lambda: InceptionV4(CLASSES), (3, 107, 123)),
    "inception_resnet_v2": Network(InceptionResNetV2, lambda: InceptionResNetV2(CLASSES), (3, 123, 107)),
    "unet": Network(UNet, lambda: UNet(3, CLASSES, 4), (3, 32, 16)),
    "unet_batch": Network(lambda: UNet(normalizes=True), lambda: UNet(1, CLASSES, 8, True), (1, 16, 48)),
}


def build(dtype: torch.dtype) -> GoldenFile:
    """Every network; values in double precision from single-precision numbers, kept in single precision."""
    warnings.filterwarnings("ignore", category=FutureWarning)
    file = GoldenFile(dtype)
    for name, network in NETWORKS.items():
        add(file, name, network)
    return file


def add(file: GoldenFile, name: str, network: Network) -> None:
    """One network: what it is called, and what it gives."""
    with torch.device("meta"):
        model = network.build()
    named = parameters(model)
    listing = "".join(f"{key} {list(tensor.shape)}\n" for key, tensor in named)
    options: dict[str, Any] = {
        "count": sum(p.numel() for p in model.parameters()), "names": len(named), "hash": fnv(listing), "runs": False}
    if network.small is not None:
        options |= {
            "runs": True, "image": list(network.image), "batch": network.batch, "trains": network.trains,
            "gradients": network.gradients, "low": network.low,
            "decided_from": network.decided_from,
            "classes": CLASSES, "images": add_values(file, name, network),
        }
    file.describe(name, "network", options)


def without_dropout(network: Network) -> nn.Module:
    """The network with few classes, filled, in double precision."""
    assert network.small is not None
    model = network.small()
    for module in model.modules():
        if isinstance(module, nn.Dropout):
            module.p = 0.0
    fill(model, network.low)
    return model.double()


def images_of(name: str, network: Network, number: int) -> torch.Tensor:
    """A batch of images."""
    return torch.from_numpy(noise(f"{name}/input{number}", (network.batch, *network.image))).double()


def trained(model: nn.Module, network: Network, images: torch.Tensor) -> dict[str, torch.Tensor]:
    """What a training step computes: outputs, losses, gradients."""
    images = images.clone().requires_grad_()
    labels = torch.arange(network.batch) * 3 % CLASSES
    if isinstance(model, UNet):
        labels = torch.arange(images.numel() // images.shape[1]).reshape(images[:, 0].shape) * 3 % CLASSES
    outputs = model.train()(images)
    # torchvision names the later head first.
    main, *heads = [outputs] if isinstance(outputs, torch.Tensor) else [outputs[0], *reversed(outputs[1:])]
    loss = F.cross_entropy(main, labels)
    total = loss + sum(weight * F.cross_entropy(head, labels) for weight, head in zip(network.heads, heads, strict=True))
    model.zero_grad()
    total.backward()
    gradients = [parameter.grad.flatten() for parameter in model.parameters()]
    return {
        "trained_output": main, "loss": loss, "total": total,
        "gradient_norms": torch.stack([gradient.norm() for gradient in gradients]),
        "gradient_samples": torch.stack(
            [gradient[[place * len(gradient) // SAMPLES for place in range(SAMPLES)]] for gradient in gradients]),
        "input_gradient": images.grad.flatten()[::images.numel() // 64],
        **{f"head{i}": head for i, head in enumerate(heads)},
    }


def is_stable(model: nn.Module, network: Network, images: torch.Tensor) -> bool:
    """Whether roundings of the images switch no unit or maximum, so that gradients change about as little as the images."""
    before = trained(model, network, images)
    after = trained(model, network, images * (1 + network.rounding * torch.sin(1e4 * images)))

    def change(role: str) -> float:
        return ((after[role] - before[role]).norm(dim=-1) / (before[role].norm(dim=-1) + 1e-9)).max().item()

    return max(change("gradient_norms"), change("gradient_samples"), change("input_gradient")) < 1e-3


def add_values(file: GoldenFile, name: str, network: Network) -> int:
    """Outputs in use, and in training the outputs, losses, gradients and running statistics, for the images of the number
    it gives."""
    model = without_dropout(network)
    number = 0
    if network.trains and network.gradients:
        while not is_stable(model, network, images_of(name, network, number)):
            number += 1
            if number == 40:
                raise SystemExit(f"{name}: gradients change with the last digits of all images that were tried")
        fill(model, network.low)
    images = images_of(name, network, number)
    with torch.no_grad():
        file.store(f"{name}/output", model.eval()(images).float())
    if network.trains:
        for key, tensor in trained(model, network, images).items():
            if network.gradients or "gradient" not in key:
                file.store(f"{name}/{key}", tensor.float())
        states = [tensor.norm() for key, tensor in parameters(model) if "running_" in key]
        if states:
            file.store(f"{name}/states", torch.stack(states).float())
    return number
