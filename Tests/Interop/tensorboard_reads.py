#!/usr/bin/env python3
"""Lets the real TensorBoard read the event files of trainings, and compares what it reads with the run's own files.

    make interop
    .venv-interop/bin/python Tests/Interop/tensorboard_reads.py path/to/apus

One training runs through, another is killed and resumed. TensorBoard's EventAccumulator gives every scalar, histogram and
text; each must be what metrics.jsonl, statistics.jsonl and config.json say, every step once. TensorBoard itself, started
on a free port of this machine, must list the same tags.
"""

from __future__ import annotations

import json
import math
import signal
import struct
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path
from typing import Any

from tensorboard import program
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

TRAINING = ["train", "mlp", "--data", "digits", "--hidden", "16", "--statistics", "2", "--json"]
checks = 0


def check(truth: bool, what: str) -> None:
    """Counts a check; ends the program when it fails."""
    global checks
    checks += 1
    if not truth:
        raise SystemExit(f"interop: {what}")


def single(value: float) -> float:
    """The value in single precision, as scalars of event files are."""
    return struct.unpack("f", struct.pack("f", value))[0]


def records(path: Path) -> list[dict[str, Any]]:
    """The lines of a JSON-lines file."""
    return [json.loads(line) for line in path.read_text().splitlines()]


def read(run: Path) -> EventAccumulator:
    """Everything TensorBoard reads from a run's event files."""
    accumulator = EventAccumulator(str(run / "events"), size_guidance={"scalars": 0, "histograms": 0, "tensors": 0})
    accumulator.Reload()
    return accumulator


def compare(run: Path) -> None:
    """Compares what TensorBoard reads with what the run's files say."""
    accumulator = read(run)
    expected: dict[str, dict[int, float]] = {}
    for record in records(run / "metrics.jsonl"):
        values = {
            "train/loss": record["train_loss"], "train/accuracy": record["train_accuracy"],
            "train/learning_rate": record["learning_rate"],
            "train/samples_per_second": record["samples_per_second"],
            "validation/loss": record["validation_loss"], "validation/accuracy": record["validation_accuracy"],
        }
        for name, value in record["validation_metrics"].items():
            values[f"validation/{name}"] = value
        for tag, value in values.items():
            expected.setdefault(tag, {})[record["step"]] = value
    tags = set(accumulator.Tags()["scalars"])
    check(tags == set(expected) | {"batch/loss", "batch/learning_rate"}, f"scalars of {run}: {sorted(tags)}")
    for tag, values in expected.items():
        found = [(event.step, event.value) for event in accumulator.Scalars(tag)]
        check(sorted(found) == sorted((step, single(value)) for step, value in values.items()), f"{tag}: {found}")
    steps = [event.step for event in accumulator.Scalars("batch/loss")]
    last = max(expected["train/loss"])
    check(steps == list(range(50, last + 1, 50)), f"steps of batch/loss: {steps}")
    check(all(math.isfinite(event.value) for event in accumulator.Scalars("batch/loss")), "a loss is not finite")

    statistics: dict[str, dict[int, dict[str, Any]]] = {}
    for record in records(run / "statistics.jsonl"):
        statistics.setdefault(f"{record['kind']}/{record['path']}", {})[record["step"]] = record
    check(set(accumulator.Tags()["histograms"]) == set(statistics), "the histograms' tags")
    for tag, known in statistics.items():
        events = accumulator.Histograms(tag)
        check(sorted(event.step for event in events) == sorted(known), f"steps of {tag}")
        for event in events:
            histogram, record = event.histogram_value, known[event.step]
            check(list(histogram.bucket) == record["counts"], f"counts of {tag}")
            check(list(histogram.bucket_limit) == record["edges"][1:], f"limits of {tag}")
            check(histogram.min == record["edges"][0] and histogram.max == record["edges"][-1], f"ends of {tag}")
            check(histogram.num == record["count"], f"number of {tag}")
            mean = histogram.sum / histogram.num
            check(math.isclose(mean, record["mean"], rel_tol=1e-9, abs_tol=1e-12), f"mean of {tag}")
            spread = max(histogram.sum_squares / histogram.num - mean * mean, 0) ** 0.5
            check(math.isclose(spread, record["std"], rel_tol=1e-6, abs_tol=1e-9), f"deviation of {tag}")
    text = accumulator.Tensors("configuration")
    check(len(text) == 1 and text[0].step == 0, "the configuration")
    lines = [line[4:] for line in text[0].tensor_proto.string_val[0].decode().splitlines()]
    begun, now = json.loads("\n".join(lines)), json.loads((run / "config.json").read_text())
    # Only the number of epochs may be another one when a training is resumed.
    check({**begun, "epochs": now["epochs"]} == now, f"the configuration's text: {begun}, not {now}")


def killed_and_resumed(apus: str, run: Path) -> None:
    """A training that is killed inside an epoch, leaves a cut record, and is resumed."""
    endless = subprocess.Popen(
        [apus, *TRAINING, "--output", str(run), "--epochs", "1000", "--checkpoint-steps", "7"],
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    metrics = run / "metrics.jsonl"
    while not metrics.exists() or len(metrics.read_text().splitlines()) < 5:
        time.sleep(0.02)
    endless.send_signal(signal.SIGKILL)
    endless.wait()
    check(len(read(run).Scalars("train/loss")) >= 4, "the files of a killed training")
    (file,) = (run / "events").iterdir()
    # The beginning of a record, as a full disk or a power failure leaves it.
    file.write_bytes(file.read_bytes() + file.read_bytes()[:20])
    done = len(metrics.read_text().splitlines())
    subprocess.run(
        [apus, *TRAINING, "--output", str(run), "--epochs", str(done + 3), "--resume"], check=True,
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    check(len(list((run / "events").iterdir())) == 2, "a resumed training has a file of its own")


def shown(runs: Path) -> None:
    """TensorBoard itself, on a free port of this machine, lists the runs' tags."""
    board = program.TensorBoard()
    board.configure(argv=["tensorboard", "--logdir", str(runs), "--port", "0", "--host", "127.0.0.1"])
    url = board.launch()
    names = {f"{name}/events" for name in ("whole", "killed")}
    for plugin, tag in (("scalars", "validation/f1"), ("histograms", "weight/dense1.weight"), ("text", "configuration")):
        for _ in range(100):
            with urllib.request.urlopen(f"{url}data/plugin/{plugin}/tags", timeout=20) as answer:
                tags = json.load(answer)
            if names <= set(tags) and all(tag in str(tags[name]) for name in names):
                break
            time.sleep(0.2)
        check(names <= set(tags) and all(tag in str(tags[name]) for name in names), f"{plugin} of {tags}")


def main() -> None:
    """The command."""
    apus = str(Path(sys.argv[1]).resolve())
    with tempfile.TemporaryDirectory() as folder:
        runs = Path(folder)
        subprocess.run(
            [apus, *TRAINING, "--output", str(runs / "whole"), "--epochs", "4"], check=True,
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        compare(runs / "whole")
        killed_and_resumed(apus, runs / "killed")
        compare(runs / "killed")
        shown(runs)
    print(f"interop: TensorBoard reads what Apus writes ({checks} checks)")


if __name__ == "__main__":
    main()
