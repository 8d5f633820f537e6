#!/usr/bin/env python3
"""Makes the files in this folder: python3 make_fixtures.py (torch 2.13, onnx 1.22, onnxruntime 1.31).

Networks as PyTorch and onnx.helper write them, each with inputs and outputs computed by PyTorch or ONNX Runtime in a
safetensors file of the same name.
"""
import os, numpy as np, onnx, onnxruntime, torch
from onnx import TensorProto, helper, numpy_helper
from safetensors.numpy import save_file
from torch import nn

os.chdir(os.path.dirname(os.path.abspath(__file__)))
torch.manual_seed(5)
random = np.random.default_rng(5)


class Small(nn.Module):
  def __init__(self):
    super().__init__()
    self.conv = nn.Conv2d(2, 4, 3, padding=1)
    self.norm = nn.BatchNorm2d(4)
    self.fc = nn.Linear(4 * 3 * 3, 5)

  def forward(self, x):
    h = torch.relu(self.norm(self.conv(x)))
    h = torch.max_pool2d(h, 2)
    return torch.log_softmax(self.fc(h.view(h.size(0), -1)), 1)


net = Small()
net.norm.running_mean.uniform_(-1, 1)
net.norm.running_var.uniform_(0.5, 2)
net.eval()
x = torch.randn(3, 2, 6, 6)
torch.onnx.export(net, torch.randn(1, 2, 6, 6), "small.onnx", dynamo=False, input_names=["x"], output_names=["y"],
                  dynamic_axes={"x": {0: "batch"}, "y": {0: "batch"}}, do_constant_folding=False, opset_version=17,
                  training=torch.onnx.TrainingMode.PRESERVE)
y = net(x)
loss = (y * y).sum()
loss.backward()
content = {"x": x, "y": y.detach(), "conv_gradient": net.conv.weight.grad, "fc_gradient": net.fc.weight.grad}
net.train()
trained = net(x).detach()
content |= {"y_training": trained, "mean_after": net.norm.running_mean}
save_file({k: v.detach().numpy() for k, v in content.items()}, "small.safetensors")

lstm = nn.LSTM(3, 4, bidirectional=True)
class Recurrent(nn.Module):
  def __init__(self):
    super().__init__()
    self.lstm = lstm
  def forward(self, x):
    return self.lstm(x)[0]
sequence = torch.randn(5, 2, 3)
torch.onnx.export(Recurrent().eval(), sequence, "lstm.onnx", dynamo=False, input_names=["x"], output_names=["y"],
                  dynamic_axes={"x": {0: "time", 1: "batch"}}, opset_version=17)
save_file({"x": sequence.numpy(), "y": lstm(sequence)[0].detach().numpy()}, "lstm.safetensors")


def tensor(name, array):
  return numpy_helper.from_array(np.asarray(array), name)


def value(name, shape, type=TensorProto.FLOAT):
  return helper.make_tensor_value_info(name, type, shape)


def model(name, nodes, inputs, outputs, tensors=(), opset=21, feeds=None, functions=(), domains=()):
  graph = helper.make_graph(nodes, name, inputs, outputs, list(tensors))
  sets = [helper.make_opsetid("", opset)] + [helper.make_opsetid(d, 1) for d in domains]
  proto = helper.make_model(graph, opset_imports=sets, ir_version=10, functions=list(functions))
  onnx.save(proto, name + ".onnx")
  if feeds is not None:
    results = onnxruntime.InferenceSession(proto.SerializeToString()).run(None, feeds)
    save_file({**feeds, **{o.name: np.ascontiguousarray(r) for o, r in zip(outputs, results)}}, name + ".safetensors")


# A branch chosen by the shape, a loop that runs as often as there are rows, a function of the file, half precision.
node = helper.make_node
then = helper.make_graph([node("Add", ["x", "one"], ["t"])], "then", [], [value("t", None)])
other = helper.make_graph([node("Mul", ["x", "x"], ["e"])], "else", [], [value("e", None)])
body = helper.make_graph(
  [node("Mul", ["state", "half"], ["scaled"]), node("Add", ["scaled", "x"], ["next"]),
   node("Identity", ["condition"], ["goes_on"]), node("ReduceSum", ["next"], ["sum"], keepdims=0)],
  "body", [value("step", [], TensorProto.INT64), value("condition", [], TensorProto.BOOL), value("state", None)],
  [value("goes_on", [], TensorProto.BOOL), value("next", None), value("sum", None)])
twice = helper.make_function("own", "Scaled", ["a"], ["b"], [
  node("Constant", [], ["factor"], value_float=3.0), node("Mul", ["a", "factor"], ["p"]),
  helper.make_node("LeakyRelu", ["p"], ["b"])], [helper.make_opsetid("", 21)], ["alpha"])
twice.node[2].attribute.add(name="alpha", ref_attr_name="alpha", type=onnx.AttributeProto.FLOAT)
model(
  "control",
  [node("Shape", ["x"], ["shape"]), node("Gather", ["shape", "zero"], ["rows"]), node("Greater", ["rows", "two"], ["many"]),
   node("If", ["many"], ["branch"], then_branch=then, else_branch=other),
   node("Loop", ["rows", "", "branch"], ["last", "sums"], body=body),
   helper.make_node("Scaled", ["last"], ["tripled"], domain="own", alpha=0.25),
   node("Cast", ["halves"], ["wide"], to=TensorProto.FLOAT), node("Add", ["tripled", "wide"], ["y"])],
  [value("x", ["rows", 3])], [value("y", ["rows", 3]), value("sums", ["rows"])],
  [tensor("zero", np.int64(0)), tensor("two", np.int64(2)), tensor("one", np.float32(1)), tensor("half", np.float32(0.5)),
   tensor("halves", np.array([0.5, -1.25, 100], np.float16))],
  feeds={"x": random.standard_normal((4, 3), dtype=np.float32)}, functions=[twice], domains=["own"])

