#!/usr/bin/env python3
"""Times one whole step of PyTorch (CPU): the peer that Apus's benchmarks run beside.

    torch_step.py --model lenet5 --mode train --batch-size 128 --optimizer adam --threads 2 --json
    torch_step.py --model lenet5 --mode infer --batch-size 128 --serve     # then "run SECONDS" lines on stdin

See Benchmarks/peers/README.md.
"""

from __future__ import annotations

import argparse
import gc
import json
import math
import os
import shutil
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
import torch.nn.functional as F
from torch import nn

Step = Callable[[], object]
# So small that thousands of steps on one batch leave the network where it began: no gradient ever becomes
# denormal or exactly zero, which would change the speed of the arithmetic.
LEARNING_RATE = 1e-6
CALIBRATION_SECONDS = 0.15
CALIBRATION_ROUNDS = 4
WARM_UP_SECONDS = 0.4
WARM_UP_STEPS = 10


class LeNet5(nn.Module):
    """LeNet-5 with ReLU and max pooling on 1x28x28 images padded by 2."""

    def __init__(self) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(1, 6, 5, padding=2)
        self.conv2 = nn.Conv2d(6, 16, 5)
        self.dense1 = nn.Linear(400, 120)
        self.dense2 = nn.Linear(120, 84)
        self.dense3 = nn.Linear(84, 10)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Logits [N, 10]."""
        h = F.max_pool2d(F.relu(self.conv1(x)), 2)
        h = F.max_pool2d(F.relu(self.conv2(h)), 2).flatten(1)
        return self.dense3(F.relu(self.dense2(F.relu(self.dense1(h)))))


class Elman(nn.Module):
    """One layer of nn.RNN (tanh), 64 -> 256, and a dense layer 256 -> 96 at every step of time."""

    def __init__(self) -> None:
        super().__init__()
        self.rnn = nn.RNN(64, 256)
        self.dense = nn.Linear(256, 96)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Logits [T * N, 96] of x [T, N, 64]."""
        output, _ = self.rnn(x)
        return self.dense(output.flatten(0, 1))


class CharacterLSTM(nn.Module):
    """An embedding, one layer of nn.LSTM, and a dense layer at every step of time."""

    def __init__(self, classes: int, inputs: int, units: int) -> None:
        super().__init__()
        self.embedding = nn.Embedding(classes, inputs)
        self.lstm = nn.LSTM(inputs, units)
        self.dense = nn.Linear(units, classes)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Logits [T * N, classes] of symbols x [T, N]."""
        output, _ = self.lstm(self.embedding(x))
        return self.dense(output.flatten(0, 1))


def mlp() -> nn.Module:
    """784-512-512-10 with ReLU."""
    return nn.Sequential(nn.Linear(784, 512), nn.ReLU(), nn.Linear(512, 512), nn.ReLU(), nn.Linear(512, 10))


# Model: constructor, input shape for a batch size, number of labels for a batch size, classes.
MODELS: dict[str, tuple[Callable[[], nn.Module], Callable[[int], tuple[int, ...]], Callable[[int], int], int]] = {
    "mlp": (mlp, lambda n: (n, 784), lambda n: n, 10),
    "lenet5": (LeNet5, lambda n: (n, 1, 28, 28), lambda n: n, 10),
    "elman": (Elman, lambda n: (64, n, 64), lambda n: 64 * n, 96),
    "lstm": (lambda: CharacterLSTM(96, 64, 256), lambda n: (64, n), lambda n: 64 * n, 96),
    "lstm-words": (lambda: CharacterLSTM(10_000, 256, 512), lambda n: (35, n), lambda n: 35 * n, 10_000),
    "lstm-small": (lambda: CharacterLSTM(96, 64, 128), lambda n: (64, n), lambda n: 64 * n, 96),
}


@dataclass(frozen=True)
class Candidate:
    """One way to run the step; `prepare` makes it ready (and compiles nothing yet)."""

    label: str
    prepare: Callable[[], Step]


def make_optimizer(name: str, model: nn.Module, kind: str) -> torch.optim.Optimizer:
    """The optimizer in one of PyTorch's implementations: "fused", "foreach" or "for-loop"."""
    flags: dict[str, bool] = {"foreach": kind == "foreach", "fused": kind == "fused"}
    if name == "adam":
        return torch.optim.Adam(model.parameters(), lr=LEARNING_RATE, **flags)
    momentum = 0.9 if name == "momentum" else 0.0
    return torch.optim.SGD(model.parameters(), lr=LEARNING_RATE, momentum=momentum, **flags)


