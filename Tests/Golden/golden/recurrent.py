"""Recurrent layers: nn.RNN, nn.LSTM and nn.GRU, several layers, both directions, lengths, states before the first step."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

from .store import GoldenFile, Values

GATES = {"rnn_tanh": 1, "rnn_relu": 1, "lstm": 4, "gru": 3}

# T, N, inputs, units, layers, directions, bias, lengths (None: all of T)
FORMS: dict[str, tuple[int, int, int, int, int, int, bool, list[int] | None]] = {
    "plain": (10, 3, 4, 5, 1, 1, True, None),
    "three_layers": (10, 2, 3, 4, 3, 1, True, None),
    "both_directions_no_bias": (10, 2, 3, 4, 1, 2, False, None),
    "lengths": (10, 4, 3, 4, 1, 1, True, [7, 10, 1, 4]),
    "three_layers_both_directions_lengths": (10, 3, 2, 3, 3, 2, True, [6, 1, 10]),
}


def build(dtype: torch.dtype) -> GoldenFile:
    """Every form of every layer: outputs, last states, gradients of inputs, first states and weights."""
    file = GoldenFile(dtype)
    for kind, gates in GATES.items():
        for form, sizes in FORMS.items():
            add(file, kind, gates, form, *sizes)
    return file


def add(
    file: GoldenFile, kind: str, gates: int, form: str, steps: int, batch: int, inputs: int, units: int, layers: int,
    directions: int, bias: bool, lengths: list[int] | None,
) -> None:
    """One case, its weights named as PyTorch names them."""
    values = Values(f"{kind}_{form}")
    parameters: dict[str, np.ndarray] = {}
    for layer in range(layers):
        for suffix in [f"_l{layer}", f"_l{layer}_reverse"][:directions]:
            features = inputs if layer == 0 else units * directions
            parameters["weight_ih" + suffix] = values.normal(gates * units, features, scale=0.5)
            parameters["weight_hh" + suffix] = values.normal(gates * units, units, scale=0.4)
            if bias:
                parameters["bias_ih" + suffix] = values.normal(gates * units, scale=0.3)
                parameters["bias_hh" + suffix] = values.normal(gates * units, scale=0.3)
    tensors = {"input": values.normal(steps, batch, inputs)}
    for state in ["h_0", "c_0"][: 2 if kind == "lstm" else 1]:
        tensors[state] = values.normal(layers * directions, batch, units, scale=0.7)
    options: dict[str, Any] = {
        "kind": kind, "input_size": inputs, "hidden_size": units, "num_layers": layers, "bidirectional": directions == 2,
        "bias": bias, "lengths": lengths or [],
    }
    file.add(f"{kind}_{form}", "recurrent", runner(options), tensors, parameters=parameters, options=options)


def runner(options: dict[str, Any]) -> Callable[..., dict[str, torch.Tensor]]:
    """PyTorch's layer itself, with the parameters given."""

    def run(input: torch.Tensor, h_0: torch.Tensor, c_0: torch.Tensor | None = None, **parameters: torch.Tensor):
        kind, nonlinearity = (options["kind"].split("_") + [""])[:2]
        extra = {"nonlinearity": nonlinearity} if kind == "rnn" else {}
        layer = getattr(torch.nn, kind.upper())(
            options["input_size"], options["hidden_size"], num_layers=options["num_layers"], bias=options["bias"],
            bidirectional=options["bidirectional"], dtype=input.dtype, **extra)
        given = input
        if options["lengths"]:
            given = pack_padded_sequence(input, torch.tensor(options["lengths"]), enforce_sorted=False)
        start = h_0 if c_0 is None else (h_0, c_0)
        output, last = torch.func.functional_call(layer, parameters, (given, start))
        if options["lengths"]:
            output, _ = pad_packed_sequence(output, total_length=input.shape[0])
        states = {"h_n": last} if c_0 is None else {"h_n": last[0], "c_n": last[1]}
        return {"output": output, **states}

    return run
