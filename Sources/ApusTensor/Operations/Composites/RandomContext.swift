import Synchronization

/// Where random numbers come from: a seed, a step, and a counter that gives each operation its own stream.
///
/// Inside ``withRandomSeed(_:step:_:)`` the same program draws the same numbers, and the next step of a training draws
/// others without a new plan, because seed and step are data. Outside, a process-wide context with seed 0 counts the
/// draws: a program that draws in one order on one thread repeats itself from run to run.
public final class RandomContext: Sendable {
  /// The context of the running task.
  @TaskLocal public static var current: RandomContext?

  private static let draws = Atomic<Int64>(0)

  /// The seed.
  public let seed: UInt64
  /// The step.
  public let step: Int
  /// Seed and step as the key that random operations read: i64[2].
  package let key: Tensor
  private let streams = Atomic<Int>(0)

  /// A context whose streams start from 0.
  public init(seed: UInt64, step: Int = 0) {
    self.seed = seed
    self.step = step
    key = Self.makeKey(seed, Int64(step))
  }

  /// The key and the stream of the next operation.
  static func next(seed: UInt64?) -> (key: Tensor, stream: Int) {
    if let seed { return (makeKey(seed, 0), 0) }
    if let current {
      return (current.key, current.streams.wrappingAdd(1, ordering: .relaxed).oldValue)
    }
    // The count is part of the key, not of the operation: drawing again is the same plan.
    return (makeKey(0, draws.wrappingAdd(1, ordering: .relaxed).oldValue), 0)
  }

  /// The stream of the next operation as a generator, for numbers that are drawn on the host.
  package static func nextPhilox() -> Philox {
    guard let current else {
      let step = draws.wrappingAdd(1, ordering: .relaxed).oldValue
      return Philox(seed: 0, stream: RandomStream.identifier(step: step, stream: 0))
    }
    let stream = current.streams.wrappingAdd(1, ordering: .relaxed).oldValue
    return Philox(seed: current.seed, stream: RandomStream.identifier(step: Int64(current.step), stream: stream))
  }

  private static func makeKey(_ seed: UInt64, _ step: Int64) -> Tensor {
    Tensor([Int64(bitPattern: seed), step], shape: [2])
  }
}

/// Draws the random numbers of `body` from a seed and a step.
///
/// ```swift
/// let x = withRandomSeed(42) { Tensor.randomNormal([3, 4]) }   // the same numbers each time
/// ```
public func withRandomSeed<Result, Failure: Error>(
  _ seed: UInt64, step: Int = 0, _ body: () throws(Failure) -> Result
) throws(Failure) -> Result {
  let outcome = RandomContext.$current.withValue(RandomContext(seed: seed, step: step)) {
    Swift.Result { () throws(Failure) -> Result in try body() }
  }
  return try outcome.get()
}
