#!/usr/bin/env python3
"""Times Apus and PyTorch side by side in one run and prints a table. `make bench` calls it.

    .venv-peers/bin/python Benchmarks/compare.py [--rows REGEX] [--rounds N] [--no-compile] [--write-markdown FILE]

For each row it starts three processes: PyTorch eager, PyTorch compiled, and Apus. Each prepares itself, says that
it is ready, and then sits idle on its standard input. The driver lets one at a time run for a slice of about a second,
in turns and in another order each round, so that a noisy machine disturbs all of them alike; a round in which other
programs took more than 5 % of the machine is repeated. The ratio is the median over the rounds of
(PyTorch's median of the round / Apus's). See Benchmarks/peers/README.md.
"""

from __future__ import annotations

import argparse
import datetime
import json
import os
import platform
import re
import selectors
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

ROOT = Path(__file__).resolve().parent.parent
RESULTS = ROOT / "Benchmarks" / "results.json"
PEER = ROOT / "Benchmarks" / "peers" / "torch_step.py"
EAGER, COMPILED, APUS = "torch", "torch compiled", "apus"
READY_SECONDS = 900.0
ANSWER_SECONDS = 120.0
# libgomp's waiting threads spin for some milliseconds after the last parallel region before they sleep.
PAUSE_SECONDS = 0.03
# A round counts as disturbed when other programs take more of the machine than this; it is then repeated,
# up to PATIENCE times the rounds asked for.
BUSY_SHARE = 0.05
PATIENCE = 4


class PeerError(Exception):
    """A peer that did not start, stopped, or said something that is not in the protocol."""


@dataclass(frozen=True)
class Row:
    """One line of the table."""

    model: str
    mode: str
    batch_size: int
    optimizer: str | None = None

    @property
    def name(self) -> str:
        """As `--rows` sees it, for example "lenet5 train batch 32 adam"."""
        return " ".join(filter(None, [self.model, self.mode, f"batch {self.batch_size}", self.optimizer]))

    def arguments(self) -> list[str]:
        """The options that PyTorch's side and Apus's share."""
        chosen = ["--batch-size", str(self.batch_size), "--mode", self.mode]
        return chosen + (["--optimizer", self.optimizer] if self.optimizer else [])


ROWS = [
    Row(model, mode, batch, optimizer)
    for model in ("mlp", "lenet5") for batch in (32, 128)
    for mode, optimizer in (("train", "momentum"), ("train", "adam"), ("infer", None))
] + [
    row
    for model, batches in (("elman", [32]), ("lstm", [32]), ("lstm-words", [20]), ("lstm-small", [1, 8]))
    for batch in batches
    for row in (Row(model, "train", batch, "sgd"), Row(model, "infer", batch))
]


class Peer:
    """A process that times slices on request."""

    def __init__(self, name: str, command: list[str], environment: dict[str, str]) -> None:
        self.name = name
        self._errors: IO[str] = tempfile.TemporaryFile("w+", encoding="utf-8")
        try:
            self._process = subprocess.Popen(
                command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self._errors, text=True, bufsize=1,
                env=environment, cwd=ROOT)
        except OSError as error:
            raise PeerError(f"{name} does not start: {error.strerror}") from error
        self._selector = selectors.DefaultSelector()
        self._selector.register(self._process.stdout, selectors.EVENT_READ)
        self.ready: dict[str, Any] = {}
        self.slices: list[dict[str, float]] = []

    def wait_until_ready(self) -> None:
        """Reads the first line."""
        self.ready = self._answer(READY_SECONDS)
        if self.ready.get("ready") is not True:
            raise PeerError(f"{self.name} did not say that it is ready but: {self.ready}")

    def run(self, seconds: float) -> None:
        """Lets it run for one slice."""
        try:
            self._process.stdin.write(f"run {seconds}\n")
            self._process.stdin.flush()
        except OSError as error:
            raise PeerError(f"{self.name} stopped: {self._last_error()}") from error
        answer = self._answer(seconds + ANSWER_SECONDS)
        if "median_ms" not in answer:
            raise PeerError(f"{self.name} answered {answer}")
        self.slices.append(answer)

    def cpu_seconds(self) -> float:
        """Processor time used so far."""
        try:
            fields = Path(f"/proc/{self._process.pid}/stat").read_text().rsplit(")", 1)[1].split()
        except OSError:
            return 0.0
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def close(self) -> None:
        """Ends its input, and ends it if that does not."""
        try:
            self._process.stdin.close()
            self._process.wait(timeout=10)
        except (OSError, subprocess.TimeoutExpired):
            self._process.kill()
            self._process.wait()
        self._process.stdout.close()
        self._errors.close()
        self._selector.close()

    def _answer(self, seconds: float) -> dict[str, Any]:
        """One JSON line."""
        if not self._selector.select(seconds):
            raise PeerError(f"{self.name} did not answer within {seconds:.0f} s")
        line = self._process.stdout.readline()
        if not line:
            raise PeerError(f"{self.name} stopped: {self._last_error()}")
        try:
            answer = json.loads(line)
        except json.JSONDecodeError as error:
            raise PeerError(f"{self.name} printed a line that is not JSON: {line.strip()!r}") from error
        return answer if isinstance(answer, dict) else {"error": answer}

    def _last_error(self) -> str:
        """The last line of its standard error."""
        self._process.wait()
        self._errors.seek(0)
        lines = [line.strip() for line in self._errors if line.strip()]
        return lines[-1] if lines else f"exit status {self._process.returncode}, without a message"


