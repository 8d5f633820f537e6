import ApusTensor
import GoldenFiles
import Testing

@testable import ApusNN

/// Attention against PyTorch's formulas of the papers.
@Suite struct AttentionTests {
  private struct Probe: Module {
    var queries: Parameter
    var memory: Parameter
    var attention: Attention
  }

  @Test(arguments: [DType.float32, .float64]) func equalsPyTorch(dtype: DType) throws {
    let cases = try GoldenFile("translation", dtype).cases(of: "attention")
    #expect(cases.count == 3)
    for golden in cases {
      try withExecutor {
        let options = golden.options
        func size(_ key: String) -> Int { options[key]?.integers[0] ?? 0 }
        let score = try #require(Attention.Score(rawValue: options["score"]?.text ?? ""))
        let attention = Attention(
          score, queries: size("queries"), memory: size("memory"), units: size("units"), dtype: dtype)
        var values = attention.snapshot()
        #expect(Set(values.tensors.keys) == Set(golden.parameters), "\(golden.name)")
        for role in golden.parameters { values.tensors[role] = try golden.tensor(role) }
        try attention.restore(values)
        let probe = Probe(
          queries: Parameter(try golden.tensor("queries")), memory: Parameter(try golden.tensor("memory")),
          attention: attention)
        let mask = try golden.tensor("mask")
        let gradients = try valueWithGradient(of: probe) {
          let (contexts, weights) = attention(
            probe.queries.value, attention.memory(probe.memory.value, mask: mask))
          let upstream = (
            contexts: try golden.tensor("upstream.contexts"), weights: try golden.tensor("upstream.weights")
          )
          return ((contexts * upstream.contexts).sum() + (weights * upstream.weights).sum(), [contexts, weights])
        }
        var worst = [
          difference(gradients.auxiliary[0], try golden.array("contexts")),
          difference(gradients.auxiliary[1], try golden.array("weights")),
        ]
        for role in ["queries", "memory"] + golden.parameters {
          let name = golden.parameters.contains(role) ? "attention." + role : role
          worst.append(difference(try #require(gradients[name]), try golden.array("grad." + role)))
        }
        #expect(worst.allSatisfy { $0 <= tolerance(dtype) }, "\(golden.name): \(worst)")
      }
    }
  }

  /// What a mask leaves out has the weight 0 exactly, whatever stands there; each row of weights sums to 1.
  @Test(arguments: Attention.Score.allCases) func masksLeaveOut(score: Attention.Score) {
    withExecutor {
      let attention = withRandomSeed(1) { Attention(score, queries: 4, memory: 4, units: 3) }
      let (queries, memory) = withRandomSeed(2) { (Tensor.randomNormal([2, 3, 4]), Tensor.randomNormal([2, 5, 4])) }
      let mask = Tensor([1, 1, 0, 0, 0, 1, 1, 1, 1, 0].map { Int32($0) }, shape: [2, 5]) .!= 0
      let (contexts, weights) = attention(queries, attention.memory(memory, mask: mask))
      #expect(contexts.shape == [2, 3, 4] && weights.shape == [2, 3, 5])
      #expect(weights[0, 0..., 2..<5].max().item() == 0 && weights[1, 0..., 4].max().item() == 0)
      #expect(abs(weights.sum(squeezingAxes: 2) - 1).max().item() < 1e-6)
      // The first sample alone, cut to its length, gives the same.
      let (alone, _) = attention(queries[0..<1], attention.memory(memory[0..<1, 0..<2]))
      #expect(abs(alone - contexts[0..<1]).max().item() < 1e-6)
    }
  }

  @Test func mistakes() {
    #expect(throws: ShapeError.self) {
      try Diagnostics.dryRun { _ = Attention(.dot, queries: 3, memory: 4) }
    }
    #expect(throws: ShapeError.self) {
      try Diagnostics.dryRun {
        let attention = Attention(.multiplicative, queries: 3, memory: 4)
        _ = attention(Tensor.zeros([2, 1, 4]), attention.memory(Tensor.zeros([2, 5, 4])))
      }
    }
    #expect("\(Attention(.additive, queries: 3, memory: 4))" == "Attention(.additive, queries: 3, memory: 4)")
  }
}
