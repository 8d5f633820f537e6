import ApusNN
import ApusTensor
import GoldenFiles
import Testing

@testable import ApusModels

@Suite struct TranslatorTests {
  private static let scores: [Attention.Score?] = [nil, .additive, .multiplicative, .dot]

  private func distance(_ a: Tensor, _ b: Tensor) -> Double { abs(a - b).max().item() }

  private func model(
    _ score: Attention.Score?, _ cell: LanguageModel.Cell = .gru, layers: Int = 2, dropout: Double = 0,
    sampling: Translator.Sampling? = nil
  ) -> Translator {
    withRandomSeed(3) {
      Translator(
        sources: 8, targets: 6, cell: cell, layers: layers, units: 6, embedding: 4, attention: score, dropout: dropout,
        sampling: sampling, dtype: .float64)
    }
  }

  private let pairs = Tensor(
    [3, 2, 7, 4, 5, 2, 4, 5, 5, 4, 5, 1, 0, 0, 0, 2, 5, 0, 0, 0].map { Int32($0) }, shape: [2, 2, 5])

  /// Logits under teacher forcing, and the gradients of all weights.
  @Test(arguments: [DType.float32, .float64]) func equalsPyTorch(dtype: DType) throws {
    let cases = try GoldenFile("translation", dtype).cases(of: "translator")
    #expect(cases.count == 8)
    for golden in cases {
      try withExecutor {
        let options = golden.options
        func size(_ key: String) -> Int { options[key]?.integers[0] ?? 0 }
        let score = Attention.Score(rawValue: options["score"]?.text ?? "")
        let cell = try #require(LanguageModel.Cell(rawValue: options["kind"]?.text ?? ""))
        let model = Translator(
          sources: size("sources"), targets: size("targets"), cell: cell, layers: size("layers"), units: size("units"),
          embedding: size("embedding"), attention: score, dtype: dtype)
        var values = model.snapshot()
        #expect(Set(values.tensors.keys) == Set(golden.parameters), "\(golden.name)")
        for role in golden.parameters { values.tensors[role] = try golden.tensor(role) }
        try model.restore(values)
        let numbers = try golden.tensor("pairs")
        let gradients = try valueWithGradient(of: model) {
          let logits = model(numbers)
          return ((logits * (try golden.tensor("upstream.logits"))).sum(), [logits])
        }
        var worst = ["logits": difference(gradients.auxiliary[0], try golden.array("logits"))]
        for role in golden.parameters {
          worst[role] = difference(try #require(gradients[role]), try golden.array("grad." + role))
        }
        let off = worst.filter { $0.value > tolerance(dtype) }
        #expect(off.isEmpty, "\(golden.name): \(off)")
      }
    }
  }

  /// Symbol by symbol the decoder gives what it gives for the whole target, and padding changes nothing.
  @Test(arguments: scores, LanguageModel.Cell.allCases)
  func stepsEqualTheWhole(score: Attention.Score?, cell: LanguageModel.Cell) {
    withExecutor {
      let model = model(score, cell)
      let whole = model(pairs)
      #expect(whole.shape == [2, 5, 6])
      let (source, started) = withInference { model.encoded(pairs[0..., 0]) }
      var states = started
      for time in 0..<5 {
        let (logits, after, weights) = model.next(pairs[0..., 1, time], states, source)
        #expect(distance(logits, whole[0..., time]) < 1e-13)
        #expect((weights?.shape == [2, 5]) == (score != nil))
        states = after
      }
      // The second sample alone, without its padding.
      let alone = model(pairs[1..<2, 0..., 0..<2])
      #expect(distance(alone, whole[1..<2, 0..<2]) < 1e-13)
      // Rows of what was encoded, in another order and twice.
      let order = Tensor([Int32(1), 0, 1])
      let (logits, _, _) = model.next(
        Tensor([Int32(2), 2, 2]), started.map { $0.gathered(at: order, axis: 1) }, source.rows(order))
      #expect(distance(logits[0], whole[1, 0]) < 1e-13 && distance(logits[1], whole[0, 0]) < 1e-13)
      #expect(distance(logits[2], logits[0]) == 0)
    }
  }

  /// With a probability of 1 training gives what the decoder says of its own symbols; with 0 steps done and many to go
  /// what it says of the given ones; the steps are counted in training only.
  @Test(arguments: scores) func scheduledSampling(score: Attention.Score?) {
    withExecutor {
      let forced = model(score)
      func trained(_ model: Translator) -> Tensor {
        let found = valueWithGradient(of: model) { () -> (Tensor, [Tensor]) in
          let logits = withRandomSeed(7) { model(pairs) }
          return (logits.sum(), [logits])
        }
        realize([found.auxiliary[0]] + (model.samplingStep.map { [$0.value] } ?? []))
        return found.auxiliary[0]
      }
      let given = model(score, sampling: .init(1, steps: 1000))
      #expect(distance(trained(given), forced(pairs)) < 1e-13)
      #expect(given.samplingStep?.value.item() == 1)
      #expect(distance(withInference { given(pairs) }, forced(pairs)) < 1e-13)
      #expect(given.samplingStep?.value.item() == 1)
      let own = model(score, sampling: .init(1, steps: 0))
      let found = trained(own)
      let (source, started) = withInference { forced.encoded(pairs[0..., 0]) }
      var states = started
      var symbols = pairs[0..., 1, 0]
      for time in 0..<5 {
        let (logits, after, _) = forced.next(symbols, states, source)
        #expect(distance(found[0..., time], logits) < 1e-13)
        symbols = logits.argMax(axis: 1)
        states = after
      }
      // In between both occur: the rows of one step are the given ones' or the decoder's.
      let mixed = trained(model(score, sampling: .init(0.5, steps: 0)))
      #expect(distance(mixed, found) > 1e-9 && distance(mixed, forced(pairs)) > 1e-9)
    }
  }

  @Test func namesAndMistakes() throws {
    let model = Translator(sources: 9, targets: 7, cell: .lstm, units: 6, embedding: 3, attention: .additive)
    let names = model.parameters.map { "\($0.name) \($0.parameter.shape)" }
    for name in [
      "source.weight [9, 3]", "target.weight [7, 3]", "encoder.weight_hh_l0_reverse [12, 3]",
      "decoder.weight_ih_l0 [24, 9]", "attention.query.weight [6, 6]", "attention.score.weight [1, 6]",
      "readout.weight [6, 12]", "output.bias [7]",
    ] { #expect(names.contains(name), "\(name)") }
    let made = try ModelCatalog.make(
      .init(
        name: "seq2seq", inputShape: [2, 8], classes: 7, hidden: [6], dropout: 0.1, form: "gru", embedding: 3,
        symbols: 9, attention: "none", scheduledSampling: 0.25, samplingSteps: 50))
    #expect(
      "\(made)" == "Translator(sources: 9, targets: 7, cell: .gru, layers: 1, units: 6, embedding: 3, attention: nil, "
        + "dropout: 0.1, sampling: Translator.Sampling(0.25, steps: 50))")
    #expect((made as? Translator)?.samplingStep?.value.item() == 0)
    func configuration(_ change: (inout ModelCatalog.Configuration) -> Void) -> ModelCatalog.Configuration {
      var configuration = ModelCatalog.Configuration(name: "seq2seq", inputShape: [2, 8], classes: 7, symbols: 9)
      change(&configuration)
      return configuration
    }
    let sparse = try ModelCatalog.make(configuration { $0.sparseEmbedding = true })
    #expect("\(sparse)".contains("embedding: 64, sparseEmbedding: true, attention: .multiplicative"))
    #expect(sparse.parameters.filter(\.parameter.isSparse).map(\.name) == ["source.weight", "target.weight"])
    for wrong in [
      configuration { ($0.sparseEmbedding, $0.scheduledSampling) = (true, 0.5) },
      configuration { $0.hidden = [7] }, configuration { $0.attention = "cosine" },
      configuration { $0.embedding = 0 }, configuration { $0.scheduledSampling = 1.5 },
      configuration { $0.samplingSteps = 5 }, configuration { $0.pooling = "mean" },
      configuration { ($0.scheduledSampling, $0.samplingSteps) = (0.5, -1) },
      .init(name: "charlm", inputShape: [8], classes: 9, attention: "dot"),
    ] { #expect(throws: ModelCatalog.Failure.self) { try ModelCatalog.make(wrong) } }
  }
}
