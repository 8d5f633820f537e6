import ApusNN
import ApusTensor

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// RAdam: Adam whose first steps, as long as the second moment knows too little, go along the first moment alone (Liu,
/// Jiang, He, Chen, Liu, Gao, Han, 2020).
///
/// With g the gradient plus `weightDecay` times the value w, in step t:
///
///     m = beta1 m + (1 - beta1) g,   v = beta2 v + (1 - beta2) g^2
///     R = 2 / (1 - beta2) - 1,   r = R - 2 t beta2^t / (1 - beta2^t)
///     w = w - learningRate / (1 - beta1^t) * m                                         for r <= 5, else
///     w = w - learningRate / (1 - beta1^t) * c m sqrt(1 - beta2^t) / (sqrt(v) + epsilon)
///     c = sqrt((r - 4) (r - 2) R / ((R - 4) (R - 2) r))
///
/// as `torch.optim.RAdam`. Both forms are one plan: the numbers that choose are bound when it is replayed. With
/// `isDecoupled` the decay acts on the weights themselves, as in ``AdamW``.
///
/// ```swift
/// let optimizer = RAdam(learningRate: 1e-3)
/// ```
public final class RAdam: Optimizer {
  /// The moments of a parameter.
  public struct State: OptimizerState {
    /// m.
    public var first: Tensor?
    /// v.
    public var second: Tensor?
    /// Nothing yet.
    public init() {}
    /// The tensors and their names.
    public static var fields: [OptimizerField<Self>] {
      [.init("exp_avg", \.first), .init("exp_avg_sq", \.second)]
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
  /// Whether the weight decay acts on the weights themselves.
  public var isDecoupled: Bool
  /// The factor of the squared-weight penalty's gradient.
  public var weightDecay: Double
  /// The roles of the parameters that decay; all that are trained, as in PyTorch.
  public var decayedRoles: Set<Parameter.Role> = [.weight, .bias, .scale]
  /// Settings of their own for some parameters.
  public var groups: [ParameterGroup] = []
  /// The moments.
  public var memory = OptimizerMemory<State>()
  /// Each element takes its own way.
  public var isElementwise: Bool { true }

  /// RAdam with the given hyperparameters; ``validate()`` checks them.
  public init(
    learningRate: Double = 1e-3, beta1: Double = 0.9, beta2: Double = 0.999, epsilon: Double = 1e-8,
    weightDecay: Double = 0, isDecoupled: Bool = false
  ) {
    self.learningRate = learningRate
    self.beta1 = beta1
    self.beta2 = beta2
    self.epsilon = epsilon
    self.weightDecay = weightDecay
    self.isDecoupled = isDecoupled
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
    var kept = value
    if isDecoupled, context.weightDecay != 0 {
      kept = value * .bound(1 - context.learningRate * context.weightDecay, like: value)
    }
    let g = isDecoupled ? gradient : context.decayed(gradient, of: value)
    let oldFirst = state.first ?? .storedZeros(like: value)
    let first = oldFirst + (g - oldFirst) * (1 - beta1)
    let second = (state.second ?? .storedZeros(like: value)) * beta2 + g.squared() * (1 - beta2)
    state.first = first
    state.second = second
    let t = Double(context.step)
    var size = context.learningRate / (1 - pow(beta1, t))
    // The divisor is 1 as long as the second moment does not count.
    var (factor, added) = (0.0, 1.0)
    if let rectification = rectification(t) {
      size *= rectification * (1 - pow(beta2, t)).squareRoot()
      (factor, added) = (1, epsilon)
    }
    let divisor = sqrt(second) * .bound(factor, like: value) + .bound(added, like: value)
    return kept - first / divisor * .bound(size, like: value)
  }

  /// c; nil as long as the second moment knows too little.
  private func rectification(_ t: Double) -> Double? {
    let limit = 2 / (1 - beta2) - 1
    let power = pow(beta2, t)
    let length = limit - 2 * t * power / (1 - power)
    guard length > 5 else { return nil }
    return ((length - 4) * (length - 2) * limit / ((limit - 4) * (limit - 2) * length)).squareRoot()
  }
}
