"""Ten steps of a small network with each activation, loss and normalisation: parts that agree alone must agree together."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import nn

from .store import GoldenFile, Values

INPUTS, HIDDEN, OUTPUTS, BATCH = 4, 6, 3, 8
RATE, MOMENTUM = 0.05, 0.9

ACTIVATIONS: dict[str, Callable[[], nn.Module]] = {
    "identity": nn.Identity, "relu": nn.ReLU, "sigmoid": nn.Sigmoid, "tanh": nn.Tanh,
    "leaky-relu:0.2": lambda: nn.LeakyReLU(0.2), "elu:0.7": lambda: nn.ELU(0.7), "selu": nn.SELU,
    "celu:0.75": lambda: nn.CELU(0.75), "softplus:2": lambda: nn.Softplus(2.0), "gelu": nn.GELU,
    "gelu-tanh": lambda: nn.GELU("tanh"), "silu": nn.SiLU, "mish": nn.Mish,
    "hard-tanh:-0.6,1.3": lambda: nn.Hardtanh(-0.6, 1.3), "relu6": nn.ReLU6, "hard-sigmoid": nn.Hardsigmoid,
    "hard-swish": nn.Hardswish, "soft-sign": nn.Softsign, "log-sigmoid": nn.LogSigmoid, "tanh-shrink": nn.Tanhshrink,
    "soft-shrink:0.3": lambda: nn.Softshrink(0.3), "hard-shrink:0.3": lambda: nn.Hardshrink(0.3),
    "softmax": lambda: nn.Softmax(-1), "log-softmax": lambda: nn.LogSoftmax(-1), "softmin": lambda: nn.Softmin(-1),
    "prelu:0.3": lambda: nn.PReLU(1, 0.3),
}
NORMALIZATIONS: dict[str, Callable[[], nn.Module]] = {
    "none": nn.Identity, "batch": lambda: nn.BatchNorm1d(HIDDEN), "layer": lambda: nn.LayerNorm(HIDDEN),
    "group:2": lambda: nn.GroupNorm(2, HIDDEN),
}
CLASS_WEIGHTS = [0.5, 1.0, 2.0]
LOSSES: dict[str, Callable[[], nn.Module]] = {
    "cross-entropy": nn.CrossEntropyLoss,
    "cross-entropy-smoothing": lambda: nn.CrossEntropyLoss(torch.tensor(CLASS_WEIGHTS), label_smoothing=0.1),
    "multi-margin": nn.MultiMarginLoss, "binary-cross-entropy": lambda: nn.BCEWithLogitsLoss(pos_weight=torch.tensor(2.5)),
    "squared-error": nn.MSELoss, "absolute-error": nn.L1Loss, "huber": lambda: nn.HuberLoss(delta=0.7),
    "smooth-l1": lambda: nn.SmoothL1Loss(beta=0.7),
}
BINARY, CLASSES = ("binary-cross-entropy",), ("cross-entropy", "cross-entropy-smoothing", "multi-margin")


def build(dtype: torch.dtype) -> GoldenFile:
    """All ten-step cases in `dtype`."""
    file = GoldenFile(dtype)
    for name in ACTIVATIONS:
        add(file, f"activation {name}", activation=name)
    for name in NORMALIZATIONS:
        add(file, f"normalization {name}", normalization=name, activation="relu")
    for name in LOSSES:
        add(file, f"loss {name}", loss=name)
    return file


def add(
    file: GoldenFile, name: str, activation: str = "tanh", normalization: str = "none", loss: str = "cross-entropy"
) -> None:
    """One case: start parameters, data, the loss before each of ten steps of momentum, parameters after them."""
    values = Values(name)
    parts = {"dense1": nn.Linear(INPUTS, HIDDEN)}
    if normalization != "none":
        parts["norm1"] = NORMALIZATIONS[normalization]()
    parts["prelu1" if activation.startswith("prelu") else "activation1"] = ACTIVATIONS[activation]()
    parts["dense2"] = nn.Linear(HIDDEN, OUTPUTS)
    network = nn.Sequential()
    for key, part in parts.items():
        network.add_module(key, part)
    network.to(file.dtype)
    with torch.no_grad():
        for key, parameter in network.named_parameters():
            if not key.startswith("prelu"):
                low = 0.5 if key == "norm1.weight" else -0.8
                parameter.copy_(file.tensor(values.uniform(*parameter.shape, low=low, high=1.2)))
    input = file.tensor(values.normal(BATCH, INPUTS))
    if loss in CLASSES:
        target = file.tensor(values.integers(BATCH, high=OUTPUTS))
    elif loss in BINARY:
        target = file.tensor(values.integers(BATCH, OUTPUTS, high=2).astype(float))
    else:
        target = file.tensor(values.normal(BATCH, OUTPUTS))
    criterion = LOSSES[loss]().to(file.dtype)
    start = [key for key, _ in network.named_parameters()]
    for key, tensor in {"input": input, "target": target, **dict(network.named_parameters())}.items():
        file.store(f"{name}/{key}", tensor.clone())
    optimizer = torch.optim.SGD(network.parameters(), lr=RATE, momentum=MOMENTUM)
    losses = []
    for _ in range(10):
        optimizer.zero_grad()
        value = criterion(network(input), target)
        losses.append(value.detach())
        value.backward()
        optimizer.step()
    file.store(f"{name}/losses", torch.stack(losses))
    for key, tensor in network.state_dict().items():
        if not key.endswith("num_batches_tracked"):
            file.store(f"{name}/final.{key}", tensor)
    file.describe(name, "ten_steps", {"activation": activation, "normalization": normalization, "loss": loss,
                                      "lr": RATE, "momentum": MOMENTUM}, parameters=start)
