#!/usr/bin/env python3
"""Times the writing of 10,000 characters by an LSTM, Apus and PyTorch in turns; `make bench` calls it.

    .venv-peers/bin/python Benchmarks/generation.py [--rounds 3] [--length 10000] [--apus .build/release/apus]

The network has 96 symbols, vectors of 64 and 256 units, in Apus as `apus train charlm` makes it. PyTorch writes with
`torch.inference_mode`, once by `nn.LSTM` and once by `nn.LSTMCell`; the ratio is over the faster of them. Times are of the
loop alone on both sides: Apus's is the one `apus generate` reports. Prints one JSON object a line.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import tempfile
import time
from pathlib import Path

import torch
from torch import nn

SYMBOLS, EMBEDDING, UNITS = 96, 64, 256


class Writer(nn.Module):
    """Embedding, LSTM by layer or by cell, dense layer."""

    def __init__(self, by_cell: bool) -> None:
        super().__init__()
        self.embedding, self.decoder = nn.Embedding(SYMBOLS, EMBEDDING), nn.Linear(UNITS, SYMBOLS)
        self.cell = nn.LSTMCell(EMBEDDING, UNITS) if by_cell else nn.LSTM(EMBEDDING, UNITS)
        self.by_cell = by_cell

    @torch.inference_mode()
    def seconds(self, length: int) -> float:
        """The time it takes to draw so many symbols, each from the probabilities after those before."""
        symbol, state = torch.zeros(1, dtype=torch.long), None
        begun = time.perf_counter()
        for _ in range(length):
            vector = self.embedding(symbol)
            if self.by_cell:
                state = self.cell(vector, state)
                row = state[0]
            else:
                row, state = self.cell(vector, state)
            symbol = torch.multinomial(torch.softmax(self.decoder(row), 1)[0], 1)
        return time.perf_counter() - begun


def trained(apus: Path, folder: str) -> str:
    """The folder of a run of the network; what it has learnt does not matter."""
    text = Path(folder, "text.txt")
    printable = "".join(chr(code) for code in range(32, 127))
    text.write_text((printable + "\n") * 40, encoding="utf-8")
    run = f"{folder}/run"
    subprocess.run([apus, "train", "charlm", "--data", text, "--epochs", "1", "--batch-size", "4", "--no-report", "--output", run],
                   check=True, capture_output=True)
    return run


def main() -> None:
    """The command."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--length", type=int, default=10_000)
    parser.add_argument("--apus", type=Path, default=Path(".build/release/apus"))
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        run = trained(arguments.apus, folder)
        for threads in (1, 2):
            torch.set_num_threads(threads)
            writers = {"layer": Writer(False), "cell": Writer(True)}
            times: dict[str, list[float]] = {"apus": []} | {name: [] for name in writers}
            for turn in range(arguments.rounds):
                for name, writer in writers.items():
                    times[name].append(writer.seconds(arguments.length))
                found = subprocess.run(
                    [arguments.apus, "generate", run, "--length", str(arguments.length), "--seed", str(turn),
                     "--threads", str(threads), "--json"], check=True, capture_output=True, text=True)
                times["apus"].append(arguments.length / json.loads(found.stdout)["symbols_per_second"])
            medians = {name: statistics.median(values) for name, values in times.items()}
            fastest = min(medians["layer"], medians["cell"])
            print(json.dumps({"threads": threads, "length": arguments.length, "apus_s": medians["apus"],
                              "torch_layer_s": medians["layer"], "torch_cell_s": medians["cell"],
                              "ratio": fastest / medians["apus"], "all_s": times}), flush=True)


if __name__ == "__main__":
    main()
