import Apus
import Testing

@testable import ApusCPU
@testable import ApusCompiler
@testable import ApusTensor

/// Pools that share their gradients' work with what comes before them, beside every operation by itself.
@Suite struct MergePoolsTests {
  struct Block: Layer {
    let conv = Conv2D(3, 6, kernel: 3, padding: 1)
    let norm: BatchNorm?
    let pool: MaxPool2D

    init(normalizes: Bool, _ pool: MaxPool2D) { (norm, self.pool) = (normalizes ? BatchNorm(6) : nil, pool) }

    func callAsFunction(_ x: Tensor) -> Tensor {
      let y = conv(x)
      return pool(relu(norm.map { $0(y) } ?? y))
    }
  }

  private func results(_ block: Block, _ x: Tensor, _ weights: Tensor) -> [[Float]] {
    let (loss, gradients) = withTraining {
      valueWithGradient(of: block) { (block(x) * weights).sum() }
    }
    let tensors = [loss] + gradients.entries.compactMap(\.tensor)
    realize(tensors)
    return tensors.map { $0.scalars(as: Float.self) }
  }

  @Test(arguments: [true, false], [0, 1, 2])
  func sameGradientsAsEveryOperationByItself(normalizes: Bool, window: Int) {
    let pools = [MaxPool2D(2), MaxPool2D(3, stride: 2, padding: 1), MaxPool2D(3, stride: 1)]
    withRandomSeed(5) {
      let block = Block(normalizes: normalizes, pools[window])
      block.norm?.weight?.value = Tensor([1.5, -0.5, 0.7, -2, 1, 0.1] as [Float])
      let x = Tensor.randomNormal([4, 3, 11, 10])
      let weights = Tensor.randomNormal(withTraining { block(x) }.shape)
      realize(x, weights)
      // The bias before a normalisation has the gradient 0: what is left there is rounding, of sums of order 1.
      expectSameAsEveryOperationByItself(within: 5e-5) { results(block, x, weights) }
    }
  }

  @Test func theGradientIsTakenOfThePooledImages() {
    #expect(
      operations(normalizes: false) == ["input", "input", "fused", "max_pool", "scalar", "fused", "max_pool_backward"])
  }

  @Test func normalisationRectifierAndPoolAreOne() {
    #expect(
      operations(normalizes: true) == [
        "input", "input", "input", "input", "batch_norm_relu_max_pool", "batch_norm_relu_max_pool_backward",
      ])
  }

  /// What is left of a ReLU and a pool and their gradients, with batch normalisation before or without.
  private func operations(normalizes: Bool) -> [String] {
    var maker = GraphMaker()
    let (x, g) = (maker.input([2, 8, 4, 4]), maker.input([2, 8, 2, 2]))
    let (scale, shift) = normalizes ? (maker.input([8]), maker.input([8])) : (x, x)
    let y = normalizes ? maker.apply(BatchNormTraining(epsilon: 1e-5), x, scale, shift) : x
    let h = maker.apply(Unary(.rectify), y)
    let geometry = PoolGeometry(kernel: 2)
    let pooled = maker.apply(MaxPool(geometry: geometry), h)
    let back = MaxPoolBackward(geometry: geometry, inputShape: [2, 8, 4, 4])
    let spread = maker.apply(back, g, ValueID(pooled.node, 1))
    let zero = maker.scalar(0)
    let passed = maker.apply(Binary(.greater), h, zero)
    var result = maker.apply(Select(), passed, spread, zero)
    if normalizes {
      result = maker.apply(
        BatchNormTrainingBackward(epsilon: 1e-5), x, result, scale, ValueID(y.node, 1), ValueID(y.node, 2))
    }
    maker.graph.roots = [pooled, result]
    let merged = Finish.run(MergePools.run(Fuse.run(maker.graph)))
    #expect(Verifier.problem(in: merged) == nil)
    return merged.nodes.map { $0.operation.name }
  }
}
