/// Operands that do not fit an operation, in one sentence a user can act on.
public struct ShapeError: Error, Sendable, CustomStringConvertible {
  /// What does not fit and what would.
  public var message: String

  /// An error with the given sentence.
  public init(_ message: String) { self.message = message }

  /// The sentence.
  public var description: String { message }
}

/// The policy for a programmer's mistakes: trap with a full sentence, or, inside a dry run, collect it.
public enum Diagnostics {
  /// Collects the first error of a dry run.
  ///
  /// `@unchecked Sendable`: a collector is made, filled and read by the one task that runs the dry run.
  final class Collector: @unchecked Sendable {
    var first: ShapeError?
  }

  @TaskLocal static var collector: Collector?
  /// Whether a dry run is under way: what it records must not outlive it.
  package static var isDryRun: Bool { collector != nil }
  /// Names of the layers around the code that runs, outermost first; part of every error.
  @TaskLocal public static var layerPath: [String] = []

  /// Runs `body` on shapes alone and throws the first mistake instead of trapping.
  ///
  /// Operations are recorded but nothing is computed; after a mistake the results are meaningless stand-ins.
  ///
  /// ```swift
  /// let output = try Diagnostics.dryRun { model(Tensor(repeating: 0, shape: [1, 1, 28, 28])).shape }
  /// ```
  public static func dryRun<Result>(_ body: () throws -> Result) throws -> Result {
    let collector = Collector()
    let result = try $collector.withValue(collector) { try body() }
    if let error = collector.first { throw error }
    return result
  }

  /// Reports a mistake: traps, or inside a dry run returns a stand-in.
  package static func fail(_ error: ShapeError, like type: TensorType?) -> Tensor {
    let path = layerPath.isEmpty ? "" : " (in \(layerPath.joined(separator: ".")))"
    guard let collector else { fatalError(error.message + path) }
    if collector.first == nil { collector.first = ShapeError(error.message + path) }
    return Tensor(repeating: 0, shape: type?.shape ?? [], dtype: type?.dtype ?? .float32)
  }
}
