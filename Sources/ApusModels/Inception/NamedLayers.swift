import ApusNN
import ApusTensor

/// Layers with names, applied one after the other or side by side: what the modules of the Inception networks are made of,
/// with the names of published weights.
///
/// ```swift
/// let branch = NamedLayers.chain([("branch5x5_1", reduction), ("branch5x5_2", convolution)])
/// let mixed = NamedLayers.branches([("branch1x1", pointwise), ("", branch)])     // channels of both, joined
/// ```
public struct NamedLayers: Layer, CustomStringConvertible {
  /// How the layers are put together.
  public enum Arrangement: String, Sendable, Hashable {
    /// Each takes the output of the one before.
    case chain
    /// All take the same input; the outputs are joined along the channels.
    case branches
  }

  /// How the layers are put together.
  public let arrangement: Arrangement
  /// The layers, in order; the parts of one with an empty name are called as if they were here.
  public var layers: [(name: String, layer: any Layer)]

  /// Layers one after the other.
  public static func chain(_ layers: [(name: String, layer: any Layer)]) -> NamedLayers {
    NamedLayers(arrangement: .chain, layers: layers)
  }

  /// Layers side by side.
  public static func branches(_ layers: [(name: String, layer: any Layer)]) -> NamedLayers {
    NamedLayers(arrangement: .branches, layers: layers)
  }

  /// The last output of a chain, or the joined outputs of branches.
  public func callAsFunction(_ x: Tensor) -> Tensor {
    switch arrangement {
    case .chain: layers.reduce(x) { $1.layer($0) }
    case .branches: concatenate(layers.map { $0.layer(x) }, axis: 1)
    }
  }

  /// The layers with their names.
  public var namedParts: [(name: String, part: Any)]? { layers.map { ($0.name, $0.layer) } }

  /// The arrangement; the layers follow in a description of the model.
  public var description: String { "NamedLayers.\(arrangement.rawValue)" }
}
