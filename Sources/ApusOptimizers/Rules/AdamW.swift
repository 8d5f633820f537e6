import ApusNN
import ApusTensor

/// AdamW: Adam whose weight decay acts on the weights themselves, not through the gradient (Loshchilov and Hutter, 2019).
///
///     w = w (1 - learningRate weightDecay), then the step of ``Adam`` without weight decay
///
/// as `torch.optim.AdamW`.
///
/// ```swift
/// let optimizer = AdamW(learningRate: 1e-3, weightDecay: 0.05)
/// ```
public final class AdamW: Optimizer {
  /// The moments of a parameter.
  public typealias State = Adam.State

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
  /// The part of the weights that a step of learning rate 1 would take away.
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

  /// AdamW with the given hyperparameters; ``validate()`` checks them.
  public init(
    learningRate: Double = 1e-3, beta1: Double = 0.9, beta2: Double = 0.999, epsilon: Double = 1e-8,
    epsilonPlacement: EpsilonPlacement = .outsideRoot, weightDecay: Double = 1e-2, amsgrad: Bool = false
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
    var kept = value
    if context.weightDecay != 0 { kept = value * .bound(1 - context.learningRate * context.weightDecay, like: value) }
    return kept - moments.step(along: gradient, &state, context)
  }
}
