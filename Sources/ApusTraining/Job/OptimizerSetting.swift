/// A number or a choice that some optimizers have besides learning rate and weight decay, by the name of its option.
public enum OptimizerSetting: String, Sendable, Hashable, Codable, CaseIterable, CodingKeyRepresentable {
  /// How much of the last step goes on.
  case momentum
  /// How much less of the gradient enters the momentum.
  case dampening
  /// How much of the first moment stays.
  case beta1
  /// How much of the second moment stays.
  case beta2
  /// What keeps a divisor from 0.
  case epsilon
  /// How much of the running means stays (RMSProp's alpha, AdaDelta's rho).
  case decay
  /// What AdaGrad's sums of squares begin with.
  case initialAccumulator = "initial-accumulator"
  /// How fast AdaGrad's learning rate falls besides.
  case learningRateDecay = "learning-rate-decay"
  /// How fast NAdam's momentum reaches its strength.
  case momentumDecay = "momentum-decay"
  /// Whether the largest second moment divides.
  case amsgrad
  /// Whether RMSProp divides by the gradient's variance.
  case centered
  /// Whether the weight decay acts on the weights themselves.
  case decoupledDecay = "decoupled-decay"
  /// Whether epsilon stands inside the root, as in the lecture notes.
  case epsilonInsideRoot = "epsilon-inside-root"
  /// Whether the momentum sums up steps, as in the lecture notes, not gradients.
  case momentumOfSteps = "momentum-of-steps"

  /// The option of the command.
  public var option: String { "--" + rawValue }

  /// Whether it is a choice: 1 for yes.
  public var isChoice: Bool {
    switch self {
    case .amsgrad, .centered, .decoupledDecay, .epsilonInsideRoot, .momentumOfSteps: true
    default: false
    }
  }
}
