#!/usr/bin/env python3
"""Times one whole step of a convolutional network of torchvision: the peer of Benchmarks/networks.py.

    network_step.py --peer torch --model resnet18 --mode train --batch-size 8 --threads 2 --serve
    network_step.py --peer onnxruntime --model resnet18 --mode infer --batch-size 8 --threads 2 --serve

PyTorch is eager, in the faster of its two memory formats; training is SGD with momentum, fused. ONNX Runtime runs the
network as PyTorch exports it. Answers "run SECONDS" lines as torch_step.py does.
"""

from __future__ import annotations

import argparse
import contextlib
import io
import os
import sys
import tempfile
import time
import warnings

import torch
import torch.nn.functional as F

import torch_step as shared

# torchvision's compiled operators (detection) may want libraries of a GPU; its networks need none of them.
_LIBRARY = torch.library.Library("torchvision", "FRAGMENT")
try:
    import torchvision
except RuntimeError:
    for name in ("nms", "qnms"):
        _LIBRARY.define(f"{name}(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
    for name in [name for name in sys.modules if name.startswith("torchvision")]:
        del sys.modules[name]
    import torchvision

MODELS = ("alexnet", "vgg16", "resnet18", "resnet50", "googlenet", "lenet5")


def network(options: argparse.Namespace) -> tuple[torch.nn.Module, torch.Tensor, torch.Tensor]:
    """The network with a batch and its labels."""
    torch.manual_seed(0)
    if options.model == "lenet5":
        return shared.LeNet5(), torch.randn(options.batch_size, 1, 28, 28), torch.randint(10, (options.batch_size,))
    extra = {"init_weights": True, "aux_logits": True} if options.model == "googlenet" else {}
    model = getattr(torchvision.models, options.model)(**extra)
    return model, torch.randn(options.batch_size, 3, 224, 224), torch.randint(1000, (options.batch_size,))


def training(model: torch.nn.Module, inputs: torch.Tensor, labels: torch.Tensor) -> shared.Step:
    """Forget the gradients, loss (with its auxiliary heads, weighted as in the paper), backward, update."""
    optimizer = shared.make_optimizer("momentum", model, "fused")

    def loss() -> torch.Tensor:
        outputs = model(inputs)
        if isinstance(outputs, torch.Tensor):
            return F.cross_entropy(outputs, labels)
        auxiliary = [F.cross_entropy(logits, labels) for logits in outputs[1:]]
        return F.cross_entropy(outputs[0], labels) + 0.3 * sum(auxiliary)

    return shared.training(loss, optimizer)


def torch_step(options: argparse.Namespace, channels_last: bool) -> shared.Step:
    """A step of PyTorch in one memory format."""
    model, inputs, labels = network(options)
    if channels_last:
        model, inputs = model.to(memory_format=torch.channels_last), inputs.to(memory_format=torch.channels_last)
    if options.mode == "train":
        return training(model.train(), inputs, labels)
    model.eval()
    return lambda: model(inputs)


def onnx_step(options: argparse.Namespace) -> shared.Step:
    """A step of ONNX Runtime on the network that PyTorch exports."""
    import onnxruntime

    model, inputs, _ = network(options)
    with tempfile.TemporaryDirectory() as folder, warnings.catch_warnings(), contextlib.redirect_stdout(io.StringIO()):
        warnings.simplefilter("ignore")
        path = os.path.join(folder, "network.onnx")
        torch.onnx.export(model.eval(), (inputs,), path, dynamo=False, verbose=False)
        settings = onnxruntime.SessionOptions()
        settings.intra_op_num_threads, settings.inter_op_num_threads = options.threads, 1
        session = onnxruntime.InferenceSession(path, settings, providers=["CPUExecutionProvider"])
    name, values = session.get_inputs()[0].name, inputs.numpy()
    return lambda: session.run(None, {name: values})


def prepare(options: argparse.Namespace) -> shared.Prepared:
    """The fastest setting, warm."""
    makers = [("onnxruntime", lambda: onnx_step(options))] if options.peer == "onnxruntime" else [
        ("plain", lambda: torch_step(options, False)), ("channels last", lambda: torch_step(options, True))]
    found: list[tuple[float, str, shared.Step]] = []
    first_ms = peak = 0.0
    for label, make in makers:
        step = make()
        start = time.perf_counter_ns()
        step()
        first = (time.perf_counter_ns() - start) / 1e6
        shared.timed(step, 0.2, least=1)
        if not found:
            first_ms, peak = first, shared.memory_mb("VmHWM")
        found.append((min(shared.timed(step, 0.5, least=2)), label, step))
    _, label, step = min(found, key=lambda one: one[0])
    return shared.Prepared(step, label, round(first_ms, 3), peak)


def main() -> None:
    """The command."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--peer", choices=["torch", "onnxruntime"], default="torch")
    parser.add_argument("--model", choices=MODELS, required=True)
    parser.add_argument("--mode", choices=["train", "infer"], default="train")
    parser.add_argument("--batch-size", type=int, default=8)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--serve", action="store_true", help="answer 'run SECONDS' lines of standard input")
    options = parser.parse_args()
    if options.peer == "onnxruntime" and options.mode == "train":
        parser.error("ONNX Runtime is timed in inference only")
    if options.batch_size < 1 or options.threads < 1:
        parser.error("--batch-size and --threads must be above 0")
    torch.set_num_threads(options.threads)
    torch.set_num_interop_threads(1)
    with torch.inference_mode(options.mode == "infer" and options.peer == "torch"):
        prepared = prepare(options)
    facts = {"variant": prepared.variant, "threads": options.threads, "version": torch.__version__}
    if options.serve:
        shared.serve(prepared, options, facts)
        return
    with torch.inference_mode(options.mode == "infer"):
        shared.say({**shared.summary(shared.timed(prepared.step, 2)), **facts,
                    "first_step_ms": prepared.first_step_ms, "peak_memory_mb": prepared.peak_memory_mb})


if __name__ == "__main__":
    try:
        main()
    except (BrokenPipeError, KeyboardInterrupt):
        sys.exit(1)
