import ApusNN
import ApusTensor
import Testing

@testable import ApusModels

@Suite struct LanguageModelTests {
  private func symbols(_ batch: Int, _ steps: Int, _ factor: Int = 5) -> Tensor {
    Tensor((0..<batch * steps).map { Int32($0 * factor % 7) }, shape: [batch, steps])
  }

  private func distance(_ a: Tensor, _ b: Tensor) -> Double { abs(a - b).max().item() }

  /// Windows with carried states give what the whole text gives; without them they do not.
  @Test(arguments: LanguageModel.Cell.allCases) func statesAreCarried(cell: LanguageModel.Cell) {
    withExecutor {
      let model = withRandomSeed(3) {
        LanguageModel(vocabulary: 7, cell: cell, layers: 2, units: 6, embedding: 4, streams: 3, dtype: .float64)
      }
      let text = symbols(3, 12)
      let whole = model(text)
      #expect(whole.shape == [3, 12, 7])
      for _ in 0..<2 {
        model.resetStates()
        let parts = withCarriedStates {
          (0..<3).map { window -> Tensor in
            let logits = model(text[0..., (window * 4)..<(window * 4 + 4)])
            realize([logits] + model.carriedStates.map(\.value))
            return logits
          }
        }
        #expect(distance(concatenate(parts, axis: 1), whole) < 1e-14)
      }
      #expect(distance(model(text[0..., 4..<8]), whole[0..., 4..<8]) > 1e-4)
      // A batch of another size starts from 0 and leaves the states.
      let before = model.carriedStates[0].value
      let other = withCarriedStates { model(text[0..<2]) }
      #expect(distance(other, whole[0..<2]) < 1e-14)
      #expect(distance(model.carriedStates[0].value, before) == 0)
    }
  }

  @Test(arguments: LanguageModel.Cell.allCases) func symbolBySymbolEqualsTheText(cell: LanguageModel.Cell) {
    withExecutor {
      let model = withRandomSeed(4) {
        LanguageModel(vocabulary: 7, cell: cell, layers: 2, units: 5, embedding: 0, dtype: .float64)
      }
      let text = symbols(2, 6, 3)
      let whole = model(text)
      var states = model.startStates(batch: 2).map { $0.cast(to: .float64) }
      for time in 0..<6 {
        let (logits, after) = model.next(text[0..., time], states)
        #expect(distance(logits, whole[0..., time]) < 1e-14)
        states = after
      }
    }
  }

  /// What PyTorch's modules of the same sizes have.
  @Test func namesAndShapes() throws {
    let model = LanguageModel(vocabulary: 9, cell: .lstm, layers: 2, units: 5, embedding: 3, streams: 4)
    let shapes = model.parameters.map { "\($0.name) \($0.parameter.shape)" }
    #expect(
      shapes == [
        "embedding.weight [9, 3]", "recurrent.weight_ih_l0 [20, 3]", "recurrent.weight_hh_l0 [20, 5]",
        "recurrent.bias_ih_l0 [20]", "recurrent.bias_hh_l0 [20]", "recurrent.weight_ih_l1 [20, 5]",
        "recurrent.weight_hh_l1 [20, 5]", "recurrent.bias_ih_l1 [20]", "recurrent.bias_hh_l1 [20]",
        "decoder.weight [9, 5]", "decoder.bias [9]", "carried.0 [2, 4, 5]", "carried.1 [2, 4, 5]",
      ])
    #expect(model.parameterCount == 27 + 20 * 3 + 20 * 5 * 3 + 80 + 45 + 9)
    let made = try ModelCatalog.make(
      .init(
        name: "charlm", inputShape: [8], classes: 9, hidden: [5, 5], dropout: 0.1, form: "gru", embedding: 3, streams: 4
      ))
    #expect(
      "\(made)"
        == "LanguageModel(vocabulary: 9, cell: .gru, layers: 2, units: 5, embedding: 3, dropout: 0.1, streams: 4)")
    for wrong in [
      ModelCatalog.Configuration(name: "charlm", inputShape: [8], classes: 9, hidden: [5, 6]),
      .init(name: "wordlm", inputShape: [8], classes: 9, form: "elman"),
      .init(name: "wordlm", inputShape: [8], classes: 9, dropout: 1),
      .init(name: "charlm", inputShape: [8], classes: 9, embedding: 0, sparseEmbedding: true),
      .init(name: "wordlm", inputShape: [8], classes: 9, embedding: -1),
      .init(name: "mlp", inputShape: [8], classes: 9, embedding: 4),
    ] { #expect(throws: ModelCatalog.Failure.self) { try ModelCatalog.make(wrong) } }
  }
}

