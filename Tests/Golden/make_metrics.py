#!/usr/bin/env python3
"""Writes Tests/Golden/data/metrics.json: scikit-learn's values of every metric, for Apus's tests to compare with.

    python3 -m venv .venv-metrics && .venv-metrics/bin/pip install scikit-learn
    .venv-metrics/bin/python Tests/Golden/make_metrics.py

Labels and scores are random, with ties, classes that never occur and predictions that never change among them. What
scikit-learn warns about is set to what Apus documents: an undefined quotient counts as 0, the area under an ROC curve
with one class is not a number (null), and one-vs-rest means leave out classes that do not occur.
"""

from __future__ import annotations

import json
import warnings
from pathlib import Path
from typing import Any

import numpy as np
from sklearn import metrics

FILE = Path(__file__).resolve().parent / "data" / "metrics.json"
AVERAGES = ("macro", "micro", "weighted")


def number(value: float) -> float | None:
    """The value as JSON has it: null where it is not a number."""
    return None if np.isnan(value) else float(value)


def area(positive: np.ndarray, score: np.ndarray) -> float:
    """The area under the ROC curve; not a number when one class is missing."""
    return metrics.roc_auc_score(positive, score) if 0 < positive.sum() < len(positive) else float("nan")


def kappa(labels: np.ndarray, predicted: np.ndarray) -> float:
    """Cohen's kappa; 0 where chance explains everything."""
    value = metrics.cohen_kappa_score(labels, predicted)
    return 0.0 if np.isnan(value) else value


def of_classes(labels: np.ndarray, predicted: np.ndarray, binary: bool) -> dict[str, float | None]:
    """What the decisions alone tell."""
    functions = {"precision": metrics.precision_score, "recall": metrics.recall_score, "f1": metrics.f1_score}
    values: dict[str, float | None] = {
        "accuracy": metrics.accuracy_score(labels, predicted),
        "mcc": metrics.matthews_corrcoef(labels, predicted),
        "kappa": kappa(labels, predicted),
    }
    for name, function in functions.items():
        for average in AVERAGES:
            values[f"{name}_{average}"] = function(labels, predicted, average=average, zero_division=0)
        if binary:
            values[f"{name}_positive"] = function(labels, predicted, average="binary", zero_division=0)
        values[name] = values[f"{name}_positive" if binary else f"{name}_macro"]
    return {name: float(value) for name, value in values.items()}


def classification(labels: np.ndarray, logits: np.ndarray) -> dict[str, Any]:
    """A case with a logit for every class."""
    classes = logits.shape[1]
    shifted = np.exp(logits - logits.max(axis=1, keepdims=True))
    probabilities = shifted / shifted.sum(axis=1, keepdims=True)
    values = of_classes(labels, logits.argmax(axis=1), binary=False)
    every = list(range(classes))
    for k in range(1, classes):
        values[f"top{k}_accuracy"] = metrics.top_k_accuracy_score(labels, logits, k=k, labels=every)
    values["log_loss"] = metrics.log_loss(labels, probabilities, labels=every)
    values["perplexity"] = float(np.exp(values["log_loss"]))
    present = [c for c in every if (labels == c).any()]
    values["roc_auc"] = number(float(np.mean([area(labels == c, probabilities[:, c]) for c in present])))
    values["average_precision"] = float(
        np.mean([metrics.average_precision_score(labels == c, probabilities[:, c]) for c in present]))
    if len(present) == classes:
        whole = metrics.roc_auc_score(labels, probabilities, multi_class="ovr", average="macro")
        assert abs(whole - values["roc_auc"]) < 1e-12
    precision, recall, f1, support = metrics.precision_recall_fscore_support(
        labels, logits.argmax(axis=1), labels=every, zero_division=0)
    return {
        "task": "classification", "labels": labels.tolist(), "outputs": logits.tolist(), "metrics": values,
        "confusion": metrics.confusion_matrix(labels, logits.argmax(axis=1), labels=every).tolist(),
        "per_class": {"precision": precision.tolist(), "recall": recall.tolist(), "f1": f1.tolist(),
                      "samples": support.tolist()},
    }


