#!/usr/bin/env python3
"""Twin of `apus train charlm`: an LSTM language model of characters in PyTorch, states carried from window to window.

    .venv-peers/bin/python Benchmarks/twins/characters.py TEXT [--epochs 2] [--threads 1] [--seed 0]
"""

from __future__ import annotations

import argparse
import collections
import gzip
import json
import math
import time

import torch
from options import begin
from torch import nn
from torch.nn.functional import cross_entropy

STREAMS, WINDOW = 32, 64


class LanguageModel(nn.Module):
    """Embedding, LSTM, dense layer."""

    def __init__(self, symbols: int, units: int, embedding: int, dropout: float) -> None:
        super().__init__()
        self.embedding, self.recurrent = nn.Embedding(symbols, embedding), nn.LSTM(embedding, units)
        self.decoder, self.dropout = nn.Linear(units, symbols), nn.Dropout(dropout)

    def forward(self, numbers: torch.Tensor, states):
        """Numbers [T, N] give logits [T, N, symbols] and the states after them."""
        outputs, states = self.recurrent(self.dropout(self.embedding(numbers)), states)
        return self.decoder(self.dropout(outputs)), states


def windows(numbers: list[int]) -> list[tuple[torch.Tensor, torch.Tensor]]:
    """The text in streams side by side, cut into windows [T, N], with the same one symbol later."""
    length = (len(numbers) - 1) // STREAMS
    streams = torch.tensor(numbers[:length * STREAMS + 1])
    inputs = streams[:-1].view(STREAMS, length).T
    targets = streams[1:].view(STREAMS, length).T
    return [(inputs[i:i + WINDOW], targets[i:i + WINDOW]) for i in range(0, length - WINDOW + 1, WINDOW)]


def rate(step: int, steps: int, highest: float) -> float:
    """PyTorch's OneCycleLR: 30 % up from 1/25, down to 1e-4 of the start."""
    turn = 0.3 * steps - 1
    if step <= turn:
        low, high, part = highest / 25, highest, step / turn
    else:
        low, high, part = highest, highest / 25 / 1e4, (step - turn) / (steps - 1 - turn)
    return high + (low - high) / 2 * (1 + math.cos(math.pi * part))


@torch.inference_mode()
def bits(model: LanguageModel, parts: list[tuple[torch.Tensor, torch.Tensor]]) -> float:
    """Bits per character."""
    model.eval()
    states, total = None, 0.0
    for inputs, targets in parts:
        logits, states = model(inputs, states)
        total += cross_entropy(logits.flatten(0, 1), targets.flatten()).item()
    return total / len(parts) / math.log(2)


def main() -> None:
    """The command."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("text")
    arguments = begin(parser, epochs=2)
    opened = gzip.open if arguments.text.endswith(".gz") else open
    with opened(arguments.text, "rt", encoding="utf-8") as file:
        text = file.read().replace("\r\n", "\n")
    tests = len(text) // 10
    training, held_out = text[:len(text) - tests], text[len(text) - tests:]
    counts = collections.Counter(training)
    symbols = {symbol: i + 1 for i, symbol in enumerate(sorted(s for s in counts if counts[s] >= 5))}
    train, test = (windows([symbols.get(symbol, 0) for symbol in part]) for part in (training, held_out))
    model = LanguageModel(len(symbols) + 1, 256, 64, 0.1)
    optimizer = torch.optim.Adam(model.parameters(), lr=0.006)
    begun, steps = time.monotonic(), arguments.epochs * len(train)
    for epoch in range(arguments.epochs):
        model.train()
        start, states, total = time.monotonic(), None, 0.0
        for index, (inputs, targets) in enumerate(train):
            for group in optimizer.param_groups:
                group["lr"] = rate(epoch * len(train) + index, steps, 0.006)
            logits, states = model(inputs, states)
            states = tuple(state.detach() for state in states)
            loss = cross_entropy(logits.flatten(0, 1), targets.flatten())
            optimizer.zero_grad(set_to_none=True)
            loss.backward()
            nn.utils.clip_grad_norm_(model.parameters(), 1)
            optimizer.step()
            total += loss.item()
        print(json.dumps({"epoch": epoch + 1, "loss": total / len(train), "seconds": time.monotonic() - start}), flush=True)
    print(json.dumps({"parameters": sum(p.numel() for p in model.parameters()), "bits_per_character": bits(model, test),
                      "seconds": time.monotonic() - begun}))


if __name__ == "__main__":
    main()
