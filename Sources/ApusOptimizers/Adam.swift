import ApusNN
import ApusTensor

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// Adam: steps scaled by running moments of the gradient (Kingma and Ba, 2015); with `amsgrad` by the largest second
/// moment so far (Reddi, Kale, Kumar, 2018).
///
/// With g the gradient plus `weightDecay` times the value w, in step t:
///
///     m = beta1 m + (1 - beta1) g,   v = beta2 v + (1 - beta2) g^2
///     w = w - learningRate / (1 - beta1^t) * m / (sqrt(v) / sqrt(1 - beta2^t) + epsilon)
///
/// as `torch.optim.Adam`. The corrections by t are worked out on the host in double precision.
///
/// ```swift
/// let optimizer = Adam(learningRate: 1e-3)
/// ```
public final class Adam: Optimizer {
  /// The moments of a parameter.
  public struct State: OptimizerState {
    /// m.
    public var first: Tensor?
    /// v.
    public var second: Tensor?
    /// The largest v, with `amsgrad`.
    public var largestSecond: Tensor?
    /// No moments.
    public init() {}
    /// The tensors and their names.
    public static var fields: [OptimizerField<Self>] {
      [.init("exp_avg", \.first), .init("exp_avg_sq", \.second), .init("max_exp_avg_sq", \.largestSecond)]
    }
  }

  /// How far a step goes.
  public var learningRate: Double
  /// How much of the first moment stays, from 0 to below 1.
  public var beta1: Double
  /// How much of the second moment stays, from 0 to below 1.
  public var beta2: Double
  /// Keeps the divisor from 0.
  public var epsilon: Double
  /// The factor of the squared-weight penalty's gradient.
  public var weightDecay: Double
  /// Whether the largest second moment so far divides.
  public var amsgrad: Bool
  /// The roles of the parameters that decay; all that are trained, as in PyTorch.
  public var decayedRoles: Set<Parameter.Role> = [.weight, .bias, .scale]
  /// The moments.
  public var memory = OptimizerMemory<State>()

  /// Adam with the given hyperparameters; ``validate()`` checks them.
  public init(
    learningRate: Double = 1e-3, beta1: Double = 0.9, beta2: Double = 0.999, epsilon: Double = 1e-8,
    weightDecay: Double = 0, amsgrad: Bool = false
  ) {
    self.learningRate = learningRate
    self.beta1 = beta1
    self.beta2 = beta2
    self.epsilon = epsilon
    self.weightDecay = weightDecay
    self.amsgrad = amsgrad
  }

  /// Checks the hyperparameters.
  public func validate() throws(HyperparameterError) {
    try HyperparameterError.check("learningRate", atLeastZero: learningRate)
    try HyperparameterError.check("beta1", fraction: beta1)
    try HyperparameterError.check("beta2", fraction: beta2)
    try HyperparameterError.check("epsilon", atLeastZero: epsilon)
    try HyperparameterError.check("weightDecay", atLeastZero: weightDecay)
  }

  /// One step of one parameter.
  public func step(_ value: Tensor, along gradient: Tensor, state: inout State, context: StepContext) -> Tensor {
    var g = gradient
    if weightDecay != 0, decayedRoles.contains(context.role) { g = g + value * weightDecay }
    let oldFirst = state.first ?? .storedZeros(like: value)
    let first = oldFirst + (g - oldFirst) * (1 - beta1)
    let second = (state.second ?? .storedZeros(like: value)) * beta2 + g.squared() * (1 - beta2)
    state.first = first
    state.second = second
    var scale = second
    if amsgrad {
      scale = max(state.largestSecond ?? .storedZeros(like: value), second)
      state.largestSecond = scale
    }
    let t = Double(context.step)
    let size = context.learningRate / (1 - pow(beta1, t))
    let correction = 1 / sqrt(1 - pow(beta2, t))
    return value - first / (sqrt(scale) * correction + epsilon) * size
  }
}
