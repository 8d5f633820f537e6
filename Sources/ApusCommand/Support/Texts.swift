import Apus

/// Reports as text for people.
enum Texts {
  /// What is about to be trained.
  static func beginning(of job: TrainingJob, threads: Int) -> String {
    let (train, validation, test) = job.sampleCounts
    let configuration = job.configuration
    var text =
      "\(configuration.model.name), \(job.parameterCount) parameters, on \(configuration.data): \(train) samples"
    if validation > 0 { text += ", \(validation) for validation" }
    if test > 0 { text += ", \(test) for the test" }
    let optimization = configuration.optimization
    text += "; \(optimization.optimizer.name), learning rate \(optimization.optimizer.learningRate)"
    if let schedule = optimization.schedule, schedule.name != "constant" { text += " (\(schedule.name))" }
    text += optimization.accumulation > 1 ? ", \(optimization.accumulation) batches of " : ", batches of "
    text += "\(configuration.batchSize), \(threads) thread\(threads == 1 ? "" : "s")\n"
    return text + (job.isResuming ? "going on with the run in \(job.run.path)" : "run: \(job.run.path)")
  }

  /// The files that were left out, a sentence for each; empty when there are none.
  static func skipped(_ sentences: [String]) -> String {
    sentences.map { "left out: " + Failure.sentence($0) + "\n" }.joined()
  }

  /// What a training came to.
  ///
  /// - Parameter plans: how many plans were built, where that is to be said.
  static func end(of report: TrainingReport, classNames: [String], plans: Int? = nil) -> String {
    var lines: [String] = []
    if let counts = report.confusionMatrix {
      lines.append(ConfusionMatrix(classNames: classNames, counts: counts).description)
    }
    if let best = report.bestEpoch { lines.append("weights of epoch \(best), the best of \(report.epochs)") }
    if report.stoppedEarly { lines.append("stopped early after \(report.epochs) epochs") }
    if let loss = report.testLoss {
      let accuracy = report.testAccuracy.map { ", test accuracy \(Rounding.text($0 * 100, 2)) %" }
      lines.append("test loss \(Rounding.text(loss, 4))" + (accuracy ?? others(report.testMetrics)))
    }
    lines.append("\(Rounding.duration(report.seconds)), \(Rounding.text(report.samplesPerSecond, 0)) samples/s")
    if let plans { lines.append("\(plans) plans built") }
    return lines.joined(separator: "\n") + "\nsaved in \(report.run)\n"
  }

  /// Metrics by name, for tasks without an accuracy.
  private static func others(_ metrics: [String: Double]?) -> String {
    (metrics ?? [:]).sorted { $0.key < $1.key }.map { ", \($0.key) \(Rounding.text($0.value, 4))" }.joined()
  }

  /// What a search for a learning rate found.
  static func learningRates(_ report: LearningRateReport) -> String {
    let shown = report.points.enumerated().filter { $0.offset % max(report.points.count / 20, 1) == 0 }.map(\.element)
    var lines = ["learning rate    loss"]
    lines += shown.map { "\(scientific($0.learningRate).padded(to: 13))    \(Rounding.text($0.smoothedLoss, 4))" }
    if report.diverged { lines.append("the loss grew beyond all bounds at the next rate") }
    if let suggestion = report.suggestion, let steepest = report.steepest, let least = report.least {
      lines.append("the loss falls most steeply at \(scientific(steepest)) and is least at \(scientific(least))")
      lines.append("try --learning-rate \(scientific(suggestion))")
    } else {
      lines.append("the loss never fell: try other rates with --lowest and --highest, or more with --search-steps")
    }
    return lines.joined(separator: "\n")
  }

  /// Two digits and a power of ten: `3.2e-4`.
  private static func scientific(_ value: Double) -> String {
    var (digits, power) = (value, 0)
    while digits >= 9.95 { (digits, power) = (digits / 10, power + 1) }
    while digits < 0.995, digits > 0 { (digits, power) = (digits * 10, power - 1) }
    return "\(Rounding.text(digits, 1))e\(power)"
  }

