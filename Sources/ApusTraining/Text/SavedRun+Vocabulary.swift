import ApusData

extension SavedRun {
  /// Refuses a run whose vocabularies do not fit its model or its options: its folder was changed by hand.
  ///
  /// - Throws: ``TrainingError`` that names the first difference.
  static func checkVocabularies(_ configuration: RunConfiguration, _ folder: RunFolder) throws {
    let (model, preparation, text) = (
      configuration.model, configuration.preparation, configuration.dataOptions.text
    )
    let vocabularies = [
      ("", preparation.vocabulary, model.symbols ?? model.classes, text?.unit),
      (" for targets", preparation.targetVocabulary, model.classes, text?.targetUnit),
    ]
    for (whose, vocabulary, count, unit) in vocabularies {
      guard let vocabulary else { continue }
      guard vocabulary.count == count else {
        throw TrainingError(
          folder.configuration, "has a vocabulary of \(vocabulary.count) symbols\(whose), the model \(count)",
          advice: "train again into a new folder")
      }
      guard vocabulary.unit == unit else {
        throw TrainingError(
          folder.configuration,
          "has a vocabulary\(whose) of \(vocabulary.unit.rawValue), its texts are cut into "
            + "\(unit?.rawValue ?? "nothing")", advice: "train again into a new folder")
      }
    }
  }
}