def candidates(options: argparse.Namespace) -> list[Candidate]:
    """The settings to choose the fastest from, the usual one first."""
    formats = {"no": [False], "yes": [True], "auto": [False, True]}[options.channels_last]
    if options.model != "lenet5":
        formats = [False]
    return [choice for channels_last in formats for choice in candidates_in(options, channels_last)]


def candidates_in(options: argparse.Namespace, channels_last: bool) -> list[Candidate]:
    """The settings in one memory format."""
    torch.manual_seed(0)
    make, input_shape, labels, classes = MODELS[options.model]
    shape = input_shape(options.batch_size)
    model = make()
    # The LSTMs read symbols, the others numbers.
    inputs = torch.randint(classes, shape) if options.model.startswith("lstm") else torch.randn(shape)
    targets = torch.randint(classes, (labels(options.batch_size),))
    suffix, compiled = "", options.compile != "none"
    if channels_last:
        suffix = ", channels last"
        model, inputs = model.to(memory_format=torch.channels_last), inputs.to(memory_format=torch.channels_last)
    if options.mode == "infer":
        return [Candidate("inference_mode" + suffix, lambda: inference(model.eval(), inputs, options.compile))]

    def loss() -> torch.Tensor:
        return F.cross_entropy(model(inputs), targets)

    if compiled:
        loss = torch.compile(loss, mode=options.compile)
    found = [
        Candidate(kind + suffix, lambda kind=kind: training(loss, make_optimizer(options.optimizer, model, kind)))
        for kind in (["fused"] if compiled else ["fused", "foreach", "for-loop"])
    ]
    if compiled:
        found.append(Candidate("compiled optimizer" + suffix, lambda: training(
            loss, make_optimizer(options.optimizer, model, "foreach"), compile_mode=options.compile)))
    return found


def inference(model: nn.Module, inputs: torch.Tensor, compile_mode: str) -> Step:
    """A step that computes the logits."""
    call = model if compile_mode == "none" else torch.compile(model, mode=compile_mode)
    return lambda: call(inputs)


def training(
    loss: Callable[[], torch.Tensor], optimizer: torch.optim.Optimizer, compile_mode: str | None = None
) -> Step:
    """A whole training step: forget the gradients, loss, backward, update."""
    update = optimizer.step if compile_mode is None else torch.compile(lambda: optimizer.step(), mode=compile_mode)

    def step() -> None:
        optimizer.zero_grad(set_to_none=True)
        loss().backward()
        update()

    return step


def timed(step: Step, seconds: float, least: int = 3) -> list[float]:
    """Milliseconds of each of the steps done in `seconds`, at least `least` of them."""
    times: list[float] = []
    clock = time.perf_counter_ns
    end = clock() + int(seconds * 1e9)
    start = clock()
    while start < end or len(times) < least:
        step()
        now = clock()
        times.append((now - start) / 1e6)
        start = now
    return times


def summary(times: list[float]) -> dict[str, Any]:
    """Median, minimum and 90th percentile."""
    ordered = sorted(times)
    return {
        "median_ms": round(statistics.median(ordered), 5),
        "min_ms": round(ordered[0], 5),
        "p90_ms": round(ordered[min(len(ordered) - 1, math.ceil(0.9 * len(ordered)) - 1)], 5),
        "steps": len(ordered),
    }


def memory_mb(field: str) -> float:
    """A field of /proc/self/status in MB: VmHWM is the peak, VmRSS what is resident now."""
    with open("/proc/self/status", encoding="ascii") as status:
        for line in status:
            if line.startswith(field + ":"):
                return round(int(line.split()[1]) / 1024, 1)
    return 0.0


@dataclass
class Prepared:
    """The fastest setting, warm, and what the first step cost."""

    step: Step
    variant: str
    first_step_ms: float
    peak_memory_mb: float


def prepare(options: argparse.Namespace) -> Prepared:
    """Runs the first step, then picks the fastest candidate.

    First-step time and peak memory are those of the first candidate, before any other has run.
    """
    choices = candidates(options)
    if options.variant != "auto":
        choices = [choice for choice in choices if choice.label == options.variant]
        if not choices:
            fail(f"no variant '{options.variant}' for this model, mode and compilation")
    step = choices[0].prepare()
    start = time.perf_counter_ns()
    step()
    first = (time.perf_counter_ns() - start) / 1e6
    warm_up(step)
    peak = memory_mb("VmHWM")
    best = fastest([step, *(warm_up(choice.prepare()) for choice in choices[1:])])
    gc.collect()
    gc.freeze()
    return Prepared(best[1], choices[best[0]].label, round(first, 3), peak)