  /// What a fold of a cross-validation came to.
  static func fold(_ fold: CrossValidationReport.Fold, _ number: Int, of count: Int) -> String {
    let values = fold.metrics.sorted { $0.key < $1.key }.map { ", \($0.key) \(Rounding.text($0.value, 4))" }
    return "fold \(number)/\(count)  loss \(Rounding.text(fold.loss, 4))" + values.joined()
      + "  of \(fold.samples) samples"
  }

  /// What a cross-validation found.
  static func crossValidation(_ report: CrossValidationReport) -> String {
    let names = report.mean.keys.sorted()
    let longest = names.map(\.count).max() ?? 0
    let lines = names.map { name in
      let (mean, deviation) = (report.mean[name] ?? .nan, report.deviation[name] ?? .nan)
      let folds = report.folds.map { Rounding.text($0.metrics[name] ?? .nan, 4) }.joined(separator: " ")
      return name.padded(to: longest) + "  \(Rounding.text(mean, 4)) +- \(Rounding.text(deviation, 4))  (\(folds))"
    }
    return lines.joined(separator: "\n")
  }

  /// How well a run does.
  static func evaluation(_ report: EvaluationReport, classNames: [String]) -> String {
    let width = max(report.perClass.map(\.name.count).max() ?? 0, 5)
    func row(_ name: String, _ numbers: String...) -> String {
      name.padded(to: width) + "  " + numbers.map { $0.leftPadded(to: 9) }.joined(separator: "  ")
    }
    var lines: [String] = []
    if let counts = report.confusionMatrix {
      lines = [ConfusionMatrix(classNames: classNames, counts: counts).description, ""]
      lines.append(row("class", "precision", "recall", "f1", "iou", "samples"))
    }
    lines += report.perClass.map {
      row(
        $0.name, Rounding.text($0.precision, 4), Rounding.text($0.recall, 4), Rounding.text($0.f1, 4),
        Rounding.text($0.iou, 4), String($0.samples))
    }
    let names = report.metrics.keys.sorted()
    let longest = names.map(\.count).max() ?? 0
    if !lines.isEmpty { lines.append("") }
    lines += names.map { $0.padded(to: longest) + "  " + Rounding.text(report.metrics[$0] ?? .nan, 4) } + [""]
    let accuracy = report.testAccuracy.map { ", accuracy \(Rounding.text($0 * 100, 2)) %" } ?? ""
    lines.append(
      "\(report.part) loss \(Rounding.text(report.testLoss, 4))\(accuracy) of \(report.samples) samples of "
        + report.data)
    return lines.joined(separator: "\n")
  }

  /// What pictures show.
  static func predictions(_ report: PredictionReport) -> String {
    report.predictions.map { picture in
      let guesses = picture.top.map { "\($0.class) \(Rounding.text($0.probability * 100, 2)) %" }
      return "\(picture.image): " + guesses.joined(separator: ", ")
    }.joined(separator: "\n")
  }

  /// What was predicted from the rows of tables.
  static func rows(_ report: RowReport) -> String {
    report.predictions.map { row in
      let found =
        row.top.map { "\($0.class) \(Rounding.text($0.probability * 100, 2)) %" }
        + row.values.map { "\($0.target) \(Float($0.value))" }
      return "\(row.file), row \(row.row): " + found.joined(separator: ", ")
    }.joined(separator: "\n")
  }

  /// The masks of pictures.
  static func masks(_ report: MaskReport) -> String {
    report.predictions.map { picture in
      let parts = picture.classes.map { "\($0.class) \(Rounding.text($0.part * 100, 2)) %" }
      return "\(picture.image): \(picture.mask), " + parts.joined(separator: ", ")
    }.joined(separator: "\n")
  }