# Refused: an operator without meaning here, with its node; results that nothing computes; a condition from data.
model("unsupported", [node("Relu", ["x"], ["h"]), node("NonMaxSuppression", ["h", "h"], ["y"], name="boxes")],
      [value("x", [2])], [value("y", [2])])
model("dangling", [node("Relu", ["missing"], ["y"])], [value("x", [2])], [value("y", [2])])
model("data_dependent", [node("ReduceSum", ["x"], ["s"], keepdims=0), node("Cast", ["s"], ["b"], to=TensorProto.BOOL),
                         node("If", ["b"], ["y"], then_branch=then, else_branch=other)],
      [value("x", [2])], [value("y", [2])], [tensor("one", np.float32(1))])

# Operators that ONNX Runtime lacks or draws otherwise: a transposed convolution over three axes by PyTorch, dropout in
# training by NumPy, products of small integers by NumPy.
volume = random.standard_normal((2, 4, 3, 5, 4), dtype=np.float32)
kernel = random.standard_normal((4, 3, 3, 2, 3), dtype=np.float32)
shift = random.standard_normal(6, dtype=np.float32)
# Depth 3 becomes (3 - 1) 3 - 2 + (3 - 1) 2 + 2 + 1 = 11, of which the last is beyond every window.
deep = torch.nn.functional.conv_transpose3d(
  *map(torch.from_numpy, (volume, kernel, shift)), stride=(3, 2, 1), padding=(1, 0, 1), output_padding=(2, 1, 0),
  groups=2, dilation=(2, 1, 1)).numpy()
low, high = 1, 2
uneven = torch.nn.functional.conv_transpose3d(
  *map(torch.from_numpy, (volume, kernel)), stride=2, groups=2).numpy()[:, :, low:-high, high:-low, low:-low]
np.random.seed(77)
drawn = np.random.uniform(0, 1, (40, 50))
rows = random.standard_normal((40, 50), dtype=np.float32)
dropped = np.where(drawn >= np.float32(0.3), rows / np.float32(0.7), 0).astype(np.float32)
small = random.integers(0, 255, (1, 2, 5, 5), np.uint8)
points = random.integers(0, 255, (3, 2, 2, 2), np.uint8)
zeros = np.array([3, 128, 200], np.uint8)
sums = torch.nn.functional.conv2d(
  torch.from_numpy(small.astype(np.float64) - 100), torch.from_numpy(points.astype(np.float64) - zeros[:, None, None, None]),
  stride=2, padding=1).numpy()
scales = np.array([0.02, 0.005, 0.01], np.float32)
rounded = np.clip(np.rint((sums + np.array([900, -700, 5])[:, None, None]) * (0.03 * scales[:, None, None] / 0.5)) + 120, 0, 255)
model(
  "kinds",
  [node("ConvTranspose", ["v", "kernel", "shift"], ["deep"], strides=[3, 2, 1], pads=[1, 0, 1, 1, 0, 1],
        output_padding=[2, 1, 0], dilations=[2, 1, 1], group=2),
   node("ConvTranspose", ["v", "kernel"], ["uneven"], strides=[2, 2, 2], pads=[low, high, low, high, low, low], group=2),
   node("Dropout", ["x", "ratio", "yes"], ["dropped"], seed=77),
   node("ConvInteger", ["small", "points", "hundred", "zeros"], ["sums"], strides=[2, 2], pads=[1, 1, 1, 1]),
   node("QLinearConv", ["small", "scale", "hundred", "points", "scales", "zeros", "step", "middle", "shifts"],
        ["rounded"], strides=[2, 2], pads=[1, 1, 1, 1])],
  [value("v", volume.shape), value("x", rows.shape), value("small", small.shape, TensorProto.UINT8)],
  [value("deep", deep.shape), value("uneven", uneven.shape), value("dropped", rows.shape),
   value("sums", sums.shape, TensorProto.INT32), value("rounded", sums.shape, TensorProto.UINT8)],
  [tensor("kernel", kernel), tensor("shift", shift), tensor("ratio", np.float32(0.3)), tensor("yes", np.bool_(True)),
   tensor("points", points), tensor("hundred", np.uint8(100)), tensor("zeros", zeros), tensor("scale", np.float32(0.03)),
   tensor("scales", scales), tensor("step", np.float32(0.5)), tensor("middle", np.uint8(120)),
   tensor("shifts", np.array([900, -700, 5], np.int32))])
save_file({k: np.ascontiguousarray(v) for k, v in {
  "v": volume, "x": rows, "small": small, "deep": deep, "uneven": uneven, "dropped": dropped,
  "sums": sums.astype(np.int32), "rounded": rounded.astype(np.uint8)}.items()}, "kinds.safetensors")

old = helper.make_model(helper.make_graph([node("Relu", ["x"], ["y"])], "old", [value("x", [2])], [value("y", [2])]),
                        opset_imports=[helper.make_opsetid("", 5)])
onnx.save(old, "old.onnx")
huge = helper.make_model(helper.make_graph(
  [node("ConstantOfShape", ["shape"], ["y"])], "huge", [], [value("y", None)],
  [tensor("shape", np.array([2**40, 2**40], np.int64))]), opset_imports=[helper.make_opsetid("", 21)])
onnx.save(huge, "huge.onnx")
