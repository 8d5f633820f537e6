"""Pictures sampled along affine maps and resized, bilinear, align_corners=False."""

from __future__ import annotations

import torch
import torch.nn.functional as F

from .store import GoldenFile, Values

# Name: (shape, theta: from the new picture's coordinates to the old one's, from -1 to 1).
MAPS: dict[str, tuple[tuple[int, ...], list[list[float]]]] = {
    "general": ((2, 3, 9, 11), [[0.9, -0.35, 0.12], [0.4, 1.15, -0.3]]),
    "rotation": ((1, 1, 12, 12), [[0.8660254037844387, -0.5, 0.0], [0.5, 0.8660254037844387, 0.0]]),
    "shift": ((2, 1, 7, 10), [[1.0, 0.0, 0.43], [0.0, 1.0, -0.71]]),
    "smaller": ((1, 2, 10, 8), [[2.3, 0.2, 0.1], [-0.1, 1.9, 0.05]]),
    "larger": ((1, 2, 10, 8), [[0.31, 0.0, -0.2], [0.05, 0.42, 0.3]]),
    "mirrored": ((1, 1, 5, 6), [[-1.0, 0.0, 0.0], [0.0, 0.7, 0.1]]),
    "outside": ((1, 1, 4, 4), [[1.0, 0.0, 3.0], [0.0, 1.0, 0.0]]),
}

# Name: (shape, new height, new width).
SIZES: dict[str, tuple[tuple[int, ...], int, int]] = {
    "up": ((2, 3, 5, 7), 13, 16),
    "down": ((1, 2, 12, 10), 5, 4),
    "one": ((1, 1, 6, 3), 1, 1),
    "mixed": ((1, 1, 4, 9), 11, 3),
}


def build(dtype: torch.dtype) -> GoldenFile:
    golden = GoldenFile(dtype)
    for name, (shape, theta) in MAPS.items():
        matrix = torch.tensor(theta, dtype=dtype).expand(shape[0], 2, 3)

        def sample(input: torch.Tensor) -> torch.Tensor:
            grid = F.affine_grid(matrix, list(shape), align_corners=False)
            return F.grid_sample(input, grid, mode="bilinear", padding_mode="zeros", align_corners=False)

        inputs = {"input": Values(f"pictures/{name}").normal(*shape)}
        options = {"theta": theta[0] + theta[1]}
        golden.add(name, "affine", sample, inputs, constants=["input"], options=options)
    for name, (shape, height, width) in SIZES.items():
        golden.add(
            f"resize_{name}", "resize",
            lambda input: F.interpolate(input, size=(height, width), mode="bilinear", align_corners=False),
            {"input": Values(f"pictures/resize_{name}").normal(*shape)}, constants=["input"],
        )
    return golden
