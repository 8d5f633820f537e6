import ApusTensor

extension Operators {
  /// Numbers as small integers times a scale.
  static let quantization: [String: Operator] = [
    "QuantizeLinear": Operator { context in
      let (x, scale) = (try context.tensor(0), try context.tensor(1))
      let zero = try context.optional(2)
      var element = context.optionalValue(2)?.element ?? .uint8
      let asked = context.int("output_dtype", 0)
      if asked != 0 { element = try ONNXElement.readable(Int32(truncatingIfNeeded: asked)).0 }
      guard let bounds = element.bounds, let dtype = element.dtype else {
        throw OperatorError("quantization to \(element) is not supported")
      }
      let factors = try spread(context, scale, x)
      let offsets = try zero.map { try spread(context, $0.cast(to: x.dtype), x) }
      let rounded = (x.cast(to: scale.dtype) / factors).rounded()
      let moved = offsets.map { rounded + $0.cast(to: scale.dtype) } ?? rounded
      return [ONNXValue(moved.clamped(to: bounds.0...bounds.1).cast(to: dtype), element: element)]
    },
    "DequantizeLinear": Operator { context in
      let (x, scale) = (try context.tensor(0), try context.tensor(1))
      let factors = try spread(context, scale, x)
      let numbers = x.cast(to: scale.dtype)
      let offsets = try context.optional(2).map { try spread(context, $0.cast(to: scale.dtype), x) }
      let y = (offsets.map { numbers - $0 } ?? numbers) * factors
      return [ONNXValue(y, element: try context.value(1).element)]
    },
    "DynamicQuantizeLinear": Operator { context in
      let x = try context.tensor(0)
      let (largest, least) = (max(x.max(), 0), min(x.min(), 0))
      let scale = (largest - least) / 255
      let zero = (-least / scale).rounded().clamped(to: 0...255)
      let y = ((x / scale).rounded() + zero).clamped(to: 0...255)
      return [ONNXValue(y.cast(to: .uint8)), ONNXValue(scale), ONNXValue(zero.cast(to: .uint8))]
    },
  ]

  /// Scales that broadcast over the data: one for all, one along an axis, or one for each block along it.
  private static func spread(_ context: OperatorContext, _ scale: Tensor, _ x: Tensor) throws -> Tensor {
    if scale.count == 1 { return scale.reshaped(to: []) }
    let axis = try context.axis(context.int("axis", 1), rank: x.rank)
    let block = context.int("block_size", 0)
    if block > 0, scale.rank == x.rank {
      return scale.repeated(block, axis: axis).sliced(axis: axis, from: 0, count: x.shape[axis])
    }
    guard scale.rank == 1, scale.shape[0] == x.shape[axis] else {
      throw OperatorError("has scales \(scale.shape) for \(x.shape)")
    }
    return scale.reshaped(to: Shape((0..<x.rank).map { $0 == axis ? scale.count : 1 }))
  }
}
