import ApusFormats
import ApusNN
import ApusOptimizers
import ApusTensor

extension Trainer {
  /// Puts the training at its beginning, or where its last checkpoint stands.
  func start(resuming: Bool, epochs: Int) throws {
    position = TrainingPosition()
    position.epochs = epochs
    average = options.averaging.map { WeightAverage($0) }
    position.step = optimizer.stepCount
    // Initial values are recorded, not computed: without this the first step would have a plan of its own.
    realize(model.parameters.map { $0.parameter.stored })
    guard let run else {
      lastGood = Checkpoint(model, optimizer, average, position)
      return
    }
    try run.create()
    guard run.holdsCheckpoint else {
      run.removeLeftovers(keeping: 0)
      return try save()
    }
    guard resuming else {
      throw TrainingError(
        run.path, "the folder holds a training already", advice: "add --resume to go on, or choose another folder")
    }
    let checkpoint = try Checkpoint(contentsOf: run.last)
    try checkLength(checkpoint.position, epochs)
    try checkpoint.restore(model, optimizer, average)
    position = checkpoint.position
    position.epochs = epochs
    run.removeLeftovers(keeping: position.stopping.bestEpoch)
    try writeMetrics(run)
  }

  /// Writes the last checkpoint and, from what it knows, the metrics.
  func save() throws {
    let checkpoint = Checkpoint(model, optimizer, average, position)
    guard let run else {
      lastGood = checkpoint
      return
    }
    try checkpoint.write(to: run.last)
    if position.batch == 0 {
      try writeMetrics(run)
      run.removeLeftovers(keeping: position.stopping.bestEpoch)
    }
  }

  /// Keeps the present weights as the best; before the checkpoint that names them.
  func keepBest(_ epoch: Int) throws {
    try withJudgedWeights {
      if let run { try model.save(to: run.best(epoch)) } else { bestWeights = model.snapshot() }
    }
  }

  /// Runs `body` while the model has the weights that are judged: their averages, where they are kept.
  func withJudgedWeights<Result>(_ body: () throws -> Result) rethrows -> Result {
    guard let average else { return try body() }
    return try average.withAverages(body)
  }

  /// Gives the model its best weights and writes the result.
  func finish() throws {
    if let bestEpoch, bestEpoch != position.epoch || position.batch > 0 {
      if let run {
        try model.load(from: run.best(bestEpoch))
      } else if let bestWeights {
        try model.restore(bestWeights)
      }
    } else {
      average?.replaceWeights()
    }
    guard let run else { return }
    let epoch = bestEpoch ?? position.epoch
    try model.save(to: run.model, metadata: ["epoch": String(epoch), "model": "\(Model.self)"])
  }

  private func writeMetrics(_ run: RunFolder) throws {
    let lines = try position.history.map { try JSON.text($0) + "\n" }
    try AtomicFile.write(lines.joined(), to: run.metrics)
  }
}
