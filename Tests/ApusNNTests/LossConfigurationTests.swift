import ApusTensor
import Foundation
import Testing

@testable import ApusNN

@Suite struct LossConfigurationTests {
  private let x = Tensor([0.4, -1.2, 0.9, 0.1, 1.7, -0.3], shape: [2, 3])
  private let y = Tensor([0.5, -1, 2, 0.1, -3, 1], shape: [2, 3])

  @Test func namesGiveTheirLosses() throws {
    try withExecutor {
      let labels = Tensor([2, 0] as [Int32])
      let bits = Tensor([1, 0] as [Int32])
      let logit = x[0..., 0..<1]
      let numbers = bits.cast(to: .float64).reshaped(to: [2, 1])
      let weights = Tensor([0.5, 1.5, 2.0])
      let cases: [(LossConfiguration, Tensor, Tensor, Tensor)] = [
        (try .init("cross-entropy"), x, labels, crossEntropy(x, labels)),
        (
          try .init("crossEntropy", labelSmoothing: 0.2, classWeights: [0.5, 1.5, 2], ignoredIndex: 0), x, labels,
          crossEntropy(x, labels, labelSmoothing: 0.2, classWeights: weights, ignoredIndex: 0)
        ),
        (
          try .init("multi_margin", classWeights: [0.5, 1.5, 2], reduction: .sum), x, labels,
          multiMargin(x, labels, classWeights: weights, reduction: .sum)
        ),
        // One logit a sample, labels without the axis.
        (try .init("bce"), logit, bits, binaryCrossEntropy(logits: logit, numbers)),
        (
          try .init("binary-cross-entropy", positiveWeight: 3), logit, bits,
          binaryCrossEntropy(logits: logit, numbers, positiveWeights: Tensor([3.0], shape: []))
        ),
        (try .init("hinge"), logit, bits, hinge(logit, numbers * 2 - 1)),
        (try .init("squared-hinge"), logit, bits, hinge(logit, numbers * 2 - 1, isSquared: true)),
        (try .init("MSE"), x, y, meanSquaredError(x, y)),
        (try .init("mae", reduction: .sum), x, y.cast(to: .float32), meanAbsoluteError(x, y, reduction: .sum)),
        (try .init("huber", delta: 0.3), x, y, huber(x, y, delta: 0.3)),
        (try .init("smooth-l1", delta: 0.3), x, y, smoothL1(x, y, beta: 0.3)),
        (try .init("huber"), x, y, huber(x, y)),
      ]
      for (configuration, outputs, targets, expected) in cases {
        let found = configuration.make()(outputs, targets).item()
        #expect(abs(found - expected.item()) < 1e-6 * (1 + abs(expected.item())), "\(configuration)")
        let data = try JSONEncoder().encode(configuration)
        #expect(try JSONDecoder().decode(LossConfiguration.self, from: data) == configuration)
      }
      #expect(Set(cases.map(\.0.name)) == Set(LossConfiguration.names))
    }
  }

  @Test func tasksHaveTheirLosses() throws {
    #expect(LossConfiguration.usual(for: .classification).name == "cross-entropy")
    #expect(LossConfiguration.usual(for: .binary).name == "binary-cross-entropy")
    #expect(LossConfiguration.usual(for: .regression).name == "squared-error")
    for task in LossConfiguration.Task.allCases {
      for name in LossConfiguration.names(for: task) { #expect(try LossConfiguration(name).tasks.contains(task)) }
      #expect(LossConfiguration.names(for: task).first == LossConfiguration.usual(for: task).name)
    }
  }

  @Test func mistakesAreNamed() {
    func message(_ body: () throws -> Any) -> String {
      do {
        _ = try body()
        return ""
      } catch { return "\(error)" }
    }
    #expect(message { try LossConfiguration("hubr") }.contains("there is no loss 'hubr'; did you mean huber?"))
    #expect(message { try LossConfiguration("") }.contains("choose one of: cross-entropy, "))
    #expect(
      message { try LossConfiguration("huber", labelSmoothing: 0.1) }
        == "the loss huber has no label smoothing; it belongs to cross-entropy")
    #expect(message { try LossConfiguration("cross-entropy", delta: 1) }.contains("belongs to huber or smooth-l1"))
    for value in [-0.1, 1.1, .nan] {
      #expect(message { try LossConfiguration("cross-entropy", labelSmoothing: value) }.contains("between 0 and 1"))
    }
    #expect(message { try LossConfiguration("cross-entropy", classWeights: [1, -1]) }.contains("got -1.0"))
    #expect(message { try LossConfiguration("cross-entropy", classWeights: []) }.contains("missing"))
    #expect(message { try LossConfiguration("cross-entropy", classWeights: [0, 0]) }.contains("all class weights"))
    #expect(message { try LossConfiguration("cross-entropy", ignoredIndex: -1) }.contains("at least 0, got -1"))
    for value in [0, -1, Double.infinity, .nan] {
      #expect(message { try LossConfiguration("huber", delta: value) }.contains("the delta must be a positive number"))
      #expect(message { try LossConfiguration("bce", positiveWeight: value) }.contains("the positive weight must"))
    }
    #expect(message { try LossConfiguration("mse", reduction: .none) }.contains("mean or sum"))
    #expect(
      message { try LossConfiguration("cross-entropy", classWeights: [1, 2]).check(outputs: 3) }
        == "there are 2 class weights for 3 classes; give one for each")
    #expect(message { try LossConfiguration("cross-entropy", ignoredIndex: 3).check(outputs: 3) }.contains("0 to 2"))
    let file = Data(#"{"name": "huber", "delta": -2}"#.utf8)
    #expect(message { try JSONDecoder().decode(LossConfiguration.self, from: file) }.contains("got -2.0"))
  }
}
