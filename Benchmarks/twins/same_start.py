#!/usr/bin/env python3
"""Trains Apus and the twins from the same first values on the same batches, without dropout: are the losses the same?

    .venv-peers/bin/python Benchmarks/twins/same_start.py [--apus .build/release/apus]

A character model with carried states and a one-cycle schedule, and encoder-decoders with and without attention over sources of
different lengths with a cosine; Adam and clipping in all. Prints one JSON object a line, and fails where the loss of an epoch
differs by more than 1e-5 of it: then a difference between results is more than one of seeds.
"""

from __future__ import annotations

import argparse
import json
import math
import random
import struct
import subprocess
import sys
import tempfile
from pathlib import Path

import characters
import torch
from torch import nn
from torch.nn.functional import cross_entropy
from translation import PAD, Translator, batch

EPOCHS, RATE, TOLERANCE = 4, 0.006, 1e-5


def step(model: nn.Module, optimizer: torch.optim.Optimizer, loss: torch.Tensor, rate: float) -> float:
    """One update."""
    for group in optimizer.param_groups:
        group["lr"] = rate
    optimizer.zero_grad(set_to_none=True)
    loss.backward()
    nn.utils.clip_grad_norm_(model.parameters(), 1)
    optimizer.step()
    return loss.item()


def write(path: Path, tensors: dict[str, torch.Tensor]) -> None:
    """A safetensors file."""
    header, body = {}, b""
    for name, tensor in tensors.items():
        data = tensor.detach().numpy().astype("<f4").tobytes()
        header[name] = {"dtype": "F32", "shape": list(tensor.shape), "data_offsets": [len(body), len(body) + len(data)]}
        body += data
    text = json.dumps(header).encode()
    path.write_bytes(struct.pack("<Q", len(text)) + text + body)


def apus(program: Path, folder: Path, *arguments: str) -> list[float]:
    """The losses of the epochs of a training from the weights in the folder."""
    run = folder / "run"
    command = [program, "train", *arguments, "--weights", folder / "weights.safetensors", "--epochs", str(EPOCHS),
               "--learning-rate", str(RATE), "--clip-norm", "1", "--validation-split", "0", "--threads", "1", "--no-report",
               "--output", run]
    subprocess.run(command, check=True, capture_output=True)
    lines = (run / "metrics.jsonl").read_text(encoding="utf-8").splitlines()
    return [json.loads(line)["train_loss"] for line in lines]


def characters_on_both(program: Path, folder: Path) -> tuple[list[float], list[float]]:
    """A character model on words of a small vocabulary in random order."""
    words = ["the ", "cat ", "sat ", "on ", "a ", "mat. ", "dogs ", "like ", "cats "]
    text = "".join(random.choice(words) for _ in range(10_000))
    (folder / "text.txt").write_text(text, encoding="utf-8")
    order = sorted(set(text), key=lambda symbol: (-text.count(symbol), symbol))
    numbers = {symbol: index + 1 for index, symbol in enumerate(order)}
    model = characters.LanguageModel(len(numbers) + 1, 32, 16, 0.0)
    states = {f"carried.{index}": torch.zeros(1, characters.STREAMS, 32) for index in (0, 1)}
    write(folder / "weights.safetensors", model.state_dict() | states)
    parts = characters.windows([numbers[symbol] for symbol in text])
    optimizer, losses = torch.optim.Adam(model.parameters()), []
    for epoch in range(EPOCHS):
        carried, total = None, 0.0
        for index, (inputs, targets) in enumerate(parts):
            logits, carried = model(inputs, carried)
            carried = tuple(state.detach() for state in carried)
            rate = characters.rate(epoch * len(parts) + index, EPOCHS * len(parts), RATE)
            total += step(model, optimizer, cross_entropy(logits.flatten(0, 1), targets.flatten()), rate)
        losses.append(total / len(parts))
    found = apus(program, folder, "charlm", "--data", str(folder / "text.txt"), "--hidden", "32", "--embedding", "16",
                 "--batch-size", str(characters.STREAMS), "--window", str(characters.WINDOW), "--schedule", "one-cycle")
    return losses, found


def pairs_on_both(program: Path, folder: Path, attends: bool) -> tuple[list[float], list[float]]:
    """An encoder-decoder that learns to turn rows of symbols round."""
    rows = [[random.randrange(10) for _ in range(random.randint(2, 12))] for _ in range(640)]
    text = "".join(" ".join(f"a{n}" for n in row) + "\t" + " ".join(f"b{n}" for n in row[::-1]) + "\n" for row in rows)
    (folder / "pairs.tsv").write_text(text, encoding="utf-8")
    counts = [sum(row.count(number) for row in rows) for number in range(10)]
    place = {number: index for index, number in enumerate(sorted(range(10), key=lambda number: (-counts[number], number)))}
    pairs = [([place[n] + 2 for n in row], [place[n] + 4 for n in row[::-1]]) for row in rows]
    model = Translator(12, 14, 32, 16, 0.0, attends)
    names = {"key.weight": "attention.key.weight"}
    write(folder / "weights.safetensors", {names.get(name, name): value for name, value in model.state_dict().items()})
    optimizer, losses, count = torch.optim.Adam(model.parameters()), [], len(pairs) // 64
    for epoch in range(EPOCHS):
        total = 0.0
        for index in range(count):
            source, given, wanted = batch(pairs[index * 64:(index + 1) * 64])
            logits, _ = model.decoded(given, *model.encoded(source))
            loss = cross_entropy(logits.flatten(0, 1), wanted.flatten(), ignore_index=PAD)
            total += step(model, optimizer, loss, RATE * (1 + math.cos(math.pi * (epoch + index / count) / EPOCHS)) / 2)
        losses.append(total / count)
    found = apus(program, folder, "seq2seq", "--data", str(folder / "pairs.tsv"), "--source-unit", "tokens", "--target-unit",
                 "tokens", "--attention", "multiplicative" if attends else "none", "--hidden", "32", "--embedding", "16",
                 "--batch-size", "64", "--window", "20", "--schedule", "cosine", "--no-shuffle")
    return losses, found


def main() -> None:
    """The command."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--apus", type=Path, default=Path(".build/release/apus"))
    program = parser.parse_args().apus
    torch.set_num_threads(1)
    torch.manual_seed(1)
    random.seed(1)
    worst = 0.0
    cases = {"characters": characters_on_both, "attention": lambda *at: pairs_on_both(*at, True),
             "no attention": lambda *at: pairs_on_both(*at, False)}
    for name, both in cases.items():
        with tempfile.TemporaryDirectory() as folder:
            expected, found = both(program, Path(folder))
        difference = max(abs(a - b) / a for a, b in zip(expected, found, strict=True))
        worst = max(worst, difference)
        print(json.dumps({"model": name, "torch": expected, "apus": found, "difference": difference}), flush=True)
    sys.exit(0 if worst <= TOLERANCE else f"same_start.py: losses differ by {worst:.1e} of theirs, more than {TOLERANCE:.0e}")


if __name__ == "__main__":
    main()
