import Apus
import Testing

@testable import ApusCPU
@testable import ApusCompiler
@testable import ApusTensor

/// What is computed from parameters alone: kept between replays, folded into kernels, never out of date.
@Suite struct KeptValuesTests {
  /// Two convolutions with normalisations around a shortcut with a third; wide enough for Winograd's.
  private struct Block: Layer {
    var conv1: Conv2D, norm1: BatchNorm, conv2: Conv2D, norm2: BatchNorm, shortcut: Conv2D, norm3: BatchNorm

    init() {
      conv1 = Conv2D(5, 32, kernel: 3, padding: 1, bias: false)
      norm1 = BatchNorm(32, epsilon: 0.01)
      conv2 = Conv2D(32, 32, kernel: 3, padding: 1)
      norm2 = BatchNorm(32)
      shortcut = Conv2D(5, 32, kernel: 1)
      norm3 = BatchNorm(32)
      for (number, norm) in [norm1, norm2, norm3].enumerated() {
        let seed = Double(number + 1)
        norm.weight?.value = Tensor.randomUniform([32], in: 0.5..<1.5) * seed
        norm.bias?.value = Tensor.randomNormal([32])
        norm.runningMean.value = Tensor.randomNormal([32]) * 0.3
        norm.runningVar.value = Tensor.randomUniform([32], in: 0.2..<2)
      }
    }

    func callAsFunction(_ x: Tensor) -> Tensor {
      let inner = relu(norm1(conv1(x)))
      // Sums in either order, with and without a ReLU behind.
      let sum = relu(norm3(shortcut(x)) + norm2(conv2(inner)))
      return conv2(sum) + sum
    }
  }

  private func infer(_ block: Block, _ x: Tensor) -> [Float] {
    withInference { block(x) }.scalars(as: Float.self)
  }

  private func operationByOperation(_ block: Block, _ x: Tensor) -> [Float] {
    let plain = PlanExecutor(
      backend: CPUBackend(options: CPUOptions(threads: 1, isDeterministic: true, usesWinograd: false)),
      pipeline: Pipeline(fuses: false))
    return Execution.$override.withValue(plain) { infer(block, x) }
  }

  private func expectEqual(_ a: [Float], _ b: [Float]) {
    let scale = (b.reduce(0) { $0 + $1 * $1 } / Float(b.count)).squareRoot()
    #expect(zip(a, b).allSatisfy { abs($0 - $1) < 1e-5 * scale + 3e-5 * abs($1) })
  }

  @Test(arguments: [1, 2]) func foldedNormalisationsEqualTheDefinition(threads: Int) {
    withRandomSeed(7) {
      let (block, x) = (Block(), Tensor.randomNormal([2, 5, 22, 21]))
      let expected = operationByOperation(block, x)
      Execution.$override.withValue(CPUExecutor.make(options: CPUOptions(threads: threads, isDeterministic: false))) {
        let first = infer(block, x)
        expectEqual(first, expected)
        // From kept values: the same bits.
        #expect(infer(block, x) == first)
        #expect(infer(block, x) == first)
      }
    }
  }

  @Test func newParametersMakeNewKeptValues() {
    withRandomSeed(11) {
      let (block, x) = (Block(), Tensor.randomNormal([2, 5, 22, 21]))
      Execution.$override.withValue(CPUExecutor.make(options: CPUOptions(threads: 2, isDeterministic: false))) {
        _ = infer(block, x)
        block.conv2.weight.value = Tensor.randomNormal([32, 32, 3, 3]) * 0.1
        block.norm1.runningVar.value = Tensor.randomUniform([32], in: 0.5..<3)
        expectEqual(infer(block, x), operationByOperation(block, x))
      }
    }
  }

  @Test func trainingStepsMakeThemOutOfDate() throws {
    try withRandomSeed(13) {
      let (block, x) = (Block(), Tensor.randomNormal([2, 5, 22, 21]))
      let optimizer = try SGD(learningRate: 0.05, momentum: 0.5)
      Execution.$override.withValue(CPUExecutor.make(options: CPUOptions(threads: 2, isDeterministic: false))) {
        for _ in 0..<3 {
          let before = infer(block, x)
          let (_, gradients) = valueWithGradient(of: block) { withTraining { block(x) }.squared().mean() }
          optimizer.update(block, along: gradients)
          let after = infer(block, x)
          #expect(after != before)
          expectEqual(after, operationByOperation(block, x))
        }
      }
    }
  }