def binary(labels: np.ndarray, logits: np.ndarray) -> dict[str, Any]:
    """A case with one logit for two classes."""
    values = of_classes(labels, (logits > 0).astype(int), binary=True)
    values["roc_auc"] = number(area(labels, logits))
    values["average_precision"] = metrics.average_precision_score(labels, logits) if labels.any() else 0.0
    values["log_loss"] = metrics.log_loss(labels, 1 / (1 + np.exp(-logits)), labels=[0, 1])
    values["perplexity"] = float(np.exp(values["log_loss"]))
    return {"task": "binary", "labels": labels.tolist(), "outputs": logits[:, None].tolist(), "metrics": values}


def regression(targets: np.ndarray, outputs: np.ndarray) -> dict[str, Any]:
    """A case with numbers."""
    mse = metrics.mean_squared_error(targets, outputs)
    values = {"mse": mse, "rmse": float(np.sqrt(mse)), "mae": metrics.mean_absolute_error(targets, outputs),
              "r2": metrics.r2_score(targets, outputs)}
    if outputs.shape[1] == 1:
        assert abs(values["rmse"] - metrics.root_mean_squared_error(targets, outputs)) < 1e-12
    return {"task": "regression", "targets": targets.tolist(), "outputs": outputs.tolist(),
            "metrics": {name: float(value) for name, value in values.items()}}


def cases() -> dict[str, dict[str, Any]]:
    """Every case by name."""
    draw = np.random.default_rng(20)

    def rounded(*shape: int, digits: int = 2, scale: float = 2.0) -> np.ndarray:
        return np.round(draw.normal(size=shape) * scale, digits)

    def distinct(count: int, classes: int) -> np.ndarray:
        """Rows without ties, so that top-k does not depend on how ties are broken; columns have ties."""
        rows = [draw.permutation(4 * classes)[:classes] / 4 - classes / 2 for _ in range(count)]
        return np.array(rows)

    labels, scores = draw.integers(0, 2, 150), rounded(150, digits=1)
    missing = draw.choice([0, 2, 3], 90)
    constant = np.tile([0.5, 1.5, -1.0], (40, 1))
    return {
        "five_classes": classification(draw.integers(0, 5, 200), distinct(200, 5)),
        "imbalanced": classification(draw.choice(4, 160, p=[0.85, 0.1, 0.04, 0.01]), distinct(160, 4)),
        "missing_classes": classification(missing, distinct(90, 6)),
        "constant_prediction": classification(draw.integers(0, 3, 40), constant),
        "one_class_only": classification(np.full(20, 1), distinct(20, 3)),
        "two_of_three_logits": classification(draw.integers(0, 2, 60), distinct(60, 3)),
        "binary_ties": binary(labels, scores),
        "binary_good": binary(labels, scores + 3 * (labels - 0.5)),
        "binary_all_negative_predictions": binary(labels, -np.abs(scores) - 0.1),
        "binary_equal_scores": binary(labels, np.full(150, 0.3)),
        "binary_no_positive": binary(np.zeros(30, dtype=int), rounded(30)),
        "binary_no_negative": binary(np.ones(30, dtype=int), rounded(30)),
        "one_output": regression(rounded(120, 1), rounded(120, 1)),
        "three_outputs": regression(*(lambda y: (y, y + rounded(120, 3, scale=0.5)))(rounded(120, 3) + 1000)),
        "constant_targets": regression(np.full((25, 1), 3.0), rounded(25, 1)),
        "right_constant_targets": regression(np.full((25, 1), 3.0), np.full((25, 1), 3.0)),
    }


def main() -> None:
    """The command."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        made = cases()
    FILE.write_text(json.dumps(made, sort_keys=True, separators=(",", ":")) + "\n")
    print(f"{FILE.name}: {len(made)} cases, {FILE.stat().st_size} bytes")


if __name__ == "__main__":
    main()
