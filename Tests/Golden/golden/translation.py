"""Attention, and an encoder-decoder with and without it, from nn.LSTM, nn.GRU and the formulas of the papers."""

from __future__ import annotations

import numpy as np
import torch
from torch.nn.functional import linear
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

from .store import GoldenFile, Values

GATES = {"lstm": 4, "gru": 3}
SOURCES, TARGETS, EMBEDDING, UNITS = 7, 6, 3, 4
# Numbers of the symbols of the sources and of what the decoder is given; 0 is padding.
PAIRS = [
    ([3, 2, 6, 4, 5], [2, 4, 5, 5, 4]),
    ([5, 1, 0, 0, 0], [2, 5, 0, 0, 0]),
    ([4, 4, 2, 0, 0], [2, 1, 4, 5, 0]),
]


def build(dtype: torch.dtype) -> GoldenFile:
    """Contexts and weights of each kind of attention; logits of whole models; all gradients."""
    file = GoldenFile(dtype)
    for score in ["additive", "multiplicative", "dot"]:
        add_attention(file, score)
    for kind in GATES:
        for score in ["none", "additive", "multiplicative", "dot"]:
            add_model(file, kind, score, 2 if (kind, score) in {("gru", "additive"), ("lstm", "dot")} else 1)
    return file


def attention_parameters(values: Values, score: str, queries: int, memory: int, units: int) -> dict[str, np.ndarray]:
    """The matrices of a kind of attention."""
    if score == "additive":
        return {"query.weight": values.normal(units, queries), "key.weight": values.normal(units, memory),
                "score.weight": values.normal(1, units, scale=1.5)}
    return {"key.weight": values.normal(queries, memory, scale=0.6)} if score == "multiplicative" else {}


def attend(score: str, queries: torch.Tensor, memory: torch.Tensor, mask: torch.Tensor, weights: dict[str, torch.Tensor]):
    """Contexts [N, T, memory] and weights [N, T, S], as the papers write them."""
    if score == "additive":
        hidden = linear(queries, weights["query.weight"])[:, :, None] + linear(memory, weights["key.weight"])[:, None]
        scores = linear(torch.tanh(hidden), weights["score.weight"])[..., 0]
    else:
        keys = linear(memory, weights["key.weight"]) if score == "multiplicative" else memory
        scores = queries @ keys.transpose(1, 2)
    found = torch.softmax(scores.masked_fill(~mask[:, None], -torch.inf), dim=2)
    return found @ memory, found


def add_attention(file: GoldenFile, score: str) -> None:
    """One kind of attention with a mask."""
    values = Values(f"attention_{score}")
    queries, memory, units = (4, 4, 4) if score == "dot" else (4, 3, 5)
    inputs = {"queries": values.normal(2, 3, queries), "memory": values.normal(2, 5, memory),
              "mask": np.array([[1, 1, 1, 0, 0], [1, 1, 1, 1, 1]], dtype=bool)}

    def run(queries: torch.Tensor, memory: torch.Tensor, mask: torch.Tensor, **weights: torch.Tensor):
        contexts, found = attend(score, queries, memory, mask, weights)
        return {"contexts": contexts, "weights": found}

    file.add(f"attention_{score}", "attention", run, inputs,
             parameters=attention_parameters(values, score, queries, memory, units),
             options={"score": score, "queries": queries, "memory": memory, "units": units})


