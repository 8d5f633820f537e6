import Apus
import ApusCompiler
import ApusReference
import Testing

/// Elman's cell by `scan` and by a loop written out, with the loss that depends on every step.
private struct Elman {
  let x = Tensor((0..<24).map { Double(($0 * 7) % 11) / 11 - 0.4 }, shape: [4, 2, 3])
  let h0 = Tensor((0..<10).map { Double($0) / 20 - 0.2 }, shape: [2, 5])
  let u = Tensor((0..<15).map { Double(($0 * 5) % 13) / 13 - 0.5 }, shape: [3, 5])
  let w = Tensor((0..<25).map { Double(($0 * 3) % 17) / 17 - 0.5 }, shape: [5, 5])
  let b = Tensor((0..<5).map { Double($0) / 10 }, shape: [5])
  let weights = Tensor((0..<40).map { Double(($0 * 11) % 19) / 19 }, shape: [4, 2, 5])

  func step(_ x: Tensor, _ h: Tensor, _ p: [Tensor]) -> Tensor {
    Tensor.hyperbolicTangent(matmul(x, p[0]) + matmul(h, p[1]) + p[2])
  }

  func looped(_ p: [Tensor], reversed: Bool) -> Tensor {
    let (carry, outputs) = scan([p[3]], over: [p[4]], reversed: reversed) { carry, inputs in
      let h = step(inputs[0], carry[0], p)
      return ([h], [h * h])
    }
    return (outputs[0] * weights).sum() + (carry[0] * carry[0] * carry[0]).sum()
  }

  func unrolled(_ p: [Tensor], reversed: Bool) -> Tensor {
    var h = p[3]
    var loss = Tensor(repeating: 0, shape: [], dtype: .float64)
    for count in 0..<4 {
      let time = reversed ? 3 - count : count
      let slice = pick(p[4], time)
      h = step(slice, h, p)
      loss += (h * h * pick(weights, time)).sum()
    }
    return loss + (h * h * h).sum()
  }

  /// The slice at a time, by a product with a one-hot row: independent of slicing operations.
  func pick(_ t: Tensor, _ time: Int) -> Tensor {
    let row = Tensor((0..<4).map { $0 == time ? 1.0 : 0.0 }, shape: [1, 4])
    return matmul(row, t.reshaped(to: [4, -1])).reshaped(to: Shape(t.shape.dropFirst()))
  }

  var arguments: [Tensor] { [u, w, b, h0, x] }
}

extension Tensor {
  fileprivate static func hyperbolicTangent(_ x: Tensor) -> Tensor { 1 - 2 / (exp(2 * x) + 1) }
}

private func expectClose(_ a: Tensor, _ b: Tensor, _ comment: Comment) {
  let (x, y) = (a.scalars(as: Double.self), b.scalars(as: Double.self))
  #expect(a.shape == b.shape, comment)
  for (p, q) in zip(x, y) { #expect(abs(p - q) <= 1e-10 * max(1, abs(q)), comment) }
}

@Test(arguments: [false, true], [false, true]) func scanEqualsTheLoopWrittenOut(reversed: Bool, compiled: Bool) {
  let executor: any Executor = compiled ? CPUExecutor.make() : ReferenceExecutor()
  Execution.$override.withValue(executor) {
    let elman = Elman()
    let (value, gradients) = valueWithGradient(at: elman.arguments) { elman.looped($0, reversed: reversed) }
    let (expected, wanted) = valueWithGradient(at: elman.arguments) { elman.unrolled($0, reversed: reversed) }
    expectClose(value, expected, "loss")
    for (index, pair) in zip(gradients, wanted).enumerated() { expectClose(pair.0, pair.1, "gradient \(index)") }
    // The gradient of a gradient goes through the backward loop.
    func penalty(_ loss: @escaping ([Tensor]) -> Tensor) -> [Tensor] {
      gradient(at: elman.arguments) { p in
        gradient(at: p, of: loss).map { ($0 * $0).sum() }.reduce(Tensor(repeating: 0, shape: [], dtype: .float64), +)
      }
    }
    let second = penalty { elman.looped($0, reversed: reversed) }
    let wantedSecond = penalty { elman.unrolled($0, reversed: reversed) }
    for (index, pair) in zip(second, wantedSecond).enumerated() { expectClose(pair.0, pair.1, "second \(index)") }
  }
}
