#!/usr/bin/env python3
"""Times convolutional networks beside PyTorch and, in inference, ONNX Runtime, in one run; `make bench` calls it.

    .venv-peers/bin/python Benchmarks/networks.py [--rows REGEX] [--rounds N] [--write-markdown FILE]

The peers of a row take turns as those of compare.py do. Ratios are medians over the rounds of peer / Apus.
"""

from __future__ import annotations

import argparse
import re
import statistics
import sys
from pathlib import Path

import compare
from compare import APUS, ROOT, Outcome, Peer, PeerError, Row

TORCH, ONNX = "torch", "onnxruntime"
PEER = ROOT / "Benchmarks" / "peers" / "network_step.py"
SIZES = {"alexnet": 16, "vgg16": 4, "resnet18": 8, "resnet50": 8, "googlenet": 8, "lenet5": 128}
# What each row must reach: training beside PyTorch, inference beside ONNX Runtime.
TARGETS = {
    "alexnet": (1.5, 1.3), "vgg16": (2.0, 1.6), "resnet18": (1.5, 1.3), "resnet50": (1.3, 1.1), "googlenet": (1.5, 1.3),
    "lenet5": (4.0, 1.3),
}
ROWS = [Row(model, mode, size) for model, size in SIZES.items() for mode in ("train", "infer")]
HEADINGS = ["row", "torch", "onnxruntime", "apus", "torch / apus", "onnxruntime / apus", "target", "first step (t/o/a)",
            "peak MB (t/o/a)"]


def commands(row: Row, options: argparse.Namespace) -> dict[str, list[str]]:
    """The peers of a row."""
    numbers = ["--batch-size", str(row.batch_size), "--mode", row.mode, "--threads", str(options.threads), "--serve"]
    peer = [options.python, str(PEER), "--model", row.model, *numbers]
    found = {TORCH: [*peer, "--peer", "torch"]}
    if row.mode == "infer":
        found[ONNX] = [*peer, "--peer", "onnxruntime"]
    optimizer = ["--optimizer", "momentum"] if row.mode == "train" else []
    found[APUS] = [str(options.apus), "bench", row.model, *numbers, *optimizer]
    return found


def measure(row: Row, options: argparse.Namespace) -> Outcome:
    """Starts the peers of a row one after the other, alternates their slices, and ends them."""
    outcome, peers = Outcome(row), []
    try:
        for name, command in commands(row, options).items():
            try:
                peer = Peer(name, command, compare.environment(options.threads))
                peers.append(peer)
                compare.progress(f"{row.name}: preparing {name}")
                peer.wait_until_ready()
            except PeerError as error:
                outcome.problems.append(str(error))
        compare.alternate([peer for peer in peers if peer.ready], outcome, options)
    finally:
        for peer in peers:
            peer.close()
    return outcome


def ratio(outcome: Outcome, peer: str) -> str:
    """The median over the rounds, with the least and the greatest."""
    if peer not in outcome.results or APUS not in outcome.results:
        return "-"
    rounds = [theirs / ours for theirs, ours in zip(
        outcome.results[peer]["round_medians_ms"], outcome.results[APUS]["round_medians_ms"], strict=True)]
    return f"{statistics.median(rounds):.2f} ({min(rounds):.2f}-{max(rounds):.2f})"


def cells(outcome: Outcome) -> list[str]:
    """One line of the table."""
    def number(name: str, key: str, digits: int) -> str:
        value = outcome.results.get(name, {}).get(key)
        return "-" if value is None else f"{value:.{digits}f}"

    peers = (TORCH, ONNX, APUS)
    training, inference = TARGETS[outcome.row.model]
    busy = " (!)" if outcome.other_load > compare.BUSY_SHARE else ""
    return [
        outcome.row.name + busy, *(number(name, "median_ms", 1) for name in peers),
        ratio(outcome, TORCH), ratio(outcome, ONNX),
        f"torch {training}" if outcome.row.mode == "train" else f"onnxruntime {inference}",
        " / ".join(number(name, "first_step_ms", 0) for name in peers),
        " / ".join(number(name, "peak_memory_mb", 0) for name in peers),
    ]


def markdown(outcomes: list[Outcome]) -> str:
    """The table as it stands in RESULTS.md."""
    lines = [HEADINGS, ["---"] * len(HEADINGS), *map(cells, outcomes)]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines) + "\n"


def main() -> None:
    """The command."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", default="", help="only rows whose name matches this regular expression")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--slice", type=float, default=2.0, help="seconds a peer runs in a round")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--apus", type=Path, default=ROOT / ".build" / "release" / "apus")
    parser.add_argument("--python", default=sys.executable)
    parser.add_argument("--write-markdown", type=Path, metavar="FILE")
    options = parser.parse_args()
    if options.rounds < 1 or options.threads < 1 or not 0 < options.slice <= 60:
        parser.error("--rounds and --threads must be at least 1, --slice above 0 and at most 60")
    rows = [row for row in ROWS if re.search(options.rows, row.name)]
    if not rows:
        parser.error(f"no row matches '{options.rows}'; there are: {', '.join(row.name for row in ROWS)}")
    outcomes = []
    for row in rows:
        outcomes.append(measure(row, options))
        for problem in outcomes[-1].problems:
            print(f"networks.py: {row.name}: {problem}", file=sys.stderr)
        compare.progress("")
        print(markdown(outcomes[-1:]).splitlines()[-1], flush=True)
        if options.write_markdown:
            options.write_markdown.write_text(markdown(outcomes))
    if any(outcome.problems for outcome in outcomes):
        sys.exit(1)


if __name__ == "__main__":
    main()
