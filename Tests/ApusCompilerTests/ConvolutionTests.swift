import Apus
import ApusCompiler
import ApusReference
import Testing

@testable import ApusTensor

/// The same graph on the compiled CPU plan and on the reference executor.
private func expectParity(
  _ label: String, tolerance: Double = 2e-5, inputs: [HostArray], _ body: ([Tensor]) -> [Tensor]
) {
  func run(_ executor: any Executor) -> [[Double]] {
    Execution.$override.withValue(executor) {
      let results = body(inputs.map { Tensor($0) })
      realize(results)
      return results.map { $0.scalars(as: Double.self) }
    }
  }
  let expected = run(ReferenceExecutor())
  let found = run(CPUExecutor.make(options: CPUOptions(threads: 2)))
  for (index, pair) in zip(found, expected).enumerated() {
    #expect(pair.0.count == pair.1.count)
    let scale = Swift.max(1, pair.1.reduce(0) { Swift.max($0, Swift.abs($1)) })
    let worst = zip(pair.0, pair.1).reduce(0.0) { Swift.max($0, Swift.abs($1.0 - $1.1)) }
    #expect(worst <= tolerance * scale, "\(label): result \(index) is off by \(worst) of \(scale)")
  }
}

private func numbers(_ shape: Shape, _ seed: Int) -> HostArray {
  var state = UInt64(seed) &* 0x9E37_79B9_7F4A_7C15 | 1
  return HostArray(
    (0..<shape.elementCount).map { _ in
      state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      return Float(Double(state >> 33) / Double(1 << 31) * 2 - 1)
    }, shape: shape)
}

@Test func convolutionsInBlockedLayoutsEqualTheReference() {
  let cases: [(image: Shape, weights: Shape, ConvolutionGeometry)] = [
    ([3, 1, 12, 11], [6, 1, 5, 5], .init(paddingLow: 2)),
    ([2, 6, 9, 10], [16, 6, 5, 5], .init()),
    ([2, 16, 8, 7], [24, 16, 3, 3], .init(stride: Size2D(2, 1), paddingLow: Size2D(1, 2), dilation: Size2D(1, 2))),
    ([2, 12, 8, 7], [20, 12, 1, 1], .init(paddingLow: 0, paddingHigh: 1)),
    ([2, 8, 8, 7], [16, 4, 3, 3], .init(paddingLow: 1, groups: 2)),
    ([1, 16, 8, 7], [16, 1, 3, 3], .init(stride: 2, paddingLow: 1, groups: 16)),
    ([2, 32, 6, 6], [32, 32, 3, 3], .init(paddingLow: Size2D(1, 0), paddingHigh: Size2D(0, 1))),
  ]
  for (image, weights, geometry) in cases {
    for hasBias in [false, true] {
      expectParity(
        "\(image) \(weights) \(geometry)", inputs: [numbers(image, 1), numbers(weights, 2), numbers([weights[0]], 3)]
      ) {
        inputs in
        let (value, gradients) = valueWithGradient(at: inputs) { p in
          let y = Tensor.record(
            Convolution(geometry: geometry, hasBias: hasBias), hasBias ? p : Array(p.prefix(2)))
          let h = Tensor.record(Unary(.rectify), [y])
          return (h * h).sum()
        }
        return [value] + gradients
      }
    }
  }
}

@Test func convolutionPoolingChainsKeepBlockedLayouts() {
  expectParity(
    "lenet front",
    inputs: [
      numbers([3, 1, 12, 12], 1), numbers([6, 1, 5, 5], 2), numbers([16, 6, 3, 3], 3), numbers([10, 144], 4),
    ]
  ) {
    inputs in
    let pool = PoolGeometry(kernel: 2)
    let (value, gradients) = valueWithGradient(at: inputs) { p in
      var h = Tensor.record(Convolution(geometry: .init(paddingLow: 2), hasBias: false), [p[0], p[1]])
      h = Tensor.recordAll(MaxPool(geometry: pool), [Tensor.record(Unary(.rectify), [h])])[0]
      h = Tensor.record(Convolution(geometry: .init(paddingLow: 1), hasBias: false), [h, p[2]])
      h = Tensor.record(AveragePool(geometry: pool, countsPadding: true), [Tensor.record(Unary(.rectify), [h])])
      return (matmul(h.flattened(from: 1), p[3].transposed()) * 0.1).sum()
    }
    // An updated weight stays in the layout it is used in.
    return [value] + gradients + zip(inputs, gradients).map { $0 - $1 * 0.01 }
  }
}

@Test func poolingEqualsTheReference() {
  let cases: [PoolGeometry] = [
    .init(kernel: Size2D(3, 2), stride: Size2D(2, 1), paddingLow: Size2D(1, 0)),
    .init(kernel: 3, stride: 2, paddingLow: 1, usesCeiling: true), .init(kernel: 2, stride: 2),
    .init(kernel: Size2D(2, 3), stride: Size2D(1, 2), paddingLow: 1, paddingHigh: 0, dilation: Size2D(2, 1)),
  ]
  for geometry in cases {
    expectParity("\(geometry)", inputs: [numbers([2, 5, 9, 8], 1), numbers([8, 5, 1, 1], 2)]) { inputs in
      let (value, gradients) = valueWithGradient(at: inputs) { p in
        let blocked = Tensor.record(Convolution(geometry: .init(), hasBias: false), [p[0], p[1]])
        let a = Tensor.recordAll(MaxPool(geometry: geometry), [p[0]])[0]
        let b = Tensor.recordAll(MaxPool(geometry: geometry), [blocked])[0]
        var sum = (a * a).sum() + (b * b).sum()
        if geometry.dilation == 1 {
          let c = Tensor.record(AveragePool(geometry: geometry, countsPadding: true), [blocked])
          let d = Tensor.record(AveragePool(geometry: geometry, countsPadding: false), [p[0]])
          sum = sum + (c * c).sum() + (d * d).sum()
        }
        return sum
      }
      return [value] + gradients
    }
  }
}
