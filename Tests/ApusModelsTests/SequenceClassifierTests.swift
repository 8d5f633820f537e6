import ApusNN
import ApusTensor
import Testing

@testable import ApusModels

@Suite struct SequenceClassifierTests {
  /// Given the vectors of symbols it does what a classifier of texts with the same weights does with the symbols.
  @Test(arguments: SequencePooling.allCases, LanguageModel.Cell.allCases)
  func equalsTheTextClassifier(pooling: SequencePooling, cell: LanguageModel.Cell) throws {
    try withExecutor {
      let (texts, sequences) = withRandomSeed(3) {
        (
          TextClassifier(
            vocabulary: 9, classes: 3, cell: cell, layers: 2, units: 4, embedding: 5, pooling: pooling, dtype: .float64),
          SequenceClassifier(
            features: 5, classes: 3, cell: cell, layers: 2, units: 4, pooling: pooling, dtype: .float64)
        )
      }
      for entry in sequences.parameters {
        entry.parameter.value = try #require(texts.parameters.first { $0.name == entry.name }).parameter.value
      }
      let symbols = Tensor((0..<14).map { Int32($0 * 5 % 8 + 1) }, shape: [2, 7])
      let vectors = texts.embedding(symbols)
      #expect(abs(texts(symbols) - sequences(vectors)).max().item() < 1e-13)
      // Dropout of the vector in training.
      let dropping = SequenceClassifier(features: 5, classes: 3, units: 4, dropout: 0.9, dtype: .float64)
      let (plain, dropped) = (dropping(vectors), Mode.$isTraining.withValue(true) { dropping(vectors) })
      #expect(abs(plain - dropped).max().item() > 1e-6)
    }
  }

  @Test func namesAndMistakes() throws {
    let model = SequenceClassifier(features: 24, classes: 10, cell: .gru, units: 8, dropout: 0.25)
    #expect(model.parameters.map(\.name).contains("recurrent.weight_ih_l0_reverse"))
    #expect(model.parameterCount == 2 * (24 * 24 + 24 * 8 + 48) + 16 * 10 + 10)
    #expect(model.description.contains("pooling: .mean, dropout: 0.25"))
    #expect(throws: ShapeError.self) { try Diagnostics.dryRun { model(Tensor(repeating: 0, shape: [2, 5, 23])) } }
    for wrong in [
      ModelCatalog.Configuration(name: "sequenceclassifier", inputShape: [8], classes: 2),
      .init(name: "sequenceclassifier", inputShape: [8, 4], classes: 2, pooling: "sum"),
      .init(name: "sequenceclassifier", inputShape: [8, 4], classes: 2, hidden: [4, 5]),
      .init(name: "sequenceclassifier", inputShape: [8, 4], classes: 2, embedding: 4),
    ] { #expect(throws: ModelCatalog.Failure.self) { try ModelCatalog.make(wrong) } }
  }
}
