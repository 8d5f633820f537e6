import Apus
import ArgumentParser

/// Options of how the weights are found.
struct OptimizationOptions: ParsableArguments {
  @Option(help: ArgumentHelp("\(OptimizerConfiguration.names.joined(separator: ", ")) (adam).", valueName: "name"))
  var optimizer: String?
  @Option(help: "How far a step goes (adam 0.001, sgd 0.1, momentum and nesterov 0.02, others as in PyTorch).")
  var learningRate: Double?
  @Option(help: "Factor of the squared-weight penalty's gradient; with adamw of the weights (0; adamw 0.01).")
  var weightDecay: Double?
  @Option(help: "sgd, momentum, nesterov, rmsprop: how much of the last step goes on.") var momentum: Double?
  @Option(help: "sgd, momentum: how much less of the gradient enters the momentum (0).") var dampening: Double?
  @Option(help: "adam and its kin: how much of the first moment stays (0.9).") var beta1: Double?
  @Option(help: "adam and its kin: how much of the second moment stays (0.999).") var beta2: Double?
  @Option(help: "Keeps the divisor from 0.") var epsilon: Double?
  @Option(help: "rmsprop (0.99), adadelta (0.9): how much of the running means stays.") var decay: Double?
  @Option(help: "adagrad: what the sums of squares begin with (0).") var initialAccumulator: Double?
  @Option(help: "adagrad: how fast the learning rate falls besides (0).") var learningRateDecay: Double?
  @Option(help: "nadam: how fast the momentum reaches its strength (0.004).") var momentumDecay: Double?
  @Flag(help: "adam, adamw: divide by the largest second moment.") var amsgrad = false
  @Flag(help: "rmsprop: divide by the variance of the gradient.") var centered = false
  @Flag(help: "nadam, radam: the weight decay acts on the weights themselves.") var decoupledDecay = false
  @Flag(help: "adagrad, rmsprop, adam, adamw: epsilon inside the root, as in the lecture notes.")
  var epsilonInsideRoot = false
  @Flag(help: "sgd, momentum, nesterov: the momentum sums up steps, as in the lecture notes.")
  var momentumOfSteps = false

  @Option(
    help: ArgumentHelp(
      "How the learning rate changes: \(ScheduleConfiguration.names.joined(separator: ", ")) (constant).",
      valueName: "name"))
  var schedule: String?
  @Option(help: ArgumentHelp("In what the schedule counts time: epochs or steps (epochs).", valueName: "unit"))
  var scheduleUnit: String?
  @Option(help: ArgumentHelp("step, cosine-restarts: time between changes or restarts.", valueName: "time"))
  var scheduleEvery: Double?
  @Option(help: "step, multi-step, plateau (0.1), exponential: what the rate is multiplied by.")
  var scheduleFactor: Double?
  @Option(help: ArgumentHelp("multi-step: times of the changes, such as 5,8.", valueName: "times"))
  var scheduleMilestones: String?
  @Option(help: "polynomial, inverse-time: the power (1).") var schedulePower: Double?
  @Option(help: "inverse-time: how fast the rate falls (1).") var scheduleDecay: Double?
  @Option(help: ArgumentHelp("polynomial, cosine: the time it takes (the whole training).", valueName: "time"))
  var scheduleLength: Double?
  @Option(help: "cosine-restarts: how much longer each period is than the last (1).") var scheduleGrowth: Double?
  @Flag(help: "exponential, inverse-time: the rate changes with every step.") var scheduleSmooth = false
  @Option(help: "polynomial, cosine, cosine-restarts, plateau: the least rate (0).") var minimumLearningRate: Double?
  @Option(help: "one-cycle: part of the training in which the rate rises (0.3).") var cycleRise: Double?
  @Option(help: "one-cycle: the first rate is so many times less (25).") var cycleStartDivisor: Double?
  @Option(help: "one-cycle: the last rate is so many times less than the first (10000).") var cycleEndDivisor: Double?
  @Flag(help: "one-cycle: the rate falls in two phases.") var cycleThreePhases = false
  @Flag(help: "one-cycle: straight lines in place of cosines.") var cycleLinear = false
  @Option(help: ArgumentHelp("plateau: epochs that may be no better (10).", valueName: "epochs"))
  var plateauPatience: Int?
  @Option(help: "plateau: by what part an epoch must be better (0.0001).") var plateauThreshold: Double?
  @Flag(help: "plateau: the threshold is a number to add.") var plateauAbsolute = false
  @Option(help: ArgumentHelp("plateau: epochs that do not count after a fall (0).", valueName: "epochs"))
  var plateauCooldown: Int?
  @Option(help: ArgumentHelp("First raise the rate for so many epochs.", valueName: "epochs"))
  var warmupEpochs: Double?
  @Option(help: ArgumentHelp("The same in steps, with --schedule-unit steps.", valueName: "steps"))
  var warmupSteps: Double?
  @Option(help: "The part of the rate that the warm-up begins with (0.01).") var warmupStart: Double?

