import ApusCPU
import ApusNN
import ApusTensor
import GoldenFiles

@testable import ApusOptimizers

/// Runs `body` on plans compiled for the CPU, what users run; ConformanceTests compare them with the reference.
func withExecutor<Result>(_ body: () throws -> Result) rethrows -> Result {
  try Execution.$override.withValue(CPUExecutor.make()) { try body() }
}

/// A model of two parameters, a weight and a bias.
struct Two: Module {
  var p0: Parameter
  var p1: Parameter

  init(p0: Parameter, p1: Parameter) { (self.p0, self.p1) = (p0, p1) }

  init(_ golden: GoldenFile.Case) throws {
    self.init(p0: Parameter(try golden.tensor("p0")), p1: Parameter(try golden.tensor("p1"), role: .bias))
  }
}

/// Row `step` of a recorded history.
func row(_ history: HostArray, _ step: Int) -> HostArray {
  let shape = history.shape.removing(axes: [0])
  let count = shape.elementCount
  let values = Array(history.scalars(as: Double.self)[step * count..<(step + 1) * count])
  return history.dtype == .float64
    ? HostArray(values, shape: shape) : HostArray(values.map { Float($0) }, shape: shape)
}

/// A step along the gradients that a golden file recorded.
func take(
  _ step: Int, _ golden: GoldenFile.Case, _ model: Two, _ optimizer: any Optimizer, average: WeightAverage? = nil
) throws {
  var tensors: [String: Tensor] = [:]
  for name in ["p0", "p1"] { tensors[name] = Tensor(row(try golden.array("gradients." + name), step)) }
  let loss = Tensor(repeating: 0, shape: [], dtype: model.p0.type.dtype)
  optimizer.update(model, along: Gradients(of: model, value: loss, tensors), average: average)
}

/// The optimizer that PyTorch ran; nil for other cases.
func makeOptimizer(_ golden: GoldenFile.Case) -> (any Optimizer)? {
  let options = golden.options
  func number(_ key: String) -> Double { options[key]?.double ?? 0 }
  func flag(_ key: String) -> Bool { options[key]?.isTrue == true }
  var betas = [0.0, 0.0]
  if case .list(let given) = options["betas"] { betas = given }
  let (rate, epsilon, decay) = (number("lr"), number("eps"), number("weight_decay"))
  let made: (any Optimizer)? =
    switch golden.operation {
    case "SGD":
      SGD(
        learningRate: rate, momentum: number("momentum"), dampening: number("dampening"), nesterov: flag("nesterov"),
        weightDecay: decay)
    case "Adam":
      Adam(
        learningRate: rate, beta1: betas[0], beta2: betas[1], epsilon: epsilon, weightDecay: decay,
        amsgrad: flag("amsgrad"))
    case "AdamW":
      AdamW(
        learningRate: rate, beta1: betas[0], beta2: betas[1], epsilon: epsilon, weightDecay: decay,
        amsgrad: flag("amsgrad"))
    case "Adagrad":
      AdaGrad(
        learningRate: rate, learningRateDecay: number("lr_decay"),
        initialAccumulator: number("initial_accumulator_value"), epsilon: epsilon, weightDecay: decay)
    case "RMSprop":
      RMSProp(
        learningRate: rate, decay: number("alpha"), epsilon: epsilon, momentum: number("momentum"),
        isCentered: flag("centered"), weightDecay: decay)
    case "Adadelta": AdaDelta(learningRate: rate, decay: number("rho"), epsilon: epsilon, weightDecay: decay)
    case "Adamax":
      Adamax(learningRate: rate, beta1: betas[0], beta2: betas[1], epsilon: epsilon, weightDecay: decay)
    case "NAdam":
      NAdam(
        learningRate: rate, beta1: betas[0], beta2: betas[1], epsilon: epsilon,
        momentumDecay: number("momentum_decay"), weightDecay: decay, isDecoupled: flag("decoupled_weight_decay"))
    case "RAdam":
      RAdam(
        learningRate: rate, beta1: betas[0], beta2: betas[1], epsilon: epsilon, weightDecay: decay,
        isDecoupled: flag("decoupled_weight_decay"))
    default: nil
    }
  if options["group_lr"] != nil {
    made?.groups = [
      ParameterGroup(
        matching: "p1", learningRateFactor: number("group_lr") / rate, weightDecay: number("group_weight_decay"))
    ]
  }
  return made
}

/// All golden cases of optimizers.
func optimizerCases(_ dtype: DType) throws -> [GoldenFile.Case] {
  try (GoldenFile("optimizers", dtype).cases + GoldenFile("optimization", dtype).cases).filter {
    makeOptimizer($0) != nil
  }
}
