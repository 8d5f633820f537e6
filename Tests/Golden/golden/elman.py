"""The Elman network (nn.RNN with tanh) over time, with back-propagation through it."""

from __future__ import annotations

import numpy as np
import torch

from .store import GoldenFile, Values

CASES = {  # T, N, I, H, bias, zero start
    "elman": (6, 3, 4, 5, True, False),
    "elman_no_bias": (4, 2, 3, 7, False, False),
    "elman_zero_start": (5, 1, 2, 3, True, True),
    "elman_one_step": (1, 3, 4, 5, True, False),
}


def build(dtype: torch.dtype) -> GoldenFile:
    """h_t = tanh(x_t W_ih^T + b_ih + h_{t-1} W_hh^T + b_hh); `output` [T, N, H] holds all h_t, `h_n` the last."""
    file = GoldenFile(dtype)
    for name, (steps, batch, inputs, hidden, bias, zero) in CASES.items():
        values = Values(name)
        start = np.zeros((1, batch, hidden)) if zero else values.normal(1, batch, hidden)
        parameters = {
            "weight_ih": values.normal(hidden, inputs, scale=0.5),
            "weight_hh": values.normal(hidden, hidden, scale=0.4),
        }
        if bias:
            parameters |= {"bias_ih": values.normal(hidden, scale=0.3), "bias_hh": values.normal(hidden, scale=0.3)}
        options = {"time": steps, "batch": batch, "input_size": inputs, "hidden_size": hidden,
                   "nonlinearity": "tanh", "num_layers": 1, "batch_first": False, "bias": bias}
        file.add(name, "rnn", run, {"input": values.normal(steps, batch, inputs), "h0": start},
                 parameters=parameters, options=options)
    return file


def run(input: torch.Tensor, h0: torch.Tensor, **parameters: torch.Tensor) -> dict[str, torch.Tensor]:
    """nn.RNN itself, with the parameters given."""
    hidden, inputs = parameters["weight_ih"].shape
    layer = torch.nn.RNN(inputs, hidden, bias="bias_ih" in parameters, dtype=input.dtype)
    named = {f"{key}_l0": value for key, value in parameters.items()}
    output, last = torch.func.functional_call(layer, named, (input, h0))
    return {"output": output, "h_n": last}
