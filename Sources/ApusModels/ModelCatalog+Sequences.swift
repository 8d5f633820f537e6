import ApusNN

// Models of text and other sequences: entries of the catalog, and how their options are checked.
extension ModelCatalog {
  /// Their entries.
  static let sequences: [Entry] = [
    languageModel("charlm", "recurrent language model of characters (Mikolov et al., 2010)", .characters, window: 64),
    languageModel("wordlm", "recurrent language model of words (Mikolov et al., 2010)", .words, window: 35),
    Entry(
      name: "textclassifier", summary: "recurrent classifier of texts, both directions",
      options: ["hidden", "dropout", "form", "embedding", "sparse-embedding", "pooling"], inputShape: [64], classes: 2,
      samples: .labelledWords
    ) { configuration in
      let (layers, units) = try recurrentLayers(configuration, usual: 64)
      let embedding = try embedding(configuration, usual: 64, least: 1)
      return TextClassifier(
        vocabulary: configuration.symbols ?? 10_000, classes: configuration.classes,
        cell: try form(configuration, usual: .lstm), layers: layers, units: units, embedding: embedding,
        sparseEmbedding: configuration.sparseEmbedding ?? false, pooling: try pooling(configuration),
        dropout: try dropout(configuration) ?? 0)
    },
    Entry(
      name: "sequenceclassifier", summary: "recurrent classifier of sequences of numbers, such as sounds",
      options: ["hidden", "dropout", "form", "pooling"], inputShape: [60, 24], classes: 10
    ) { configuration in
      guard configuration.inputShape.count == 2 else {
        throw Failure(
          description: "sequenceclassifier takes sequences [steps, features], not \(configuration.inputShape)")
      }
      let (layers, units) = try recurrentLayers(configuration, usual: 64)
      return SequenceClassifier(
        features: configuration.inputShape[1], classes: configuration.classes,
        cell: try form(configuration, usual: .lstm), layers: layers, units: units,
        pooling: try pooling(configuration), dropout: try dropout(configuration) ?? 0)
    },
    Entry(
      name: "forecaster", summary: "recurrent network that forecasts series", options: ["hidden", "dropout", "form"],
      inputShape: [28, 1], classes: 1, samples: .series
    ) { configuration in
      guard configuration.inputShape.count == 2 else {
        throw Failure(description: "forecaster takes windows [rows, columns], not \(configuration.inputShape)")
      }
      let (layers, units) = try recurrentLayers(configuration, usual: 32)
      return Forecaster(
        features: configuration.inputShape[1], outputs: configuration.classes,
        cell: try form(configuration, usual: .lstm), layers: layers, units: units,
        dropout: try dropout(configuration) ?? 0)
    },
    Entry(
      name: "seq2seq", summary: "encoder-decoder with attention (Bahdanau et al., 2015; Luong et al., 2015)",
      options: [
        "hidden", "dropout", "form", "embedding", "sparse-embedding", "attention", "scheduled-sampling",
        "sampling-steps",
      ],
      inputShape: [2, 24], classes: 48, samples: .pairs, build: translator),
    Entry(
      name: "letters-to-sounds", summary: "encoder-decoder that says how English words are pronounced", options: [],
      inputShape: [2, 24], classes: LettersToSounds.sounds.count, samples: .pairs, isTrained: false
    ) { configuration in
      guard configuration.classes == LettersToSounds.sounds.count else {
        throw Failure(
          description: "letters-to-sounds has \(LettersToSounds.sounds.count) sounds, not \(configuration.classes)")
      }
      return LettersToSounds()
    },
  ]

