"""Collects cases (named tensors and their description) and writes them as one safetensors file."""

from __future__ import annotations

import json
import zlib
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import safetensors.numpy
import torch

Outputs = torch.Tensor | Mapping[str, torch.Tensor]


class Values:
    """Random values of one case: seeded by the case's name, so that adding a case changes no other.

    Real values are rounded to f32, so that the f32 and the f64 file hold exactly the same inputs.
    """

    def __init__(self, name: str) -> None:
        # RandomState, not default_rng: numpy guarantees that its stream never changes.
        self._random = np.random.RandomState(zlib.crc32(name.encode()))

    def normal(self, *shape: int, scale: float = 1.0, shift: float = 0.0) -> np.ndarray:
        """Normally distributed values."""
        return self._rounded(self._random.standard_normal(shape) * scale + shift)

    def uniform(self, *shape: int, low: float = 0.0, high: float = 1.0) -> np.ndarray:
        """Uniformly distributed values."""
        return self._rounded(self._random.uniform(low, high, shape))

    def integers(self, *shape: int, low: int = 0, high: int) -> np.ndarray:
        """Integers in low..<high, as i64."""
        return self._random.randint(low, high, shape).astype(np.int64)

    def distinct(self, *shape: int, spread: float = 0.37) -> np.ndarray:
        """Values without ties, at least `spread` / 2 apart, in random order."""
        count = int(np.prod(shape))
        steps = self._random.permutation(count) - count // 2
        jitter = self._random.uniform(-0.25, 0.25, count)
        return self._rounded(((steps + jitter) * spread).reshape(shape))

    def mask(self, *shape: int) -> np.ndarray:
        """Booleans."""
        return self._random.uniform(size=shape) < 0.5

    @staticmethod
    def _rounded(values: Any) -> np.ndarray:
        return np.asarray(values, dtype=np.float32).astype(np.float64)


class GoldenFile:
    """The cases of one file in one real type; every tensor's key is `<case>/<role>`."""

    def __init__(self, dtype: torch.dtype) -> None:
        self.dtype = dtype
        self.cases: list[dict[str, Any]] = []
        self.tensors: dict[str, np.ndarray] = {}

    def tensor(self, values: np.ndarray) -> torch.Tensor:
        """A torch tensor of `values`; real values take this file's type, others keep theirs."""
        copy = torch.from_numpy(np.array(values))
        return copy.to(self.dtype) if copy.is_floating_point() else copy

    def store(self, key: str, tensor: torch.Tensor) -> None:
        """Keeps a tensor under `key`."""
        if key in self.tensors:
            raise ValueError(f"two tensors are called {key}")
        self.tensors[key] = np.array(tensor.detach().contiguous().numpy())

    def describe(self, name: str, operation: str, options: Mapping[str, Any] | None = None, **fields: Any) -> None:
        """Adds the description of a case whose tensors the caller stores."""
        if any(case["name"] == name for case in self.cases):
            raise ValueError(f"two cases are called {name}")
        self.cases.append({"name": name, "operation": operation, "options": dict(options or {}), **fields})

    def add(
        self,
        name: str,
        operation: str,
        function: Callable[..., Outputs],
        inputs: Mapping[str, np.ndarray],
        *,
        parameters: Mapping[str, np.ndarray] | None = None,
        constants: Sequence[str] = (),
        options: Mapping[str, Any] | None = None,
    ) -> None:
        """Runs `function` forward and backward and stores everything it took and gave.

        `inputs` and `parameters` go to `function` by name. All real ones are differentiated except
        `constants`; each real output receives a random upstream gradient `upstream.<output>`.
        """
        parameters = parameters or {}
        tensors = {key: self.tensor(values) for key, values in {**inputs, **parameters}.items()}
        gradients = [key for key, t in tensors.items() if t.is_floating_point() and key not in constants]
        for key, tensor in tensors.items():
            self.store(f"{name}/{key}", tensor)
            tensor.requires_grad_(key in gradients)

        result = function(**tensors)
        outputs = dict(result) if isinstance(result, Mapping) else {"output": result}
        upstreams = self._upstreams(name, outputs)
        self._store_gradients(name, tensors, gradients if upstreams else [], outputs, upstreams)
        for key, tensor in outputs.items():
            self.store(f"{name}/{key}", tensor)
        self.describe(
            name, operation, options, inputs=list(inputs), parameters=list(parameters), outputs=list(outputs),
            upstream=list(upstreams), gradients=gradients if upstreams else [],
        )

    def _upstreams(self, name: str, outputs: Mapping[str, torch.Tensor]) -> dict[str, torch.Tensor]:
        """A random gradient for each output that depends on a differentiated tensor."""
        values = Values(f"{name}/upstream")
        return {
            key: self.tensor(values.normal(*output.shape, shift=0.25))
            for key, output in outputs.items() if output.requires_grad
        }

    def _store_gradients(
        self,
        name: str,
        tensors: Mapping[str, torch.Tensor],
        gradients: Sequence[str],
        outputs: Mapping[str, torch.Tensor],
        upstreams: Mapping[str, torch.Tensor],
    ) -> None:
        if not gradients:
            return
        found = torch.autograd.grad(
            [outputs[key] for key in upstreams], [tensors[key] for key in gradients], list(upstreams.values())
        )
        for key, upstream in upstreams.items():
            self.store(f"{name}/upstream.{key}", upstream)
        for key, gradient in zip(gradients, found, strict=True):
            self.store(f"{name}/grad.{key}", gradient)

    def bytes(self) -> bytes:
        """The file's content: the same cases always give the same bytes."""
        # One metadata key only: safetensors keeps them in a hash table, without a fixed order.
        metadata = {"cases": json.dumps(self.cases, sort_keys=True, allow_nan=False)}
        return safetensors.numpy.save(self.tensors, metadata=metadata)


def write(path: Path, content: bytes) -> bool:
    """Writes `content` unless the file holds it already; says whether it wrote."""
    if path.exists() and path.read_bytes() == content:
        return False
    path.write_bytes(content)
    return True
