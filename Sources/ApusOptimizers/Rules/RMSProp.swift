import ApusNN
import ApusTensor

/// RMSProp: steps divided by the root of a running mean of the gradient's squares (Hinton, 2012), centred on request
/// (Graves, 2013), with momentum on request.
///
/// With g the gradient plus `weightDecay` times the value w:
///
///     s = decay s + (1 - decay) g^2
///     a = decay a + (1 - decay) g                                  (a = 0 unless `isCentered`)
///     d = g / (sqrt(s - a^2) + epsilon)
///     w = w - learningRate d                                       without momentum
///     v = momentum v + d,  w = w - learningRate v                  with it
///
/// as `torch.optim.RMSprop`, whose `alpha` is `decay`. The lecture notes divide by `sqrt(s + epsilon)`:
/// `epsilonPlacement: .insideRoot`.
///
/// ```swift
/// let optimizer = RMSProp(learningRate: 1e-3, decay: 0.9, momentum: 0.9)
/// ```
public final class RMSProp: Optimizer {
  /// The running means of a parameter.
  public struct State: OptimizerState {
    /// s.
    public var square: Tensor?
    /// a, when centred.
    public var mean: Tensor?
    /// v, with momentum.
    public var momentum: Tensor?
    /// Nothing yet.
    public init() {}
    /// The tensors and their names.
    public static var fields: [OptimizerField<Self>] {
      [.init("square_avg", \.square), .init("grad_avg", \.mean), .init("momentum_buffer", \.momentum)]
    }
  }

  /// How far a step goes.
  public var learningRate: Double
  /// How much of the mean of squares stays, from 0 to below 1.
  public var decay: Double
  /// Keeps the divisor from 0.
  public var epsilon: Double
  /// Where epsilon stands.
  public var epsilonPlacement: EpsilonPlacement
  /// How much of the last step goes on, from 0 to below 1.
  public var momentum: Double
  /// Whether the variance of the gradient divides, not the mean of its squares.
  public var isCentered: Bool
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

  /// RMSProp with the given hyperparameters; ``validate()`` checks them.
  public init(
    learningRate: Double = 1e-2, decay: Double = 0.99, epsilon: Double = 1e-8,
    epsilonPlacement: EpsilonPlacement = .outsideRoot, momentum: Double = 0, isCentered: Bool = false,
    weightDecay: Double = 0
  ) {
    self.learningRate = learningRate
    self.decay = decay
    self.epsilon = epsilon
    self.epsilonPlacement = epsilonPlacement
    self.momentum = momentum
    self.isCentered = isCentered
    self.weightDecay = weightDecay
  }

  /// Checks the hyperparameters.
  public func validate() throws(HyperparameterError) {
    try HyperparameterError.check("learningRate", atLeastZero: learningRate)
    try HyperparameterError.check("decay", fraction: decay)
    try HyperparameterError.check("epsilon", atLeastZero: epsilon)
    try HyperparameterError.check("momentum", fraction: momentum)
    try HyperparameterError.check("weightDecay", atLeastZero: weightDecay)
  }

  /// One step of one parameter.
  public func step(_ value: Tensor, along gradient: Tensor, state: inout State, context: StepContext) -> Tensor {
    let g = context.decayed(gradient, of: value)
    let square = (state.square ?? .storedZeros(like: value)) * decay + g.squared() * (1 - decay)
    state.square = square
    var spread = square
    if isCentered {
      let old = state.mean ?? .storedZeros(like: value)
      let mean = old + (g - old) * (1 - decay)
      state.mean = mean
      spread = square - mean.squared()
    }
    var direction = g / epsilonPlacement.divisor(spread, epsilon)
    if momentum != 0 {
      direction = (state.momentum ?? .storedZeros(like: value)) * momentum + direction
      state.momentum = direction
    }
    return value - direction * .bound(context.learningRate, like: value)
  }
}
