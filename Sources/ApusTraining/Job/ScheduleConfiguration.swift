import ApusFormats
import ApusOptimizers

/// A learning-rate schedule by name and numbers, as commands and saved runs have it.
public struct ScheduleConfiguration: Sendable, Hashable, Codable {
  /// The name; one of ``names``.
  public var name: String
  /// In what it counts time.
  public var unit: ScheduleUnit
  /// The settings that were given; a choice that was made is 1.
  public var settings: [ScheduleSetting: Double]
  /// The times of the changes of `multi-step`.
  public var milestones: [Double]

  /// What is known of a schedule: its settings, those it cannot do without, and how it is made.
  private struct Kind: Sendable {
    var settings: [ScheduleSetting]
    var needed: [ScheduleSetting] = []
    var unit = ScheduleUnit.epochs
    var make: @Sendable (ScheduleConfiguration) -> any LearningRateSchedule
  }

  private static let kinds: [(name: String, kind: Kind)] = [
    ("constant", Kind(settings: []) { _ in ConstantSchedule() }),
    (
      "step",
      Kind(settings: [.period, .factor], needed: [.period]) {
        StepSchedule(every: $0.number(.period, 1), factor: $0.number(.factor, 0.1))
      }
    ),
    (
      "multi-step",
      Kind(settings: [.factor]) { MultiStepSchedule(milestones: $0.milestones, factor: $0.number(.factor, 0.1)) }
    ),
    (
      "exponential",
      Kind(settings: [.factor, .smooth], needed: [.factor]) {
        ExponentialSchedule(factor: $0.number(.factor, 1), isStaircase: !$0.choice(.smooth))
      }
    ),
    (
      "inverse-time",
      Kind(settings: [.decay, .power, .smooth]) {
        InverseTimeSchedule(
          decay: $0.number(.decay, 1), power: $0.number(.power, 1), isStaircase: !$0.choice(.smooth))
      }
    ),
    (
      "polynomial",
      Kind(settings: [.power, .length, .minimum]) {
        PolynomialSchedule(power: $0.number(.power, 1), over: $0.settings[.length], minimum: $0.number(.minimum, 0))
      }
    ),
    (
      "cosine",
      Kind(settings: [.length, .minimum]) {
        CosineSchedule(minimum: $0.number(.minimum, 0), over: $0.settings[.length])
      }
    ),
    (
      "cosine-restarts",
      Kind(settings: [.period, .growth, .minimum], needed: [.period]) {
        CosineRestartsSchedule(
          every: $0.number(.period, 1), growth: $0.number(.growth, 1), minimum: $0.number(.minimum, 0))
      }
    ),
    (
      "one-cycle",
      Kind(settings: [.rise, .startDivisor, .endDivisor, .threePhases, .linear], unit: .steps) {
        OneCycleSchedule(
          rise: $0.number(.rise, 0.3), startDivisor: $0.number(.startDivisor, 25),
          endDivisor: $0.number(.endDivisor, 1e4), hasThreePhases: $0.choice(.threePhases), isLinear: $0.choice(.linear)
        )
      }
    ),
    (
      "plateau",
      Kind(settings: [.factor, .patience, .threshold, .absolute, .cooldown, .minimum]) { _ in ConstantSchedule() }
    ),
  ]

  /// The names.
  public static let names = kinds.map(\.name)
  private static let warmUp: [ScheduleSetting] = [.warmUpEpochs, .warmUpSteps, .warmUpStart]

  private var kind: Kind? { Self.kinds.first { $0.name == name }?.kind }

  /// A configuration; what is left out takes the usual value.
  ///
  /// - Throws: ``TrainingError`` when the name is unknown, a number is impossible or missing, or a setting is not the
  ///   schedule's.
  public init(
    name: String = "constant", unit: ScheduleUnit? = nil, settings: [ScheduleSetting: Double] = [:],
    milestones: [Double] = []
  ) throws {
    guard let kind = Self.kinds.first(where: { $0.name == name })?.kind else {
      throw TrainingError.unknown("schedule", name, among: Self.names)
    }
    self.name = name
    self.unit = unit ?? kind.unit
    self.settings = settings
    self.milestones = milestones
    try check(kind)
    do throws(HyperparameterError) {
      try schedule?.validate()
      try plateau?.validate()
    } catch {
      throw TrainingError.impossible(option(error.name), error.value, error.requirement)
    }
  }

