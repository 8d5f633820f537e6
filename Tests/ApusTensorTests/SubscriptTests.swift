import ApusReference
import ApusTensor
import Testing

private func onReference<Result>(_ body: () throws -> Result) rethrows -> Result {
  try Execution.$override.withValue(ReferenceExecutor()) { try body() }
}

@Test func subscriptsFollowNumPy() {
  onReference {
    let x = Tensor.arange(24).reshaped(to: [2, 3, 4])
    #expect(x[1].shape == [3, 4])
    #expect(x[1, 2, 3].item() == 23)
    #expect(x[-1, -1, -1].item() == 23)
    #expect(x[0..., 1..<3, 2].scalars(as: Int32.self) == [6, 10, 18, 22])
    #expect(x[0, 0, ..<(-1)].scalars(as: Int32.self) == [0, 1, 2])
    #expect(x[0, 0, (-2)...].scalars(as: Int32.self) == [2, 3])
    #expect(x[0, 0, 1...2].scalars(as: Int32.self) == [1, 2])
    #expect(x[0, 0, ...1].scalars(as: Int32.self) == [0, 1])
    #expect(x[0, 0, stride(from: 0, to: 4, by: 2)].scalars(as: Int32.self) == [0, 2])
    #expect(x[0, 0, stride(from: 3, through: 0, by: -1)].scalars(as: Int32.self) == [3, 2, 1, 0])
    #expect(x[0, 0, TensorIndex.every(-2)].scalars(as: Int32.self) == [3, 1])
    #expect(x[TensorIndex.ellipsis, 0].shape == [2, 3])
    #expect(x[0, TensorIndex.newAxis, TensorIndex.ellipsis, 1...].shape == [1, 3, 3])
    #expect(x[1..<100].shape == [1, 3, 4])
    #expect(x[2..<2].shape == [0, 3, 4])
    let indices = [1, 0]
    for index in indices { #expect(x[index, 0, 0].item() == Double(12 * index)) }
  }
}

@Test func mistakesAreNamedBeforeAnythingIsComputed() {
  let x = Tensor.arange(6).reshaped(to: [2, 3])
  func problem(_ body: () -> Tensor) -> String {
    do { _ = try Diagnostics.dryRun(body) } catch { return "\(error)" }
    return "none"
  }
  #expect(problem { x[2] }.contains("position 2 of axis 0, which has 2"))
  #expect(problem { x[0, 0, 0] }.contains("3 indices for 2 axes"))
  #expect(problem { concatenate([x, x[0]]) }.contains("must be equal"))
  #expect(problem { x.split(into: 4, axis: 1)[0] }.contains("equal pieces"))
  #expect(problem { x.argMax(axis: 2) }.contains("no axis 2"))
  #expect(problem { softmax(x, axis: 5) }.contains("no axis 5"))
  #expect(problem { x.gathered(at: x) }.contains("i32 or i64"))
  #expect(problem { conv2D(x, x) }.contains("[N, C, H, W]"))
  let image = Tensor.zeros([1, 2, 3, 3])
  #expect(problem { transposedConv2D(image, Tensor.zeros([2, 1, 3, 3]), outputPadding: 1) }.contains("less than"))
  #expect(problem { x.maxPooled(2) }.contains("[N, C, H, W]"))
  #expect(problem { x.padded(before: [1], after: [0, 0]) }.contains("each axis"))
  #expect(problem { x.topK(4).values }.contains("4 elements of axis 1, which has 3"))
  #expect(problem { x.oneHot(depth: 3) }.contains("needs integers"))
}

@Test func literalsAreTensorsAndNumbersStayNumbers() {
  onReference {
    let matrix: Tensor = [[1, 2.5, 3], [4, -5, 6]]
    #expect(matrix.type == TensorType([2, 3], .float32))
    #expect(matrix.scalars(as: Float.self) == [1, 2.5, 3, 4, -5, 6])
    let cube: Tensor = [[[1], [2]], [[3], [4]], [[5], [6]]]
    #expect(cube.shape == [3, 2, 1])
    let empty: Tensor = []
    #expect(empty.shape == [0])
    // None of these may be ambiguous, and f64 must stay f64.
    let x = Tensor([1.0, 2, 3], shape: [3])
    let y = (x * 2 + 1 - 3 / (2 * x)) * 0.5
    #expect(y.dtype == .float64)
    let number = 1 - y.scalars(as: Double.self)[0] * 2
    #expect(number == 1 - 1.5)
    #expect((max(x, 2) .> 2).scalars(as: Bool.self) == [false, false, true])
    #expect((pow(x, 2) + matrix[0].cast(to: .float64)).scalars(as: Double.self) == [2, 6.5, 12])
  }
}

@Test func limitsAndTiesFollowPyTorch() {
  onReference {
    let x = Tensor([-1.0, 0, 0.5, 1, 2, .nan], shape: [6])
    #expect(Array(x.clamped(to: 0...1).scalars(as: Double.self).prefix(5)) == [0, 0, 0.5, 1, 1])
    #expect(x.clamped(to: 0...1).scalars(as: Double.self)[5].isNaN)
    #expect(gradient(at: x) { $0.clamped(to: 0...1).sum() }.scalars(as: Double.self) == [0, 1, 1, 1, 0, 1])
    let tied = gradient(at: [x, x]) { max($0[0], $0[1]).sum() }
    #expect(Array(tied[0].scalars(as: Double.self).prefix(5)) == [0.5, 0.5, 0.5, 0.5, 0.5])
    #expect(gradient(at: Tensor([0.0, 0], shape: [2])) { $0.norm() }.scalars(as: Double.self) == [0, 0])
    let infinite = Tensor([-Double.infinity, -.infinity, 1, .infinity], shape: [2, 2])
    #expect(logSumExp(infinite, squeezingAxes: [1]).scalars(as: Double.self) == [-.infinity, .infinity])
  }
}

@Test func gradientCheckFindsAWrongRule() {
  onReference {
    let x = Tensor([0.3, -0.7, 1.1, 0.2], shape: [2, 2])
    let right = checkGradients(at: x) { exp($0) * $0 }
    #expect(right.passes, "\(right)")
    // Wrong at one element only: the rule doubles the gradient there.
    let weights = Tensor([1.0, 1, 2, 1], shape: [2, 2])
    let wrong = checkGradients(at: [weights, x]) { inputs in
      withCustomGradient(inputs[1], body: { $0.squared() }, rule: { g in g * x * 2 * weights })
    }
    #expect(!wrong.passes)
    #expect(wrong.tensor == 1)
    #expect(wrong.index == [1, 0])
    #expect(Swift.abs(wrong.analytic / wrong.numeric - 2) < 1e-6)
    #expect("\(wrong)".hasPrefix("fails: worst error"))
    // Integer arguments pass through; a NaN never passes.
    let picked = checkGradients(at: [x, Tensor([Int64(1), 1, 0])]) { $0[0].gathered(at: $0[1]).squared() }
    #expect(picked.passes, "\(picked)")
    #expect(!checkGradients(at: x) { log($0) }.passes)
  }
}
