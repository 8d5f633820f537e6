#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// The learning rate falls along half a cosine: `minimum + (base - minimum) (1 + cos(pi time / length)) / 2` (Loshchilov
/// and Hutter, 2017), and stays at the minimum afterwards.
///
/// As `torch.optim.lr_scheduler.CosineAnnealingLR` up to its `T_max`; after that PyTorch's rate rises again.
///
/// ```swift
/// options.schedule = WarmUp(over: 5, then: CosineSchedule(minimum: 1e-5))
/// ```
public struct CosineSchedule: LearningRateSchedule, Hashable, Codable {
  /// The rate at the end.
  public var minimum: Double
  /// The time it takes; nil is the whole training.
  public var length: Double?

  /// A schedule; ``validate()`` checks its numbers.
  public init(minimum: Double = 0, over length: Double? = nil) {
    self.minimum = minimum
    self.length = length
  }

  /// The rate.
  public func learningRate(_ base: Double, at time: Double, of total: Double) -> Double {
    minimum + (base - minimum) * (1 + cos(.pi * min(time / (length ?? total), 1))) / 2
  }

  /// Whether no length was given.
  public var dependsOnTotal: Bool { length == nil }

  /// Checks the numbers.
  public func validate() throws(HyperparameterError) {
    if let length { try HyperparameterError.check("length", positive: length) }
    try HyperparameterError.check("minimum", atLeastZero: minimum)
  }
}
