#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// The learning rate rises once to the base and falls far below where it began (Smith and Topin, 2018), as
/// `torch.optim.lr_scheduler.OneCycleLR`, whose `max_lr` is the base.
///
/// Of `total` steps the first `rise * total` lead from `base / startDivisor` to the base, the others to
/// `base / startDivisor / endDivisor`; in three phases the rate first falls as long as it rose, back to where it began.
/// Each way is half a cosine or a straight line. Steps are its unit (``ScheduleUnit/steps``): the last of them has the
/// last rate.
///
/// ```swift
/// options.schedule = OneCycleSchedule(rise: 0.25)
/// options.scheduleUnit = .steps
/// ```
public struct OneCycleSchedule: LearningRateSchedule, Hashable, Codable {
  /// The part of the training in which the rate rises.
  public var rise: Double
  /// How many times less than the base the first rate is.
  public var startDivisor: Double
  /// How many times less than the first rate the last one is.
  public var endDivisor: Double
  /// Whether the rate falls to where it began before it falls further.
  public var hasThreePhases: Bool
  /// Whether the ways are straight lines.
  public var isLinear: Bool

  /// A schedule; ``validate()`` checks its numbers.
  public init(
    rise: Double = 0.3, startDivisor: Double = 25, endDivisor: Double = 1e4, hasThreePhases: Bool = false,
    isLinear: Bool = false
  ) {
    self.rise = rise
    self.startDivisor = startDivisor
    self.endDivisor = endDivisor
    self.hasThreePhases = hasThreePhases
    self.isLinear = isLinear
  }

  /// The rate.
  public func learningRate(_ base: Double, at time: Double, of total: Double) -> Double {
    let first = base / startDivisor
    let last = first / endDivisor
    var phases = [(end: rise * total - 1, from: first, to: base)]
    if hasThreePhases { phases.append((2 * rise * total - 2, base, first)) }
    phases.append((max(total - 1, 1), phases.count == 1 ? base : first, last))
    var begin = 0.0
    for phase in phases.dropLast() where phase.end > begin {
      if time <= phase.end { return between(phase.from, phase.to, (time - begin) / (phase.end - begin)) }
      begin = phase.end
    }
    let final = phases[phases.count - 1]
    return between(final.from, final.to, min((time - begin) / (final.end - begin), 1))
  }

  private func between(_ from: Double, _ to: Double, _ part: Double) -> Double {
    isLinear ? from + (to - from) * part : to + (from - to) / 2 * (1 + cos(.pi * part))
  }

  /// The phases are parts of the whole.
  public var dependsOnTotal: Bool { true }

  /// Checks the numbers.
  public func validate() throws(HyperparameterError) {
    let largest = hasThreePhases ? 0.5 : 1
    guard rise > 0, rise < largest else {
      throw HyperparameterError(name: "rise", value: rise, requirement: "above 0 and below \(largest)")
    }
    try HyperparameterError.check("startDivisor", positive: startDivisor)
    try HyperparameterError.check("endDivisor", positive: endDivisor)
  }
}
