import ApusData
import ApusModels
import ApusNN
import ApusTensor

/// Times one whole step of a model, training or inference, on one batch in memory.
public final class StepBenchmark {
  /// What is timed.
  public enum Mode: String, Sendable, Hashable, Codable, CaseIterable {
    /// Forward, loss, backward, update.
    case train
    /// The outputs.
    case infer
  }

  /// Times of steps, in milliseconds.
  public struct Times: Sendable, Hashable, Encodable {
    /// Half of the steps took at most this long.
    public let medianMs: Double
    /// The fastest step.
    public let minMs: Double
    /// Nine of ten steps took at most this long.
    public let p90Ms: Double
    /// Steps timed.
    public let steps: Int

    private enum CodingKeys: String, CodingKey {
      case steps
      case medianMs = "median_ms"
      case minMs = "min_ms"
      case p90Ms = "p90_ms"
    }

    init(_ milliseconds: [Double]) {
      let sorted = milliseconds.sorted()
      let middle = sorted.count / 2
      medianMs = sorted.count % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2
      minMs = sorted[0]
      p90Ms = sorted[min(sorted.count - 1, (sorted.count * 9 + 9) / 10 - 1)]
      steps = sorted.count
    }
  }

  /// Learnt numbers of the model.
  public let parameters: Int
  /// The time of the very first step, which builds the plan.
  public private(set) var firstStepMs = 0.0
  private let step: () -> Void

  /// Prepares a step and runs it until everything that happens once has happened.
  ///
  /// - Throws: ``TrainingError`` when the model or a number is impossible.
  public init(
    model name: String, options: ModelOptions, mode: Mode, batchSize: Int, optimizer: OptimizerConfiguration
  ) throws {
    guard batchSize >= 1, batchSize <= 1 << 16 else {
      throw TrainingError.impossible("--batch-size", batchSize, "a whole number from 1 to 65536")
    }
    let (model, batch) = try Self.subject(name, options, batchSize)
    parameters = model.parameterCount
    if mode == .train { try optimizer.make().validateRows(of: model) }
    step = Self.step(model, mode, batch, optimizer)
    realize(model.parameters.map { $0.parameter.stored })
    let watch = Stopwatch()
    step()
    firstStepMs = watch.seconds * 1000
    _ = time(seconds: 0.5, least: 10)
  }

  /// The model and a batch for it: one that can be trained by name, or one that is there for comparisons only.
  private static func subject(_ name: String, _ options: ModelOptions, _ batchSize: Int) throws -> (any Layer, Batch) {
    if let form = RecurrentBenchmark.forms[name] {
      let model = withRandomSeed(1) { RecurrentBenchmark(form) }
      return (model, model.batch(batchSize))
    }
    var configuration = try ModelConfiguration.usual(name, options)
    if let samples = ModelCatalog.entries.first(where: { $0.name == name })?.samples,
      samples != .arrays, samples != .series
    {
      if samples == .pairs { return (try configuration.make(seed: 1), pairs(configuration, batchSize)) }
      configuration.streams = batchSize
      let isLabelled = configuration.name == "textclassifier"
      let shape = Shape([batchSize] + configuration.inputShape)
      func symbols(_ factor: Int) -> HostArray {
        HostArray(
          (0..<shape.elementCount).map { Int32($0 * factor % (isLabelled ? 1000 : configuration.classes)) },
          shape: shape)
      }
      if isLabelled {
        let labels = HostArray((0..<batchSize).map { Int32($0 % configuration.classes) }, shape: [batchSize])
        return (try configuration.make(seed: 1), Batch(inputs: symbols(5), targets: labels))
      }
      return (try configuration.make(seed: 1), Batch(inputs: symbols(5), targets: symbols(7)))
    }
    let inputs = withRandomSeed(2) {
      Tensor.randomNormal(Shape([batchSize] + configuration.inputShape)).hostArray()
    }
    let model = try configuration.make(seed: 1)
    // A label for each sample, or for each pixel of one.
    let outputs = try Diagnostics.dryRun { model(Tensor(repeating: 0, shape: inputs.shape)).shape }
    let shape = Shape([batchSize] + outputs.dropFirst(2))
    let labels = (0..<shape.elementCount).map { Int32($0 * 7 % configuration.classes) }
    return (model, Batch(inputs: inputs, targets: HostArray(labels, shape: shape)))
  }

  /// Pairs of sequences without padding.
  private static func pairs(_ configuration: ModelConfiguration, _ batchSize: Int) -> Batch {
    let width = configuration.inputShape[1]
    // Sources and targets of every model have so many symbols.
    let most = min(configuration.classes, LettersToSounds.letters.count)
    func symbols(_ count: Int, _ factor: Int) -> [Int32] { (0..<count).map { Int32($0 * factor % (most - 1) + 1) } }
    return Batch(
      inputs: HostArray(symbols(batchSize * 2 * width, 5), shape: [batchSize, 2, width]),
      targets: HostArray(symbols(batchSize * width, 7), shape: [batchSize, width]))
  }

  private static func step(
    _ model: some Layer, _ mode: Mode, _ batch: Batch, _ configuration: OptimizerConfiguration
  ) -> () -> Void {
    switch mode {
    case .train:
      let optimizer = configuration.make()
      let isOfSymbols = batch.targets.shape.rank == 2
      let ofSymbols = LossConfiguration.usual(for: .sequence).make()
      let loss: LossFunction = { isOfSymbols ? ofSymbols($0, $1) : crossEntropy($0, $1) }
      return {
        withCarriedStates {
          withStepRandom(1, optimizer.stepCount) { _ = trainStep(model, optimizer, batch, loss: loss) }
        }
      }
    case .infer:
      let input = Tensor(batch.inputs)
      return { withInference { realize(model(input)) } }
    }
  }

  /// Repeats the step for some seconds, at least `least` times.
  public func time(seconds: Double, least: Int = 3) -> Times {
    var milliseconds: [Double] = []
    let whole = Stopwatch()
    var before = 0.0
    while before < seconds || milliseconds.count < least {
      step()
      let now = whole.seconds
      milliseconds.append((now - before) * 1000)
      before = now
    }
    return Times(milliseconds)
  }

  /// Repeats the step a number of times.
  ///
  /// - Precondition: at least one.
  public func time(steps: Int) -> Times { time(seconds: 0, least: steps) }
}
