import ApusNN
import ApusTensor

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// NAdam: Adam with Nesterov's momentum, whose strength grows with the steps (Dozat, 2016).
///
/// With g the gradient plus `weightDecay` times the value w, in step t:
///
///     mu_t = beta1 (1 - 0.5 * 0.96^(t momentumDecay)),   P_t = mu_1 mu_2 ... mu_t
///     m = beta1 m + (1 - beta1) g,   v = beta2 v + (1 - beta2) g^2,   d = sqrt(v / (1 - beta2^t)) + epsilon
///     w = w - learningRate (1 - mu_t) / (1 - P_t) * g / d - learningRate mu_{t+1} / (1 - P_{t+1}) * m / d
///
/// as `torch.optim.NAdam`. P is multiplied up in f32, as PyTorch does. With `isDecoupled` the decay acts on the weights
/// themselves, `w (1 - learningRate weightDecay)`, as in ``AdamW``.
///
/// ```swift
/// let optimizer = NAdam(learningRate: 2e-3)
/// ```
public final class NAdam: Optimizer {
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
  /// How fast the momentum reaches its full strength.
  public var momentumDecay: Double
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
  private var product = MomentumProduct()

  /// NAdam with the given hyperparameters; ``validate()`` checks them.
  public init(
    learningRate: Double = 2e-3, beta1: Double = 0.9, beta2: Double = 0.999, epsilon: Double = 1e-8,
    momentumDecay: Double = 4e-3, weightDecay: Double = 0, isDecoupled: Bool = false
  ) {
    self.learningRate = learningRate
    self.beta1 = beta1
    self.beta2 = beta2
    self.epsilon = epsilon
    self.momentumDecay = momentumDecay
    self.weightDecay = weightDecay
    self.isDecoupled = isDecoupled
  }

  /// Checks the hyperparameters.
  public func validate() throws(HyperparameterError) {
    try HyperparameterError.check("learningRate", atLeastZero: learningRate)
    try HyperparameterError.check("beta1", fraction: beta1)
    try HyperparameterError.check("beta2", fraction: beta2)
    try HyperparameterError.check("epsilon", atLeastZero: epsilon)
    try HyperparameterError.check("momentumDecay", atLeastZero: momentumDecay)
    try HyperparameterError.check("weightDecay", atLeastZero: weightDecay)
  }

  /// One step of one parameter.
  public func step(_ value: Tensor, along gradient: Tensor, state: inout State, context: StepContext) -> Tensor {
    let (rate, t) = (context.learningRate, context.step)
    var kept = value
    if isDecoupled, context.weightDecay != 0 { kept = value * .bound(1 - rate * context.weightDecay, like: value) }
    let g = isDecoupled ? gradient : context.decayed(gradient, of: value)
    let oldFirst = state.first ?? .storedZeros(like: value)
    let first = oldFirst + (g - oldFirst) * (1 - beta1)
    let second = (state.second ?? .storedZeros(like: value)) * beta2 + g.squared() * (1 - beta2)
    state.first = first
    state.second = second
    let (mu, next) = (momentum(t), momentum(t + 1))
    let product = product.value(t, beta1, momentumDecay) { self.momentum($0) }
    let divisor = sqrt(second * .bound(1 / (1 - pow(beta2, Double(t))), like: value)) + epsilon
    let along = rate * (1 - mu) / (1 - product)
    let ahead = rate * next / (1 - product * next)
    return kept - g / divisor * .bound(along, like: value) - first / divisor * .bound(ahead, like: value)
  }

  /// mu of a step.
  private func momentum(_ t: Int) -> Double { beta1 * (1 - 0.5 * pow(0.96, Double(t) * momentumDecay)) }
}

/// The product of the momenta of the steps so far; remembered, because all parameters of a step ask for the same one.
private struct MomentumProduct {
  private var step = 0
  private var settings = (0.0, 0.0)
  private var result: Float = 1

  /// The product up to a step: one more factor than last time, or all anew after a resume.
  mutating func value(_ t: Int, _ beta1: Double, _ decay: Double, _ factor: (Int) -> Double) -> Double {
    if t < step || settings != (beta1, decay) { self = MomentumProduct(settings: (beta1, decay)) }
    while step < t {
      step += 1
      result *= Float(factor(step))
      // Nothing of it is left: more factors change nothing.
      if result == 0 { step = t }
    }
    return Double(result)
  }

  init(settings: (Double, Double) = (0, 0)) { self.settings = settings }
}
