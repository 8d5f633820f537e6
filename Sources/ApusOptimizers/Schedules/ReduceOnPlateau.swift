/// The learning rate falls by a factor when what is watched has not improved for a while, as
/// `torch.optim.lr_scheduler.ReduceLROnPlateau`.
///
/// The only schedule that depends on what happens: its ``State`` is part of a checkpoint.
///
/// ```swift
/// options.plateau = ReduceOnPlateau(factor: 0.5, patience: 3)
/// ```
public struct ReduceOnPlateau: Sendable, Hashable, Codable {
  /// What is watched, and how far.
  public struct State: Sendable, Hashable, Codable {
    /// The best value so far.
    public var best: Double?
    /// Values since that were no better.
    public var badCount = 0
    /// Values that do not count any more after a fall.
    public var cooldownLeft = 0
    /// The rate after the falls so far; nil before the first.
    public var learningRate: Double?

    /// Nothing has been watched.
    public init() {}
  }

  /// What the rate is multiplied by.
  public var factor: Double
  /// How many values may be no better before the rate falls.
  public var patience: Int
  /// By how much a value must be better to count.
  public var threshold: Double
  /// Whether the threshold is a part of the best value, or a number to add.
  public var isRelative: Bool
  /// How many values do not count after a fall.
  public var cooldown: Int
  /// The rate never falls below this.
  public var minimum: Double
  /// Falls of less than this are left out.
  public var smallestChange: Double
  /// Whether larger values are better.
  public var isLargerBetter: Bool

  /// A schedule; ``validate()`` checks its numbers.
  public init(
    factor: Double = 0.1, patience: Int = 10, threshold: Double = 1e-4, isRelative: Bool = true, cooldown: Int = 0,
    minimum: Double = 0, smallestChange: Double = 1e-8, isLargerBetter: Bool = false
  ) {
    self.factor = factor
    self.patience = patience
    self.threshold = threshold
    self.isRelative = isRelative
    self.cooldown = cooldown
    self.minimum = minimum
    self.smallestChange = smallestChange
    self.isLargerBetter = isLargerBetter
  }

  /// Takes note of a value, such as the validation loss of an epoch.
  ///
  /// - Parameters:
  ///   - base: the learning rate before the first fall.
  ///   - state: what has been watched so far; its ``State/learningRate`` is the new rate.
  public func note(_ value: Double, _ base: Double, _ state: inout State) {
    if state.best.map({ isBetter(value, than: $0) }) ?? !value.isNaN {
      state.best = value
      state.badCount = 0
    } else {
      state.badCount += 1
    }
    if state.cooldownLeft > 0 {
      state.cooldownLeft -= 1
      state.badCount = 0
    }
    guard state.badCount > patience else { return }
    (state.cooldownLeft, state.badCount) = (cooldown, 0)
    let old = state.learningRate ?? base
    let new = max(old * factor, minimum)
    if old - new > smallestChange { state.learningRate = new }
  }

  private func isBetter(_ value: Double, than best: Double) -> Bool {
    if isLargerBetter { return value > (isRelative ? best * (1 + threshold) : best + threshold) }
    return value < (isRelative ? best * (1 - threshold) : best - threshold)
  }

  /// Checks the numbers.
  ///
  /// - Throws: ``HyperparameterError`` that names the first impossible one.
  public func validate() throws(HyperparameterError) {
    guard factor > 0, factor < 1 else {
      throw HyperparameterError(name: "factor", value: factor, requirement: "above 0 and below 1")
    }
    try HyperparameterError.check("patience", atLeastZero: Double(patience))
    try HyperparameterError.check("threshold", atLeastZero: threshold)
    try HyperparameterError.check("cooldown", atLeastZero: Double(cooldown))
    try HyperparameterError.check("minimum", atLeastZero: minimum)
    try HyperparameterError.check("smallestChange", atLeastZero: smallestChange)
  }
}
