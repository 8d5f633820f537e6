import ApusPlots
import ApusTraining

/// The report of a run as one page of HTML, which needs no other file.
struct ReportPage {
  private let facts: RunFacts
  private let plots: RunPlots
  private let documents: [String]

  init(_ facts: RunFacts, _ plots: RunPlots, documents: [String]) {
    (self.facts, self.plots, self.documents) = (facts, plots, documents)
  }

  /// The page.
  var text: String {
    let title = "\(facts.configuration.model.name) on \(facts.configuration.data)"
    return """
      <!DOCTYPE html>
      <html lang="en">
      <head>
      <meta charset="utf-8">
      <meta name="viewport" content="width=device-width, initial-scale=1">
      <title>\(HTML.escaped(title))</title>
      <style>
      \(ReportStyle.sheet)
      </style>
      </head>
      <body>
      <main>
      <h1>\(HTML.escaped(title))</h1>
      <p class="quiet">\(HTML.escaped(subtitle))</p>
      \(facts.notes.map { "<p class=\"note\">\(HTML.escaped($0))</p>\n" }.joined())\(headline)\(sections)<footer>\
      Made by Apus \(HTML.escaped(ApusVersion.current)) from the run's own files.</footer>
      </main>
      </body>
      </html>

      """
  }

  private var subtitle: String {
    let count = facts.history.epochs.count
    return "\(facts.folder.path) · \(count) of \(facts.configuration.epochs) epochs"
  }

  // Results

  private var headline: String {
    var cards: [(value: String, name: String)] = []
    let part = facts.evaluation?.part ?? ""
    if let evaluation = facts.evaluation {
      if let accuracy = evaluation.testAccuracy {
        cards.append((percent(accuracy), "accuracy on the \(part) part"))
      }
      for name in ["r2", "rmse", "mae"] {
        if let value = evaluation.metrics[name] {
          cards.append((HTML.number(value), "\(name) on the \(part) part"))
        }
      }
      cards.append((HTML.number(evaluation.testLoss), "loss on the \(part) part"))
    }
    if let best = facts.history.best {
      if let accuracy = best.validationAccuracy { cards.append((percent(accuracy), "accuracy on validation, best")) }
      if facts.history.epochs.count > 1 { cards.append(("\(best.epoch)", "epoch that was best")) }
    }
    if let last = facts.history.epochs.last {
      let seconds = facts.history.epochs.reduce(0) { $0 + $1.seconds }
      let time = seconds < 10 ? Rounding.text(seconds, 1) + " s" : Rounding.duration(seconds)
      cards.append((time, "training and validation"))
      cards.append((grouped(Int(last.samplesPerSecond.rounded())), "samples a second"))
    }
    if let summary = facts.summary { cards.append((grouped(summary.parameters), "parameters")) }
    guard !cards.isEmpty else { return "" }
    let texts = cards.enumerated().map { number, card in
      "<div class=\"card\(number == 0 ? " first" : "")\"><b>\(HTML.escaped(card.value))</b>"
        + "<span>\(HTML.escaped(card.name))</span></div>"
    }
    return "<div class=\"cards\">\n\(texts.joined(separator: "\n"))\n</div>\n"
  }

  private var sections: String {
    [
      HTML.section("Learning curves", figures(.curves) + epochs),
      HTML.section(
        facts.configuration.classNames.isEmpty ? "Predicted and true" : "What was taken for what",
        figures(.judgement) + classes + metrics),
      HTML.section("Sample predictions", figures(.samples)),
      HTML.section("Model", model),
      HTML.section("Weights", figures(.weights)),
      HTML.section("Gradients", figures(.gradients)),
      HTML.section("Configuration", configuration),
      HTML.section("How to reproduce", "<pre>\(HTML.escaped(facts.environment.command))</pre>\n"),
      HTML.section("Environment", environment),
    ].joined()
  }

