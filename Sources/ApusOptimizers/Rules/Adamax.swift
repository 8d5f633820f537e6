import ApusNN
import ApusTensor

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// Adamax: Adam with the largest decayed gradient in place of the root of the second moment (Kingma and Ba, 2015,
/// section 7.1).
///
/// With g the gradient plus `weightDecay` times the value w, in step t:
///
///     m = beta1 m + (1 - beta1) g,   u = max(beta2 u, |g| + epsilon)
///     w = w - learningRate / (1 - beta1^t) * m / u
///
/// as `torch.optim.Adamax`.
///
/// ```swift
/// let optimizer = Adamax(learningRate: 2e-3)
/// ```
public final class Adamax: Optimizer {
  /// The moments of a parameter.
  public struct State: OptimizerState {
    /// m.
    public var first: Tensor?
    /// u.
    public var largest: Tensor?
    /// Nothing yet.
    public init() {}
    /// The tensors and their names.
    public static var fields: [OptimizerField<Self>] {
      [.init("exp_avg", \.first), .init("exp_inf", \.largest)]
    }
  }

  /// How far a step goes.
  public var learningRate: Double
  /// How much of the first moment stays, from 0 to below 1.
  public var beta1: Double
  /// How much of the largest gradient stays, from 0 to below 1.
  public var beta2: Double
  /// Keeps the divisor from 0.
  public var epsilon: Double
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

  /// Adamax with the given hyperparameters; ``validate()`` checks them.
  public init(
    learningRate: Double = 2e-3, beta1: Double = 0.9, beta2: Double = 0.999, epsilon: Double = 1e-8,
    weightDecay: Double = 0
  ) {
    self.learningRate = learningRate
    self.beta1 = beta1
    self.beta2 = beta2
    self.epsilon = epsilon
    self.weightDecay = weightDecay
  }

  /// Checks the hyperparameters.
  public func validate() throws(HyperparameterError) {
    try HyperparameterError.check("learningRate", atLeastZero: learningRate)
    try HyperparameterError.check("beta1", fraction: beta1)
    try HyperparameterError.check("beta2", fraction: beta2)
    try HyperparameterError.check("epsilon", positive: epsilon)
    try HyperparameterError.check("weightDecay", atLeastZero: weightDecay)
  }

  /// One step of one parameter.
  public func step(_ value: Tensor, along gradient: Tensor, state: inout State, context: StepContext) -> Tensor {
    let g = context.decayed(gradient, of: value)
    let old = state.first ?? .storedZeros(like: value)
    let first = old + (g - old) * (1 - beta1)
    let largest = max((state.largest ?? .storedZeros(like: value)) * beta2, abs(g) + epsilon)
    state.first = first
    state.largest = largest
    let size = context.learningRate / (1 - pow(beta1, Double(context.step)))
    return value - first / largest * .bound(size, like: value)
  }
}
