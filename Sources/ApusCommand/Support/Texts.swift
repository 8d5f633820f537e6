import Apus
import ApusTraining

/// Reports as text for people.
enum Texts {
  /// What is about to be trained.
  static func beginning(of job: TrainingJob, threads: Int) -> String {
    let (train, validation, test) = job.sampleCounts
    let configuration = job.configuration
    var text = "\(configuration.model.name), \(job.parameterCount) parameters, on \(configuration.data): \(train) samples"
    if validation > 0 { text += ", \(validation) for validation" }
    if test > 0 { text += ", \(test) for the test" }
    text += "; \(configuration.optimizer.name), learning rate \(configuration.optimizer.learningRate), batches of "
    text += "\(configuration.batchSize), \(threads) thread\(threads == 1 ? "" : "s")\n"
    return text + (job.isResuming ? "going on with the run in \(job.run.path)\n" : "run: \(job.run.path)\n")
  }

  /// What a training came to.
  static func end(of report: TrainingReport, classNames: [String]) -> String {
    var lines: [String] = []
    if let counts = report.confusionMatrix {
      lines.append(ConfusionMatrix(classNames: classNames, counts: counts).description)
    }
    if let best = report.bestEpoch { lines.append("weights of epoch \(best), the best of \(report.epochs)") }
    if report.stoppedEarly { lines.append("stopped early after \(report.epochs) epochs") }
    if let loss = report.testLoss, let accuracy = report.testAccuracy {
      lines.append("test loss \(Rounding.text(loss, 4)), test accuracy \(Rounding.text(accuracy * 100, 2)) %")
    }
    lines.append("\(Rounding.duration(report.seconds)), \(Rounding.text(report.samplesPerSecond, 0)) samples/s")
    return lines.joined(separator: "\n") + "\nsaved in \(report.run)\n"
  }
}
