import ApusModels
import ApusTensor

extension PretrainedNetwork {
  /// How words are pronounced, by the network with weights from a file.
  ///
  /// Words are read in small letters; what is none of a to z is unknown to the network.
  ///
  /// ```swift
  /// let report = try PretrainedNetwork.named("letters-to-sounds").translate(["spider"], weights: path, by: BeamSearch())
  /// report.translations[0].target     // ["S", "P", "AY1", "D", "ER0"]
  /// ```
  /// - Throws: ``TrainingError`` when the network is for something else or a word is empty, `FormatError` or `RestoreError`
  ///   when the weights cannot be read.
  public func translate(_ words: [String], weights: String, by search: BeamSearch) throws -> TranslationReport {
    guard use == .sequences, let model = try model(weights: weights) as? LettersToSounds else { throw otherUse }
    let translations = try words.map { word in
      let letters = word.lowercased().map(String.init)
      guard !letters.isEmpty, letters.count <= SavedRun.longestText else {
        throw TrainingError(
          "the word", letters.isEmpty ? "is empty" : "has \(letters.count) letters",
          advice: "give from 1 to \(SavedRun.longestText) letters")
      }
      let known = LettersToSounds.letters.dropFirst(3)
      let numbers = letters.map { letter in known.firstIndex(of: letter).map(Int32.init) ?? 1 }
      let source = HostArray(numbers + [LettersToSounds.wordEnd], shape: [1, numbers.count + 1])
      let found = search.targets(
        of: source, by: model.network, start: LettersToSounds.start, end: LettersToSounds.end,
        longest: [max(Self.fewestSounds, 2 * letters.count)])[0]
      let target = found.numbers.map { LettersToSounds.sounds[Int($0)] }
      return TranslationReport.Translation(
        text: word, translation: target.joined(separator: " "), source: letters, target: target,
        logProbability: found.logProbability, unknown: letters.filter { !known.contains($0) }, attention: nil)
    }
    return TranslationReport(run: name, translations: translations)
  }

  /// Pronunciations may be so long whatever the word.
  private static let fewestSounds = 20
}
