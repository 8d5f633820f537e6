import Apus

// Reports of models of texts and series as text for people.
extension Texts {
  /// How probable sentences are.
  static func scores(_ report: ScoreReport, showsSymbols: Bool) -> String {
    report.sentences.map { sentence in
      var lines = [
        "log p \(Rounding.text(sentence.logProbability, 3)), perplexity \(Rounding.text(sentence.perplexity, 2)): "
          + visible(sentence.text)
      ]
      lines += unknown(sentence.unknown)
      if showsSymbols {
        let shown = sentence.symbols.map { (visible($0.symbol), Rounding.text($0.logProbability, 3)) }
        let width = shown.map(\.0.count).max() ?? 0
        lines += shown.map { "  " + $0.0.padded(to: width) + "  " + $0.1 }
      }
      return lines.joined(separator: "\n")
    }.joined(separator: "\n")
  }

  /// A text that a model wrote.
  static func generation(_ report: GenerationReport) -> String {
    let notes = unknown(report.unknown).map { $0 + "\n" }.joined()
    return notes + report.prompt + report.text
  }

  /// What texts became.
  static func translations(_ report: TranslationReport) -> String {
    report.translations.map { found in
      let line = "\(visible(found.text)): \(visible(found.translation))"
      return ([line + "  (log p \(Rounding.text(found.logProbability, 3)))"] + unknown(found.unknown))
        .joined(separator: "\n")
    }.joined(separator: "\n")
  }

  /// How well a series is forecast.
  static func forecast(_ report: ForecastReport) -> String {
    var lines = ["\(report.windows) forecasts of the \(report.part) part of \(report.data), root mean squared error"]
    lines += report.methods.map { method in
      let steps = method.rmseByStep.count > 1 ? "  by step: " + numbers(method.rmseByStep) : ""
      return "  \(method.name.padded(to: 14))  \(Rounding.text(method.rmse, 4))" + steps
    }
    lines.append("the rows after the end, \(report.columns.joined(separator: ", "))")
    return (lines + report.next.map { "  " + numbers($0) }).joined(separator: "\n")
  }

  private static func numbers(_ values: [Double]) -> String {
    values.map { Rounding.text($0, 4) }.joined(separator: " ")
  }

  private static func unknown(_ symbols: [String]) -> [String] {
    guard !symbols.isEmpty else { return [] }
    let shown = symbols.prefix(10).map { "'\(visible($0))'" }.joined(separator: ", ")
    return ["  not in the vocabulary: " + shown + (symbols.count > 10 ? " and \(symbols.count - 10) more" : "")]
  }

  /// A text on one line.
  private static func visible(_ text: String) -> String {
    text.map { $0 == "\n" ? "\\n" : $0 == "\t" ? "\\t" : String($0) }.joined()
  }
}
