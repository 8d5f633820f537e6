import ApusData
import ApusNN
import ApusOptimizers

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// Looks for a good learning rate: trains for some steps while the rate grows from very small to very large, and watches
/// the loss (Smith, 2015, section 3.3).
///
/// ```swift
/// let found = try trainer.findLearningRate(data.train, with: LearningRateFinder(steps: 200))
/// print(found.suggestion ?? 0, found.points.map(\.loss))
/// ```
/// The rate of step i of n is `lowest (highest / lowest)^(i / (n - 1))`. The search ends early when the smoothed loss is
/// several times its least value or no longer finite.
public struct LearningRateFinder: Sendable, Hashable {
  /// One step of the search.
  public struct Point: Sendable, Hashable, Encodable {
    /// The learning rate of the step.
    public let learningRate: Double
    /// The loss before the step.
    public let loss: Double
    /// The running mean of the losses, which single batches disturb less.
    public let smoothedLoss: Double
  }

  /// What a search found.
  public struct Result: Sendable, Hashable, Encodable {
    /// The steps, with growing rates.
    public let points: [Point]
    /// The smaller one of ``steepest`` and a tenth of ``least``; nil when the loss never falls.
    public let suggestion: Double?
    /// The rate at which the smoothed loss falls most steeply; nil when it never falls.
    public let steepest: Double?
    /// The rate at which the smoothed loss is least; nil when it never falls.
    public let least: Double?
    /// Whether the loss grew so far that the search ended early.
    public let diverged: Bool
  }

  /// The first rate.
  public var lowest: Double
  /// The last rate.
  public var highest: Double
  /// How many rates are tried.
  public var steps: Int
  /// How much of the running mean of the losses stays in a step.
  public var smoothing: Double
  /// How many times its least value the smoothed loss may reach.
  public var limit: Double

  /// A search; ``validate()`` checks its numbers.
  public init(
    lowest: Double = 1e-7, highest: Double = 10, steps: Int = 100, smoothing: Double = 0.9, limit: Double = 4
  ) {
    self.lowest = lowest
    self.highest = highest
    self.steps = steps
    self.smoothing = smoothing
    self.limit = limit
  }

  /// Checks the numbers.
  ///
  /// - Throws: ``TrainingError`` about the first impossible one.
  public func validate() throws {
    guard lowest.isFinite, lowest > 0 else {
      throw TrainingError("lowest learning rate", "cannot be \(lowest)", advice: "choose a positive number")
    }
    guard highest.isFinite, highest > lowest, (highest / lowest).isFinite else {
      throw TrainingError(
        "highest learning rate", "cannot be \(highest)",
        advice: "choose a number above the lowest, \(lowest), and not beyond all measure")
    }
    guard steps >= 10, steps <= 1_000_000 else {
      throw TrainingError("search steps", "cannot be \(steps)", advice: "choose a whole number from 10 to 1000000")
    }
    guard smoothing >= 0, smoothing < 1 else {
      throw TrainingError("smoothing", "cannot be \(smoothing)", advice: "choose a number of at least 0 and below 1")
    }
    guard limit > 1 else {
      throw TrainingError("limit", "cannot be \(limit)", advice: "choose a number above 1")
    }
  }

  /// The rate of a step, counted from 0.
  func learningRate(_ step: Int) -> Double { lowest * pow(highest / lowest, Double(step) / Double(steps - 1)) }

  /// What the points come to.
  func result(_ points: [Point], diverged: Bool) -> Result {
    let losses = points.map(\.smoothedLoss)
    // The running mean of the first few losses is hardly one.
    let start = min(max(steps / 20, 1), max(losses.count - 2, 0))
    guard let lowest = losses.indices.dropFirst(start).min(by: { losses[$0] < losses[$1] }), lowest > start else {
      return Result(points: points, suggestion: nil, steepest: nil, least: nil, diverged: diverged)
    }
    func slope(_ index: Int) -> Double { losses[index + 1] - losses[index - 1] }
    let inner = (start..<lowest).filter { $0 > 0 }
    guard let fall = inner.min(by: { slope($0) < slope($1) }), slope(fall) < 0 else {
      return Result(points: points, suggestion: nil, steepest: nil, least: nil, diverged: diverged)
    }
    let (steepest, least) = (points[fall].learningRate, points[lowest].learningRate)
    return Result(
      points: points, suggestion: min(steepest, least / 10), steepest: steepest, least: least, diverged: diverged)
  }
}

extension Trainer {
  /// Looks for a good learning rate for this model, loss, optimizer and data, with the options of the trainer.
  ///
  /// Model and optimizer are afterwards as they were, and nothing is written.
  ///
  /// - Throws: ``TrainingError`` when a number is impossible or the data do not fit the model.
  public func findLearningRate(
    _ data: Dataset, with finder: LearningRateFinder = LearningRateFinder()
  ) throws -> LearningRateFinder.Result {
    try finder.validate()
    try check(data, epochs: 1)
    let before = Checkpoint(model, optimizer, nil, position)
    let (rate, kept) = (optimizer.learningRate, average)
    (position, average) = (TrainingPosition(), nil)
    defer { (optimizer.learningRate, position, average) = (rate, before.position, kept) }
    let found = Result { try search(data, finder) }
    try before.restore(model, optimizer, nil)
    let (points, diverged) = try found.get()
    return finder.result(points, diverged: diverged)
  }

  private func search(
    _ data: Dataset, _ finder: LearningRateFinder
  ) throws -> (points: [LearningRateFinder.Point], diverged: Bool) {
    var points: [LearningRateFinder.Point] = []
    var (mean, least) = (0.0, Double.infinity)
    while true {
      let batches = self.batches(data)
      for group in BatchGroups(batches, of: options.accumulation) {
        let rate = finder.learningRate(points.count)
        optimizer.learningRate = rate
        let result = step(group)
        position.step += 1
        mean = finder.smoothing * mean + (1 - finder.smoothing) * result.total
        let smoothed = mean / (1 - pow(finder.smoothing, Double(points.count + 1)))
        guard smoothed.isFinite else { return (points, true) }
        points.append(.init(learningRate: rate, loss: result.total, smoothedLoss: smoothed))
        least = min(least, smoothed)
        if smoothed > finder.limit * least, points.count > 1 { return (points, true) }
        if points.count == finder.steps { return (points, false) }
      }
      try batches.check()
      position.epoch += 1
    }
  }
}
