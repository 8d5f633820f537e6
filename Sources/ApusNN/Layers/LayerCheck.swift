import ApusTensor

/// Messages about inputs and settings that do not fit a layer.
enum LayerCheck {
  /// Reports a mistake and returns a stand-in of the given type.
  static func fail(_ problem: String, _ type: TensorType?) -> Tensor {
    Diagnostics.fail(ShapeError(problem), like: type)
  }

  /// Whether all sizes are at least 1; reports it if not.
  static func positive(_ layer: String, _ sizes: Int...) -> Bool { positive(layer, sizes) }

  /// Whether all sizes are at least 1; reports it if not.
  static func positive(_ layer: String, _ sizes: [Int]) -> Bool {
    if sizes.allSatisfy({ $0 > 0 }) { return true }
    _ = fail("\(layer): every size must be at least 1", nil)
    return false
  }

  /// Whether the input is a batch of images; reports it if not.
  static func images(_ x: Tensor, _ layer: String) -> Bool {
    if x.rank == 4, x.shape[2] > 0, x.shape[3] > 0 { return true }
    _ = fail("\(layer): the input is \(x.shape), it must be images [N, C, H, W] of at least one pixel", x.type)
    return false
  }

  /// Whether the input is a batch of sequences; reports it if not.
  static func sequences(_ x: Tensor, _ layer: String) -> Bool {
    if x.rank == 3, x.shape[2] > 0 { return true }
    _ = fail("\(layer): the input is \(x.shape), it must be sequences [N, C, L] of at least one element", x.type)
    return false
  }

  /// Reports an epsilon that is not a number of at least 0.
  static func epsilon(_ layer: String, _ epsilon: Double) {
    if epsilon >= 0, epsilon.isFinite { return }
    _ = fail("\(layer): epsilon must be a number of at least 0, got \(epsilon)", nil)
  }

  /// The parameters of a normalisation that there are.
  static func parts(_ weight: Parameter?, _ bias: Parameter?) -> [(name: String, part: Any)] {
    let parts: [(name: String, part: Any)?] = [weight.map { ("weight", $0) }, bias.map { ("bias", $0) }]
    return parts.compactMap { $0 }
  }
}

extension Parameter {
  /// Where the layer of this parameter is in the model, for messages: ` ('conv1.weight')`, or nothing.
  var place: String { name.map { " ('\($0)')" } ?? "" }
}
