import Apus
import Testing

/// A network with a block whose input is added at its end.
private struct Skipping: Layer {
  let first = Conv2D(2, 4, kernel: 3, padding: 1)
  let inner = Conv2D(4, 4, kernel: 3, padding: 1, bias: false)
  let norm = BatchNorm(4)
  let last = Dense(4, 3)
  func callAsFunction(_ x: Tensor) -> Tensor {
    let h = relu(first(x))
    return last((relu(norm(inner(h))) + h).globallyAveragePooled())
  }
}

@Suite struct DividingTests {
  private func recorded() throws -> (model: Skipping, network: ONNXModel) {
    let model = withRandomSeed(3) { Skipping() }
    return (model, try ONNXModel(recording: model, sampleShape: [2, 5, 6]))
  }

  private let x = withRandomSeed(5) { Tensor.randomNormal([3, 2, 5, 6]) }

  @Test func recordingComputesTheSameWithParametersOfItsOwn() throws {
    let (model, network) = try recorded()
    #expect(difference(network(x), model(x)) < 1e-6)
    #expect(Set(network.parameters.map(\.name)) == Set(model.parameters.map(\.name)))
    #expect(Set(network.parameters.map(\.parameter)).isDisjoint(with: model.parameters.map(\.parameter)))
    #expect(network.layerNames == ["first", "inner", "norm", "last"])
  }

  /// A part inside the block takes the whole block: inside, two tensors would have to be handed on.
  @Test(arguments: [(0, 0), (1, 1), (2, 3), (3, 3)]) func partsComputeTheWhole(count: Int, below: Int) throws {
    let (_, network) = try recorded()
    let (lower, upper) = try network.divided(after: count)
    #expect(lower.layerNames == Array(network.layerNames.prefix(below)))
    #expect(upper.layerNames == Array(network.layerNames.dropFirst(below)))
    #expect(difference(upper(lower(x)), network(x)) < 1e-6)
    // The same parameters, not copies.
    let all = Set(network.parameters.map(\.parameter))
    #expect(all == Set((lower.parameters + upper.parameters).map(\.parameter)))
    if count == 3 { #expect(lower(x).shape == [3, 4]) }
  }

  @Test func impossibleDivisionsAreRefused() throws {
    let (_, network) = try recorded()
    #expect(sentence { _ = try network.divided(after: 4) }.contains("cannot be divided after 4 of its 4 layers"))
    #expect(sentence { _ = try network.divided(after: -1) }.contains("choose from 0 to 3"))
  }

  /// Two parts of which one frozen: no gradient for it, and its statistics stay.
  @Test func frozenPartsStayAsTheyAre() throws {
    let (_, network) = try recorded()
    let (lower, upper) = try network.divided(after: 3)
    let model = Sequential([Frozen(lower), upper])
    let before = lower.snapshot()
    let optimizer = SGD(learningRate: 0.5)
    let (x, labels) = (x, Tensor([0, 1, 2] as [Int32], shape: [3]))
    let gradients = valueWithGradient(of: model) { crossEntropy(model(x), labels) }.gradients
    #expect(gradients.entries.map(\.name) == ["1.last.weight", "1.last.bias"])
    optimizer.update(model, along: gradients)
    for (name, value) in lower.snapshot().tensors {
      #expect(value.scalars(as: Float.self) == before[name]?.scalars(as: Float.self), "\(name)")
    }
    // Trained as a whole the statistics move.
    network.setTrainable(true)
    let whole = valueWithGradient(of: network) { crossEntropy(network(x), labels) }.gradients
    optimizer.update(network, along: whole)
    #expect(
      lower.snapshot()["norm.running_mean"]?.scalars(as: Float.self)
        != before["norm.running_mean"]?.scalars(as: Float.self))
  }
}
