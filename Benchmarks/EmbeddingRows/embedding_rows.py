"""The steps of EmbeddingRows with PyTorch, on one thread: `nn.Embedding` with `sparse` and without. One JSON object a line.

    .venv-peers/bin/python Benchmarks/EmbeddingRows/embedding_rows.py
"""

from __future__ import annotations

import json
import statistics
import time
from collections.abc import Callable, Iterator
from typing import Any

import torch

LOOKUPS, WIDTH = 4096, 64
Rule = Callable[[Iterator[torch.nn.Parameter]], torch.optim.Optimizer]
RULES: dict[str, dict[bool, Rule]] = {
    "sgd": {sparse: lambda p: torch.optim.SGD(p, lr=0.01) for sparse in (False, True)},
    "adagrad": {sparse: lambda p: torch.optim.Adagrad(p, lr=0.01) for sparse in (False, True)},
    "adam": {False: lambda p: torch.optim.Adam(p, lr=0.001), True: lambda p: torch.optim.SparseAdam(list(p), lr=0.001)},
}


def cost(rule: Rule, count: int, *, sparse: bool) -> float:
    """The median milliseconds of a step."""
    torch.manual_seed(1)
    table = torch.nn.Embedding(count, WIDTH, sparse=sparse)
    factors = torch.randn(LOOKUPS, WIDTH)
    optimizer = rule(table.parameters())
    times = []
    for _ in range(9 if count > 100_000 and not sparse else 41):
        rows = torch.randint(count, (LOOKUPS // 2,))
        numbers = torch.cat([rows, rows.flip(0)])
        start = time.perf_counter()
        optimizer.zero_grad()
        loss = (table(numbers) * factors).sum()
        loss.backward()
        optimizer.step()
        loss.item()
        times.append((time.perf_counter() - start) * 1e3)
    return statistics.median(times[1:])


def main() -> None:
    """The command."""
    torch.set_num_threads(1)
    for name, rules in RULES.items():
        for count in (1_000, 10_000, 100_000, 1_000_000):
            line: dict[str, Any] = {"rule": name, "rows": count}
            for sparse, key in ((False, "whole_ms"), (True, "sparse_ms")):
                line[key] = cost(rules[sparse], count, sparse=sparse)
            print(json.dumps(line), flush=True)


if __name__ == "__main__":
    main()