  @Test func whatIsKeptLeavesThePlan() {
    withRandomSeed(17) {
      let (block, x) = (Block(), Tensor.randomNormal([2, 5, 22, 21]))
      realize([x] + block.parameters.map(\.parameter.stored))
      var capture = GraphCapture()
      let result = withInference { block(x) }
      capture.collect([result], keepsLasting: true)
      let backend = CPUBackend(options: CPUOptions(threads: 1, isDeterministic: false))
      let parts = KeepLasting.run(
        Pipeline().run(capture.graph(roots: [result], keepsLasting: true), backend: backend))
      let names = parts.rest.nodes.map { $0.operation.name }.filter { !["input", "reorder", "reshape"].contains($0) }
      #expect(names.sorted() == ["convolution", "convolution_add", "convolution_add_relu", "convolution_relu"])
      #expect(parts.kept?.roots.isEmpty == false)
      // A step that gives its parameters up keeps nothing.
      let other = capture.graph(roots: [result], keepsLasting: false)
      #expect(KeepLasting.run(Pipeline().run(other, backend: backend)).kept == nil)
    }
  }

  @Test func resultsMadeOfParametersAloneBelongToTheCaller() {
    Execution.$override.withValue(CPUExecutor.make(options: CPUOptions(threads: 1, isDeterministic: false))) {
      let weight = Parameter(Tensor([1, 2, 3, 4, 5, 6] as [Float], shape: [2, 3]))
      for _ in 0..<2 {
        let tripled = weight.value * 3 + 0.5
        #expect(tripled.reshaped(to: [3, 2]).scalars(as: Float.self) == [3.5, 6.5, 9.5, 12.5, 15.5, 18.5])
        #expect((weight.value.sum(squeezingAxes: 1) * 2).scalars(as: Float.self) == [12, 30])
      }
    }
  }

  /// Every kind of convolution kernel adds and rectifies: grouped, depthwise, of few channels, strided.
  @Test(arguments: [(16, 32, 4, 1), (32, 32, 32, 1), (2, 8, 1, 1), (24, 40, 1, 2)])
  func convolutionsOfAllKindsAddAndRectify(inputs: Int, outputs: Int, groups: Int, stride: Int) {
    withRandomSeed(19) {
      let conv = Conv2D(
        inputs, outputs, kernel: 3, stride: Size2D(stride, stride), padding: 1, groups: groups, bias: false)
      let norm = BatchNorm(outputs)
      norm.runningMean.value = Tensor.randomNormal([outputs])
      let x = Tensor.randomNormal([2, inputs, 10, 12])
      let other = Tensor.randomNormal([2, outputs, 10 / stride, 12 / stride])
      // The added value is read again, so it may not be written over.
      func result() -> [Float] {
        withInference {
          let doubled = other * 2
          return (relu(norm(conv(x)) + doubled) - doubled).scalars(as: Float.self)
        }
      }
      let plain = PlanExecutor(
        backend: CPUBackend(options: CPUOptions(threads: 1, isDeterministic: true, usesWinograd: false)),
        pipeline: Pipeline(fuses: false))
      let expected = Execution.$override.withValue(plain) { result() }
      Execution.$override.withValue(CPUExecutor.make(options: CPUOptions(threads: 2, isDeterministic: false))) {
        for _ in 0..<2 { expectEqual(result(), expected) }
      }
    }
  }

  @Test func onlyTheLeftSideOfADifferenceIsFolded() {
    withRandomSeed(23) {
      let (conv, offset) = (Conv2D(3, 8, kernel: 3), Parameter(Tensor.randomNormal([1, 8, 1, 1])))
      let (x, still) = (Tensor.randomNormal([2, 3, 7, 6]), Parameter(Tensor.randomNormal([2, 3, 7, 6])))
      func results() -> [[Float]] {
        withInference {
          let fixed = conv(still.value)
          let differences = [conv(x) - offset.value, offset.value - conv(x), fixed - conv(x), fixed.squared()]
          realize(differences)
          return differences.map { $0.scalars(as: Float.self) }
        }
      }
      let plain = PlanExecutor(
        backend: CPUBackend(options: CPUOptions(threads: 1, isDeterministic: true)), pipeline: Pipeline(fuses: false))
      let expected = Execution.$override.withValue(plain) { results() }
      Execution.$override.withValue(CPUExecutor.make(options: CPUOptions(threads: 1))) {
        for (a, b) in zip(results(), expected) { expectEqual(a, b) }
      }
    }
  }
}