@Suite struct TextClassifierTests {
  /// What follows a text's end changes nothing, whatever the padding and the way to one vector.
  @Test(arguments: SequencePooling.allCases, LanguageModel.Cell.allCases)
  func paddingChangesNothing(pooling: SequencePooling, cell: LanguageModel.Cell) {
    withExecutor {
      let model = withRandomSeed(2) {
        TextClassifier(
          vocabulary: 9, classes: 3, cell: cell, layers: 2, units: 4, embedding: 3, pooling: pooling, dtype: .float64)
      }
      let texts: [[Int32]] = [[1, 2, 3, 4, 5], [8, 7], [6]]
      let padded = texts.flatMap { $0 + [Int32](repeating: 0, count: 7 - $0.count) }
      let together = model(Tensor(padded, shape: [3, 7]))
      #expect(together.shape == [3, 3])
      for (index, text) in texts.enumerated() {
        let alone = model(Tensor(text, shape: [1, text.count]))
        #expect(abs(alone - together[index..<(index + 1)]).max().item() < 1e-13)
      }
      let loss = valueWithGradient(of: model) {
        crossEntropy(together + model(Tensor(padded, shape: [3, 7])), Tensor([Int32(0), 1, 2]))
      }
      #expect(loss.gradients["embedding.weight"].map { abs($0[0]).max().item() } == 0)
    }
  }

  @Test func namesAndMistakes() throws {
    let model = TextClassifier(vocabulary: 9, classes: 3, layers: 1, units: 4, embedding: 2)
    #expect(model.parameters.map(\.name).contains("recurrent.weight_hh_l0_reverse"))
    #expect(model.parameterCount == 18 + 2 * (16 * 2 + 16 * 4 + 32) + 8 * 3 + 3)
    for wrong in [
      ModelCatalog.Configuration(name: "textclassifier", inputShape: [8], classes: 2, pooling: "sum"),
      .init(name: "textclassifier", inputShape: [8], classes: 2, embedding: 0),
      .init(name: "charlm", inputShape: [8], classes: 2, pooling: "mean"),
    ] { #expect(throws: ModelCatalog.Failure.self) { try ModelCatalog.make(wrong) } }
  }
}

@Suite struct ForecasterTests {
  @Test func theLastStepDecides() {
    withExecutor {
      let model = withRandomSeed(5) {
        Forecaster(features: 3, outputs: 4, cell: .gru, layers: 2, units: 5, dtype: .float64)
      }
      let x = Tensor((0..<30).map { Double($0 * 7 % 11) / 5 - 1 }, shape: [2, 5, 3])
      var states = model.recurrent.zeroStates(batch: 2, dtype: .float64)
      var h = Tensor.zeros([2, 5], dtype: .float64)
      for time in 0..<5 { (h, states) = model.recurrent.step(x[0..., time], states) }
      #expect(abs(model(x) - model.decoder(h)).max().item() < 1e-14)
      #expect(model(x).shape == [2, 4])
    }
    #expect(throws: ModelCatalog.Failure.self) {
      try ModelCatalog.make(.init(name: "forecaster", inputShape: [8], classes: 2))
    }
  }
}
