#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// Local response normalization across the channels (axis 1) of `[N, C, ...]`:
/// `y_c = x_c / (k + factor * sum over neighbours c' of x_c'^2)^beta`.
///
/// The neighbours of channel `c` are `c - size / 2` to `c + (size - 1) / 2`, as far as there are any.
package struct LocalResponse: Primitive {
  package var size: Int
  package var factor: Double
  package var beta: Double
  package var k: Double

  package init(size: Int, factor: Double, beta: Double, k: Double) {
    self.size = size
    self.factor = factor
    self.beta = beta
    self.k = k
  }

  package var name: String { "local_response" }

  package func encode(into key: inout PlanKey) {
    key.add(size)
    key.add(factor)
    key.add(beta)
    key.add(k)
  }

  package func resultTypes(_ inputs: [TensorType]) throws(ShapeError) -> [TensorType] {
    guard inputs[0].shape.rank >= 2, inputs[0].dtype.isFloatingPoint, size >= 1 else {
      throw ShapeError("needs f32 or f64 [N, C, ...] and a size of at least 1, got \(inputs[0]) and \(size)")
    }
    return [inputs[0]]
  }

  package func gradient(_ context: GradientContext) -> [Tensor?] {
    [Tensor.record(LocalResponseBackward(self), [context.inputs[0], context.outputGradient])]
  }

  package func evaluate(_ inputs: [HostView], _ outputs: [HostView]) {
    let x = inputs[0].doubles()
    var y = x
    for line in Lines.of(inputs[0].shape, axis: 1) {
      let sums = denominators(line.map { x[$0] })
      for (channel, index) in line.enumerated() { y[index] = x[index] * pow(sums[channel], -beta) }
    }
    outputs[0].store(y)
  }

  /// The channels that count for one of `channels`.
  fileprivate func neighbours(of channel: Int, among channels: Int) -> Range<Int> {
    Swift.max(channel - size / 2, 0)..<Swift.min(channel + (size - 1) / 2 + 1, channels)
  }

  /// `k + factor * sum of the neighbours' squares` for each channel.
  fileprivate func denominators(_ x: [Double]) -> [Double] {
    x.indices.map { k + factor * neighbours(of: $0, among: x.count).reduce(0) { $0 + x[$1] * x[$1] } }
  }
}

/// The gradient of ``LocalResponse``: inputs `x` and the gradient of the result.
///
/// With `d` the denominators, `gx_c = gy_c d_c^-beta - 2 factor beta x_c * sum over c' of gy_c' x_c' d_c'^(-beta - 1)`, where
/// `c'` are the channels that `c` is a neighbour of.
package struct LocalResponseBackward: Primitive {
  package var forward: LocalResponse

  package init(_ forward: LocalResponse) { self.forward = forward }

  package var name: String { "local_response_backward" }

  package func encode(into key: inout PlanKey) { forward.encode(into: &key) }

  package func resultTypes(_ inputs: [TensorType]) throws(ShapeError) -> [TensorType] {
    guard inputs[1] == inputs[0] else { throw ShapeError("the gradient must be \(inputs[0]) like the result") }
    return [inputs[0]]
  }

  package func gradient(_ context: GradientContext) -> [Tensor?] {
    let (size, factor, beta, k) = (forward.size, forward.factor, forward.beta, forward.k)
    return FormulaGradient.rule(context) { inputs in
      let (x, gy) = (inputs[0], inputs[1])
      let d = Self.sum(x.squared(), before: size / 2, after: (size - 1) / 2) * factor + k
      let scaled = gy * pow(d, -beta)
      let others = Self.sum(scaled * x / d, before: (size - 1) / 2, after: size / 2)
      return [scaled - x * others * (2 * factor * beta)]
    }
  }

  /// The sum over each channel's neighbours.
  private static func sum(_ x: Tensor, before: Int, after: Int) -> Tensor {
    // The channels as the rows of a picture, zeros above and below.
    let positions = x.shape.dropFirst(2).reduce(1, *)
    let rows = x.reshaped(to: [x.shape[0], 1, x.shape[1], positions] as Shape)
      .padded(before: [0, 0, before, 0], after: [0, 0, after, 0])
    let size = before + after + 1
    let means = rows.averagePooled(PoolGeometry(kernel: Size2D(size, 1), stride: 1))
    return means.reshaped(to: x.shape) * Double(size)
  }

  package func evaluate(_ inputs: [HostView], _ outputs: [HostView]) {
    let (x, gy) = (inputs[0].doubles(), inputs[1].doubles())
    let (factor, beta) = (forward.factor, forward.beta)
    var gx = x
    for line in Lines.of(inputs[0].shape, axis: 1) {
      let d = forward.denominators(line.map { x[$0] })
      for (channel, index) in line.enumerated() { gx[index] = gy[index] * pow(d[channel], -beta) }
      for (channel, index) in line.enumerated() {
        let product = gy[index] * x[index] * pow(d[channel], -beta - 1)
        for other in forward.neighbours(of: channel, among: line.count) {
          gx[line[other]] -= 2 * factor * beta * x[line[other]] * product
        }
      }
    }
    outputs[0].store(gx)
  }
}
