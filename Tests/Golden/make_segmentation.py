#!/usr/bin/env python3
"""Writes Tests/Golden/data/segmentation.json: scikit-learn's metrics of random masks, for Apus's tests to compare with.

    python3 -m venv .venv-metrics && .venv-metrics/bin/pip install scikit-learn
    .venv-metrics/bin/python Tests/Golden/make_segmentation.py

Logits [N, C, H, W] and labels [N, H, W] with pixels of no class (-100), which scikit-learn is not shown. In the second
case one class is neither there nor predicted, and another one never right.
"""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
from sklearn import metrics

FILE = Path(__file__).resolve().parent / "data" / "segmentation.json"


def case(logits: np.ndarray, labels: np.ndarray) -> dict[str, object]:
    predicted = logits.argmax(axis=1)
    kept = labels != -100
    truth, found = labels[kept], predicted[kept]
    every = list(range(logits.shape[1]))
    return {
        "shape": list(logits.shape), "logits": np.round(logits, 3).ravel().tolist(), "labels": labels.ravel().tolist(),
        "accuracy": metrics.accuracy_score(truth, found),
        "mean_iou": metrics.jaccard_score(truth, found, average="macro", zero_division=0),
        "iou": metrics.jaccard_score(truth, found, average=None, labels=every, zero_division=0).tolist(),
        "f1": metrics.f1_score(truth, found, average="macro", zero_division=0),
        "confusion": metrics.confusion_matrix(truth, found, labels=every).tolist(),
    }


def main() -> None:
    draw = np.random.default_rng(31)
    cases = []
    for shape, missing in [((3, 4, 5, 6), None), ((2, 5, 4, 7), 3)]:
        logits = np.round(draw.normal(size=shape), 3)
        labels = draw.integers(0, shape[1], size=(shape[0], *shape[2:]))
        if missing is not None:
            logits[:, missing] = -9
            labels[labels == missing] = 0
            logits[:, 1] = np.where(labels == 1, -9, logits[:, 1])
        labels[draw.random(labels.shape) < 0.2] = -100
        cases.append(case(logits, labels))
    FILE.write_text(json.dumps(cases) + "\n")


if __name__ == "__main__":
    main()
