import ApusNN
import ApusTensor

/// Adam: steps scaled by running moments of the gradient (Kingma and Ba, 2015); with `amsgrad` by the largest second
/// moment so far (Reddi, Kale, Kumar, 2018).
///
/// With g the gradient plus `weightDecay` times the value w, in step t:
///
///     m = beta1 m + (1 - beta1) g,   v = beta2 v + (1 - beta2) g^2
///     w = w - learningRate / (1 - beta1^t) * m / (sqrt(v) / sqrt(1 - beta2^t) + epsilon)
///
/// as `torch.optim.Adam`. The corrections by t are worked out on the host in double precision. The lecture notes divide
/// by `sqrt(v / (1 - beta2^t) + epsilon)`: `epsilonPlacement: .insideRoot`.
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
  /// Where epsilon stands.
  public var epsilonPlacement: EpsilonPlacement
  /// The factor of the squared-weight penalty's gradient.
  public var weightDecay: Double
  /// Whether the largest second moment so far divides.
  public var amsgrad: Bool
  /// The roles of the parameters that decay; all that are trained, as in PyTorch.
  public var decayedRoles: Set<Parameter.Role> = [.weight, .bias, .scale]
  /// Settings of their own for some parameters.
  public var groups: [ParameterGroup] = []
  /// The moments.
  public var memory = OptimizerMemory<State>()
  /// Each element takes its own way.
  public var isElementwise: Bool { true }

  /// Adam with the given hyperparameters; ``validate()`` checks them.
  public init(
    learningRate: Double = 1e-3, beta1: Double = 0.9, beta2: Double = 0.999, epsilon: Double = 1e-8,
    epsilonPlacement: EpsilonPlacement = .outsideRoot, weightDecay: Double = 0, amsgrad: Bool = false
  ) {
    self.learningRate = learningRate
    self.beta1 = beta1
    self.beta2 = beta2
    self.epsilon = epsilon
    self.epsilonPlacement = epsilonPlacement
    self.weightDecay = weightDecay
    self.amsgrad = amsgrad
  }

  private var moments: AdamMoments {
    AdamMoments(beta1: beta1, beta2: beta2, epsilon: epsilon, placement: epsilonPlacement, amsgrad: amsgrad)
  }

  /// Checks the hyperparameters.
  public func validate() throws(HyperparameterError) {
    try HyperparameterError.check("learningRate", atLeastZero: learningRate)
    try moments.validate()
    try HyperparameterError.check("weightDecay", atLeastZero: weightDecay)
  }

  /// No moments yet. Rows of a sparse parameter that have no gradient keep theirs, and stay as they are, as with
  /// `torch.optim.SparseAdam`; by themselves their moments would shrink and move them on.
  public func startState(like value: Tensor) -> State? { moments.startState(like: value) }

  /// One step of one parameter.
  public func step(_ value: Tensor, along gradient: Tensor, state: inout State, context: StepContext) -> Tensor {
    value - moments.step(along: context.decayed(gradient, of: value), &state, context)
  }
}
