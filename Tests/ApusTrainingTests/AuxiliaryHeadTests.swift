import ApusData
import ApusNN
import ApusOptimizers
import ApusTensor
import Testing

@testable import Apus
@testable import ApusTraining

/// Networks with heads that only training uses.
@Suite struct AuxiliaryHeadTests {
  /// A trunk, a main output, and a head of weight 0.3.
  private struct Headed: Layer {
    var trunk = Dense(4, 6, activation: .tanh)
    var main = Dense(6, 3)
    var head = Dense(6, 3)

    func callAsFunction(_ x: Tensor) -> Tensor { main(trunk(x)) }

    func trainingOutputs(_ x: Tensor) -> (main: Tensor, auxiliary: [AuxiliaryOutput]) {
      let h = trunk(x)
      return (main(h), [AuxiliaryOutput(head(h), weight: 0.3)])
    }
  }

  private func model() -> Headed { withRandomSeed(3) { Headed() } }

  private func batch(_ part: Range<Int> = 0..<6) -> Batch {
    let values = part.flatMap { row in (0..<4).map { Float((row * 7 + $0 * 5) % 11) / 11 } }
    return Batch(
      inputs: HostArray(values, shape: [part.count, 4]),
      targets: HostArray(part.map { Int32($0 % 3) }, shape: [part.count]))
  }

  /// Weights after a step of the sum written out, with both losses before it.
  private func expected() -> (loss: Double, head: Double, weights: [String: [Double]]) {
    let (model, batch) = (model(), batch())
    let (inputs, labels) = (Tensor(batch.inputs), Tensor(batch.targets))
    let gradients = valueWithGradient(of: model) {
      let h = model.trunk(inputs)
      let (loss, head) = (crossEntropy(model.main(h), labels), crossEntropy(model.head(h), labels))
      return (loss + head * 0.3, [loss, head])
    }
    SGD(learningRate: 0.5).update(model, along: gradients)
    return (gradients.auxiliary[0].item(), gradients.auxiliary[1].item(), weights(model))
  }

  private func weights(_ model: Headed) -> [String: [Double]] {
    Dictionary(
      uniqueKeysWithValues: model.parameters.map { ($0.name, $0.parameter.value.scalars(as: Double.self)) })
  }

  private func expectEqual(_ found: [String: [Double]], _ wanted: [String: [Double]]) {
    #expect(found.keys == wanted.keys)
    for (name, values) in wanted {
      for (a, b) in zip(found[name] ?? [], values) { #expect(abs(a - b) < 1e-6, "\(name)") }
    }
  }

  @Test func theirLossesAreAddedWithTheirWeights() {
    let (model, wanted) = (model(), expected())
    let result = trainStep(model, SGD(learningRate: 0.5), batch()) { crossEntropy($0, $1) }
    #expect(abs(result.loss - wanted.loss) < 1e-6)
    #expect(abs(result.penalty - 0.3 * wanted.head) < 1e-6)
    expectEqual(weights(model), wanted.weights)
  }

  @Test func accumulatedStepsHaveThemToo() {
    let (model, wanted) = (model(), expected())
    let parts = [batch(0..<2), batch(2..<6)]
    let result = trainStep(model, SGD(learningRate: 0.5), accumulating: parts) { crossEntropy($0, $1) }
    #expect(abs(result.loss - wanted.loss) < 1e-6)
    #expect(abs(result.penalty - 0.3 * wanted.head) < 1e-6)
    expectEqual(weights(model), wanted.weights)
  }

  @Test func adversarialSamplesAreJudgedByAllHeads() {
    let model = model()
    let (inputs, labels) = (Tensor(batch().inputs), Tensor(batch().targets))
    let attack = Attack.fgsm(epsilon: 0.1)
    let range = InputRange(0...1)
    let judged = AdversarialLoss(AdversarialTraining(attack, weight: 0.25), range: range)(model, inputs, labels) {
      crossEntropy($0, $1)
    }
    let changed = attack.perturbed(inputs, labels, model, loss: { crossEntropy($0, $1) }, range: range)
    func total(_ x: Tensor) -> Double {
      let sum = crossEntropy(model(x), labels) + crossEntropy(model.head(model.trunk(x)), labels) * 0.3
      return sum.item()
    }
    let wanted = 0.75 * total(inputs) + 0.25 * total(changed)
    let found: Double = judged.total.item()
    #expect(abs(found - wanted) < 1e-6)
    #expect(judged.hasHeads)
  }

  @Test func evaluationDoesNotUseThem() throws {
    let model = model()
    let outputs = model(Tensor(batch().inputs)).scalars(as: Double.self)
    model.head.weight.value = model.head.weight.value + 1
    #expect(model(Tensor(batch().inputs)).scalars(as: Double.self) == outputs)
    let features = model.trunk(Tensor(batch().inputs))
    #expect(!JudgedOutputs(model.main, features, Tensor(batch().targets)) { crossEntropy($0, $1) }.hasHeads)
  }
}
