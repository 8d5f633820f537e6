import ApusNN
import ApusTensor

/// Stochastic gradient descent, with momentum (Polyak, 1964) or Nesterov's momentum (Nesterov, 1983; Sutskever,
/// Martens, Dahl, Hinton, 2013).
///
/// With g the gradient plus `weightDecay` times the value w:
///
///     v = momentum v + (1 - dampening) g        (v = g in the first step)
///     w = w - learningRate d,  d = g without momentum, v with it, g + momentum v with Nesterov's
///
/// as `torch.optim.SGD`. The lecture notes keep the learning rate inside the momentum, which differs as soon as the rate
/// changes; `momentumForm: .steps` is their rule:
///
///     v = momentum v + learningRate (1 - dampening) g
///     w = w - v,  with Nesterov's  w = w - (learningRate g + momentum v)
///
/// The notes take Nesterov's gradient at the point ahead, `w - momentum v`. Here, as in PyTorch, w is that point, so that
/// the gradient is taken where the model stands; the sequences of points ahead are the same.
///
/// ```swift
/// let optimizer = SGD(learningRate: 0.05, momentum: 0.9, weightDecay: 5e-4)
/// ```
public final class SGD: Optimizer {
  /// What the momentum sums up.
  public enum MomentumForm: String, Sendable, Hashable, Codable, CaseIterable {
    /// Gradients, which the present learning rate then scales, as in PyTorch.
    case gradients
    /// Steps, each with the learning rate of its time, as in the lecture notes.
    case steps
  }

  /// The momentum buffer of a parameter.
  public struct State: OptimizerState {
    /// v.
    public var momentum: Tensor?
    /// No buffer.
    public init() {}
    /// The tensors and their names.
    public static var fields: [OptimizerField<Self>] { [.init("momentum_buffer", \.momentum)] }
  }

  /// How far a step goes.
  public var learningRate: Double
  /// How much of the last step goes on, from 0 to below 1.
  public var momentum: Double
  /// How much less of the gradient enters the momentum.
  public var dampening: Double
  /// Whether the gradient is taken as if the momentum had acted already.
  public var nesterov: Bool
  /// What the momentum sums up.
  public var momentumForm: MomentumForm
  /// The factor of the squared-weight penalty's gradient.
  public var weightDecay: Double
  /// The roles of the parameters that decay; all that are trained, as in PyTorch.
  public var decayedRoles: Set<Parameter.Role> = [.weight, .bias, .scale]
  /// Settings of their own for some parameters.
  public var groups: [ParameterGroup] = []
  /// The buffers.
  public var memory = OptimizerMemory<State>()
  /// Each element takes its own way.
  public var isElementwise: Bool { true }

  /// Gradient descent with the given hyperparameters; ``validate()`` checks them.
  public init(
    learningRate: Double, momentum: Double = 0, dampening: Double = 0, nesterov: Bool = false,
    momentumForm: MomentumForm = .gradients, weightDecay: Double = 0
  ) {
    self.learningRate = learningRate
    self.momentum = momentum
    self.dampening = dampening
    self.nesterov = nesterov
    self.momentumForm = momentumForm
    self.weightDecay = weightDecay
  }

  /// Checks the hyperparameters.
  public func validate() throws(HyperparameterError) {
    try HyperparameterError.check("learningRate", atLeastZero: learningRate)
    try HyperparameterError.check("momentum", fraction: momentum)
    try HyperparameterError.check("dampening", fraction: dampening)
    try HyperparameterError.check("weightDecay", atLeastZero: weightDecay)
    if nesterov, momentum == 0 || dampening != 0 {
      let (name, value) = momentum == 0 ? ("momentum", momentum) : ("dampening", dampening)
      throw HyperparameterError(
        name: name, value: value, requirement: momentum == 0 ? "positive with nesterov" : "0 with nesterov")
    }
  }

  /// Without momentum nothing is kept; with it rows without a gradient would go on.
  public func startState(like value: Tensor) -> State? { momentum == 0 ? State() : nil }

  /// One step of one parameter.
  public func step(_ value: Tensor, along gradient: Tensor, state: inout State, context: StepContext) -> Tensor {
    let rate = Tensor.bound(context.learningRate, like: value)
    var g = context.decayed(gradient, of: value)
    if momentum == 0 { return value - g * rate }
    if momentumForm == .steps { g = g * rate }
    let added = dampening == 0 || context.step == 1 ? g : g * (1 - dampening)
    let v = (state.momentum ?? .storedZeros(like: value)) * momentum + added
    state.momentum = v
    let step = nesterov ? g + v * momentum : v
    return momentumForm == .steps ? value - step : value - step * rate
  }
}
