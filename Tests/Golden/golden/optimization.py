"""More optimizer settings, parameter groups, averages of weights; and learning-rate schedules point by point."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch.optim import lr_scheduler
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from .optimizers import IMPLEMENTATION_OPTIONS, SHAPES, STEPS, Maker
from .store import GoldenFile, Values

OPTIMIZERS: dict[str, tuple[Maker, dict[str, Any]]] = {
    "sgd_all": (torch.optim.SGD, {"lr": 0.07, "momentum": 0.6, "dampening": 0.3, "weight_decay": 0.03}),
    "adam_all": (
        torch.optim.Adam,
        {"lr": 0.02, "betas": (0.7, 0.9), "eps": 1e-4, "weight_decay": 0.05, "amsgrad": True}),
    "adamw_all": (
        torch.optim.AdamW,
        {"lr": 0.02, "betas": (0.7, 0.9), "eps": 1e-4, "weight_decay": 0.3, "amsgrad": True}),
    "rmsprop_all": (
        torch.optim.RMSprop,
        {"lr": 0.03, "alpha": 0.8, "eps": 1e-3, "weight_decay": 0.1, "momentum": 0.5, "centered": True}),
    "nadam_decoupled": (
        torch.optim.NAdam,
        {"lr": 0.03, "betas": (0.8, 0.95), "eps": 1e-6, "weight_decay": 0.2, "momentum_decay": 0.02,
         "decoupled_weight_decay": True}),
    "radam_options": (torch.optim.RAdam, {"lr": 0.02, "betas": (0.7, 0.9), "eps": 1e-4, "weight_decay": 0.1}),
    "radam_decoupled": (
        torch.optim.RAdam,
        {"lr": 0.02, "betas": (0.7, 0.9), "eps": 1e-4, "weight_decay": 0.1, "decoupled_weight_decay": True}),
}

# Settings of the second parameter's group; the first follows the defaults.
GROUPS: dict[str, tuple[Maker, dict[str, Any], dict[str, Any]]] = {
    "groups_sgd": (
        torch.optim.SGD, {"lr": 0.1, "momentum": 0.9, "weight_decay": 0.05}, {"lr": 0.025, "weight_decay": 0.0}),
    "groups_adam": (torch.optim.Adam, {"lr": 0.03, "weight_decay": 0.02}, {"lr": 0.06, "weight_decay": 0.3}),
    "groups_adamw": (torch.optim.AdamW, {"lr": 0.03, "weight_decay": 0.2}, {"lr": 0.003, "weight_decay": 0.0}),
}

POINTS = 64
BASE = 0.4
Schedule = Callable[[torch.optim.Optimizer], lr_scheduler.LRScheduler]
SCHEDULES: dict[str, tuple[Schedule, dict[str, Any]]] = {
    "constant": (lambda o: lr_scheduler.LambdaLR(o, lambda _: 1.0), {}),
    "step": (lambda o: lr_scheduler.StepLR(o, 7, 0.6), {"step_size": 7, "gamma": 0.6}),
    "multi_step": (
        lambda o: lr_scheduler.MultiStepLR(o, [5, 20, 21, 50], 0.3), {"milestones": [5, 20, 21, 50], "gamma": 0.3}),
    "exponential": (lambda o: lr_scheduler.ExponentialLR(o, 0.93), {"gamma": 0.93}),
    "robbins_monro": (lambda o: lr_scheduler.LambdaLR(o, lambda t: 1 / (t + 1)), {"decay": 1.0, "power": 1.0}),
    "inverse_time": (
        lambda o: lr_scheduler.LambdaLR(o, lambda t: 1 / (1 + 0.3 * t) ** 0.75), {"decay": 0.3, "power": 0.75}),
    "polynomial": (lambda o: lr_scheduler.PolynomialLR(o, 40, 1.7), {"total_iters": 40, "power": 1.7}),
    "linear": (
        lambda o: lr_scheduler.LinearLR(o, 0.15, 1.0, 23), {"start_factor": 0.15, "total_iters": 23}),
    "cosine": (
        lambda o: lr_scheduler.CosineAnnealingLR(o, POINTS, 0.03), {"T_max": POINTS, "eta_min": 0.03}),
    "cosine_restarts": (
        lambda o: lr_scheduler.CosineAnnealingWarmRestarts(o, 6, 2, 0.02), {"T_0": 6, "T_mult": 2, "eta_min": 0.02}),
    "cosine_restarts_equal": (
        lambda o: lr_scheduler.CosineAnnealingWarmRestarts(o, 9, 1, 0.02), {"T_0": 9, "T_mult": 1, "eta_min": 0.02}),
    "warm_up_cosine": (
        lambda o: lr_scheduler.SequentialLR(
            o, [lr_scheduler.LinearLR(o, 0.1, 1.0, 11), lr_scheduler.CosineAnnealingLR(o, POINTS - 11, 0.01)], [11]),
        {"start_factor": 0.1, "warm_up": 11, "T_max": POINTS - 11, "eta_min": 0.01}),
    "one_cycle": (
        lambda o: lr_scheduler.OneCycleLR(
            o, BASE, total_steps=POINTS, pct_start=0.2, div_factor=10, final_div_factor=50, cycle_momentum=False),
        {"pct_start": 0.2, "div_factor": 10.0, "final_div_factor": 50.0, "three_phase": False, "linear": False}),
    "one_cycle_three": (
        lambda o: lr_scheduler.OneCycleLR(
            o, BASE, total_steps=POINTS, pct_start=0.35, div_factor=8, final_div_factor=100, three_phase=True,
            anneal_strategy="linear", cycle_momentum=False),
        {"pct_start": 0.35, "div_factor": 8.0, "final_div_factor": 100.0, "three_phase": True, "linear": True}),
}

PLATEAUS: dict[str, dict[str, Any]] = {
    "plateau": {"mode": "min", "factor": 0.6, "patience": 2, "threshold": 0.01, "threshold_mode": "rel",
                "cooldown": 3, "min_lr": 0.01, "eps": 1e-8},
    "plateau_max": {"mode": "max", "factor": 0.5, "patience": 1, "threshold": 0.02, "threshold_mode": "abs",
                    "cooldown": 0, "min_lr": 0.0, "eps": 1e-3},
    "plateau_max_relative": {"mode": "max", "factor": 0.7, "patience": 3, "threshold": 0.05, "threshold_mode": "rel",
                             "cooldown": 1, "min_lr": 0.002, "eps": 1e-8},
    "plateau_absolute": {"mode": "min", "factor": 0.8, "patience": 0, "threshold": 0.03, "threshold_mode": "abs",
                         "cooldown": 2, "min_lr": 0.05, "eps": 0.0},
}


def build(dtype: torch.dtype) -> GoldenFile:
    """Optimizers, groups and averages in `dtype`."""
    file = GoldenFile(dtype)
    for name, (maker, options) in OPTIMIZERS.items():
        add_steps(file, name, maker, options, None)
    for name, (maker, options, group) in GROUPS.items():
        add_steps(file, name, maker, options, group)
    add_average(file, "average", 0.8)
    add_parameter_clipping(file, "clip_each_norm", 1.5)
    return file


def add_steps(
    file: GoldenFile, name: str, maker: Maker, options: dict[str, Any], group: dict[str, Any] | None
) -> None:
    """Ten steps, stored as `optimizers.add_optimizer` does; `group` sets p1 apart."""
    values = Values(name)
    parameters = {key: file.tensor(values.normal(*shape)).requires_grad_() for key, shape in SHAPES.items()}
    gradients = {key: file.tensor(values.normal(STEPS, *shape)) for key, shape in SHAPES.items()}
    for key, parameter in parameters.items():
        file.store(f"{name}/{key}", parameter.clone())
        file.store(f"{name}/gradients.{key}", gradients[key])
    groups: list[Any] = list(parameters.values())
    if group is not None:
        groups = [{"params": [parameters["p0"]]}, {"params": [parameters["p1"]], **group}]
    optimizer = maker(groups, foreach=False, **options)
    history: dict[str, list[torch.Tensor]] = {key: [] for key in SHAPES}
    for step in range(STEPS):
        for key, parameter in parameters.items():
            parameter.grad = gradients[key][step].clone()
        optimizer.step()
        for key, parameter in parameters.items():
            history[key].append(parameter.detach().clone())
    for key, states in history.items():
        file.store(f"{name}/steps.{key}", torch.stack(states))
    hidden = IMPLEMENTATION_OPTIONS - {"decoupled_weight_decay"}
    settings = {key: value for key, value in optimizer.defaults.items() if key not in hidden}
    if group is not None:
        settings |= {f"group_{key}": value for key, value in group.items()}
    file.describe(name, type(optimizer).__name__, settings, parameters=list(SHAPES), steps=STEPS)


def add_average(file: GoldenFile, name: str, decay: float) -> None:
    """Exponential moving average of weights along plain steps: `averages.<p>[step]`."""
    values = Values(name)
    model = torch.nn.ParameterDict({key: file.tensor(values.normal(*shape)) for key, shape in SHAPES.items()})
    gradients = {key: file.tensor(values.normal(STEPS, *shape)) for key, shape in SHAPES.items()}
    average = AveragedModel(model, multi_avg_fn=get_ema_multi_avg_fn(decay))
    history: dict[str, list[torch.Tensor]] = {key: [] for key in SHAPES}
    for key in SHAPES:
        file.store(f"{name}/{key}", model[key].clone())
        file.store(f"{name}/gradients.{key}", gradients[key])
    for step in range(STEPS):
        with torch.no_grad():
            for key in SHAPES:
                model[key] -= 0.1 * gradients[key][step]
        average.update_parameters(model)
        for key in SHAPES:
            history[key].append(average.module[key].detach().clone())
    for key, states in history.items():
        file.store(f"{name}/averages.{key}", torch.stack(states))
    file.describe(name, "AveragedModel", {"decay": decay, "lr": 0.1}, parameters=list(SHAPES), steps=STEPS)


def add_parameter_clipping(file: GoldenFile, name: str, limit: float) -> None:
    """clip_grad_norm_ of each parameter on its own."""
    values = Values(name)
    for key, shape in SHAPES.items():
        parameter = torch.zeros(shape, dtype=file.dtype, requires_grad=True)
        parameter.grad = file.tensor(values.normal(*shape))
        file.store(f"{name}/gradients.{key}", parameter.grad)
        torch.nn.utils.clip_grad_norm_([parameter], limit)
        file.store(f"{name}/clipped.{key}", parameter.grad)
    file.describe(name, "clip_each_norm", {"max_norm": limit}, parameters=list(SHAPES))


def build_schedules(dtype: torch.dtype) -> GoldenFile:
    """The learning rate before each of `POINTS` steps, from a base of `BASE`; of plateaus after each value."""
    file = GoldenFile(dtype)
    for name, (maker, options) in SCHEDULES.items():
        optimizer = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=BASE)
        schedule = maker(optimizer)
        rates = []
        for _ in range(POINTS):
            rates.append(optimizer.param_groups[0]["lr"])
            optimizer.step()
            schedule.step()
        file.store(f"{name}/rates", torch.tensor(rates, dtype=dtype))
        file.describe(name, type(schedule).__name__, {"base": BASE, "points": POINTS, **options})
    for name, options in PLATEAUS.items():
        optimizer = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=BASE)
        schedule = lr_scheduler.ReduceLROnPlateau(optimizer, **options)
        trend = torch.linspace(1, 0, POINTS, dtype=torch.float64) ** 3
        noise = torch.from_numpy(Values(name).normal(POINTS, scale=0.08))
        values = trend + noise if options["mode"] == "min" else 1 - trend + noise
        rates = []
        for value in values.tolist():
            schedule.step(value)
            rates.append(optimizer.param_groups[0]["lr"])
        file.store(f"{name}/values", values)
        file.store(f"{name}/rates", torch.tensor(rates, dtype=dtype))
        file.describe(name, "ReduceLROnPlateau", {"base": BASE, "points": POINTS, **options})
    return file
