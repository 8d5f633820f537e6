"""Adversarial examples: the fast gradient sign method and projected gradient descent, on a small network."""

from __future__ import annotations

import torch
import torch.nn.functional as F

from .networks import MLP, set_parameters
from .store import GoldenFile, Values

CASES = {  # norm, epsilon, step size, steps, target
    "fgsm": ("inf", 0.07, 0.07, 1, None),
    "pgd_inf": ("inf", 0.2, 0.06, 5, None),
    "pgd_two": ("2", 0.35, 0.15, 4, None),
    "pgd_inf_targeted": ("inf", 0.3, 0.11, 6, 2),
    "pgd_two_targeted": ("2", 0.8, 0.3, 3, 1),
}


def build(dtype: torch.dtype) -> GoldenFile:
    """Parameters and a batch in 0..1, as of the MLP 12-7-5-3, and what each attack makes of it, without a random start."""
    file, values = GoldenFile(dtype), Values("adversarial/batch")
    inputs, labels = file.tensor(values.uniform(8, 12)), torch.tensor([0, 2, 1, 2, 0, 1, 1, 0])
    model = MLP()
    set_parameters(model, file, "adversarial")
    for parameter in model.parameters():
        # Larger weights, so that the loss changes along the way.
        parameter.data = parameter.data * 2
    names = [key for key, _ in model.named_parameters()]
    for key, parameter in model.named_parameters():
        file.store(f"network/{key}", parameter)
    file.store("network/input", inputs)
    file.store("network/target", labels)
    file.describe("network", "mlp", parameters=names)
    for name, (norm, epsilon, size, steps, target) in CASES.items():
        file.store(f"{name}/output", attacked(model, inputs, labels, norm, epsilon, size, steps, target))
        file.describe(name, "attack", {
            "norm": norm, "epsilon": epsilon, "step_size": size, "steps": steps,
            "target": -1 if target is None else target})
    return file


def attacked(
    model: torch.nn.Module, inputs: torch.Tensor, labels: torch.Tensor, norm: str, epsilon: float, size: float,
    steps: int, target: int | None,
) -> torch.Tensor:
    """Steps along the gradient of the mean cross-entropy, each brought back to the ball and to 0..1."""
    goal = labels if target is None else torch.full_like(labels, target)
    sign = 1 if target is None else -1
    x = inputs.clone()
    for _ in range(steps):
        x = x.detach().requires_grad_(True)
        (gradient,) = torch.autograd.grad(sign * F.cross_entropy(model(x), goal), [x])
        with torch.no_grad():
            if norm == "inf":
                x = inputs + (x + size * gradient.sign() - inputs).clamp(-epsilon, epsilon)
            else:
                x = x + size * gradient / gradient.norm(dim=1, keepdim=True)
                # Not renorm, which divides by the norm plus 1e-7.
                moved = x - inputs
                x = inputs + moved * (epsilon / moved.norm(dim=1, keepdim=True)).clamp(max=1)
            x = x.clamp(0, 1)
    return x
