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
old = helper.make_model(helper.make_graph([node("Relu", ["x"], ["y"])], "old", [value("x", [2])], [value("y", [2])]),
                        opset_imports=[helper.make_opsetid("", 5)])
onnx.save(old, "old.onnx")
huge = helper.make_model(helper.make_graph(
  [node("ConstantOfShape", ["shape"], ["y"])], "huge", [], [value("y", None)],
  [tensor("shape", np.array([2**40, 2**40], np.int64))]), opset_imports=[helper.make_opsetid("", 21)])
onnx.save(huge, "huge.onnx")
