"""Images of another size: nearest and bilinear interpolation."""

from __future__ import annotations

from typing import Any

import torch
import torch.nn.functional as F

from .store import GoldenFile, Values

# Every case: input shape and options as of torch.nn.functional.interpolate.
CASES: dict[str, tuple[tuple[int, ...], dict[str, Any]]] = {
    "nearest_2": ((2, 3, 3, 4), dict(scale_factor=[2.0, 2.0], mode="nearest")),
    "nearest_factors": ((1, 9, 3, 2), dict(scale_factor=[3.0, 1.0], mode="nearest")),
    "nearest_fractions": ((2, 2, 5, 4), dict(scale_factor=[1.7, 2.3], mode="nearest")),
    "nearest_size": ((2, 3, 4, 5), dict(size=[7, 9], mode="nearest")),
    "nearest_smaller": ((1, 2, 7, 9), dict(size=[3, 4], mode="nearest")),
    "bilinear_2": ((2, 8, 3, 4), dict(scale_factor=[2.0, 2.0], mode="bilinear", align_corners=False)),
    "bilinear_fractions": ((2, 2, 5, 4), dict(scale_factor=[1.7, 2.3], mode="bilinear", align_corners=False)),
    "bilinear_size": ((2, 3, 4, 5), dict(size=[9, 7], mode="bilinear", align_corners=False)),
    "bilinear_smaller": ((1, 3, 9, 8), dict(size=[4, 3], mode="bilinear", align_corners=False)),
    "bilinear_one_pixel": ((2, 3, 1, 1), dict(size=[3, 2], mode="bilinear", align_corners=False)),
    "bilinear_to_one": ((2, 3, 4, 5), dict(size=[1, 1], mode="bilinear", align_corners=False)),
    "corners_2": ((2, 3, 3, 4), dict(scale_factor=[2.0, 2.0], mode="bilinear", align_corners=True)),
    "corners_fractions": ((2, 2, 5, 4), dict(scale_factor=[1.7, 2.3], mode="bilinear", align_corners=True)),
    "corners_size": ((2, 3, 4, 5), dict(size=[9, 7], mode="bilinear", align_corners=True)),
    "corners_to_one_row": ((2, 3, 4, 5), dict(size=[1, 7], mode="bilinear", align_corners=True)),
}


def build(dtype: torch.dtype) -> GoldenFile:
    """All cases in `dtype`."""
    file = GoldenFile(dtype)
    for suffix, (shape, options) in CASES.items():
        name = f"interpolate_{suffix}"
        file.add(name, "interpolate", lambda input, options=options: F.interpolate(input, **options),
                 {"input": Values(name).normal(*shape)}, options={"align_corners": False, **options})
    return file
