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
    var norm: BatchNorm?

    func callAsFunction(_ x: Tensor) -> Tensor {
      let convolved = first(x)
      let normalized = norm.map { $0(convolved) } ?? convolved
      let hidden = pool(rectifies ? relu(normalized) : normalized)
      return pool(relu(second(hidden)))
    }
  }

  private func results(_ block: Block, _ x: Tensor, _ weights: Tensor) -> [[Float]] {
    let (loss, gradients) = withTraining {
      valueWithGradient(of: block) { (block(x) * weights).sum() }
    }
    // In use a normalisation's running statistics would be those of the trainings before.
    let used = block.norm == nil ? [withInference { block(x) }] : []
    let tensors = [loss] + used + gradients.entries.compactMap(\.tensor)
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

  @Test(arguments: [0, 1, 2], [true, false]) func sameWithNormalisation(window: Int, hasBias: Bool) {
    let pools = [MaxPool2D(2), MaxPool2D(3, stride: 2, padding: 1), MaxPool2D(3, stride: 1)]
    withRandomSeed(6) {
      let norm = BatchNorm(6)
      norm.weight?.value = Tensor([1.5, -0.5, 0.7, -2, 1, 0.1] as [Float])
      norm.bias?.value = Tensor([0.5, -0.25, 0, 0.125, 1, -1] as [Float])
      let block = Block(
        first: Conv2D(1, 6, kernel: 5, padding: 2, bias: hasBias), second: Conv2D(6, 11, kernel: 3),
        pool: pools[window], rectifies: true, norm: norm)
      let x = Tensor.randomNormal([32, 1, 12, 11])
      let weights = Tensor.randomNormal(withTraining { block(x) }.shape)
      realize(x, weights)
      // The bias before a normalisation has the gradient 0: what is left there is rounding.
      expectSameAsEveryOperationByItself(within: 1e-4) { results(block, x, weights) }
    }
  }

  /// The gradients of scale and shift are read before those of the kernels are made.
  @Test func normalisedToo() {
    var maker = GraphMaker()
    let (x, w, g) = (maker.input([8, 1, 10, 10]), maker.input([6, 1, 3, 3]), maker.input([8, 6, 4, 4]))
    let (scale, shift) = (maker.input([6]), maker.input([6]))
    let geometry = ConvolutionGeometry()
    let y = maker.apply(Convolution(geometry: geometry, hasBias: false), x, w)
    let norm = PooledBatchNorm(BatchNormTraining(epsilon: 1e-3), MaxPool(geometry: PoolGeometry(kernel: 2)))
    let pooled = maker.apply(norm, y, scale, shift)
    let backward = PooledBatchNormBackward(
      BatchNormTrainingBackward(epsilon: 1e-3),
      MaxPoolBackward(geometry: PoolGeometry(kernel: 2), inputShape: [8, 6, 8, 8]))
    let back = maker.apply(
      backward, y, g, scale, ValueID(pooled.node, 3), ValueID(pooled.node, 4), shift, ValueID(pooled.node, 1),
      ValueID(pooled.node, 2))
    let early = maker.apply(Binary(.add), ValueID(back.node, 1), ValueID(back.node, 2))
    let gradient = maker.apply(
      ConvolutionBackwardWeights(geometry: geometry, weightShape: [6, 1, 3, 3], hasBias: true), x, back)
    maker.graph.roots = [pooled, early, gradient, ValueID(gradient.node, 1)]
    let merged = PoolConvolutions.run(maker.graph, backend: CPUBackend(options: CPUOptions(threads: 2)))
    #expect(Verifier.problem(in: merged) == nil)
    #expect(
      merged.nodes.map { $0.operation.name }.filter { $0 != "input" } == [
        "convolution", "batch_norm_relu_max_pool", "batch_norm_relu_max_pool_backward_convolution_backward_weights",
        "add",
      ])
    #expect(merged.roots.map { merged.type(of: $0).shape } == [[8, 6, 4, 4], [6], [6, 1, 3, 3], [6]])
    // Asked for by somebody else, the gradient of the images is made.
    maker.graph.roots.append(back)
    let apart = PoolConvolutions.run(maker.graph, backend: CPUBackend(options: CPUOptions(threads: 2)))
    #expect(apart.nodes.count == maker.graph.nodes.count)
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
