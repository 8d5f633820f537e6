import ApusNN
import ApusTensor

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// What ``Adam`` and ``AdamW`` have in common: the step along two running moments, without weight decay.
struct AdamMoments {
  var beta1: Double
  var beta2: Double
  var epsilon: Double
  var placement: EpsilonPlacement
  var amsgrad: Bool

  func validate() throws(HyperparameterError) {
    try HyperparameterError.check("beta1", fraction: beta1)
    try HyperparameterError.check("beta2", fraction: beta2)
    try HyperparameterError.check("epsilon", atLeastZero: epsilon)
  }

  func startState(like value: Tensor) -> Adam.State {
    var state = Adam.State()
    (state.first, state.second) = (.storedZeros(like: value), .storedZeros(like: value))
    if amsgrad { state.largestSecond = .storedZeros(like: value) }
    return state
  }

  /// What is taken from the weights.
  func step(along g: Tensor, _ state: inout Adam.State, _ context: StepContext) -> Tensor {
    let oldFirst = state.first ?? .storedZeros(like: g)
    let first = oldFirst + (g - oldFirst) * (1 - beta1)
    let second = (state.second ?? .storedZeros(like: g)) * beta2 + g.squared() * (1 - beta2)
    state.first = first
    state.second = second
    var scale = second
    if amsgrad {
      scale = max(state.largestSecond ?? .storedZeros(like: g), second)
      state.largestSecond = scale
    }
    let t = Double(context.step)
    let size = context.learningRate / (1 - pow(beta1, t))
    let unbiased = 1 - pow(beta2, t)
    let divisor: Tensor
    switch placement {
    case .outsideRoot: divisor = sqrt(scale) * .bound(1 / sqrt(unbiased), like: g) + epsilon
    case .insideRoot: divisor = sqrt(scale * .bound(1 / unbiased, like: g) + epsilon)
    }
    return first / divisor * .bound(size, like: g)
  }
}
