import Apus

extension Texts {
  /// What is about to be fine-tuned.
  static func beginning(of job: FineTuningJob, threads: Int) -> String {
    let (train, validation, test) = job.sampleCounts
    let configuration = job.configuration
    var text =
      "\(configuration.model.name), \(job.network.parameterCount) parameters, on \(configuration.data): \(train) samples"
    if validation > 0 { text += ", \(validation) for validation" }
    if test > 0 { text += ", \(test) for the test" }
    let optimizer = configuration.optimization.optimizer
    text += "; \(optimizer.name), learning rate \(optimizer.learningRate), batches of \(configuration.batchSize), "
    text += "\(threads) thread\(threads == 1 ? "" : "s")\n"
    return text + (job.isResuming ? "going on with the run in \(job.run.path)" : "run: \(job.run.path)")
  }

  /// What a fine-tuning came to.
  static func end(of report: FineTuningReport, classNames: [String]) -> String {
    let stages = report.stages.enumerated().map { number, stage in
      var text =
        "stage \(number + 1): \(stage.epochs) epoch\(stage.epochs == 1 ? "" : "s"), \(stage.frozenLayers) of \(report.keptLayers) layers frozen"
      text += ", \(Rounding.text(stage.secondsPerEpoch, 3)) s an epoch"
      if let seconds = stage.featureSeconds { text += ", features in \(Rounding.text(seconds, 2)) s" }
      if let accuracy = stage.validationAccuracy { text += ", validation \(Rounding.text(accuracy * 100, 2)) %" }
      return text + "\n"
    }
    return stages.joined() + end(of: report.training, classNames: classNames)
  }
}
