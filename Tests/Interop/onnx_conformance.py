#!/usr/bin/env python3
"""Runs the conformance tests of the Python package onnx by Apus, its large models beside ONNX Runtime, and has ONNX's
checker and ONNX Runtime judge networks that Apus writes.

    make interop
    .venv-peers/bin/python Tests/Interop/onnx_conformance.py path/to/ONNXConformance path/to/apus

The node tests, the small models and those converted from PyTorch: the tests in onnx_passes.txt must pass and no others
may, so that the list is always what passes. The "light" models are whole networks whose weights and outputs are
constants; they get seeded random weights here, and Apus must give what ONNX Runtime gives. The networks of Apus's
catalog are written with and without folded batch normalization; ONNX Runtime must give what Apus gives, for one sample
and for three.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
from onnx import numpy_helper

onnxruntime.set_default_logger_severity(3)
DATA = Path(onnx.__file__).parent / "backend/test/data"
LEAST_NODE_TESTS = 1451  # a floor of its own, in case the list is damaged
TOLERANCE = 1e-4  # of the largest output; sums of thousands of products in single precision
EXPORT_TOLERANCE = 1e-5  # of the largest output


def conformance(runner: str) -> None:
    passes = Path(__file__).parent / "onnx_passes.txt"
    names = [line for line in passes.read_text().splitlines() if line and not line.startswith("#")]
    nodes = sum(name.startswith("node/") for name in names)
    if nodes < LEAST_NODE_TESTS:
        sys.exit(f"onnx_conformance: {passes.name} lists only {nodes} node tests, there were {LEAST_NODE_TESTS}")
    folders = [DATA / name for name in ["node", "pytorch-converted", "pytorch-operator", "simple"]]
    subprocess.run([runner, *folders, "--passes", passes], check=True)


def with_random_weights(path: Path) -> onnx.ModelProto:
    """The network with random weights instead of constant ones, and any number of samples."""
    model = onnx.load(path)
    random = np.random.default_rng(7)
    constants = {t.name: numpy_helper.to_array(t) for t in model.graph.initializer}
    kept = []
    for node in model.graph.node:
        if node.op_type != "ConstantOfShape" or node.input[0] not in constants:
            kept.append(node)
            continue
        shape = constants[node.input[0]]
        fan_in = max(int(np.prod(shape[1:])), 1)
        scale = np.sqrt(2 / fan_in) if len(shape) > 1 else 0.1
        weights = (random.standard_normal(shape) * scale + (0 if len(shape) > 1 else 1)).astype(np.float32)
        # Also variances must be positive.
        weights = np.abs(weights) if len(shape) == 1 else weights
        model.graph.initializer.append(numpy_helper.from_array(weights, node.output[0]))
    del model.graph.node[:]
    model.graph.node.extend(kept)
    return model


def light(apus: str) -> None:
    for path in sorted((DATA / "light").glob("*.onnx")):
        model = with_random_weights(path)
        stored = {t.name for t in model.graph.initializer}
        port = next(i for i in model.graph.input if i.name not in stored)
        shape = [d.dim_value for d in port.type.tensor_type.shape.dim]
        x = np.random.default_rng(3).standard_normal(shape).astype(np.float32)
        with tempfile.TemporaryDirectory() as folder:
            file, array, result = (f"{folder}/{name}" for name in ["model.onnx", "x.npy", "y.npy"])
            onnx.save(model, file)
            np.save(array, x)
            expected = onnxruntime.InferenceSession(file).run(None, {port.name: x})[0]
            subprocess.run([apus, "infer", file, "--input", array, "--output", result], check=True, capture_output=True)
            found = np.load(result)
        error = np.abs(found - expected).max() / np.abs(expected).max()
        spread = expected.std() / np.abs(expected).max()
        if found.shape != expected.shape or not error < TOLERANCE or not spread > 1e-3:
            sys.exit(f"onnx_conformance: {path.name}: differs from ONNX Runtime by {error:.1e} (spread {spread:.1e})")
        print(f"onnx_conformance: {path.name} equals ONNX Runtime to {error:.1e}")


def exports(runner: str) -> None:
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run([runner, "export", folder], check=True)
        files = sorted(Path(folder).glob("*.onnx"))
        worst = 0.0
        for file in files:
            onnx.checker.check_model(onnx.load(file), full_check=True)
            name = file.name.rsplit(".", 2)[0]
            x, y = np.load(f"{folder}/{name}.x.npy"), np.load(f"{folder}/{name}.y.npy")
            spread = np.abs(y[0] - y[1]).max() / np.abs(y).max()
            session = onnxruntime.InferenceSession(file)
            for count in [1, 3]:
                found = session.run(None, {"input": x[:count]})[0]
                error = np.abs(found - y[:count]).max() / np.abs(y).max()
                if found.shape != y[:count].shape or not error < EXPORT_TOLERANCE:
                    sys.exit(f"onnx_conformance: {file.name}: ONNX Runtime gives something else, by {error:.1e}")
                if not spread > 20 * error:
                    sys.exit(f"onnx_conformance: {file.name} gives nearly the same for every sample, which shows nothing")
                worst = max(worst, error)
    print(f"onnx_conformance: {len(files)} exported networks are valid and equal in ONNX Runtime to {worst:.1e}")


conformance(sys.argv[1])
exports(sys.argv[1])
light(sys.argv[2])
