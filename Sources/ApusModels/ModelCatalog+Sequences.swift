import ApusNN

// Models of text and other sequences: entries of the catalog, and how their options are checked.
extension ModelCatalog {
  /// Their entries.
  static let sequences: [Entry] = [
    languageModel("charlm", "recurrent language model of characters (Mikolov et al., 2010)", .characters, window: 64),
    languageModel("wordlm", "recurrent language model of words (Mikolov et al., 2010)", .words, window: 35),
  ]

  private static func languageModel(
    _ name: String, _ summary: String, _ unit: Entry.Samples, window: Int
  ) -> Entry {
    let usual =
      unit == .characters ? (units: 256, embedding: 64, symbols: 96) : (units: 256, embedding: 128, symbols: 10_000)
    return Entry(
      name: name, summary: summary, options: ["hidden", "dropout", "form", "embedding"], inputShape: [window],
      classes: usual.symbols, samples: unit
    ) { configuration in
      let layers = configuration.hidden ?? [usual.units]
      guard let units = layers.first, units > 0, layers.allSatisfy({ $0 == units }), layers.count <= 64 else {
        throw Failure(
          description: "\(name): hidden is the units of each recurrent layer, such as 256 or 256,256: at most 64 equal "
            + "whole numbers of at least 1, got \(layers.map(String.init).joined(separator: ","))")
      }
      let embedding = configuration.embedding ?? usual.embedding
      guard (0...65_536).contains(embedding) else {
        throw Failure(description: "\(name): embedding must be from 0 (one-hot vectors) to 65536, got \(embedding)")
      }
      let cell: LanguageModel.Cell = try form(configuration, usual: .lstm)
      return LanguageModel(
        vocabulary: configuration.classes, cell: cell, layers: layers.count, units: units, embedding: embedding,
        dropout: try dropout(configuration) ?? 0, streams: configuration.streams ?? 0)
    }
  }
}
