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


def fill(model: nn.Module) -> None:
    """Gives every parameter and running statistic its numbers, in single precision.

    Weights: noise times the root of 3 / fan in. Batch normalisation: factors 0.2 + noise / 20, shifts 1 + noise / 50, or
    -0.55 + noise / 50 where noise < -0.5, variances 1 + noise / 4: so the inputs of its ReLUs are far from 0, where a rounding
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
            values = values * np.float32(0.02) + np.where(values < -0.5, np.float32(-0.55), np.float32(1))
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


@dataclass
class Network:
    """A network: how it is built, and which images it is tried on."""

    build: Callable[[], nn.Module]
    # The network with few classes; nil names and counts it only.
    small: Callable[[], nn.Module] | None = None
    image: tuple[int, int, int] = (3, 64, 64)
    batch: int = 2
    # Whether gradients are kept too.
    trains: bool = True
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


def counted(name: str, **options: Any) -> Network:
    """A network of torchvision whose names are compared only."""
    return Network(lambda: getattr(tv, name)(**options))


NETWORKS: dict[str, Network] = {
    "resnet20": Network(
        lambda: SmallResNet(20, 16, 3, 10), lambda: SmallResNet(20, 8, 1, CLASSES), (1, 28, 28), batch=3),
    "resnet18": torchvision_network("resnet18"),
    "resnet34": torchvision_network("resnet34", (3, 33, 65), trains=False),
    "resnet50": torchvision_network("resnet50", (3, 48, 64)),
    "resnet101": counted("resnet101"),
    "resnet152": counted("resnet152"),
    "vgg11": narrow("vgg11", (3, 32, 40)),
    "vgg13": narrow("vgg13", (3, 32, 32), trains=False),
    "vgg16": narrow("vgg16", (3, 32, 40), trains=False),
    "vgg19": narrow("vgg19", (3, 32, 32), trains=False),
    "vgg11_bn": narrow("vgg11_bn", (3, 40, 64)),
    "vgg13_bn": counted("vgg13_bn"),
    "vgg16_bn": counted("vgg16_bn"),
    "vgg19_bn": counted("vgg19_bn"),
    "alexnet": narrow("alexnet", (3, 95, 127)),
    "googlenet": torchvision_network("googlenet", (3, 64, 48), heads=[0.3, 0.3]),
    "googlenet_plain": counted("googlenet", aux_logits=False),
    "googlenet_original2014": Network(
        GoogLeNet2014, lambda: GoogLeNet2014(CLASSES), (3, 100, 79), heads=[0.3, 0.3]),
    "alexnet_original2012": Network(
        AlexNet2012, lambda: AlexNet2012(CLASSES, (24, 16)), (3, 227, 131)),
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
    fill(model)
    return model.double()


def images_of(name: str, network: Network, number: int) -> torch.Tensor:
    """A batch of images."""
    return torch.from_numpy(noise(f"{name}/input{number}", (network.batch, *network.image))).double()


def trained(model: nn.Module, network: Network, images: torch.Tensor) -> dict[str, torch.Tensor]:
    """What a training step computes: outputs, losses, gradients."""
    images = images.clone().requires_grad_()
    labels = torch.arange(network.batch) * 3 % CLASSES
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
    """Whether roundings of the images switch no unit or maximum: whether gradients change as little as they."""
    before = trained(model, network, images)
    after = trained(model, network, images * (1 + 1e-6 * torch.sin(1e4 * images)))

    def change(role: str) -> float:
        return ((after[role] - before[role]).norm(dim=-1) / (before[role].norm(dim=-1) + 1e-9)).max().item()

    return max(change("gradient_samples"), change("input_gradient")) < 5e-5


def add_values(file: GoldenFile, name: str, network: Network) -> int:
    """Outputs in use, and in training the outputs, losses, gradients and running statistics, for the images of the number
    it gives."""
    model = without_dropout(network)
    number = 0
    if network.trains:
        while not is_stable(model, network, images_of(name, network, number)):
            number += 1
        fill(model)
    images = images_of(name, network, number)
    with torch.no_grad():
        file.store(f"{name}/output", model.eval()(images).float())
    if network.trains:
        for key, tensor in trained(model, network, images).items():
            file.store(f"{name}/{key}", tensor.float())
        states = [tensor.norm() for key, tensor in parameters(model) if "running_" in key]
        if states:
            file.store(f"{name}/states", torch.stack(states).float())
    return number
