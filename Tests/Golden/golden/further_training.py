"""Ten steps of a small convolutional network: normalisations and losses with other settings than the usual ones."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
import torch.nn.functional as F
from torch import nn

from .store import GoldenFile, Values

CHANNELS, MAPS, SIDE, OUTPUTS, BATCH = 2, 4, 5, 3, 6
RATE, MOMENTUM = 0.004, 0.8
CLASS_WEIGHTS = [0.5, 1.0, 2.0]
Loss = Callable[[torch.Tensor, torch.Tensor], torch.Tensor]


class Function(nn.Module):
    """A function of tensors as a module."""

    def __init__(self, function: Callable[[torch.Tensor], torch.Tensor]) -> None:
        super().__init__()
        self.function = function

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.function(x)


NORMS: dict[str, Callable[[], nn.Module]] = {
    "none": nn.Identity,
    "batch": lambda: nn.BatchNorm2d(MAPS, eps=1e-2, momentum=0.3),
    "batch_plain": lambda: nn.BatchNorm2d(MAPS, eps=1e-3, momentum=0.05, affine=False),
    "layer": lambda: nn.LayerNorm([MAPS, 3, 3], eps=1e-2),
    "group": lambda: nn.GroupNorm(2, MAPS, eps=1e-2),
    "instance": lambda: nn.InstanceNorm2d(MAPS, eps=1e-2, affine=True),
    "local": lambda: nn.LocalResponseNorm(3, alpha=0.9, beta=0.6, k=2.0),
    # The paper and the notes multiply the sum by alpha, PyTorch the mean.
    "local_alexnet": lambda: nn.LocalResponseNorm(3, alpha=0.9 * 3, beta=0.6, k=2.0),
}
ACTIVATIONS: dict[str, Callable[[], nn.Module]] = {
    "relu": nn.ReLU, "arctan": lambda: Function(torch.arctan), "prelu": lambda: nn.PReLU(MAPS, 0.1),
    "scaled_tanh": lambda: Function(lambda x: 1.7159 * torch.tanh(x * (2.0 / 3))),
    "hard_threshold": lambda: Function(lambda x: (x.detach() >= 0.25).to(x.dtype)),
}


def weights(x: torch.Tensor) -> torch.Tensor:
    """Weights of the classes."""
    return torch.tensor(CLASS_WEIGHTS, dtype=x.dtype)


def signed(target: torch.Tensor) -> torch.Tensor:
    """Classes 0 and 1 as -1 and 1."""
    return 2 * target - 1


CLASS_LOSSES: dict[str, Loss] = {
    "cross_entropy": lambda x, t: F.cross_entropy(
        x, t, weights(x), ignore_index=1, label_smoothing=0.2, reduction="sum"),
    "nll": lambda x, t: F.nll_loss(F.log_softmax(x, 1), t, weights(x)),
    "multi_margin": lambda x, t: F.multi_margin_loss(x, t, p=2, margin=0.7, weight=weights(x), reduction="sum"),
}
BINARY_LOSSES: dict[str, Loss] = {
    "bce": lambda x, t: F.binary_cross_entropy(torch.sigmoid(x), t),
    "bce_logits": lambda x, t: F.binary_cross_entropy_with_logits(
        x, t, weight=weights(x), pos_weight=weights(x).flip(0), reduction="sum"),
    "hinge": lambda x, t: torch.clamp(1 - signed(t) * x, min=0).mean(),
    "squared_hinge": lambda x, t: (torch.clamp(1 - signed(t) * x, min=0) ** 2).mean(),
}
REAL_LOSSES: dict[str, Loss] = {
    "mse": lambda x, t: F.mse_loss(x, t, reduction="sum"), "l1": lambda x, t: F.l1_loss(x, t, reduction="sum"),
    "huber": lambda x, t: F.huber_loss(x, t, delta=0.4, reduction="sum"),
    "smooth_l1": lambda x, t: F.smooth_l1_loss(x, t, beta=0.2, reduction="sum"),
    "gaussian_nll": lambda x, t: F.gaussian_nll_loss(
        x[:, :1], t[:, :1], F.softplus(x[:, 1:2]), full=True, eps=1e-3),
    "kl_div": lambda x, t: F.kl_div(F.log_softmax(x, 1), F.softmax(t, 1), reduction="batchmean"),
}


def build(dtype: torch.dtype) -> GoldenFile:
    """All cases in `dtype`."""
    file = GoldenFile(dtype)
    for name in NORMS:
        add(file, f"norm {name}", norm=name)
    for name in ACTIVATIONS:
        add(file, f"activation {name}", activation=name)
    for name in (*CLASS_LOSSES, *BINARY_LOSSES, *REAL_LOSSES):
        add(file, f"loss {name}", loss=name)
    return file


def targets(file: GoldenFile, values: Values, loss: str) -> torch.Tensor:
    """Targets as the loss takes them."""
    if loss in CLASS_LOSSES:
        return file.tensor(values.integers(BATCH, high=OUTPUTS))
    if loss in BINARY_LOSSES:
        return file.tensor(values.integers(BATCH, OUTPUTS, high=2).astype(float))
    return file.tensor(values.normal(BATCH, OUTPUTS))


def add(file: GoldenFile, name: str, norm: str = "none", activation: str = "relu", loss: str = "nll") -> None:
    """One case: start parameters, data, the loss before each of ten steps of momentum, parameters after them."""
    values = Values(name)
    network = nn.Sequential()
    parts: dict[str, nn.Module] = {
        "conv": nn.Conv2d(CHANNELS, MAPS, 3), "norm": NORMS[norm](), "act": ACTIVATIONS[activation](),
        "flatten": nn.Flatten(), "dense": nn.Linear(MAPS * 9, OUTPUTS),
    }
    for key, part in parts.items():
        network.add_module(key, part)
    network.to(file.dtype)
    with torch.no_grad():
        for key, parameter in network.named_parameters():
            low, high = (0.5, 1.2) if key == "norm.weight" else (-0.4, 0.5)
            parameter.copy_(file.tensor(values.uniform(*parameter.shape, low=low, high=high)))
    input = file.tensor(values.normal(BATCH, CHANNELS, SIDE, SIDE))
    target = targets(file, values, loss)
    criterion = {**CLASS_LOSSES, **BINARY_LOSSES, **REAL_LOSSES}[loss]
    start = [key for key, _ in network.named_parameters()]
    stored: dict[str, Any] = {"input": input, "target": target, **dict(network.named_parameters())}
    for key, tensor in stored.items():
        file.store(f"{name}/{key}", tensor.clone())
    optimizer = torch.optim.SGD(network.parameters(), lr=RATE, momentum=MOMENTUM, dampening=0.1, weight_decay=0.01)
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
    file.describe(name, "ten_steps", {"norm": norm, "activation": activation, "loss": loss}, parameters=start)
