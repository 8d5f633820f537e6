import ApusTensor

/// Layers applied one after the other.
///
/// ```swift
/// let model = Sequential {
///   Flatten()
///   for width in [512, 512] {
///     Dense(width == 512 ? 784 : 512, width, activation: .relu)
///     if drops { Dropout(0.5) }
///   }
///   Dense(512, 10)
/// }
/// ```
/// Parameters are named by the position of their layer, `1.weight`, as in PyTorch.
public struct Sequential: Layer, CustomStringConvertible {
  /// The layers, first to last.
  public var layers: [any Layer]
  /// In how many segments a gradient recomputes the layers instead of keeping what they give; 0 keeps everything. About
  /// the square root of the number of layers saves most; see `checkpointed(_:_:)`. The last segment is kept: its
  /// gradient comes first, when the memory of the others is free.
  public var checkpointSegments = 0

  /// The layers of a list.
  public init(_ layers: [any Layer]) { self.layers = layers }

  /// The layers that a block names.
  public init(@LayerBuilder _ layers: () -> [any Layer]) { self.layers = layers() }

  /// The last layer's output.
  public func callAsFunction(_ x: Tensor) -> Tensor {
    guard checkpointSegments > 0 else { return layers.reduce(x) { $1($0) } }
    let count = min(checkpointSegments, layers.count)
    return (0..<count).reduce(x) { h, segment in
      let part = layers[(layers.count * segment / count)..<(layers.count * (segment + 1) / count)]
      return segment == count - 1 ? part.reduce(h) { $1($0) } : checkpointed(h) { part.reduce($0) { $1($0) } }
    }
  }

  /// The layers, named by their positions.
  public var namedParts: [(name: String, part: Any)]? { layers.enumerated().map { (String($0), $1 as Any) } }

  /// The name of the type; its layers follow in a description of the model.
  public var description: String { "Sequential" }
}

/// Collects the layers that a block names, with `if`, `switch` and `for`.
@resultBuilder
public enum LayerBuilder {
  /// One layer.
  public static func buildExpression(_ layer: any Layer) -> [any Layer] { [layer] }
  /// Several layers.
  public static func buildExpression(_ layers: [any Layer]) -> [any Layer] { layers }
  /// The layers of a block.
  public static func buildBlock(_ parts: [any Layer]...) -> [any Layer] { parts.flatMap { $0 } }
  /// The layers of an `if` without `else`.
  public static func buildOptional(_ part: [any Layer]?) -> [any Layer] { part ?? [] }
  /// The layers of a branch.
  public static func buildEither(first part: [any Layer]) -> [any Layer] { part }
  /// The layers of a branch.
  public static func buildEither(second part: [any Layer]) -> [any Layer] { part }
  /// The layers of a loop.
  public static func buildArray(_ parts: [[any Layer]]) -> [any Layer] { parts.flatMap { $0 } }
}
