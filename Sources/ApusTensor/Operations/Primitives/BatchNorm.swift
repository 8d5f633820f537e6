/// Batch normalization by the statistics of the batch: `y = (x - mean) / sqrt(variance + epsilon) * scale + shift`.
///
/// Input `x` `[N, C, ...]` (axis 1 holds the channels), `scale` and `shift` `[C]`. Outputs `y`, and `[C]` the means
/// and the biased variances over all other axes.
package struct BatchNormTraining: Primitive {
  package var epsilon: Double

  package init(epsilon: Double) { self.epsilon = epsilon }

  package var name: String { "batch_norm" }

  package func encode(into key: inout PlanKey) { key.add(epsilon) }

  package func resultTypes(_ inputs: [TensorType]) throws(ShapeError) -> [TensorType] {
    let channels = try Self.check(inputs[0], perChannel: Array(inputs[1...]))
    return [inputs[0], channels, channels]
  }

  package func gradient(_ context: GradientContext) -> [Tensor?] {
    let (x, scale) = (context.inputs[0], context.inputs[1])
    let (mean, variance) = (context.outputs[1], context.outputs[2])
    let count = Double(x.count / max(x.shape[1], 1))
    let channels = Self.channelShape(x.shape)
    var result: [Tensor?] = [nil, nil, nil]
    if let gradient = context.outputGradients[0] {
      let back = BatchNormTrainingBackward(epsilon: epsilon)
      result = Tensor.recordAll(back, [x, gradient, scale, mean, variance]).prefix(3).map { $0 }
    }
    func add(_ term: Tensor) { result[0] = result[0].map { $0 + term } ?? term.broadcast(to: x.shape) }
    if let gradient = context.outputGradients[1] { add((gradient / count).reshaped(to: channels)) }
    if let gradient = context.outputGradients[2] {
      add((x - mean.reshaped(to: channels)) * (gradient * 2 / count).reshaped(to: channels))
    }
    return result
  }

  package func evaluate(_ inputs: [HostView], _ outputs: [HostView]) {
    let (x, scale, shift) = (inputs[0].doubles(), inputs[1].doubles(), inputs[2].doubles())
    let lines = Self.channels(inputs[0].shape)
    var y = x
    var means: [Double] = []
    var variances: [Double] = []
    for (channel, line) in lines.enumerated() {
      let mean = line.reduce(0) { $0 + x[$1] } / Double(line.count)
      let variance = line.reduce(0) { $0 + (x[$1] - mean) * (x[$1] - mean) } / Double(line.count)
      let factor = scale[channel] / (variance + epsilon).squareRoot()
      for index in line { y[index] = (x[index] - mean) * factor + shift[channel] }
      means.append(mean)
      variances.append(variance)
    }
    outputs[0].store(y)
    outputs[1].store(means)
    outputs[2].store(variances)
  }

  /// The type of one number for each channel, when `x` and the other operands fit.
  fileprivate static func check(_ x: TensorType, perChannel: [TensorType]) throws(ShapeError) -> TensorType {
    guard x.shape.rank >= 2, x.dtype.isFloatingPoint else {
      throw ShapeError("batch normalization takes f32 or f64 [N, C, ...], got \(x)")
    }
    let expected = TensorType([x.shape[1]], x.dtype)
    guard perChannel.allSatisfy({ $0 == expected }) else {
      throw ShapeError("the numbers for each channel must be \(expected)")
    }
    guard x.shape.elementCount > 0 else { throw ShapeError("an empty batch has no mean") }
    return expected
  }

  /// `[1, C, 1, ...]`.
  fileprivate static func channelShape(_ shape: Shape) -> Shape {
    Shape(shape.indices.map { $0 == 1 ? shape[1] : 1 })
  }

  /// Offsets of the elements of each channel.
  fileprivate static func channels(_ shape: Shape) -> [[Int]] {
    let inner = shape.dropFirst(2).reduce(1, *)
    return (0..<shape[1]).map { channel in
      (0..<shape[0]).flatMap { n in (0..<inner).map { (n * shape[1] + channel) * inner + $0 } }
    }
  }
}

/// The gradient of ``BatchNormTraining`` with respect to `x`, `scale` and `shift`: inputs `x`, the gradient of `y`,
/// `scale`, and the mean and variance that were computed.
package struct BatchNormTrainingBackward: Primitive {
  package var epsilon: Double

  package init(epsilon: Double) { self.epsilon = epsilon }

  package var name: String { "batch_norm_backward" }

  package func encode(into key: inout PlanKey) { key.add(epsilon) }

  package func resultTypes(_ inputs: [TensorType]) throws(ShapeError) -> [TensorType] {
    let channels = try BatchNormTraining.check(inputs[0], perChannel: Array(inputs[2...]))
    guard inputs[1] == inputs[0] else { throw ShapeError("the gradient must be \(inputs[0]) like the result") }
    return [inputs[0], channels, channels]
  }

  package func gradient(_ context: GradientContext) -> [Tensor?] {
    FormulaGradient.rule(context) { inputs in
      let (x, gy, scale, mean, variance) = (inputs[0], inputs[1], inputs[2], inputs[3], inputs[4])
      let channels = BatchNormTraining.channelShape(x.shape)
      let axes = x.shape.indices.filter { $0 != 1 }
      let count = Double(x.count / x.shape[1])
      let inverse = (variance + epsilon).reciprocalSquareRoot().reshaped(to: channels)
      let normalized = (x - mean.reshaped(to: channels)) * inverse
      let shiftGradient = gy.sum(alongAxes: axes)
      let scaleGradient = (gy * normalized).sum(alongAxes: axes)
      let centered = gy - shiftGradient / count - normalized * (scaleGradient / count)
      return [
        centered * (inverse * scale.reshaped(to: channels)), scaleGradient.reshaped(to: scale.shape),
        shiftGradient.reshaped(to: scale.shape),
      ]
    }
  }

  package func evaluate(_ inputs: [HostView], _ outputs: [HostView]) {
    let (x, g, scale) = (inputs[0].doubles(), inputs[1].doubles(), inputs[2].doubles())
    let (mean, variance) = (inputs[3].doubles(), inputs[4].doubles())
    var gx = x
    var gscale: [Double] = []
    var gshift: [Double] = []
    for (channel, line) in BatchNormTraining.channels(inputs[0].shape).enumerated() {
      let inverse = 1 / (variance[channel] + epsilon).squareRoot()
      func normalized(_ index: Int) -> Double { (x[index] - mean[channel]) * inverse }
      let shift = line.reduce(0) { $0 + g[$1] }
      let product = line.reduce(0) { $0 + g[$1] * normalized($1) }
      let count = Double(line.count)
      for index in line {
        gx[index] = scale[channel] * inverse * (g[index] - shift / count - normalized(index) * product / count)
      }
      gscale.append(product)
      gshift.append(shift)
    }
    outputs[0].store(gx)
    outputs[1].store(gscale)
    outputs[2].store(gshift)
  }
}
