import ApusTensor

/// A function applied to each output of a layer, with the name it goes by in code, configurations and commands.
///
/// ```swift
/// Dense(784, 512, activation: .relu)
/// let doubled = Activation("doubled") { $0 * 2 }
/// Sequential([Dense(784, 512), ActivationLayer(.relu), Dense(512, 10)])
/// ```
public struct Activation: Sendable, CustomStringConvertible {
  /// The name, such as `relu`.
  public let name: String
  private let function: @Sendable (Tensor) -> Tensor

  /// A function with a name.
  public init(_ name: String, _ function: @escaping @Sendable (Tensor) -> Tensor) {
    self.name = name
    self.function = function
  }

  /// The function's value.
  public func callAsFunction(_ x: Tensor) -> Tensor { function(x) }

  /// Whether nothing is applied.
  public var isIdentity: Bool { name == "identity" }

  /// The name.
  public var description: String { name }

  /// x.
  public static let identity = Activation("identity") { $0 }
  /// max(x, 0) (Nair and Hinton, 2010).
  public static let relu = Activation("relu") { ApusTensor.relu($0) }
  /// 1 / (1 + exp(-x)).
  public static let sigmoid = Activation("sigmoid") { ApusTensor.sigmoid($0) }
  /// The hyperbolic tangent.
  public static let tanh = Activation("tanh") { ApusTensor.tanh($0) }
  /// 1.7159 tanh(2x/3), the activation of LeNet-5 in 1998 (LeCun, Bottou, Bengio, Haffner, 1998).
  public static let scaledTanh = Activation("scaledTanh") { ApusTensor.tanh($0 * (2.0 / 3)) * 1.7159 }
  /// x where positive, 0.01 x elsewhere (Maas, Hannun, Ng, 2013).
  public static let leakyReLU = Activation("leakyReLU") { ApusTensor.leakyReLU($0) }
  /// x where positive, exp(x) - 1 elsewhere (Clevert, Unterthiner, Hochreiter, 2016).
  public static let elu = Activation("elu") { ApusTensor.elu($0) }
  /// log(1 + exp(x)).
  public static let softplus = Activation("softplus") { ApusTensor.softplus($0) }
  /// x times the normal distribution function of x (Hendrycks, Gimpel, 2016).
  public static let gelu = Activation("gelu") { ApusTensor.gelu($0) }
  /// x sigmoid(x) (Ramachandran, Zoph, Le, 2017).
  public static let silu = Activation("silu") { ApusTensor.silu($0) }

  /// Every named activation.
  public static let all: [Activation] = [
    .identity, .relu, .sigmoid, .tanh, .scaledTanh, .leakyReLU, .elu, .softplus, .gelu, .silu,
  ]

  /// The activation with a name, or nil.
  public static func named(_ name: String) -> Activation? { all.first { $0.name == name } }
}

/// A layer that applies a function, for sequences.
///
/// ```swift
/// Sequential([BatchNorm(64), ActivationLayer(.relu)])
/// ```
public struct ActivationLayer: Layer, CustomStringConvertible {
  /// The function.
  public let activation: Activation

  /// A layer that applies the function.
  public init(_ activation: Activation) { self.activation = activation }

  /// The function's value.
  public func callAsFunction(_ x: Tensor) -> Tensor { activation(x) }

  /// Nothing: a walk by reflection would look at every property.
  public var namedParts: [(name: String, part: Any)]? { [] }

  /// The code that builds the layer.
  public var description: String { "ActivationLayer(.\(activation.name))" }
}
