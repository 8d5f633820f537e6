"""Optimizers: ten steps along recorded gradients; and gradient clipping."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch

from .store import GoldenFile, Values

STEPS = 10
SHAPES: dict[str, tuple[int, ...]] = {"p0": (3, 4), "p1": (5,)}
IMPLEMENTATION_OPTIONS = {"foreach", "fused", "capturable", "differentiable", "maximize", "decoupled_weight_decay"}

Maker = Callable[..., torch.optim.Optimizer]
OPTIMIZERS: dict[str, tuple[Maker, dict[str, Any]]] = {
    "sgd": (torch.optim.SGD, {"lr": 0.1}),
    "sgd_momentum": (torch.optim.SGD, {"lr": 0.1, "momentum": 0.9}),
    "sgd_momentum_dampening": (torch.optim.SGD, {"lr": 0.1, "momentum": 0.9, "dampening": 0.1}),
    "sgd_nesterov": (torch.optim.SGD, {"lr": 0.1, "momentum": 0.9, "nesterov": True}),
    "sgd_weight_decay": (torch.optim.SGD, {"lr": 0.1, "weight_decay": 0.01}),
    "sgd_nesterov_weight_decay": (
        torch.optim.SGD, {"lr": 0.05, "momentum": 0.8, "nesterov": True, "weight_decay": 0.01}),
    "adam": (torch.optim.Adam, {}),
    "adam_options": (torch.optim.Adam, {"lr": 0.03, "betas": (0.8, 0.95), "eps": 1e-6, "weight_decay": 0.02}),
    "adam_amsgrad": (torch.optim.Adam, {"lr": 0.03, "betas": (0.8, 0.95), "amsgrad": True}),
    "adamw": (torch.optim.AdamW, {}),
    "adamw_options": (torch.optim.AdamW, {"lr": 0.03, "betas": (0.8, 0.95), "eps": 1e-6, "weight_decay": 0.2}),
    "adamw_amsgrad": (torch.optim.AdamW, {"lr": 0.03, "weight_decay": 0.2, "amsgrad": True}),
    "adagrad": (torch.optim.Adagrad, {}),
    "adagrad_options": (
        torch.optim.Adagrad,
        {"lr": 0.1, "lr_decay": 0.05, "weight_decay": 0.02, "initial_accumulator_value": 0.3, "eps": 1e-6}),
    "rmsprop": (torch.optim.RMSprop, {}),
    "rmsprop_options": (
        torch.optim.RMSprop, {"lr": 0.02, "alpha": 0.9, "eps": 1e-6, "weight_decay": 0.02, "momentum": 0.7}),
    "rmsprop_centered": (torch.optim.RMSprop, {"lr": 0.02, "alpha": 0.9, "centered": True}),
    "rmsprop_centered_momentum": (
        torch.optim.RMSprop, {"lr": 0.02, "alpha": 0.9, "centered": True, "momentum": 0.7}),
    "adadelta": (torch.optim.Adadelta, {}),
    "adadelta_options": (torch.optim.Adadelta, {"lr": 0.7, "rho": 0.8, "eps": 1e-5, "weight_decay": 0.02}),
    "adamax": (torch.optim.Adamax, {}),
    "adamax_options": (torch.optim.Adamax, {"lr": 0.03, "betas": (0.8, 0.95), "eps": 1e-6, "weight_decay": 0.02}),
    "nadam": (torch.optim.NAdam, {}),
    "nadam_options": (
        torch.optim.NAdam,
        {"lr": 0.03, "betas": (0.8, 0.95), "eps": 1e-6, "weight_decay": 0.02, "momentum_decay": 0.01}),
    "radam": (torch.optim.RAdam, {"lr": 0.03, "betas": (0.8, 0.95)}),
}


def build(dtype: torch.dtype) -> GoldenFile:
    """All optimizer and clipping cases in `dtype`."""
    file = GoldenFile(dtype)
    for name, (maker, options) in OPTIMIZERS.items():
        add_optimizer(file, name, maker, options)
    for norm_type, max_norm in ((2.0, 1.5), (1.0, 2.5), (float("inf"), 0.5), (2.0, 1000.0)):
        add_norm_clipping(file, norm_type, max_norm)
    add_value_clipping(file, 0.4)
    return file


def add_optimizer(file: GoldenFile, name: str, maker: Maker, options: dict[str, Any]) -> None:
    """Ten steps of one optimizer on two parameters.

    `<p>` is the start, `gradients.<p>[step]` what step took, `steps.<p>[step]` the parameter after it.
    One element of p1 never gets a gradient.
    """
    values = Values(name)
    parameters = {key: file.tensor(values.normal(*shape)).requires_grad_() for key, shape in SHAPES.items()}
    gradients = {key: file.tensor(values.normal(STEPS, *shape)) for key, shape in SHAPES.items()}
    gradients["p1"][:, 2] = 0
    for key, parameter in parameters.items():
        file.store(f"{name}/{key}", parameter.clone())
        file.store(f"{name}/gradients.{key}", gradients[key])
    optimizer = maker(list(parameters.values()), foreach=False, **options)
    history: dict[str, list[torch.Tensor]] = {key: [] for key in SHAPES}
    for step in range(STEPS):
        for key, parameter in parameters.items():
            parameter.grad = gradients[key][step].clone()
        optimizer.step()
        for key, parameter in parameters.items():
            history[key].append(parameter.detach().clone())
    for key, states in history.items():
        file.store(f"{name}/steps.{key}", torch.stack(states))
    settings = {key: value for key, value in optimizer.defaults.items() if key not in IMPLEMENTATION_OPTIONS}
    file.describe(name, type(optimizer).__name__, settings, parameters=list(SHAPES), steps=STEPS)


def add_norm_clipping(file: GoldenFile, norm_type: float, max_norm: float) -> None:
    """clip_grad_norm_: gradients times min(1, max_norm / (norm + 1e-6)), the norm over all of them together."""
    label = "inf" if norm_type == float("inf") else f"{norm_type:.0f}"
    name = f"clip_norm_{label}_max_{max_norm:g}"
    parameters = gradients_to_clip(file, name)
    total = torch.nn.utils.clip_grad_norm_(parameters.values(), max_norm, norm_type=norm_type)
    file.store(f"{name}/total_norm", total)
    store_clipped(file, name, parameters)
    file.describe(name, "clip_grad_norm", {"max_norm": max_norm, "norm_type": label}, parameters=list(SHAPES))


def add_value_clipping(file: GoldenFile, limit: float) -> None:
    """clip_grad_value_: each element into -limit...limit."""
    name = f"clip_value_{limit:g}"
    parameters = gradients_to_clip(file, name)
    torch.nn.utils.clip_grad_value_(parameters.values(), limit)
    store_clipped(file, name, parameters)
    file.describe(name, "clip_grad_value", {"clip_value": limit}, parameters=list(SHAPES))


def gradients_to_clip(file: GoldenFile, name: str) -> dict[str, torch.Tensor]:
    """Parameters with random gradients, which are stored as `gradients.<p>`."""
    values = Values(name)
    parameters = {key: torch.zeros(shape, dtype=file.dtype, requires_grad=True) for key, shape in SHAPES.items()}
    for key, parameter in parameters.items():
        parameter.grad = file.tensor(values.normal(*SHAPES[key]))
        file.store(f"{name}/gradients.{key}", parameter.grad)
    return parameters


def store_clipped(file: GoldenFile, name: str, parameters: dict[str, torch.Tensor]) -> None:
    """Stores the gradients as they now are, as `clipped.<p>`."""
    for key, parameter in parameters.items():
        file.store(f"{name}/clipped.{key}", parameter.grad)