def fastest(steps: list[Step]) -> tuple[int, Step]:
    """The step with the least median over alternating slices, and its index."""
    medians = [math.inf] * len(steps)
    for _ in range(CALIBRATION_ROUNDS if len(steps) > 1 else 0):
        for index, step in enumerate(steps):
            medians[index] = min(medians[index], statistics.median(timed(step, CALIBRATION_SECONDS)))
    return min(enumerate(steps), key=lambda pair: medians[pair[0]])


def warm_up(step: Step) -> Step:
    """Steps until caches, thread pools and compiled code are there."""
    timed(step, WARM_UP_SECONDS, least=WARM_UP_STEPS)
    return step


def serve(prepared: Prepared, options: argparse.Namespace, facts: dict[str, Any]) -> None:
    """Says that it is ready, then answers each "run SECONDS" with one JSON line; ends with its input."""
    ready = {"ready": True, "first_step_ms": prepared.first_step_ms, "peak_memory_mb": prepared.peak_memory_mb}
    say({**ready, **facts})
    while line := sys.stdin.readline():
        words = line.split()
        if not words:
            continue
        seconds = positive(words[1]) if len(words) == 2 and words[0] == "run" else None
        if seconds is None:
            say({"error": f"expected 'run SECONDS', got '{line.strip()}'"})
            continue
        with torch.inference_mode(options.mode == "infer"):
            say(summary(timed(prepared.step, seconds)))


def say(message: dict[str, Any]) -> None:
    """One JSON line, at once."""
    print(json.dumps(message), flush=True)


def positive(text: str) -> float | None:
    """A finite number above 0, or nothing."""
    try:
        value = float(text)
    except ValueError:
        return None
    return value if math.isfinite(value) and value > 0 else None


def fail(message: str) -> None:
    """Ends with one sentence."""
    sys.exit(f"torch_step.py: {message}")


def check_compiler() -> None:
    """torch.compile on the CPU writes C++ and needs a compiler for it."""
    if shutil.which(os.environ.get("CXX", "g++")) is None and shutil.which("clang++") is None:
        fail("torch.compile needs a C++ compiler and there is none; install g++ or use --compile none.")


def parse() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--model", required=True, choices=list(MODELS))
    parser.add_argument("--mode", choices=["train", "infer"], default="train")
    parser.add_argument("--batch-size", type=int, default=32)
    parser.add_argument("--optimizer", choices=["sgd", "momentum", "adam"], default="momentum")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--compile", choices=["none", "default", "max-autotune"], default="none")
    parser.add_argument("--variant", default="auto", help="fused, foreach, for-loop or 'compiled optimizer'")
    parser.add_argument("--channels-last", nargs="?", choices=["no", "yes", "auto"], const="yes", default="no",
                        help="channels-last memory format (lenet5 only); auto: whichever is faster")
    parser.add_argument("--seconds", type=float, default=2.0, help="how long to time")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.add_argument("--serve", action="store_true", help="answer 'run SECONDS' lines of standard input")
    options = parser.parse_args()
    if options.batch_size < 1 or options.threads < 1 or positive(str(options.seconds)) is None:
        parser.error("--batch-size, --threads and --seconds must be above 0")
    if options.channels_last == "yes" and options.model != "lenet5":
        parser.error("--channels-last is for lenet5")
    return options


def main() -> None:
    """The command."""
    options = parse()
    torch.set_num_threads(options.threads)
    torch.set_num_interop_threads(1)
    if options.compile != "none":
        check_compiler()
        # A cold cache, so that the first step costs what it costs on a fresh machine.
        folder = tempfile.TemporaryDirectory(prefix="torch-step-")
        os.environ.setdefault("TORCHINDUCTOR_CACHE_DIR", folder.name)
    facts = {
        "model": options.model, "mode": options.mode, "batch_size": options.batch_size,
        "optimizer": options.optimizer if options.mode == "train" else None, "compile": options.compile,
        "threads": torch.get_num_threads(), "version": torch.__version__,
        "baseline_memory_mb": memory_mb("VmRSS"),
    }
    with torch.inference_mode(options.mode == "infer"):
        prepared = prepare(options)
    facts["variant"] = prepared.variant
    if options.serve:
        serve(prepared, options, facts)
        return
    with torch.inference_mode(options.mode == "infer"):
        result = summary(timed(prepared.step, options.seconds))
    result |= {"first_step_ms": prepared.first_step_ms, "peak_memory_mb": prepared.peak_memory_mb, **facts}
    if options.json:
        say(result)
    else:
        print(f"{options.model} {options.mode} batch {options.batch_size}: median {result['median_ms']:.3f} ms, "
              f"min {result['min_ms']:.3f}, p90 {result['p90_ms']:.3f} ({prepared.variant}, {result['steps']} steps)")


if __name__ == "__main__":
    try:
        main()
    except (BrokenPipeError, KeyboardInterrupt):
        sys.exit(1)
