#!/usr/bin/env python3
"""Twin of `apus train forecaster` on the weather of Seattle: an LSTM over 28 days and a dense layer, in PyTorch.

    .venv-peers/bin/python Benchmarks/twins/forecast.py seattle-weather.csv [--epochs 20] [--threads 1] [--seed 0]
"""

from __future__ import annotations

import argparse
import csv
import json
import math

import torch
from options import begin
from torch import nn
from torch.nn.functional import mse_loss

WINDOW, HORIZON, UNITS, BATCH = 28, 7, 32, 64


class Forecaster(nn.Module):
    """LSTM, dense layer on its last output."""

    def __init__(self, features: int) -> None:
        super().__init__()
        self.recurrent, self.decoder = nn.LSTM(features, UNITS, batch_first=True), nn.Linear(UNITS, HORIZON)

    def forward(self, windows: torch.Tensor) -> torch.Tensor:
        """All forecast days of windows [N, T, features]."""
        return self.decoder(self.recurrent(windows)[0][:, -1])


def table(path: str) -> torch.Tensor:
    """A row for each day: numbers, kinds of weather as one-hot vectors, the highest temperature last."""
    with open(path, encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    kinds = sorted({row["weather"] for row in rows})
    return torch.tensor([[float(row[name]) for name in ("precipitation", "temp_min", "wind")]
                         + [float(row["weather"] == kind) for kind in kinds] + [float(row["temp_max"])] for row in rows])


def windows(days: torch.Tensor, first: int, last: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Samples whose forecast days lie in first..<last."""
    starts = range(max(first, WINDOW), last - HORIZON + 1)
    return (torch.stack([days[start - WINDOW:start] for start in starts]),
            torch.stack([days[start:start + HORIZON, -1] for start in starts]))


def main() -> None:
    """The command."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("table")
    arguments = begin(parser, epochs=20)
    days = table(arguments.table)
    middle = len(days) - len(days) // 4
    first = middle - middle // 10
    inputs, targets = windows(days, 0, first)
    shift, scale = inputs.mean((0, 1)), inputs.std((0, 1), correction=0)
    mean, deviation = targets.mean(0), targets.std(0, correction=0)

    def scaled(part):
        return (part[0] - shift) / scale, (part[1] - mean) / deviation

    training, validation, test = (scaled(windows(days, *part)) for part in ((0, first), (first, middle), (middle, len(days))))
    model = Forecaster(days.shape[1])
    optimizer = torch.optim.Adam(model.parameters(), lr=0.001)
    best, kept = math.inf, {}
    for _ in range(arguments.epochs):
        order = torch.randperm(len(training[0]))
        for part in order.split(BATCH):
            optimizer.zero_grad(set_to_none=True)
            mse_loss(model(training[0][part]), training[1][part]).backward()
            optimizer.step()
        with torch.inference_mode():
            judged = mse_loss(model(validation[0]), validation[1]).item()
        if judged < best:
            best, kept = judged, {name: value.clone() for name, value in model.state_dict().items()}
    model.load_state_dict(kept)
    with torch.inference_mode():
        errors = (model(test[0]) - test[1]) * deviation
    print(json.dumps({"parameters": sum(p.numel() for p in model.parameters()), "windows": len(errors),
                      "validation_loss": best, "rmse": errors.square().mean().sqrt().item(),
                      "rmse_by_day": errors.square().mean(0).sqrt().tolist()}))


if __name__ == "__main__":
    main()