@dataclass
class Outcome:
    """What one row gave."""

    row: Row
    results: dict[str, dict[str, Any]] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)
    ratio: float | None = None
    ratio_low: float | None = None
    ratio_high: float | None = None
    other_load: float = 0.0

    @property
    def fastest_torch(self) -> str | None:
        """The faster of PyTorch eager and compiled."""
        known = [name for name in (EAGER, COMPILED) if name in self.results]
        return min(known, key=lambda name: self.results[name]["median_ms"], default=None)

    def as_json(self) -> dict[str, Any]:
        """For results.json."""
        row = {"name": self.row.name, "model": self.row.model, "mode": self.row.mode,
               "batch_size": self.row.batch_size, "optimizer": self.row.optimizer}
        return {**row, "peers": self.results, "fastest_torch": self.fastest_torch, "ratio": self.ratio,
                "ratio_low": self.ratio_low, "ratio_high": self.ratio_high,
                "other_load": round(self.other_load, 3), "problems": self.problems}


def environment(threads: int) -> dict[str, str]:
    """The same threads for both sides, waiting as libgomp does by default: spin for some ms, then sleep."""
    inherited = {key: value for key, value in os.environ.items()
                 if not key.startswith(("OMP_", "GOMP_", "KMP_", "MKL_", "TORCH"))}
    return {**inherited, "OMP_NUM_THREADS": str(threads), "GOMP_SPINCOUNT": "300000"}


def commands(row: Row, options: argparse.Namespace) -> dict[str, list[str]]:
    """The peers of a row."""
    shared = [*row.arguments(), "--threads", str(options.threads), "--serve"]
    torch = [options.python, str(PEER), "--model", row.model, "--channels-last", "auto", *shared]
    found = {EAGER: torch}
    if not options.no_compile:
        found[COMPILED] = [*torch, "--compile", "default"]
    if options.apus is not None:
        found[APUS] = [str(options.apus), "bench", row.model, *shared]
    return found


def measure(row: Row, options: argparse.Namespace) -> Outcome:
    """Starts the peers of a row one after the other, alternates their slices, and ends them."""
    outcome, peers = Outcome(row), []
    try:
        for name, command in commands(row, options).items():
            try:
                peer = Peer(name, command, environment(options.threads))
                peers.append(peer)
                progress(f"{row.name}: preparing {name}")
                peer.wait_until_ready()
            except PeerError as error:
                outcome.problems.append(str(error))
        alternate([peer for peer in peers if peer.ready], outcome, options)
    finally:
        for peer in peers:
            peer.close()
    return outcome


def alternate(peers: list[Peer], outcome: Outcome, options: argparse.Namespace) -> None:
    """Runs rounds until enough were undisturbed, and keeps the quietest; a peer that fails is left out."""
    loads: list[float] = []
    while len(loads) < options.rounds * PATIENCE and sum(load <= BUSY_SHARE for load in loads) < options.rounds:
        progress(f"{outcome.row.name}: round {len(loads) + 1}")
        turn = len(loads) % max(1, len(peers))
        loads.append(other_load(lambda: one_round([*peers[turn:], *peers[:turn]], outcome, options.slice), peers))
        peers = [peer for peer in peers if len(peer.slices) == len(loads)]
    kept = sorted(sorted(range(len(loads)), key=loads.__getitem__)[:options.rounds])
    outcome.other_load = max(loads[number] for number in kept)
    for peer in peers:
        peer.slices = [peer.slices[number] for number in kept]
        outcome.results[peer.name] = result(peer)
    set_ratio(outcome, peers)


def one_round(peers: list[Peer], outcome: Outcome, seconds: float) -> None:
    """One slice of each peer, in the order given."""
    for peer in peers:
        try:
            time.sleep(PAUSE_SECONDS)
            peer.run(seconds)
        except PeerError as error:
            outcome.problems.append(str(error))


