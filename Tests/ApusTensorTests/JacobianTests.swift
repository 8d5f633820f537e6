import ApusReference
import ApusTensor
import Testing

/// Functions of one tensor `[2, 1, 4, 4]` over operations of every kind.
private let functions: [(name: String, body: @Sendable (Tensor) -> Tensor)] = [
  ("sine of a product", { sin($0 * $0) * 0.5 }),
  ("softmax", { softmax($0.reshaped(to: [4, 8]), axis: 1).logarithmOfSum() }),
  (
    "convolution and pooling",
    { x in
      let kernel = Tensor((0..<9).map { Double($0) / 7 - 0.5 }, shape: [1, 1, 3, 3])
      return tanh(conv2D(x, kernel, geometry: ConvolutionGeometry(paddingLow: 1))).maxPooled(2)
    }
  ),
  ("product with itself", { matmul($0.reshaped(to: [4, 8]), $0.reshaped(to: [4, 8]).transposed()) }),
  (
    "running sum in a loop",
    { x in
      let start = Tensor(repeating: 0.25, shape: [8], dtype: .float64)
      let (carry, outputs) = scan([start], over: [x.reshaped(to: [4, 8])]) { carry, inputs in
        let next = tanh(carry[0] + inputs[0])
        return ([next], [next])
      }
      return outputs[0].sum(squeezingAxes: 0) + carry[0]
    }
  ),
]

extension Tensor {
  fileprivate func logarithmOfSum() -> Tensor { log((self + 0.5).sum(squeezingAxes: 1)) }
}

@Suite struct JacobianTests {
  private let x = numbers { n in 0.3 * Double((n * 7) % 11) - 1.4 + 0.01 * Double(n) }
  private let v = numbers { n in 0.2 * Double((n * 5) % 13) - 1.1 }

  private static func numbers(_ formula: (Int) -> Double) -> Tensor {
    Tensor((0..<32).map(formula), shape: [2, 1, 4, 4])
  }

  @Test(arguments: functions.indices)
  func productIsTheSlopeAlongTheDirection(_ index: Int) {
    let body = functions[index].body
    Execution.$override.withValue(ReferenceExecutor()) {
      let (value, product) = jacobianVectorProduct(at: x, along: v, of: body)
      let h = 1e-6
      let slope = ((body(x + v * h) - body(x - v * h)) / (2 * h)).scalars(as: Double.self)
      let found = product.scalars(as: Double.self)
      #expect(value.scalars(as: Double.self) == body(x).scalars(as: Double.self))
      for (a, b) in zip(found, slope) { #expect(abs(a - b) < 1e-7 * max(1, abs(b)), "\(functions[index].name)") }
      // u . (J v) = (u J) . v
      let u = Tensor((0..<found.count).map { Double($0 % 5) - 1.7 }, shape: product.shape)
      let pulled = vectorJacobianProduct(at: x, of: body).pullback(u)
      #expect(abs((u * product).sum().item() - (pulled * v).sum().item()) < 1e-9)
    }
  }

  @Test func hessianTimesVector() {
    Execution.$override.withValue(ReferenceExecutor()) {
      let x = Tensor([1.0, 2, -1], shape: [3])
      let v = Tensor([0.5, -1, 2], shape: [3])
      // f = x0^2 x1 + x2^3: Hessian [[2 x1, 2 x0, 0], [2 x0, 0, 0], [0, 0, 6 x2]]
      let f: (Tensor) -> Tensor = { x in x[0] * x[0] * x[1] + x[2] * x[2] * x[2] }
      let (slope, curvature) = jacobianVectorProduct(at: x, along: v) { gradient(at: $0, of: f) }
      #expect(slope.scalars(as: Double.self) == [4, 1, 3])
      #expect(curvature.scalars(as: Double.self) == [0, 1, -12])
    }
  }

  @Test func severalArgumentsAndConstants() {
    Execution.$override.withValue(ReferenceExecutor()) {
      let a = Tensor([1.0, 2], shape: [2])
      let b = Tensor([3.0, 4], shape: [2])
      let (_, product) = jacobianVectorProduct(at: [a, b], along: [b, a]) { $0[0] * $0[1] }
      #expect(product.scalars(as: Double.self) == [10, 20])
      let (_, none) = jacobianVectorProduct(at: a, along: b) { _ in Tensor([5.0], shape: [1]) }
      #expect(none.scalars(as: Double.self) == [0])
    }
  }

  @Test func directionsOfAnotherShapeAreRefused() {
    let problem = #expect(throws: ShapeError.self) {
      try Diagnostics.dryRun {
        _ = jacobianVectorProduct(at: Tensor([1.0, 2], shape: [2]), along: Tensor([1.0], shape: [1])) { $0 }
      }
    }
    #expect(problem?.message.contains("directions") == true)
  }
}
