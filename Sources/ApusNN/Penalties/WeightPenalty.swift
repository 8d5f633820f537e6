import ApusTensor

/// A term that is added to the loss and grows with the weights, so that small ones are preferred: L2 (ridge, Hoerl and
/// Kennard, 1970), L1 (lasso, Tibshirani, 1996) or both (elastic net, Zou and Hastie, 2005).
///
///     penalty = sum over weights W of  l1 sum|w| + l2 sum(w^2)
///
/// Only parameters with the role ``Parameter/Role/weight`` count, never biases, scales or states. The factors hold for
/// the whole network, or for single layers by their paths. The gradient is `l1 sign(w) + 2 l2 w`, 0 at w = 0.
///
/// As Keras's regularizers `L1`, `L2` and `L1L2`. PyTorch's `weight_decay` d adds `d w` to the gradient, which is
/// `l2 = d / 2` with plain gradient descent (and acts on biases too).
///
/// ```swift
/// let penalty = WeightPenalty.l2(1e-4)
/// let step = valueWithGradient(of: model) { crossEntropy(model(x), labels) + penalty(model) }
/// WeightPenalty.l1(layers: ["dense1": 1e-3])                                   // only this layer
/// WeightPenalty(l2: 1e-4, layers: ["dense3": .init(l1: 1e-5, l2: 0)])          // this layer otherwise
/// ```
public struct WeightPenalty: Sendable, Hashable, Codable {
  /// What the two sums are multiplied by.
  public struct Factors: Sendable, Hashable, Codable {
    /// The factor of the sum of absolute values.
    public var l1: Double
    /// The factor of the sum of squares.
    public var l2: Double

    /// The given factors.
    public init(l1: Double = 0, l2: Double = 0) { (self.l1, self.l2) = (l1, l2) }
  }

  /// The factors of every layer that is not in ``layers``.
  public var factors: Factors
  /// The factors of single layers by the beginning of their paths, such as `dense1` or `encoder.0`; of several that
  /// fit the longest counts.
  public var layers: [String: Factors]

  /// A penalty with both factors for the whole network, and others for single layers.
  public init(l1: Double = 0, l2: Double = 0, layers: [String: Factors] = [:]) {
    factors = Factors(l1: l1, l2: l2)
    self.layers = layers
  }

  /// `factor sum|w|` over the whole network.
  public static func l1(_ factor: Double) -> WeightPenalty { WeightPenalty(l1: factor) }
  /// `factor sum(w^2)` over the whole network.
  public static func l2(_ factor: Double) -> WeightPenalty { WeightPenalty(l2: factor) }
  /// `l1 sum|w| + l2 sum(w^2)` over the whole network.
  public static func elasticNet(l1: Double, l2: Double) -> WeightPenalty { WeightPenalty(l1: l1, l2: l2) }
  /// `factor sum|w|`, for the given layers only.
  public static func l1(layers: [String: Double]) -> WeightPenalty {
    WeightPenalty(layers: layers.mapValues { Factors(l1: $0) })
  }
  /// `factor sum(w^2)`, for the given layers only.
  public static func l2(layers: [String: Double]) -> WeightPenalty {
    WeightPenalty(layers: layers.mapValues { Factors(l2: $0) })
  }

  /// Whether nothing is added.
  public var isZero: Bool { ([factors] + layers.values).allSatisfy { $0.l1 == 0 && $0.l2 == 0 } }

  /// Checks that every factor is a number of at least 0 and, with a model, that every layer exists in it.
  ///
  /// - Throws: ``SettingError`` that names the first that is not.
  public func validate(for model: (any Module)? = nil) throws(SettingError) {
    for (layer, factors) in [("", factors)] + layers.sorted(by: { $0.key < $1.key }) {
      let place = layer.isEmpty ? "" : " of '\(layer)'"
      try SettingError.check("the L1 penalty\(place)", atLeastZero: factors.l1)
      try SettingError.check("the L2 penalty\(place)", atLeastZero: factors.l2)
    }
    guard let model else { return }
    let names = Self.weights(of: model).map(\.name)
    for named in Self.weights(of: model) where named.parameter.isSparse && named.parameter.isTrainable {
      let factors = factors(for: named.name)
      guard factors.l1 != 0 || factors.l2 != 0 else { continue }
      throw SettingError("the penalty would change every row of '\(named.name)', which is trained row by row")
    }
    for layer in layers.keys.sorted() where !names.contains(where: { Self.isInside($0, layer) }) {
      throw SettingError(
        "the penalty names the layer '\(layer)', which has no weights in this model; its weights are: "
          + names.joined(separator: ", "))
    }
  }

  /// The penalty of a model's weights now: a scalar of their element type.
  ///
  /// - Precondition: every layer that is named has weights in the model, and the factors are numbers of at least 0.
  public func callAsFunction(_ model: some Module) -> Tensor {
    do {
      try validate(for: model)
    } catch {
      return Diagnostics.fail(ShapeError("WeightPenalty: \(error)"), like: TensorType([], .float32))
    }
    let weights = Self.weights(of: model)
    let terms = weights.compactMap { named in Self.term(named.parameter, factors(for: named.name)) }
    guard let first = terms.first else {
      return Tensor.zeros([], dtype: weights.first?.parameter.type.dtype ?? .float32)
    }
    return terms.dropFirst().reduce(first, +)
  }

  /// The factors of the parameter with this path.
  func factors(for name: String) -> Factors {
    let nearest = layers.keys.filter { Self.isInside(name, $0) }.max { $0.count < $1.count }
    return nearest.flatMap { layers[$0] } ?? factors
  }

  private static func term(_ parameter: Parameter, _ factors: Factors) -> Tensor? {
    switch (factors.l1, factors.l2) {
    case (0, 0): nil
    case (let l1, 0): abs(parameter.value).sum() * l1
    case (0, let l2): parameter.value.squared().sum() * l2
    case (let l1, let l2): (abs(parameter.value) * l1 + parameter.value.squared() * l2).sum()
    }
  }

  private static func weights(of model: some Module) -> [NamedParameter] {
    model.parameters.filter { $0.parameter.role == .weight }
  }

  private static func isInside(_ name: String, _ layer: String) -> Bool {
    name == layer || name.hasPrefix(layer + ".")
  }
}