def add_model(file: GoldenFile, kind: str, score: str, layers: int) -> None:
    """A whole encoder-decoder: its logits under teacher forcing."""
    values = Values(f"translator_{kind}_{score}")
    half, gates = UNITS // 2, GATES[kind]
    parameters = {"source.weight": values.normal(SOURCES, EMBEDDING), "target.weight": values.normal(TARGETS, EMBEDDING)}

    def recurrent(prefix: str, inputs: int, units: int, suffixes: list[str]) -> None:
        for layer in range(layers):
            for suffix in suffixes:
                features = inputs if layer == 0 else units * len(suffixes)
                for name, shape in [("weight_ih", (gates * units, features)), ("weight_hh", (gates * units, units)),
                                    ("bias_ih", (gates * units,)), ("bias_hh", (gates * units,))]:
                    parameters[f"{prefix}.{name}_l{layer}{suffix}"] = values.normal(*shape, scale=0.5)

    recurrent("encoder", EMBEDDING, half, ["", "_reverse"])
    recurrent("decoder", EMBEDDING + (UNITS if score == "additive" else 0), UNITS, [""])
    if score != "none":
        found = attention_parameters(values, score, UNITS, UNITS, UNITS)
        parameters |= {f"attention.{name}": value for name, value in found.items()}
        parameters |= {"readout.weight": values.normal(UNITS, 2 * UNITS, scale=0.5), "readout.bias": values.normal(UNITS)}
    parameters |= {"output.weight": values.normal(TARGETS, UNITS), "output.bias": values.normal(TARGETS)}
    numbers = np.array([[source, target] for source, target in PAIRS], dtype=np.int64)

    def run(pairs: torch.Tensor, **weights: torch.Tensor) -> dict[str, torch.Tensor]:
        return {"logits": logits(kind, score, layers, pairs, weights)}

    file.add(f"translator_{kind}_{score}", "translator", run, {"pairs": numbers}, parameters=parameters,
             options={"kind": kind, "score": score, "layers": layers, "sources": SOURCES, "targets": TARGETS,
                      "embedding": EMBEDDING, "units": UNITS})


def part(weights: dict[str, torch.Tensor], prefix: str) -> dict[str, torch.Tensor]:
    """The weights under a name."""
    return {name[len(prefix) + 1:]: value for name, value in weights.items() if name.startswith(prefix + ".")}


def logits(kind: str, score: str, layers: int, pairs: torch.Tensor, weights: dict[str, torch.Tensor]) -> torch.Tensor:
    """[N, T, targets]."""
    source, given = pairs[:, 0], pairs[:, 1]
    mask = source != 0
    dtype = weights["source.weight"].dtype
    layer = getattr(torch.nn, kind.upper())
    encoder = layer(EMBEDDING, UNITS // 2, num_layers=layers, bidirectional=True, batch_first=True, dtype=dtype)
    packed = pack_padded_sequence(weights["source.weight"][source], mask.sum(1), batch_first=True, enforce_sorted=False)
    outputs, last = torch.func.functional_call(encoder, part(weights, "encoder"), (packed,))
    memory, _ = pad_packed_sequence(outputs, batch_first=True, total_length=source.shape[1])
    last = last if isinstance(last, tuple) else (last,)
    # Layer by layer both directions side by side.
    states = tuple(torch.cat([state[0::2], state[1::2]], dim=2) for state in last)
    vectors = weights["target.weight"][given]
    inputs = EMBEDDING + (UNITS if score == "additive" else 0)
    decoder = layer(inputs, UNITS, num_layers=layers, batch_first=True, dtype=dtype)

    def step(x: torch.Tensor, states: tuple[torch.Tensor, ...]):
        begun = states if kind == "lstm" else states[0]
        output, after = torch.func.functional_call(decoder, part(weights, "decoder"), (x, begun))
        return output, after if isinstance(after, tuple) else (after,)

    if score == "additive":
        rows, contexts = [], []
        for time in range(given.shape[1]):
            context, _ = attend(score, states[0][-1][:, None], memory, mask, part(weights, "attention"))
            row, states = step(torch.cat([vectors[:, time:time + 1], context], dim=2), states)
            rows.append(row)
            contexts.append(context)
        rows, contexts = torch.cat(rows, dim=1), torch.cat(contexts, dim=1)
    else:
        rows, _ = step(vectors, states)
        if score == "none":
            return linear(rows, weights["output.weight"], weights["output.bias"])
        contexts, _ = attend(score, rows, memory, mask, part(weights, "attention"))
    joined = torch.cat([rows, contexts], dim=2)
    readout = torch.tanh(linear(joined, weights["readout.weight"], weights["readout.bias"]))
    return linear(readout, weights["output.weight"], weights["output.bias"])
