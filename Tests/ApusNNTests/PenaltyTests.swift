import ApusTensor
import Testing

@testable import ApusNN

@Suite struct PenaltyTests {
  /// Two layers with all roles: weights, biases, scales, states.
  private struct Net: Module {
    var dense1 = Dense(3, 4)
    var norm = BatchNorm(4)
    var dense10 = Dense(4, 2)
  }

  private func weights(_ net: Net) -> (first: [Double], last: [Double]) {
    (net.dense1.weight.value.scalars(as: Double.self), net.dense10.weight.value.scalars(as: Double.self))
  }

  @Test func valuesAreTheFormulas() {
    withExecutor {
      let net = Net()
      let (first, last) = weights(net)
      func sums(_ w: [Double]) -> (Double, Double) { (w.reduce(0) { $0 + abs($1) }, w.reduce(0) { $0 + $1 * $1 }) }
      let (a, b) = (sums(first), sums(last))
      let cases: [(WeightPenalty, Double)] = [
        (.l1(0.3), 0.3 * (a.0 + b.0)), (.l2(0.7), 0.7 * (a.1 + b.1)),
        (.elasticNet(l1: 0.2, l2: 0.5), 0.2 * (a.0 + b.0) + 0.5 * (a.1 + b.1)),
        // dense10 does not begin with the layer dense1.
        (.l1(layers: ["dense1": 0.4]), 0.4 * a.0), (.l2(layers: ["dense10.weight": 0.4]), 0.4 * b.1),
        (WeightPenalty(l2: 0.5, layers: ["dense1": .init(l1: 0.1)]), 0.1 * a.0 + 0.5 * b.1),
        (WeightPenalty(), 0),
      ]
      for (penalty, expected) in cases {
        #expect(abs(penalty(net).item() - expected) < 1e-5 * (expected + 1), "\(penalty)")
        #expect(penalty.isZero == (expected == 0))
      }
    }
  }

  @Test func onlyWeightsHaveAGradient() throws {
    try withExecutor {
      let net = Net()
      net.convert(to: .float64)
      let penalty = WeightPenalty.elasticNet(l1: 0.2, l2: 0.5)
      let (_, gradients) = valueWithGradient(of: net) { penalty(net) }
      let used = gradients.entries.filter { $0.tensor != nil }.map(\.name)
      #expect(used == ["dense1.weight", "dense10.weight"])
      for name in used {
        let entry = try #require(gradients.entries.first { $0.name == name })
        let w = entry.parameter.value.scalars(as: Double.self)
        let found = try #require(entry.tensor).scalars(as: Double.self)
        for (w, g) in zip(w, found) { #expect(abs(g - (0.2 * (w > 0 ? 1 : -1) + w)) < 1e-14) }
      }
      let check = checkGradients(at: net.dense1.weight.value) { w in
        net.dense1.weight.value = w
        return penalty(net)
      }
      #expect(check.passes, "\(check)")
    }
  }

  @Test func theLongestPathCounts() {
    let penalty = WeightPenalty(
      l1: 1, layers: ["encoder": .init(l1: 2), "encoder.0": .init(l1: 3), "encoder.0.weight": .init(l1: 4)])
    #expect(penalty.factors(for: "encoder.0.weight").l1 == 4)
    #expect(penalty.factors(for: "encoder.0.other").l1 == 3)
    #expect(penalty.factors(for: "encoder.1.weight").l1 == 2)
    #expect(penalty.factors(for: "encoder2.weight").l1 == 1)
  }

  @Test func impossiblePenaltiesAreNamed() {
    func message(_ penalty: WeightPenalty) -> String {
      do {
        try penalty.validate(for: Net())
        return ""
      } catch { return "\(error)" }
    }
    #expect(message(.l1(-1)) == "the L1 penalty must be a number of at least 0, got -1.0")
    #expect(message(.l2(.nan)) == "the L2 penalty must be a number of at least 0, got nan")
    #expect(message(.l2(layers: ["dense1": .infinity])).contains("of 'dense1' must be a number of at least 0, got inf"))
    #expect(
      message(.l2(layers: ["dense": 1]))
        == "the penalty names the layer 'dense', which has no weights in this model; its weights are: dense1.weight, "
        + "dense10.weight")
    #expect(message(.l2(layers: ["norm": 1])).contains("'norm', which has no weights"))
    let error = #expect(throws: ShapeError.self) { try Diagnostics.dryRun { WeightPenalty.l1(-2)(Net()) } }
    #expect(error?.message.contains("got -2.0") == true)
  }

  @Test(arguments: [[3, 4], [3, 2, 2, 2], [5]] as [Shape], [DType.float32, .float64])
  func maxNormActsForEachNeuron(shape: Shape, dtype: DType) {
    withExecutor {
      let neurons = shape.rank == 1 ? 1 : shape[0]
      let inputs = shape.elementCount / neurons
      // The first neuron is within the limit, the second is all zeros, the others are too long.
      let values = (0..<shape.elementCount).map { index -> Double in
        let scale = neurons == 1 ? 3.0 : [0.1, 0, 5][index / inputs]
        return scale * (Double(index % inputs) - 1.3)
      }
      let weight = Tensor(values, shape: shape).cast(to: dtype)
      let limited = MaxNorm(1.5)(weight)
      #expect(limited.type == weight.type)
      let (before, after) = (weight.scalars(as: Double.self), limited.scalars(as: Double.self))
      for neuron in 0..<neurons {
        let range = (neuron * inputs)..<((neuron + 1) * inputs)
        let length = before[range].reduce(0) { $0 + $1 * $1 }.squareRoot()
        if length <= 1.5 {
          #expect(Array(before[range]) == Array(after[range]))
        } else {
          for index in range { #expect(abs(after[index] - before[index] * 1.5 / length) < 1e-6) }
        }
      }
    }
  }

  @Test(arguments: [0, -1, Double.nan]) func maxNormNeedsAPositiveLimit(limit: Double) {
    #expect(throws: SettingError.self) { try MaxNorm(limit).validate() }
    #expect(throws: ShapeError.self) { try Diagnostics.dryRun { MaxNorm(limit)(Tensor.ones([2, 2])) } }
  }
}