  private static func translator(_ configuration: Configuration) throws -> any Layer {
    let (layers, units) = try recurrentLayers(configuration, usual: 256)
    guard units % 2 == 0 else {
      throw Failure(
        description: "seq2seq: hidden must be even, since the encoder has half of it in each direction; got \(units)")
    }
    let name = configuration.attention ?? "multiplicative"
    let score = Attention.Score(rawValue: name)
    guard score != nil || name == "none" else {
      let names = (Attention.Score.allCases.map(\.rawValue) + ["none"]).joined(separator: ", ")
      throw Failure(description: "seq2seq: there is no attention '\(name)'; choose one of: \(names)")
    }
    let sampling = try sampling(configuration)
    let isSparse = configuration.sparseEmbedding ?? false
    guard !isSparse || sampling == nil else {
      throw Failure(
        description:
          "seq2seq: sparse-embedding and scheduled-sampling exclude each other, since sampling looks symbols up inside "
          + "the loop over time; leave one of them out")
    }
    return Translator(
      sources: configuration.symbols ?? 48, targets: configuration.classes, cell: try form(configuration, usual: .lstm),
      layers: layers, units: units, embedding: try embedding(configuration, usual: 64, least: 1),
      sparseEmbedding: isSparse, attention: score, dropout: try dropout(configuration) ?? 0, sampling: sampling)
  }

  private static func sampling(_ configuration: Configuration) throws -> Translator.Sampling? {
    guard let probability = configuration.scheduledSampling else {
      guard configuration.samplingSteps == nil else {
        throw Failure(description: "seq2seq: sampling-steps needs scheduled-sampling, a probability above 0")
      }
      return nil
    }
    guard probability > 0, probability <= 1 else {
      throw Failure(
        description: "seq2seq: scheduled-sampling must be a probability above 0 and at most 1, got \(probability)")
    }
    let steps = configuration.samplingSteps ?? 10_000
    guard (0...(1 << 30)).contains(steps) else {
      throw Failure(description: "seq2seq: sampling-steps must be from 0 to \(1 << 30), got \(steps)")
    }
    return Translator.Sampling(probability, steps: steps)
  }

  /// How many recurrent layers there are, and the units of each.
  private static func recurrentLayers(
    _ configuration: Configuration, usual: Int
  ) throws -> (layers: Int, units: Int) {
    let layers = configuration.hidden ?? [usual]
    guard let units = layers.first, units > 0, layers.allSatisfy({ $0 == units }), layers.count <= 64 else {
      throw Failure(
        description:
          "\(configuration.name): hidden is the units of each recurrent layer, such as 256 or 256,256: at most "
          + "64 equal whole numbers of at least 1, got \(layers.map(String.init).joined(separator: ","))")
    }
    return (layers.count, units)
  }

  private static func pooling(_ configuration: Configuration) throws -> SequencePooling {
    guard let pooling = SequencePooling(rawValue: configuration.pooling ?? "mean") else {
      let names = SequencePooling.allCases.map(\.rawValue).joined(separator: ", ")
      throw Failure(
        description:
          "\(configuration.name): there is no pooling '\(configuration.pooling ?? "")'; choose one of: \(names)")
    }
    return pooling
  }

  private static func embedding(_ configuration: Configuration, usual: Int, least: Int) throws -> Int {
    let embedding = configuration.embedding ?? usual
    guard (least...65_536).contains(embedding) else {
      let start = least == 0 ? "0 (one-hot vectors)" : "\(least)"
      throw Failure(description: "\(configuration.name): embedding must be from \(start) to 65536, got \(embedding)")
    }
    return embedding
  }

  private static func languageModel(
    _ name: String, _ summary: String, _ unit: Entry.Samples, window: Int
  ) -> Entry {
    let usual =
      unit == .characters ? (units: 256, embedding: 64, symbols: 96) : (units: 256, embedding: 128, symbols: 10_000)
    return Entry(
      name: name, summary: summary, options: ["hidden", "dropout", "form", "embedding", "sparse-embedding"],
      inputShape: [window], classes: usual.symbols, samples: unit
    ) { configuration in
      let (layers, units) = try recurrentLayers(configuration, usual: usual.units)
      let embedding = try embedding(configuration, usual: usual.embedding, least: 0)
      let isSparse = configuration.sparseEmbedding ?? false
      guard !isSparse || embedding > 0 else {
        throw Failure(
          description: "\(name): sparse-embedding needs vectors to train, and embedding is 0; choose at least 1")
      }
      let cell: LanguageModel.Cell = try form(configuration, usual: .lstm)
      return LanguageModel(
        vocabulary: configuration.classes, cell: cell, layers: layers, units: units, embedding: embedding,
        sparseEmbedding: isSparse, dropout: try dropout(configuration) ?? 0, streams: configuration.streams ?? 0)
    }
  }
}
