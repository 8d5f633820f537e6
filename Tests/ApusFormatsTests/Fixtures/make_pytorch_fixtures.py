#!/usr/bin/env python3
"""Makes the .pth files in this folder: python3 make_pytorch_fixtures.py (torch 2.13).

The values follow simple rules that the tests repeat, so that no second copy of them is kept.
"""
import collections, os, torch

os.chdir(os.path.dirname(os.path.abspath(__file__)))
ramp = torch.arange(6).reshape(2, 3)
types = {
  "f32": torch.float32, "f64": torch.float64, "f16": torch.float16, "bf16": torch.bfloat16, "i64": torch.int64,
  "i32": torch.int32, "i16": torch.int16, "i8": torch.int8, "u8": torch.uint8, "bool": torch.bool,
}
block = torch.arange(24, dtype=torch.float32)
content = {
  "model": collections.OrderedDict({name: ramp.to(dtype) for name, dtype in types.items()}),
  # One storage in three forms: a part of it, a part with gaps, the whole with its axes swapped.
  "shared": [block[4:10], block[1:20:3], block.reshape(4, 6).t()],
  "parameter": torch.nn.Parameter(torch.full((2,), 0.5)),
  "empty": torch.zeros(0, 4), "scalar": torch.tensor(2.5), "repeated": torch.tensor([7.0]).expand(3, 2),
  "epoch": 12, "rate": 0.25, "note": "größer", "done": True, "nothing": None, "size": torch.Size([2, 3]),
}
torch.save(content, "torch_zip.pth")
torch.save(content, "torch_legacy.pth", _use_new_zipfile_serialization=False)
torch.save({"u16": ramp.to(torch.uint16), "u32": ramp.to(torch.uint32), "u64": ramp.to(torch.uint64),
            "f8": torch.tensor([0.5, -1.5, 448.0]).to(torch.float8_e4m3fn),
            "f8e5": torch.tensor([0.5, -1.5, 57344.0]).to(torch.float8_e5m2)}, "torch_untyped.pth")
layer = torch.nn.BatchNorm1d(3)
torch.save(layer.state_dict(), "torch_state.pth")
torch.save(layer, "torch_module.pth")
torch.save({"z": torch.zeros(2, dtype=torch.complex64)}, "torch_complex.pth")