def other_load(work: Callable[[], None], peers: list[Peer]) -> float:
    """The share of the machine's processor time that others than the peers take during `work`."""
    start, used, busy = time.monotonic(), sum(peer.cpu_seconds() for peer in peers), busy_seconds()
    work()
    others = (busy_seconds() - busy) - (sum(peer.cpu_seconds() for peer in peers) - used)
    return max(0.0, others / (time.monotonic() - start) / (os.cpu_count() or 1))


def result(peer: Peer) -> dict[str, Any]:
    """One peer's numbers over all rounds."""
    medians = [piece["median_ms"] for piece in peer.slices]
    return {
        "median_ms": round(statistics.median(medians), 5),
        "min_ms": min(piece["min_ms"] for piece in peer.slices),
        "p90_ms": round(statistics.median(piece["p90_ms"] for piece in peer.slices), 5),
        "steps": sum(int(piece["steps"]) for piece in peer.slices),
        "round_medians_ms": medians,
        **{key: value for key, value in peer.ready.items() if key in (
            "first_step_ms", "peak_memory_mb", "baseline_memory_mb", "variant", "version", "threads")},
    }


def set_ratio(outcome: Outcome, peers: list[Peer]) -> None:
    """PyTorch / Apus: the median, the least and the greatest of the rounds."""
    slices = {peer.name: peer.slices for peer in peers}
    torch = outcome.fastest_torch
    if torch is None or APUS not in slices:
        return
    ratios = [theirs["median_ms"] / max(ours["median_ms"], 1e-9)
              for theirs, ours in zip(slices[torch], slices[APUS], strict=True)]
    outcome.ratio, outcome.ratio_low, outcome.ratio_high = (
        round(value, 3) for value in (statistics.median(ratios), min(ratios), max(ratios)))


def busy_seconds() -> float:
    """Processor time that anything on this machine has used, in seconds; what the host took away counts too."""
    user, nice, system, _, _, irq, softirq, steal = map(int, Path("/proc/stat").read_text().split()[1:9])
    return (user + nice + system + irq + softirq + steal) / os.sysconf("SC_CLK_TCK")


def machine() -> dict[str, Any]:
    """What the table was measured on."""
    processor = re.search(r"model name\s*:\s*(.*)", Path("/proc/cpuinfo").read_text())
    memory = re.search(r"MemTotal:\s*(\d+)", Path("/proc/meminfo").read_text())
    flags = Path("/proc/cpuinfo").read_text()
    release = platform.freedesktop_os_release().get("PRETTY_NAME", "Linux")
    return {
        "processor": processor.group(1).strip() if processor else platform.machine(),
        "cores": os.cpu_count(),
        "vectors": [name for name in ("avx2", "avx512f") if re.search(rf"\b{name}\b", flags)],
        "memory_gb": round(int(memory.group(1)) / 2**20) if memory else None,
        "system": f"{release}, kernel {platform.release()}",
        "python": platform.python_version(),
    }


HEADINGS = ["row", "torch eager", "torch compiled", "apus", "ratio", "range", "first step (e/c/a)", "peak MB (e/c/a)"]


def cells(outcome: Outcome) -> list[str]:
    """One line of the table."""
    def number(name: str, key: str, digits: int) -> str:
        value = outcome.results.get(name, {}).get(key)
        return "-" if value is None else f"{value:.{digits}f}"

    def medians(name: str) -> str:
        text = number(name, "median_ms", 3)
        return text + (" *" if name == outcome.fastest_torch else "")

    all_three = (EAGER, COMPILED, APUS)
    busy = " (!)" if outcome.other_load > BUSY_SHARE else ""
    return [
        outcome.row.name + busy, medians(EAGER), medians(COMPILED), medians(APUS),
        "-" if outcome.ratio is None else f"{outcome.ratio:.2f}",
        "-" if outcome.ratio is None else f"{outcome.ratio_low:.2f}-{outcome.ratio_high:.2f}",
        " / ".join(number(name, "first_step_ms", 0) for name in all_three),
        " / ".join(number(name, "peak_memory_mb", 0) for name in all_three),
    ]


def text_table(outcomes: list[Outcome]) -> str:
    """For the terminal."""
    lines = [HEADINGS, *map(cells, outcomes)]
    widths = [max(len(line[column]) for line in lines) for column in range(len(HEADINGS))]
    return "\n".join("  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip()
                     for line in lines)


