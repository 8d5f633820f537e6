import ApusTensor

/// A part of a network that is used but not trained: it computes as in inference, without dropout and with the running
/// statistics of batch normalisation, and its parameters get no gradient.
///
/// ```swift
/// let model = Sequential {
///   Frozen(body)                 // a network that has learnt another task
///   Dense(512, 10)               // what this one adds
/// }
/// ```
/// Its parameters are listed, so that they are saved with the model; making the layer freezes them.
public struct Frozen: Layer, CustomStringConvertible {
  /// What computes.
  public let layer: any Layer

  /// Freezes a layer. To train it again, take it out and call `setTrainable(true)`.
  public init(_ layer: any Layer) {
    self.layer = layer
    layer.setTrainable(false)
  }

  /// The layer's output.
  public func callAsFunction(_ x: Tensor) -> Tensor { withInference { layer(x) } }

  /// The layer's own parts.
  public var namedParts: [(name: String, part: Any)]? { [("", layer)] }

  /// The name of the type; the layer follows in a description of the model.
  public var description: String { "Frozen" }
}
