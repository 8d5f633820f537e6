import Apus
import Testing

@testable import ApusCPU
@testable import ApusCompiler
@testable import ApusTensor

/// Convolutions merged with the pools that read them, beside every operation by itself.
@Suite struct PoolConvolutionsTests {
  struct Block: Layer {
    let first: Conv2D
    let second: Conv2D
    let pool: MaxPool2D
    let rectifies: Bool

    func callAsFunction(_ x: Tensor) -> Tensor {
      let hidden = pool(rectifies ? relu(first(x)) : first(x))
      return pool(relu(second(hidden)))
    }
  }

  private func results(_ block: Block, _ x: Tensor, _ weights: Tensor) -> [[Float]] {
    let (loss, gradients) = withTraining {
      valueWithGradient(of: block) { (block(x) * weights).sum() }
    }
    let tensors = [loss, withInference { block(x) }] + gradients.entries.compactMap(\.tensor)
    realize(tensors)
    return tensors.map { $0.scalars(as: Float.self) }
  }

  @Test(arguments: [true, false], [0, 1, 2]) func sameAsEveryOperationByItself(rectifies: Bool, window: Int) {
    let pools = [MaxPool2D(2), MaxPool2D(3, stride: 2, padding: 1), MaxPool2D(3, stride: 1)]
    withRandomSeed(5) {
      let block = Block(
        first: Conv2D(1, 6, kernel: 5, padding: 2), second: Conv2D(6, 11, kernel: 3, bias: rectifies),
        pool: pools[window],
        rectifies: rectifies)
      let x = Tensor.randomNormal([32, 1, 12, 11])
      let weights = Tensor.randomNormal(block(x).shape)
      realize(x, weights)
      expectSameAsEveryOperationByItself(within: 1e-5) { results(block, x, weights) }
    }
  }

  @Test func oneOperationInEachDirection() {
    #expect(operations(batch: 8) == ["convolution_relu_max_pool", "max_pool_backward_convolution_backward_weights"])
  }

  /// Images are taken whole, which few of them do not repay.
  @Test func fewImagesStayApart() {
    #expect(
      operations(batch: 2) == ["convolution_relu", "max_pool", "max_pool_backward", "convolution_backward_weights"])
  }

  private func operations(batch: Int) -> [String] {
    var maker = GraphMaker()
    let (x, w) = (maker.input([batch, 1, 10, 10]), maker.input([6, 1, 3, 3]))
    let g = maker.input([batch, 6, 4, 4])
    let geometry = ConvolutionGeometry()
    let y = maker.apply(
      FinishedConvolution(Convolution(geometry: geometry, hasBias: false), adds: false, rectifies: true), x, w)
    let pooled = maker.apply(MaxPool(geometry: PoolGeometry(kernel: 2)), y)
    let spread = maker.apply(
      MaxPoolBackward(geometry: PoolGeometry(kernel: 2), inputShape: [batch, 6, 8, 8]), g, ValueID(pooled.node, 1))
    let gradient = maker.apply(
      ConvolutionBackwardWeights(geometry: geometry, weightShape: [6, 1, 3, 3], hasBias: false), x, spread)
    maker.graph.roots = [pooled, gradient]
    let merged = PoolConvolutions.run(maker.graph, backend: CPUBackend(options: CPUOptions(threads: 2)))
    #expect(Verifier.problem(in: merged) == nil)
    return merged.nodes.map { $0.operation.name }.filter { $0 != "input" }
  }
}
