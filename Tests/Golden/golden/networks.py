"""Whole networks: LeNet-5 and a small MLP, their gradients, and ten steps of training on one batch."""

from __future__ import annotations

import math
from collections.abc import Callable

import torch
import torch.nn.functional as F

from .store import GoldenFile, Values

STEPS = 10
TRAININGS: dict[str, Callable[..., torch.optim.Optimizer]] = {
    "momentum": lambda parameters: torch.optim.SGD(parameters, lr=0.05, momentum=0.9, foreach=False),
    "adam": lambda parameters: torch.optim.Adam(parameters, lr=1e-3, foreach=False),
}
TRAINING_OPTIONS = {
    "momentum": {"optimizer": "SGD", "lr": 0.05, "momentum": 0.9},
    "adam": {"optimizer": "Adam", "lr": 1e-3, "betas": [0.9, 0.999], "eps": 1e-8},
}


class LeNet5(torch.nn.Module):
    """LeNet-5 as Apus has it: 1x28x28 images padded by 2, ReLU, max pooling, 61,706 parameters."""

    def __init__(self) -> None:
        super().__init__()
        self.conv1 = torch.nn.Conv2d(1, 6, 5, padding=2)
        self.conv2 = torch.nn.Conv2d(6, 16, 5)
        self.dense1 = torch.nn.Linear(400, 120)
        self.dense2 = torch.nn.Linear(120, 84)
        self.dense3 = torch.nn.Linear(84, 10)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Logits [N, 10] of images [N, 1, 28, 28]."""
        h = F.max_pool2d(F.relu(self.conv1(x)), 2)
        h = F.max_pool2d(F.relu(self.conv2(h)), 2).flatten(1)
        return self.dense3(F.relu(self.dense2(F.relu(self.dense1(h)))))


class MLP(torch.nn.Module):
    """12-7-5-3 with ReLU."""

    def __init__(self) -> None:
        super().__init__()
        self.dense1 = torch.nn.Linear(12, 7)
        self.dense2 = torch.nn.Linear(7, 5)
        self.dense3 = torch.nn.Linear(5, 3)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Logits [N, 3] of rows [N, 12]."""
        return self.dense3(F.relu(self.dense2(F.relu(self.dense1(x)))))


def set_parameters(model: torch.nn.Module, file: GoldenFile, name: str) -> None:
    """Fixed values, uniform in +-1/sqrt(fan in)."""
    values = Values(name)
    for parameter in model.parameters():
        if parameter.dim() > 1:
            bound = 1 / math.sqrt(math.prod(parameter.shape[1:]))
        parameter.data = file.tensor(values.uniform(*parameter.shape, low=-bound, high=bound))


def lenet5(dtype: torch.dtype) -> tuple[LeNet5, GoldenFile, torch.Tensor, torch.Tensor]:
    """The network with its fixed parameters, an empty file, and the batch."""
    file, values = GoldenFile(dtype), Values("lenet5/batch")
    model = LeNet5()
    set_parameters(model, file, "lenet5")
    images = file.tensor(values.uniform(4, 1, 28, 28))
    return model, file, images, torch.tensor([7, 0, 3, 9])


def build_lenet5_parameters(dtype: torch.dtype) -> GoldenFile:
    """The start: parameters under their plain names, so that a model loads this file as it is."""
    model, file, _, _ = lenet5(dtype)
    for key, parameter in model.named_parameters():
        file.store(key, parameter)
    file.describe("lenet5_parameters", "lenet5", parameters=[key for key, _ in model.named_parameters()])
    return file


def build_lenet5_gradients(dtype: torch.dtype) -> GoldenFile:
    """Gradients of the mean cross-entropy of the batch (see lenet5_run), under the parameters' plain names."""
    model, file, images, labels = lenet5(dtype)
    F.cross_entropy(model(images), labels).backward()
    for key, parameter in model.named_parameters():
        file.store(key, parameter.grad)
    file.describe("lenet5_gradients", "lenet5", parameters=[key for key, _ in model.named_parameters()])
    return file


def build_lenet5_run(dtype: torch.dtype) -> GoldenFile:
    """The batch, its logits and loss, the small gradients, and two trainings from the same start."""
    model, file, images, labels = lenet5(dtype)
    add_forward(file, "lenet5", model, images, labels,
                gradients=[key for key, p in model.named_parameters() if p.numel() < 300])
    for name in TRAININGS:
        model, _, _, _ = lenet5(dtype)
        add_training(file, f"lenet5_{name}", "lenet5", name, model, images, labels, ["conv1.weight", "dense3.bias"])
    return file


def build_mlp(dtype: torch.dtype) -> GoldenFile:
    """Everything of the small MLP: parameters, batch, logits, loss, all gradients, two trainings."""
    file, values = GoldenFile(dtype), Values("mlp/batch")
    inputs, labels = file.tensor(values.normal(6, 12)), torch.tensor([0, 2, 1, 2, 0, 2])
    model = MLP()
    set_parameters(model, file, "mlp")
    names = [key for key, _ in model.named_parameters()]
    for key, parameter in model.named_parameters():
        file.store(f"mlp/{key}", parameter)
    add_forward(file, "mlp", model, inputs, labels, gradients=names)
    for name in TRAININGS:
        model = MLP()
        set_parameters(model, file, "mlp")
        add_training(file, f"mlp_{name}", "mlp", name, model, inputs, labels, names)
    return file


def add_forward(
    file: GoldenFile, name: str, model: torch.nn.Module, inputs: torch.Tensor, labels: torch.Tensor,
    gradients: list[str],
) -> None:
    """Logits, mean cross-entropy, and the gradients named."""
    logits = model(inputs)
    loss = F.cross_entropy(logits, labels)
    loss.backward()
    for key, tensor in {"input": inputs, "target": labels, "logits": logits, "loss": loss}.items():
        file.store(f"{name}/{key}", tensor)
    for key in gradients:
        file.store(f"{name}/grad.{key}", model.get_parameter(key).grad)
    file.describe(name, name, {"loss": "cross_entropy", "reduction": "mean"},
                  parameters=[key for key, _ in model.named_parameters()], gradients=gradients)


def add_training(
    file: GoldenFile, name: str, model_name: str, training: str, model: torch.nn.Module, inputs: torch.Tensor,
    labels: torch.Tensor, kept: list[str],
) -> None:
    """Ten steps on the batch of the case `model_name`: `losses[step]` before each step, `final.<p>` at the end."""
    optimizer = TRAININGS[training](model.parameters())
    losses = []
    for _ in range(STEPS):
        optimizer.zero_grad()
        loss = F.cross_entropy(model(inputs), labels)
        loss.backward()
        optimizer.step()
        losses.append(loss.detach())
    file.store(f"{name}/losses", torch.stack(losses))
    for key in kept:
        file.store(f"{name}/final.{key}", model.get_parameter(key))
    file.describe(name, model_name, TRAINING_OPTIONS[training], steps=STEPS, batch=model_name, final=kept)