def notes(outcomes: list[Outcome]) -> list[str]:
    """What the reader of the table must know."""
    variants = {
        f"{outcome.row.name}: {outcome.fastest_torch}, {outcome.results[outcome.fastest_torch].get('variant')}"
        for outcome in outcomes if outcome.fastest_torch}
    found = [
        "Times are medians of one whole step in milliseconds; * marks the faster PyTorch, which the ratio takes.",
        "Ratio: median over the rounds of PyTorch / Apus (above 1: Apus is faster); range: least and greatest round.",
        "First step in ms, peak resident memory of the process in MB, for eager / compiled / Apus.",
    ]
    if any(outcome.other_load > BUSY_SHARE for outcome in outcomes):
        found.append("(!) other programs took more than 5 % of the machine in rounds that count: measure again.")
    return found + [f"Fastest PyTorch, {text}." for text in sorted(variants)]


def markdown(outcomes: list[Outcome], facts: dict[str, Any]) -> str:
    """The table with the machine."""
    rows = ["| " + " | ".join(line) + " |" for line in [HEADINGS, ["---"] * len(HEADINGS), *map(cells, outcomes)]]
    where = facts["machine"]
    about = [
        f"- Machine: {where['processor']}, {where['cores']} cores ({', '.join(where['vectors'])}), "
        f"{where['memory_gb']} GB, {where['system']}",
        f"- Threads: {facts['threads']}; rounds: {facts['rounds']} slices of {facts['slice_seconds']} s for each peer",
        f"- Versions: {', '.join(f'{name} {version}' for name, version in facts['versions'].items())}",
        f"- Measured: {facts['date']}, by `make bench`",
    ]
    notices = [f"- {note}" for note in notes(outcomes)]
    return "\n".join(["# Apus beside PyTorch", "", *about, "", *rows, "", *notices, ""])


def report(outcomes: list[Outcome], options: argparse.Namespace) -> None:
    """Prints the table and writes the files."""
    versions = {"python": platform.python_version()}
    for outcome in outcomes:
        for name, peer in outcome.results.items():
            if "version" in peer:
                versions[name.split()[0]] = str(peer["version"])
    facts = {"date": datetime.date.today().isoformat(), "machine": machine(), "threads": options.threads,
             "rounds": options.rounds, "slice_seconds": options.slice, "versions": versions}
    print(text_table(outcomes))
    for note in notes(outcomes):
        print(note)
    RESULTS.write_text(json.dumps({**facts, "rows": [outcome.as_json() for outcome in outcomes]}, indent=1) + "\n")
    if options.write_markdown:
        options.write_markdown.write_text(markdown(outcomes, facts))


def progress(text: str) -> None:
    """Where it is, on standard error."""
    if sys.stderr.isatty():
        print(f"\r\033[K{text}", end="", file=sys.stderr, flush=True)


def parse() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=re.compile, default=re.compile(""), metavar="REGEX",
                        help="only rows whose name matches, for example 'lenet5 train'")
    parser.add_argument("--list", action="store_true", help="print the names of the rows and end")
    parser.add_argument("--rounds", type=int, default=7, help="slices for each peer (default 7)")
    parser.add_argument("--slice", type=float, default=1.0, help="seconds of one slice (default 1)")
    parser.add_argument("--threads", type=int, default=2, help="threads for each peer (default 2)")
    parser.add_argument("--no-compile", action="store_true", help="leave torch.compile out")
    parser.add_argument("--no-apus", action="store_true", help="time PyTorch only")
    parser.add_argument("--apus", type=Path, default=ROOT / ".build/release/apus", help="the apus command")
    parser.add_argument("--python", default=sys.executable, help="the Python that has torch (default: this one)")
    parser.add_argument("--write-markdown", type=Path, metavar="FILE", help="also write the table as markdown")
    options = parser.parse_args()
    if options.rounds < 1 or options.threads < 1 or not 0 < options.slice <= 60:
        parser.error("--rounds and --threads must be at least 1, --slice between 0 and 60")
    if options.no_apus:
        options.apus = None
    elif not options.apus.is_file():
        parser.error(f"there is no apus command at {options.apus}; build it (swift build -c release) or say --no-apus")
    else:
        options.apus = options.apus.resolve()
    return options


def main() -> int:
    """The command."""
    options = parse()
    rows = [row for row in ROWS if options.rows.search(row.name)]
    if options.list:
        print("\n".join(row.name for row in rows))
        return 0
    if not rows:
        print(f"compare.py: no row matches; there are: {', '.join(row.name for row in ROWS)}", file=sys.stderr)
        return 2
    outcomes = []
    for row in rows:
        outcome = measure(row, options)
        outcomes.append(outcome)
        progress("")
        print("  ".join(cells(outcome)), file=sys.stderr, flush=True)
        for problem in outcome.problems:
            print(f"compare.py: {row.name}: {problem}", file=sys.stderr)
    report(outcomes, options)
    return 1 if any(outcome.problems for outcome in outcomes) else 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit(130)
