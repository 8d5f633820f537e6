"""Operations of convolutional networks beside convolution and plain pooling: adaptive pooling."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
import torch.nn.functional as F

from .store import GoldenFile, Values

# Every case: input shape and output size.
ADAPTIVE: dict[str, tuple[tuple[int, ...], list[int]]] = {
    "divides": ((2, 3, 6, 8), [3, 2]), "overlapping_but_regular": ((1, 2, 3, 7), [2, 6]),
    "irregular": ((2, 3, 7, 5), [3, 4]), "one_axis_irregular": ((2, 2, 6, 7), [2, 5]), "larger": ((2, 2, 3, 4), [5, 6]),
    "multiples": ((1, 2, 2, 3), [4, 6]), "from_one_pixel": ((2, 3, 1, 1), [2, 3]), "same": ((1, 2, 4, 3), [4, 3]),
    "to_one": ((2, 9, 5, 3), [1, 1]), "alexnet": ((1, 2, 13, 9), [6, 6]),
}


def build(dtype: torch.dtype) -> GoldenFile:
    """All cases in `dtype`."""
    file = GoldenFile(dtype)
    add_adaptive_pools(file)
    return file


def add_adaptive_pools(file: GoldenFile) -> None:
    """Adaptive average and max pooling; integers have ties, whose first gets the gradient."""
    for suffix, (shape, size) in ADAPTIVE.items():
        options: dict[str, Any] = {"output_size": size}
        name = f"adaptive_avg_pool2d_{suffix}"
        file.add(name, "adaptive_avg_pool2d", lambda input, size=size: F.adaptive_avg_pool2d(input, size),
                 {"input": Values(name).normal(*shape)}, options=options)
        name = f"adaptive_max_pool2d_{suffix}"
        file.add(name, "adaptive_max_pool2d", lambda input, size=size: F.adaptive_max_pool2d(input, size),
                 {"input": Values(name).distinct(*shape)}, options=options)
    name = "adaptive_max_pool2d_ties"
    file.add(name, "adaptive_max_pool2d", lambda input: F.adaptive_max_pool2d(input, [3, 4]),
             {"input": Values(name).integers(2, 3, 7, 5, high=3).astype(np.float64)}, options={"output_size": [3, 4]})
