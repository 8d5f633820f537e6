/// A number or a choice of a learning-rate schedule, by the name of its option.
public enum ScheduleSetting: String, Sendable, Hashable, Codable, CaseIterable, CodingKeyRepresentable {
  /// The time between changes or restarts.
  case period = "schedule-every"
  /// What the rate is multiplied by.
  case factor = "schedule-factor"
  /// The power of a polynomial, or of the time.
  case power = "schedule-power"
  /// How fast the rate falls with the time.
  case decay = "schedule-decay"
  /// The time it takes; without it the whole training.
  case length = "schedule-length"
  /// How much longer each period is than the one before.
  case growth = "schedule-growth"
  /// Whether the rate changes with every step, without stairs.
  case smooth = "schedule-smooth"
  /// The rate never falls below this.
  case minimum = "minimum-learning-rate"
  /// The part of the training in which the rate rises.
  case rise = "cycle-rise"
  /// How many times less than the largest the first rate is.
  case startDivisor = "cycle-start-divisor"
  /// How many times less than the first rate the last one is.
  case endDivisor = "cycle-end-divisor"
  /// Whether the rate falls in two phases.
  case threePhases = "cycle-three-phases"
  /// Whether the ways are straight lines.
  case linear = "cycle-linear"
  /// How many epochs may be no better.
  case patience = "plateau-patience"
  /// By how much an epoch must be better.
  case threshold = "plateau-threshold"
  /// Whether the threshold is a number to add, not a part.
  case absolute = "plateau-absolute"
  /// How many epochs do not count after a fall.
  case cooldown = "plateau-cooldown"
  /// Epochs in which the rate first rises.
  case warmUpEpochs = "warmup-epochs"
  /// Steps in which the rate first rises.
  case warmUpSteps = "warmup-steps"
  /// The part of the rate that the warm-up begins with.
  case warmUpStart = "warmup-start"

  /// The option of the command.
  public var option: String { "--" + rawValue }

  /// Whether it is a choice: 1 for yes.
  public var isChoice: Bool {
    switch self {
    case .smooth, .threePhases, .linear, .absolute: true
    default: false
    }
  }
}
