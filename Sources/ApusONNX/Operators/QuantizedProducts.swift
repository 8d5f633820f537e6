import ApusTensor

extension Operators {
  /// Products of small integers, whole or scaled and rounded to small integers again.
  static let quantizedProducts: [String: Operator] = [
    "MatMulInteger": .tensor { context in
      let (a, b) = (try centred(context, 0, zero: 2, axis: 0), try centred(context, 1, zero: 3, axis: 1))
      return matmul(a, b).cast(to: .int32)
    },
    "ConvInteger": .tensor { context in
      let (x, weights) = (try centred(context, 0, zero: 2, axis: 0), try centred(context, 1, zero: 3, axis: 0))
      return try convolution(context, x, weights, bias: nil).cast(to: .int32)
    },
    "QLinearMatMul": Operator { context in
      let (a, b) = (try centred(context, 0, zero: 2, axis: 0), try centred(context, 3, zero: 5, axis: 1))
      let scale = try factor(context, 1, axis: 0, of: a) * factor(context, 4, axis: 1, of: b)
      return try [quantized(context, matmul(a, b) * scale)]
    },
    "QLinearConv": Operator { context in
      let (x, weights) = (try centred(context, 0, zero: 2, axis: 0), try centred(context, 3, zero: 5, axis: 0))
      let bias = try context.optional(8).map { $0.cast(to: .float64) }
      let y = try convolution(context, x, weights, bias: bias)
      let perChannel = try context.tensor(4).cast(to: .float64)
      guard perChannel.count == 1 || perChannel.shape == [weights.shape[0]] else {
        throw OperatorError("has scales \(perChannel.shape) for kernels \(weights.shape)")
      }
      let channels = Shape((0..<y.rank).map { $0 == 1 ? perChannel.count : 1 })
      return try [quantized(context, y * (factor(context, 1, axis: 0, of: x) * perChannel.reshaped(to: channels)))]
    },
  ]

  /// Integers less what stands for their 0, exact in double precision.
  ///
  /// - Parameter axis: 0 or 1, counted from the last two of a product's axes or from the front of kernels; the one that
  ///   several zeros are for.
  private static func centred(_ context: OperatorContext, _ input: Int, zero: Int, axis: Int) throws -> Tensor {
    let x = try context.tensor(input).cast(to: .float64)
    guard context.optionalValue(zero) != nil else { return x }
    return try x - factor(context, zero, axis: axis, of: x)
  }

  /// A number for all elements, or one for each row, column or kernel, that broadcasts over `x`.
  private static func factor(_ context: OperatorContext, _ input: Int, axis: Int, of x: Tensor) throws -> Tensor {
    let numbers = try context.tensor(input).cast(to: .float64)
    if numbers.count == 1 { return numbers.reshaped(to: []) }
    guard numbers.rank == 1 else { return numbers }
    let isMatrix = context.node.operation.contains("MatMul")
    let place = isMatrix ? x.rank - 2 + axis : axis
    guard place >= 0, place < x.rank, numbers.count == x.shape[place] else {
      throw OperatorError("its input \(input) has \(numbers.count) numbers, which do not fit \(x.shape)")
    }
    return numbers.reshaped(to: Shape((0..<x.rank).map { $0 == place ? numbers.count : 1 }))
  }

  /// Numbers in the scale and the type of the results, which inputs 6 and 7 say.
  private static func quantized(_ context: OperatorContext, _ numbers: Tensor) throws -> ONNXValue {
    let element = try (context.optionalValue(7) ?? context.value(0)).element
    guard let bounds = element.bounds, let dtype = element.dtype else {
      throw OperatorError("quantization to \(element) is not supported")
    }
    let rounded = try (numbers / factor(context, 6, axis: 0, of: numbers)).rounded()
    let moved = try context.optionalValue(7).map { _ in try rounded + factor(context, 7, axis: 0, of: numbers) }
    return ONNXValue((moved ?? rounded).clamped(to: bounds.0...bounds.1).cast(to: dtype), element: element)
  }
}