  private func check(_ kind: Kind) throws {
    let own = kind.settings + (name == "one-cycle" ? [] : Self.warmUp)
    for setting in ScheduleSetting.allCases where settings[setting] != nil && !own.contains(setting) {
      let others = Self.kinds.filter { $0.kind.settings.contains(setting) || Self.warmUp.contains(setting) }
        .map(\.name).filter { $0 != name }
      throw TrainingError(
        setting.option, "is not a setting of the schedule \(name)",
        advice: "leave it out, or choose with --schedule one of: \(others.joined(separator: ", "))")
    }
    for setting in kind.needed where settings[setting] == nil {
      throw TrainingError("--schedule \(name)", "needs \(setting.option)", advice: "add it with a number")
    }
    if milestones.isEmpty == (name == "multi-step") {
      throw TrainingError(
        "--schedule-milestones", milestones.isEmpty ? "is missing" : "is not a setting of the schedule \(name)",
        advice: milestones.isEmpty ? "give growing times, such as 5,8" : "leave it out, or choose --schedule multi-step"
      )
    }
    for setting in [ScheduleSetting.patience, .cooldown] {
      guard let value = settings[setting], !(value >= 0 && value <= 1e9) else { continue }
      throw TrainingError.impossible(setting.option, value, "a whole number of at least 0")
    }
    let other = unit == .epochs ? ScheduleSetting.warmUpSteps : .warmUpEpochs
    if settings[other] != nil {
      throw TrainingError(
        other.option, "does not fit a schedule that counts \(unit.rawValue)",
        advice: "use --\(unit == .epochs ? "warmup-epochs" : "warmup-steps"), or change --schedule-unit")
    }
    if name == "one-cycle", unit != .steps {
      throw TrainingError("--schedule-unit", "must be steps for one-cycle", advice: "leave it out")
    }
    if settings[.warmUpStart] != nil, warmUpLength == nil {
      throw TrainingError(
        "--warmup-start", "has no warm-up to begin", advice: "add --warmup-epochs with a number of epochs")
    }
  }

  private var warmUpLength: Double? { settings[unit == .epochs ? .warmUpEpochs : .warmUpSteps] }

  /// The schedule; nil when the rate is constant.
  public var schedule: (any LearningRateSchedule)? {
    guard let kind else { preconditionFailure("there is no schedule called \(name)") }
    let made = kind.make(self)
    guard let length = warmUpLength else { return made is ConstantSchedule ? nil : made }
    func warm(_ next: some LearningRateSchedule) -> any LearningRateSchedule {
      WarmUp(over: length, from: number(.warmUpStart, 0.01), then: next)
    }
    return warm(made)
  }

  /// The fall on plateaus; nil for other schedules.
  public var plateau: ReduceOnPlateau? {
    guard name == "plateau" else { return nil }
    return ReduceOnPlateau(
      factor: number(.factor, 0.1), patience: Int(number(.patience, 10)), threshold: number(.threshold, 1e-4),
      isRelative: !choice(.absolute), cooldown: Int(number(.cooldown, 0)), minimum: number(.minimum, 0))
  }

  private func number(_ setting: ScheduleSetting, _ usual: Double) -> Double { settings[setting] ?? usual }
  private func choice(_ setting: ScheduleSetting) -> Bool { (settings[setting] ?? 0) != 0 }

  /// The option for a property of a schedule.
  private func option(_ property: String) -> String {
    switch property {
    case "period": ScheduleSetting.period.option
    case "factor": ScheduleSetting.factor.option
    case "power": ScheduleSetting.power.option
    case "decay": ScheduleSetting.decay.option
    case "length" where warmUpLength.map({ !($0.isFinite && $0 > 0) }) ?? false:
      (unit == .epochs ? ScheduleSetting.warmUpEpochs : .warmUpSteps).option
    case "length": ScheduleSetting.length.option
    case "growth": ScheduleSetting.growth.option
    case "minimum": ScheduleSetting.minimum.option
    case "rise": ScheduleSetting.rise.option
    case "startDivisor": ScheduleSetting.startDivisor.option
    case "endDivisor": ScheduleSetting.endDivisor.option
    case "patience": ScheduleSetting.patience.option
    case "threshold": ScheduleSetting.threshold.option
    case "cooldown": ScheduleSetting.cooldown.option
    case "from": ScheduleSetting.warmUpStart.option
    default: "--schedule-" + OptimizerConfiguration.option(property)
    }
  }
}
