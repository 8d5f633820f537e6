import ApusFormats
import ApusNN
import ApusOptimizers

/// How a network's weights are found: optimizer, schedule, groups, clipping, averaging, accumulation, penalties. As
/// commands and saved runs have it.
public struct OptimizationConfiguration: Sendable, Hashable, Codable {
  /// The rule of the updates.
  public var optimizer: OptimizerConfiguration
  /// How the learning rate changes; nil keeps it constant.
  public var schedule: ScheduleConfiguration?
  /// Settings of their own for some parameters.
  public var groups: [ParameterGroup] = []
  /// How gradients are limited.
  public var clipping = GradientClipping.none
  /// The running average of the weights; nil keeps none.
  public var average: WeightAverage.Rule?
  /// How many batches make one step.
  public var accumulation = 1
  /// Added to the loss.
  public var penalty: WeightPenalty?
  /// Limits the weights after each step.
  public var maxNorm: MaxNorm?

  private enum CodingKeys: String, CodingKey {
    case optimizer, schedule, groups, clipping, average, accumulation, penalty
    case maxNorm = "max_norm"
  }

  /// An optimizer without anything else.
  public init(_ optimizer: OptimizerConfiguration) { self.optimizer = optimizer }

  /// What a request comes to.
  ///
  /// - Parameter earlier: what the run was begun with, when it is resumed; stands in for what the request leaves out.
  /// - Throws: ``TrainingError`` when a name is unknown, a number impossible, or options do not go together.
  public init(_ request: OptimizationRequest, earlier: OptimizationConfiguration? = nil) throws {
    optimizer = try Self.optimizer(request, earlier?.optimizer)
    schedule = try Self.schedule(request, earlier?.schedule)
    if let least = schedule?.settings[.minimum], least >= optimizer.learningRate {
      throw TrainingError.impossible(
        "--minimum-learning-rate", least, "below the learning rate, \(optimizer.learningRate)")
    }
    groups = try request.groups.isEmpty ? earlier?.groups ?? [] : request.groups.map { try Self.group($0) }
    clipping = try Self.clipping(request) ?? earlier?.clipping ?? .none
    average = try Self.average(request, earlier?.average)
    accumulation = request.accumulation ?? earlier?.accumulation ?? 1
    guard accumulation >= 1, accumulation <= 1 << 16 else {
      throw TrainingError.impossible("--accumulate", accumulation, "a whole number from 1 to 65536")
    }
    penalty = try Self.penalty(request) ?? earlier?.penalty
    maxNorm = request.maxNorm.map { MaxNorm($0) } ?? earlier?.maxNorm
    if let maxNorm, !(maxNorm.limit.isFinite && maxNorm.limit > 0) {
      throw TrainingError.impossible("--max-norm", maxNorm.limit, "a positive number")
    }
  }

  /// Whether other learning rates belong to another number of epochs.
  public var dependsOnEpochs: Bool { schedule?.schedule?.dependsOnTotal ?? false }

  /// A new optimizer with its groups.
  public func makeOptimizer() -> any Optimizer {
    let made = optimizer.make()
    made.groups = groups
    return made
  }

  /// Puts everything but the optimizer into the options of a trainer.
  public func apply(to options: inout TrainingOptions) {
    options.schedule = schedule?.schedule
    options.scheduleUnit = schedule?.unit ?? .epochs
    options.plateau = schedule?.plateau
    options.clipping = clipping
    options.averaging = average
    options.accumulation = accumulation
    options.penalty = penalty
    options.maxNorm = maxNorm
  }

  /// The first option in which this differs from what a run was begun with.
  func firstDifference(from earlier: OptimizationConfiguration) -> (option: String, now: String, before: String)? {
    let (now, before) = (settings, earlier.settings)
    var options = now.map(\.option)
    options += before.map(\.option).filter { !options.contains($0) }
    for option in options {
      let values = [now, before].map { list in list.first { $0.option == option }?.value ?? "none" }
      if values[0] != values[1] { return (option, values[0], values[1]) }
    }
    return nil
  }

  /// Every setting as an option and its value.
  private var settings: [(option: String, value: String)] {
    var list = [
      ("--optimizer", optimizer.name), ("--learning-rate", "\(optimizer.learningRate)"),
      ("--weight-decay", "\(optimizer.weightDecay)"),
    ]
    for setting in OptimizerSetting.allCases {
      if let value = optimizer.settings[setting] { list.append((setting.option, "\(value)")) }
    }
    if let schedule {
      list += [("--schedule", schedule.name), ("--schedule-unit", schedule.unit.rawValue)]
      if !schedule.milestones.isEmpty { list.append(("--schedule-milestones", "\(schedule.milestones)")) }
      for setting in ScheduleSetting.allCases {
        if let value = schedule.settings[setting] { list.append((setting.option, "\(value)")) }
      }
    }
    switch clipping {
    case .none: break
    case .norm(let limit): list.append(("--clip-norm", "\(limit)"))
    case .value(let limit): list.append(("--clip-value", "\(limit)"))
    case .eachNorm(let limit): list.append(("--clip-parameter-norm", "\(limit)"))
    }
    if let average { list += [("--ema", "\(average.decay)"), ("--ema-start", average.start.rawValue)] }
    if accumulation > 1 { list.append(("--accumulate", "\(accumulation)")) }
    if let penalty {
      let layers = penalty.layers.sorted { $0.key < $1.key }
      for (option, path) in [("--l1", \WeightPenalty.Factors.l1), ("--l2", \.l2)] {
        let all = [("", penalty.factors)] + layers.map { ($0.key, $0.value) }
        list.append((option, all.map { "\($0.0)=\($0.1[keyPath: path])" }.joined(separator: " ")))
      }
    }
    if let maxNorm { list.append(("--max-norm", "\(maxNorm.limit)")) }
    let texts = groups.map { (try? JSON.text($0)) ?? "" }
    if !groups.isEmpty { list.append(("--group", texts.joined(separator: " "))) }
    return list
  }
}
