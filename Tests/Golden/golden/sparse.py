"""Embeddings trained row by row (`sparse=True`): ten steps with numbers that repeat, come late or never come."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch

from .store import GoldenFile, Values

STEPS = 10
COUNT, WIDTH = 9, 5
RULES: dict[str, tuple[Callable[..., torch.optim.Optimizer], dict[str, Any]]] = {
    "sgd": (torch.optim.SGD, {"lr": 0.3}),
    "adagrad": (torch.optim.Adagrad, {"lr": 0.1}),
    "adagrad_options": (
        torch.optim.Adagrad, {"lr": 0.2, "lr_decay": 0.05, "initial_accumulator_value": 0.3, "eps": 1e-6}),
    "sparse_adam": (torch.optim.SparseAdam, {}),
    "sparse_adam_options": (torch.optim.SparseAdam, {"lr": 0.05, "betas": (0.8, 0.95), "eps": 1e-4}),
}
# Which numbers may occur in each step: 8 never does, 7 does in two steps, 6 from the fourth step on.
ALLOWED = [[0, 1, 2, 3]] * 2 + [[1, 4, 7]] + [[0, 2, 5, 6]] * 4 + [[3, 7], [0, 6], [1, 2, 3, 4, 5, 6]]


def build(dtype: torch.dtype) -> GoldenFile:
    """Every rule."""
    file = GoldenFile(dtype)
    for name, (make, options) in RULES.items():
        add(file, name, make, options)
    return file


def add(file: GoldenFile, name: str, make: Callable[..., torch.optim.Optimizer], options: dict[str, Any]) -> None:
    """The loss of a step is the sum of sin(row) * factors over two lookups, the second of one number."""
    values = Values(f"sparse/{name}")
    embedding = torch.nn.Embedding(COUNT, WIDTH, sparse=True, dtype=file.dtype)
    embedding.weight.data = file.tensor(values.normal(COUNT, WIDTH))
    numbers = torch.stack(
        [torch.tensor(allowed)[torch.from_numpy(values.integers(3, 4, high=len(allowed)))] for allowed in ALLOWED])
    factors = file.tensor(values.normal(STEPS, 3, 4, WIDTH))
    file.store(f"{name}/table", embedding.weight)
    file.store(f"{name}/numbers", numbers)
    file.store(f"{name}/factors", factors)
    optimizer = make(embedding.parameters(), **options)
    losses, steps = [], []
    for step in range(STEPS):
        optimizer.zero_grad()
        loss = (torch.sin(embedding(numbers[step])) * factors[step]).sum() + embedding(numbers[step, 0, 0]).square().sum()
        loss.backward()
        optimizer.step()
        losses.append(loss.detach().clone())
        steps.append(embedding.weight.detach().clone())
    file.store(f"{name}/losses", torch.stack(losses))
    file.store(f"{name}/steps", torch.stack(steps))
    kept = {"lr", "lr_decay", "initial_accumulator_value", "eps", "betas"}
    settings = {key: value for key, value in optimizer.defaults.items() if key in kept}
    file.describe(name, type(optimizer).__name__, settings, steps=STEPS)
