import ApusTensor

extension Operators {
  /// Activations.
  static let activations: [String: Operator] = [
    "Relu": .unary { relu($0) },
    "Sigmoid": .unary { sigmoid($0) },
    "Softplus": .unary { softplus($0) },
    "Softsign": .unary { softSign($0) },
    "Mish": .unary { mish($0) },
    "HardSwish": .unary { hardSwish($0) },
    "Elu": .tensor { elu(try $0.tensor(0), alpha: $0.float("alpha", 1)) },
    "Celu": .tensor { celu(try $0.tensor(0), alpha: $0.float("alpha", 1)) },
    "Selu": .tensor {
      let alpha = $0.float("alpha", 1.6732632423543772)
      return elu(try $0.tensor(0), alpha: alpha) * $0.float("gamma", 1.0507009873554805)
    },
    "LeakyRelu": .tensor { leakyReLU(try $0.tensor(0), slope: $0.float("alpha", 0.01)) },
    "ThresholdedRelu": .tensor { threshold(try $0.tensor(0), limit: $0.float("alpha", 1), value: 0) },
    "HardSigmoid": .tensor {
      (try $0.tensor(0) * $0.float("alpha", 0.2) + $0.float("beta", 0.5)).clamped(to: 0...1)
    },
    "Gelu": .tensor { gelu(try $0.tensor(0), usesTanh: $0.string("approximate", "none") == "tanh") },
    "Swish": .tensor {
      let x = try $0.tensor(0)
      return x * sigmoid(x * $0.float("alpha", 1))
    },
    "Shrink": .tensor { context in
      let x = try context.tensor(0)
      let (limit, bias) = (context.float("lambd", 0.5), context.float("bias", 0))
      let kind: DType = x.dtype.isFloatingPoint ? x.dtype : .float64
      let value = x.cast(to: kind)
      let zero = Tensor(repeating: 0, shape: [], dtype: kind)
      return `where`(value .< -limit, value + bias, `where`(value .> limit, value - bias, zero)).cast(to: x.dtype)
    },
    "Softmax": .overAxis { softmax($0, axis: $1) },
    "LogSoftmax": .overAxis { logSoftmax($0, axis: $1) },
    "Hardmax": .overAxis { x, axis in
      let chosen = x.argMax(axis: axis).expandingShape(at: axis)
      return (Tensor.record(Iota(shape: x.shape, axis: axis, dtype: .int64), []) .== chosen).cast(to: x.dtype)
    },
  ]
}

extension Operator {
  /// A function along one axis; before version 13 along all axes from that one on, taken together.
  fileprivate static func overAxis(_ function: @escaping @Sendable (Tensor, Int) -> Tensor) -> Operator {
    tensor { context in
      let x = try context.tensor(0)
      let isOld = context.opset < 13
      let axis = try context.axis(context.int("axis", isOld ? 1 : -1), rank: max(x.rank, 1))
      guard isOld else { return function(x, axis) }
      let rows = x.shape.prefix(axis).reduce(1, *)
      let columns = x.shape.dropFirst(axis).reduce(1, *)
      return function(x.reshaped(to: [rows, columns] as Shape), 1).reshaped(to: x.shape)
    }
  }
}
