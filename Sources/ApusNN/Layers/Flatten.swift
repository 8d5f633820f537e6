import ApusTensor

/// Merges axes from `axis` on into one: `[N, C, H, W]` gives `[N, C H W]`.
///
/// ```swift
/// Sequential([Conv2D(1, 6, kernel: 5), Flatten(), Dense(3456, 10)])
/// ```
public struct Flatten: Layer, CustomStringConvertible {
  /// The first axis that is merged.
  public let axis: Int

  /// Merges the axes from `axis` on.
  public init(from axis: Int = 1) { self.axis = axis }

  /// The same elements with fewer axes.
  public func callAsFunction(_ x: Tensor) -> Tensor { x.flattened(from: axis) }

  /// Nothing: a walk by reflection would look at every property.
  public var namedParts: [(name: String, part: Any)]? { [] }

  /// The code that builds the layer.
  public var description: String { axis == 1 ? "Flatten()" : "Flatten(from: \(axis))" }
}

/// Passes its input on.
public struct Identity: Layer, CustomStringConvertible {
  /// A layer that does nothing.
  public init() {}

  /// The input.
  public func callAsFunction(_ x: Tensor) -> Tensor { x }

  /// The code that builds the layer.
  public var description: String { "Identity()" }
}
