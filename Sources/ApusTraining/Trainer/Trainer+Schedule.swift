import ApusData
import ApusNN
import ApusOptimizers

extension Trainer {
  /// Gives the optimizer the learning rate of the next step: a function of the position, so that a resumed training
  /// needs nothing else.
  ///
  /// - Parameters:
  ///   - base: the learning rate before schedules.
  ///   - batchCount: batches in an epoch.
  /// - Throws: ``TrainingError`` when the schedule gives a rate that is none.
  func setLearningRate(_ base: Double, _ batchCount: Int, _ epochs: Int) throws {
    guard options.schedule != nil || options.plateau != nil else { return }
    let start = position.plateau?.learningRate ?? base
    var rate = start
    if let schedule = options.schedule {
      let (time, total): (Double, Double)
      switch options.scheduleUnit {
      case .epochs:
        (time, total) = (Double(position.epoch) + Double(position.batch) / Double(batchCount), Double(epochs))
      case .steps:
        let steps = stepCount(batchCount)
        (time, total) = (Double(position.epoch * steps + stepCount(position.batch)), Double(epochs * steps))
      }
      rate = schedule.learningRate(start, at: time, of: total)
    }
    guard rate.isFinite, rate >= 0 else {
      throw TrainingError(
        "learning-rate schedule", "gave \(rate) for step \(position.step + 1)", advice: "choose another schedule")
    }
    optimizer.learningRate = rate
  }

  /// The steps that some batches of an epoch make.
  private func stepCount(_ batches: Int) -> Int { (batches + options.accumulation - 1) / options.accumulation }

  /// Takes note of an epoch for the fall on plateaus.
  func notePlateau(_ record: EpochRecord, _ base: Double) {
    guard let plateau = options.plateau else { return }
    var state = position.plateau ?? ReduceOnPlateau.State()
    plateau.note(record.validationLoss ?? record.trainLoss, base, &state)
    position.plateau = state
  }

  /// Refuses to go on with another length when the learning rates so far would have been others.
  func checkLength(_ before: TrainingPosition, _ epochs: Int) throws {
    guard let planned = before.epochs, planned != epochs, options.schedule?.dependsOnTotal == true else { return }
    throw TrainingError(
      "epochs",
      "are \(epochs) but the training was begun for \(planned), and its learning-rate schedule depends on that",
      advice: "go on with the same number, or train anew")
  }

  /// Checks what the options name in the model.
  func checkNames() throws {
    let trainable = model.trainableParameters
    for group in optimizer.groups where !trainable.contains(where: { group.matches($0.name, $0.parameter.role) }) {
      let names = trainable.map(\.name)
      let shown = names.prefix(8).joined(separator: ", ") + (names.count > 8 ? ", ..." : "")
      throw TrainingError(
        "parameter group '\(group.prefix)\(group.role.map { " (\($0.rawValue))" } ?? "")'",
        "matches no trainable parameter of the model", advice: "give the beginning of one of: \(shown)")
    }
    if trainable.allSatisfy({ optimizer.group(of: $0.name, $0.parameter.role)?.isFrozen == true }) {
      throw TrainingError("parameter groups", "freeze everything", advice: "leave something to train")
    }
    do { try options.penalty?.validate(for: model) } catch {
      throw TrainingError("penalty", error.description, advice: "name another layer")
    }
  }
}

/// The batches of an epoch, so many at a time as make one step.
struct BatchGroups: Sequence, IteratorProtocol {
  private let batches: BatchIterator
  private let size: Int

  init(_ batches: BatchSequence, of size: Int) {
    self.batches = batches.makeIterator()
    self.size = size
  }

  /// The batches of the next step; fewer at the end of the epoch.
  mutating func next() -> [Batch]? {
    var group: [Batch] = []
    while group.count < size, let batch = batches.next() { group.append(batch) }
    return group.isEmpty ? nil : group
  }
}