  private func figures(_ topic: RunPlots.Plot.Topic) -> String {
    let shown = plots.plots.indices.filter { plots.plots[$0].topic == topic }.map { number in
      "<figure>\(SVGDocument.element(documents[number], idPrefix: "f\(number)"))</figure>"
    }
    return shown.isEmpty ? "" : "<div class=\"figures\">\n\(shown.joined(separator: "\n"))\n</div>\n"
  }

  /// The last epochs; a long training is in the curves.
  private var epochs: String {
    let shown = facts.history.epochs.suffix(20)
    guard !shown.isEmpty else { return "" }
    let hasAccuracy = shown.contains { $0.trainAccuracy != nil || $0.validationAccuracy != nil }
    let hasValidation = shown.contains { $0.validationLoss != nil }
    var header = ["epoch", "training loss"]
    if hasValidation { header.append("validation loss") }
    if hasAccuracy { header.append("training accuracy") }
    if hasAccuracy, hasValidation { header.append("validation accuracy") }
    let rows = shown.map { record in
      var row = ["\(record.epoch)", Rounding.text(record.trainLoss, 4)]
      if hasValidation { row.append(record.validationLoss.map { Rounding.text($0, 4) } ?? "") }
      if hasAccuracy { row.append(record.trainAccuracy.map(percent) ?? "") }
      if hasAccuracy, hasValidation { row.append(record.validationAccuracy.map(percent) ?? "") }
      return row
    }
    return HTML.table(header, rows, numbers: 1)
  }

  private var classes: String {
    guard let evaluation = facts.evaluation, !evaluation.perClass.isEmpty else { return "" }
    let rows = evaluation.perClass.map {
      [$0.name, Rounding.text($0.precision, 4), Rounding.text($0.recall, 4), grouped($0.samples)]
    }
    return HTML.table(["class", "precision", "recall", "samples"], rows, numbers: 1)
  }

  private var metrics: String {
    guard let evaluation = facts.evaluation, !evaluation.metrics.isEmpty else { return "" }
    let rows = evaluation.metrics.sorted { $0.key < $1.key }.map { [$0.key, Rounding.text($0.value, 4)] }
    return HTML.table(["metric", "value"], rows, numbers: 1)
  }

  // The run

  private var model: String {
    guard let summary = facts.summary else { return "" }
    var rows = summary.layers.map { row in
      let shape = row.outputShape.map(String.init).joined(separator: "\u{a0}×\u{a0}")
      return [row.name, row.type, shape, grouped(row.parameters), grouped(row.multiplyAdds)]
    }
    rows.append(["total", "", "", grouped(summary.parameters), grouped(summary.multiplyAdds)])
    return HTML.table(["layer", "type", "output", "parameters", "multiply-adds"], rows, numbers: 3, total: true)
  }

  private var configuration: String {
    HTML.facts(
      facts.settings.filter { !$0.value.isEmpty }.map { setting in
        // A name may be broken where its parts meet.
        let name = setting.name.replacing("_", with: " ").replacing(".", with: ".\u{200b}")
        return [name, shortened(setting.value)]
      })
  }

  /// A list of many values by its first ones; `config.json` has all.
  private func shortened(_ value: String) -> String {
    let parts = value.split(separator: ", ", omittingEmptySubsequences: false)
    guard parts.count > 12 else { return value }
    return parts.prefix(6).joined(separator: ", ") + ", … (\(parts.count) in all)"
  }

  private var environment: String {
    let here = facts.environment
    let threads = here.threads.map { "\($0)" } ?? "unknown"
    let rows = [
      ["Apus", here.apus], ["Swift", here.swift], ["threads", threads],
      ["processor", "\(here.processor) (\(here.processors))"],
      ["memory", here.memory > 0 ? "\(here.memory) GB" : "unknown"], ["system", here.system],
    ]
    return HTML.facts(rows)
  }

  private func percent(_ part: Double) -> String { Rounding.text(part * 100, 2) + " %" }

  private func grouped(_ number: Int) -> String { ModelSummary.grouped(number) }
}