  @Option(
    help: ArgumentHelp(
      "Settings of their own for parameters whose path begins so; may be repeated: "
        + "conv:learning-rate-factor=0.1,weight-decay=0  dense1:frozen  *:role=bias,weight-decay=0", valueName: "group")
  )
  var group: [String] = []
  @Option(help: "Limit the norm of all gradients together.") var clipNorm: Double?
  @Option(help: "Limit each element of the gradients.") var clipValue: Double?
  @Option(help: "Limit the norm of each parameter's gradient.") var clipParameterNorm: Double?
  @Option(help: ArgumentHelp("Add up the gradients of so many batches before each step (1).", valueName: "batches"))
  var accumulate: Int?
  @Option(help: ArgumentHelp("Keep a running average of the weights and use it, such as 0.999.", valueName: "decay"))
  var ema: Double?
  @Option(help: ArgumentHelp("What the average begins with: first, corrected or warm-up (first).", valueName: "start"))
  var emaStart: String?
  @Option(
    help: ArgumentHelp(
      "Add so much of the weights' absolute values to the loss; for one layer dense1=0.001.", valueName: "factor"))
  var l1: [String] = []
  @Option(help: ArgumentHelp("Add so much of the weights' squares to the loss, likewise.", valueName: "factor"))
  var l2: [String] = []
  @Option(help: "Limit the length of each neuron's incoming weights.") var maxNorm: Double?

  /// The options as a training takes them.
  func request() throws -> OptimizationRequest {
    var request = OptimizationRequest()
    (request.optimizer, request.learningRate, request.weightDecay) = (optimizer, learningRate, weightDecay)
    request.settings = given(
      [
        .momentum: momentum, .dampening: dampening, .beta1: beta1, .beta2: beta2, .epsilon: epsilon, .decay: decay,
        .initialAccumulator: initialAccumulator, .learningRateDecay: learningRateDecay, .momentumDecay: momentumDecay,
      ],
      [
        .amsgrad: amsgrad, .centered: centered, .decoupledDecay: decoupledDecay,
        .epsilonInsideRoot: epsilonInsideRoot, .momentumOfSteps: momentumOfSteps,
      ])
    (request.schedule, request.scheduleUnit) = (schedule, scheduleUnit)
    request.scheduleSettings = given(
      [
        .period: scheduleEvery, .factor: scheduleFactor, .power: schedulePower, .decay: scheduleDecay,
        .length: scheduleLength, .growth: scheduleGrowth, .minimum: minimumLearningRate, .rise: cycleRise,
        .startDivisor: cycleStartDivisor, .endDivisor: cycleEndDivisor, .patience: plateauPatience.map(Double.init),
        .threshold: plateauThreshold, .cooldown: plateauCooldown.map(Double.init), .warmUpEpochs: warmupEpochs,
        .warmUpSteps: warmupSteps, .warmUpStart: warmupStart,
      ],
      [
        .smooth: scheduleSmooth, .threePhases: cycleThreePhases, .linear: cycleLinear, .absolute: plateauAbsolute,
      ])
    request.milestones =
      try scheduleMilestones.map { try NumberList.numbers($0, option: "--schedule-milestones", example: "5,8") } ?? []
    (request.groups, request.l1, request.l2, request.maxNorm) = (group, l1, l2, maxNorm)
    (request.clipNorm, request.clipValue, request.clipEachNorm) = (clipNorm, clipValue, clipParameterNorm)
    (request.averageDecay, request.averageStart, request.accumulation) = (ema, emaStart, accumulate)
    return request
  }

  /// The numbers that are there, and the choices that were made.
  private func given<Setting: Hashable>(
    _ numbers: [Setting: Double?], _ choices: [Setting: Bool]
  ) -> [Setting: Double] {
    var result = numbers.compactMapValues { $0 }
    for (setting, isChosen) in choices where isChosen { result[setting] = 1 }
    return result
  }
}
