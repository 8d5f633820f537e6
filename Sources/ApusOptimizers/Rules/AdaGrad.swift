import ApusNN
import ApusTensor

/// AdaGrad: each number's steps shrink with the squares of its gradients so far (Duchi, Hazan, Singer, 2011).
///
/// With g the gradient plus `weightDecay` times the value w, in step t:
///
///     s = s + g^2                                                  (s = initialAccumulator at first)
///     w = w - learningRate / (1 + (t - 1) learningRateDecay) * g / (sqrt(s) + epsilon)
///
/// as `torch.optim.Adagrad`. The lecture notes divide by `sqrt(s + epsilon)`: `epsilonPlacement: .insideRoot`.
///
/// ```swift
/// let optimizer = AdaGrad(learningRate: 0.1)
/// ```
public final class AdaGrad: Optimizer {
  /// The squares of a parameter's gradients so far.
  public struct State: OptimizerState {
    /// s.
    public var sum: Tensor?
    /// Nothing yet.
    public init() {}
    /// The tensors and their names.
    public static var fields: [OptimizerField<Self>] {
      [.init("sum", \.sum)]
    }
  }

  /// How far a step goes.
  public var learningRate: Double
  /// How fast the learning rate falls with the steps, besides.
  public var learningRateDecay: Double
  /// What the sum of squares begins with.
  public var initialAccumulator: Double
  /// Keeps the divisor from 0.
  public var epsilon: Double
  /// Where epsilon stands.
  public var epsilonPlacement: EpsilonPlacement
  /// The factor of the squared-weight penalty's gradient.
  public var weightDecay: Double
  /// The roles of the parameters that decay; all that are trained, as in PyTorch.
  public var decayedRoles: Set<Parameter.Role> = [.weight, .bias, .scale]
  /// Settings of their own for some parameters.
  public var groups: [ParameterGroup] = []
  /// The sums of squares.
  public var memory = OptimizerMemory<State>()
  /// Each element takes its own way.
  public var isElementwise: Bool { true }

  /// AdaGrad with the given hyperparameters; ``validate()`` checks them.
  public init(
    learningRate: Double = 1e-2, learningRateDecay: Double = 0, initialAccumulator: Double = 0, epsilon: Double = 1e-10,
    epsilonPlacement: EpsilonPlacement = .outsideRoot, weightDecay: Double = 0
  ) {
    self.learningRate = learningRate
    self.learningRateDecay = learningRateDecay
    self.initialAccumulator = initialAccumulator
    self.epsilon = epsilon
    self.epsilonPlacement = epsilonPlacement
    self.weightDecay = weightDecay
  }

  /// Checks the hyperparameters.
  public func validate() throws(HyperparameterError) {
    try HyperparameterError.check("learningRate", atLeastZero: learningRate)
    try HyperparameterError.check("learningRateDecay", atLeastZero: learningRateDecay)
    try HyperparameterError.check("initialAccumulator", atLeastZero: initialAccumulator)
    try HyperparameterError.check("epsilon", atLeastZero: epsilon)
    try HyperparameterError.check("weightDecay", atLeastZero: weightDecay)
  }

  /// The sums of squares before the first step; rows without a gradient keep theirs.
  public func startState(like value: Tensor) -> State? {
    var state = State()
    state.sum = .stored(initialAccumulator, like: value)
    return state
  }

  /// One step of one parameter.
  public func step(_ value: Tensor, along gradient: Tensor, state: inout State, context: StepContext) -> Tensor {
    let g = context.decayed(gradient, of: value)
    let sum = (state.sum ?? .stored(initialAccumulator, like: value)) + g.squared()
    state.sum = sum
    let size = context.learningRate / (1 + Double(context.step - 1) * learningRateDecay)
    return value - g / epsilonPlacement.divisor(sum, epsilon) * .bound(size, like: value)
  }
}
