import ApusNN
import ApusTensor

/// AdaDelta: steps in the units of the weights, from running means of squared gradients and squared steps (Zeiler, 2012).
///
/// With g the gradient plus `weightDecay` times the value w:
///
///     s = decay s + (1 - decay) g^2
///     d = sqrt(u + epsilon) / sqrt(s + epsilon) * g
///     u = decay u + (1 - decay) d^2
///     w = w - learningRate d
///
/// as `torch.optim.Adadelta`, whose `rho` is `decay`; a learning rate of 1 is the paper's rule.
///
/// ```swift
/// let optimizer = AdaDelta()
/// ```
public final class AdaDelta: Optimizer {
  /// The running means of a parameter.
  public struct State: OptimizerState {
    /// s.
    public var square: Tensor?
    /// u.
    public var delta: Tensor?
    /// Nothing yet.
    public init() {}
    /// The tensors and their names.
    public static var fields: [OptimizerField<Self>] {
      [.init("square_avg", \.square), .init("acc_delta", \.delta)]
    }
  }

  /// How far a step goes.
  public var learningRate: Double
  /// How much of the running means stays, from 0 to below 1.
  public var decay: Double
  /// Keeps the roots from 0.
  public var epsilon: Double
  /// The factor of the squared-weight penalty's gradient.
  public var weightDecay: Double
  /// The roles of the parameters that decay; all that are trained, as in PyTorch.
  public var decayedRoles: Set<Parameter.Role> = [.weight, .bias, .scale]
  /// Settings of their own for some parameters.
  public var groups: [ParameterGroup] = []
  /// The running means.
  public var memory = OptimizerMemory<State>()
  /// Each element takes its own way.
  public var isElementwise: Bool { true }

  /// AdaDelta with the given hyperparameters; ``validate()`` checks them.
  public init(learningRate: Double = 1, decay: Double = 0.9, epsilon: Double = 1e-6, weightDecay: Double = 0) {
    self.learningRate = learningRate
    self.decay = decay
    self.epsilon = epsilon
    self.weightDecay = weightDecay
  }

  /// Checks the hyperparameters.
  public func validate() throws(HyperparameterError) {
    try HyperparameterError.check("learningRate", atLeastZero: learningRate)
    try HyperparameterError.check("decay", fraction: decay)
    try HyperparameterError.check("epsilon", positive: epsilon)
    try HyperparameterError.check("weightDecay", atLeastZero: weightDecay)
  }

  /// One step of one parameter.
  public func step(_ value: Tensor, along gradient: Tensor, state: inout State, context: StepContext) -> Tensor {
    let g = context.decayed(gradient, of: value)
    let square = (state.square ?? .storedZeros(like: value)) * decay + g.squared() * (1 - decay)
    let old = state.delta ?? .storedZeros(like: value)
    let delta = sqrt(old + epsilon) / sqrt(square + epsilon) * g
    state.square = square
    state.delta = old * decay + delta.squared() * (1 - decay)
    return value - delta * .bound(context.learningRate, like: value)
  }
}
