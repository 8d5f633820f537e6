#!/usr/bin/env python3
"""Makes tensorboard.tfevents: scripts/interop-environment && .venv-interop/bin/python make_fixtures.py

TensorBoard's own writer writes what Tests/ApusEventsTests expects, with times that do not depend on the clock.
"""
import os

from tensorboard.compat.proto import event_pb2, summary_pb2, tensor_pb2, tensor_shape_pb2
from tensorboard.summary.writer.record_writer import RecordWriter

os.chdir(os.path.dirname(os.path.abspath(__file__)))


def event(step: int, *values: summary_pb2.Summary.Value) -> event_pb2.Event:
    """Values of a step."""
    return event_pb2.Event(wall_time=1000.5 + step, step=step, summary=summary_pb2.Summary(value=values))


histogram = summary_pb2.HistogramProto(
    min=-1.5, max=2.25, num=6, sum=3.0, sum_squares=9.0625, bucket_limit=[-0.25, 1.0, 2.25], bucket=[1, 2, 3])
text = summary_pb2.Summary.Value(
    tag="configuration",
    metadata=summary_pb2.SummaryMetadata(plugin_data=summary_pb2.SummaryMetadata.PluginData(plugin_name="text")),
    tensor=tensor_pb2.TensorProto(
        dtype=7, string_val=["größer *than*".encode()],
        tensor_shape=tensor_shape_pb2.TensorShapeProto(dim=[tensor_shape_pb2.TensorShapeProto.Dim(size=1)])))
with open("tensorboard.tfevents", "wb") as file:
    writer = RecordWriter(file)
    for message in [
        event_pb2.Event(wall_time=1000.25, file_version="brain.Event:2"),
        event(0, text),
        event(1, summary_pb2.Summary.Value(tag="train/loss", simple_value=0.5)),
        event(1 << 40, summary_pb2.Summary.Value(tag="train/loss", simple_value=float("nan")),
              summary_pb2.Summary.Value(tag="weights/0.weight", histo=histogram)),
    ]:
        writer.write(message.SerializeToString())
    writer.flush()