  /// The faces in pictures.
  static func faces(_ report: FaceReport) -> String {
    report.pictures.map { picture in
      let count = picture.faces.count
      let head = "\(picture.image): \(count == 0 ? "no face" : count == 1 ? "1 face" : "\(count) faces")"
      let lines = picture.faces.map { face in
        let (box, eyes) = (face.box.map { Int($0.rounded()) }, face.landmarks.prefix(2))
        let points = eyes.map { "\(Int($0[0].rounded())),\(Int($0[1].rounded()))" }.joined(separator: " and ")
        return "  from \(box[0]),\(box[1]) to \(box[2]),\(box[3]), eyes at \(points), "
          + "\(Rounding.text(face.probability * 100, 2)) %"
      }
      return ([head + (picture.framed.map { ", \($0)" } ?? "")] + lines).joined(separator: "\n")
    }.joined(separator: "\n")
  }

  /// Times of a step.
  static func benchmark(_ report: BenchmarkReport) -> String {
    let with = report.optimizer.map { ", \($0)" } ?? ""
    return """
      \(report.model) \(report.mode.rawValue), batches of \(report.batchSize)\(with), \(report.threads) threads
      median \(Rounding.text(report.medianMs, 3)) ms, fastest \(Rounding.text(report.minMs, 3)) ms, 90 % within \
      \(Rounding.text(report.p90Ms, 3)) ms, of \(report.steps) steps
      first step \(Rounding.text(report.firstStepMs, 1)) ms, peak memory \(Rounding.text(report.peakMemoryMb, 1)) MB
      """
  }

  /// What a data set holds.
  static func data(_ summary: DataSummary) -> String {
    let shape = summary.sampleShape.map { String($0) }.joined(separator: "x")
    let parts = [(summary.validation, "for validation"), (summary.test, "for the test")].filter { $0.0 > 0 }
    var lines = summary.skipped.map { "left out: " + Failure.sentence($0) }
    lines += [
      "\(summary.data): \(summary.kind.rawValue), \(summary.train) training samples"
        + parts.map { ", \($0.0) \($0.1)" }.joined() + ", each \(summary.elementType) \(shape)"
    ]
    if !summary.classes.isEmpty {
      let shown = summary.classes.prefix(20).map { "\($0.name) \($0.count)" }.joined(separator: ", ")
      lines.append("classes: " + shown + (summary.classes.count > 20 ? ", ..." : ""))
    }
    let columns = summary.inputs.map { ("input", $0) } + summary.targets.map { ("target", $0) }
    let width = columns.map(\.1.name.count).max() ?? 0
    for (role, column) in columns {
      let numbers = [column.lowest, column.mean, column.highest].map { Rounding.text($0, 4) }
      lines.append(
        "  \(role.padded(to: 6)) \(column.name.padded(to: width))  \(numbers[0]) to \(numbers[2]), mean \(numbers[1])")
    }
    return lines.joined(separator: "\n")
  }

  /// What data sets there are.
  static func dataSets(_ report: DataReport) -> String {
    report.data.map { entry in
      var lines = ["\(entry.name): \(entry.summary); licence \(entry.licence)"]
      if let found = entry.found {
        lines.append("  found in \(found)")
      } else if entry.available {
        lines.append("  part of this program")
      } else {
        lines.append("  not found in \(entry.lookedIn.joined(separator: ", "))")
        lines.append("  get it with: \(entry.command ?? "")")
      }
      return lines.joined(separator: "\n")
    }.joined(separator: "\n") + "\nor the path of:\n" + report.paths.map { "  " + $0 }.joined(separator: "\n")
  }
}

extension String {
  /// Followed by spaces up to a width.
  func padded(to width: Int) -> String { self + String(repeating: " ", count: max(width - count, 0)) }
  /// With spaces before it up to a width.
  func leftPadded(to width: Int) -> String { String(repeating: " ", count: max(width - count, 0)) + self }
}
