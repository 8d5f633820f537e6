"""What batch normalisation, dropout and Adam cost in PyTorch's step of LeNet-5: the twin of StepCosts. Run by hand:

    .venv-peers/bin/python Benchmarks/peers/step_costs.py
"""

import json
import statistics
import time

import torch
from torch import nn


def network(extras: bool) -> nn.Sequential:
    def block(layer: nn.Module, norm: nn.Module) -> list[nn.Module]:
        return [layer, norm, nn.ReLU()] if extras else [layer, nn.ReLU()]

    torch.manual_seed(1)
    return nn.Sequential(
        *block(nn.Conv2d(1, 6, 5, padding=2), nn.BatchNorm2d(6)), nn.MaxPool2d(2),
        *block(nn.Conv2d(6, 16, 5), nn.BatchNorm2d(16)), nn.MaxPool2d(2), nn.Flatten(),
        *block(nn.Linear(400, 120), nn.BatchNorm1d(120)), *block(nn.Linear(120, 84), nn.BatchNorm1d(84)),
        *([nn.Dropout(0.5)] if extras else []), nn.Linear(84, 10))


def main() -> None:
    torch.set_num_threads(2)
    for batch in (128, 32):
        images, labels = torch.randn(batch, 1, 28, 28), torch.arange(batch) % 10
        plain, extra = network(False), network(True)
        pairs = [
            (plain, torch.optim.SGD(plain.parameters(), lr=0.01, fused=True), []),
            (extra, torch.optim.Adam(extra.parameters(), lr=1e-3, fused=True), []),
        ]
        for _ in range(203):
            for model, optimizer, times in pairs:
                start = time.perf_counter()
                optimizer.zero_grad()
                loss = nn.functional.cross_entropy(model(images), labels)
                loss.backward()
                optimizer.step()
                loss.item()
                times.append(1e3 * (time.perf_counter() - start))
        without, with_all = (statistics.median(times[3:]) for _, _, times in pairs)
        print(json.dumps({
            "feature": "batch norm, dropout, Adam", "peer": "torch " + torch.__version__, "batch": batch,
            "plain_ms": without, "with_ms": with_all, "time_ratio": with_all / without}))


main()
