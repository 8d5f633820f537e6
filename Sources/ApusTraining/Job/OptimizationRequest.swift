/// What somebody asks an optimization to be; what is nil or empty takes the usual value, or on resuming that of the run.
public struct OptimizationRequest: Sendable, Hashable {
  /// The optimizer's name.
  public var optimizer: String?
  /// How far a step goes.
  public var learningRate: Double?
  /// How much of the weights a step takes away.
  public var weightDecay: Double?
  /// Other settings of the optimizer.
  public var settings: [OptimizerSetting: Double] = [:]
  /// The name of the learning-rate schedule.
  public var schedule: String?
  /// In what the schedule counts time: `epochs` or `steps`.
  public var scheduleUnit: String?
  /// Settings of the schedule.
  public var scheduleSettings: [ScheduleSetting: Double] = [:]
  /// Times of the changes of the schedule `multi-step`.
  public var milestones: [Double] = []
  /// Settings of their own for some parameters, such as `conv:learning-rate-factor=0.1,weight-decay=0`.
  public var groups: [String] = []
  /// Limits the norm of all gradients together.
  public var clipNorm: Double?
  /// Limits each element of the gradients.
  public var clipValue: Double?
  /// Limits the norm of each parameter's gradient.
  public var clipEachNorm: Double?
  /// How much of the running average of the weights stays in a step.
  public var averageDecay: Double?
  /// What the average begins with: `first`, `corrected` or `warm-up`.
  public var averageStart: String?
  /// How many batches make one step.
  public var accumulation: Int?
  /// Factors of the sum of absolute weights: a number, or a layer and a number such as `dense1=1e-3`.
  public var l1: [String] = []
  /// Factors of the sum of squared weights, likewise.
  public var l2: [String] = []
  /// Limits the length of each neuron's incoming weights.
  public var maxNorm: Double?

  /// A request with the usual values.
  public init() {}
}
