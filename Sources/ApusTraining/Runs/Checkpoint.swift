import ApusFormats
import ApusNN
import ApusOptimizers
import ApusTensor

/// A training at one moment: weights, the optimizer's state, the average of the weights and the position.
struct Checkpoint: Sendable {
  private static let modelPrefix = "model."
  private static let optimizerPrefix = "optimizer."
  private static let averagePrefix = "average."
  private static let positionKey = "position"

  /// Values of the parameters by path.
  var parameters: [String: HostArray]
  /// The optimizer's state by name.
  var optimizer: [String: HostArray]
  /// The average of the weights by name; empty without one.
  var average: [String: HostArray] = [:]
  /// Where the training stands.
  var position: TrainingPosition

  /// The present state of a training.
  init(_ model: some Module, _ optimizer: any Optimizer, _ average: WeightAverage?, _ position: TrainingPosition) {
    parameters = model.snapshot().tensors.mapValues { $0.hostArray() }
    self.optimizer = optimizer.stateSnapshot().mapValues { $0.hostArray() }
    self.average = average?.stateSnapshot().mapValues { $0.hostArray() } ?? [:]
    self.position = position
  }

  /// Reads a checkpoint from a file.
  ///
  /// - Throws: `FormatError` when the file cannot be read, is damaged or is no checkpoint.
  init(contentsOf path: String) throws {
    let file = try SafeTensors(contentsOf: path, mapped: false)
    guard let text = file.metadata[Self.positionKey], let position = try? JSON.decode(TrainingPosition.self, text)
    else {
      throw FormatError(
        file: path, problem: "is not a checkpoint of a training", advice: "give the folder of a run, or train anew")
    }
    self.position = position
    (parameters, optimizer) = ([:], [:])
    for name in file.names {
      if name.hasPrefix(Self.modelPrefix) {
        parameters[String(name.dropFirst(Self.modelPrefix.count))] = try file.array(name)
      } else if name.hasPrefix(Self.optimizerPrefix) {
        optimizer[String(name.dropFirst(Self.optimizerPrefix.count))] = try file.array(name)
      } else if name.hasPrefix(Self.averagePrefix) {
        average[String(name.dropFirst(Self.averagePrefix.count))] = try file.array(name)
      }
    }
  }

  /// Writes the checkpoint to a file, atomically.
  ///
  /// - Throws: `FormatError` when the file cannot be written.
  func write(to path: String) throws {
    var arrays: [String: HostArray] = [:]
    for (name, array) in parameters { arrays[Self.modelPrefix + name] = array }
    for (name, array) in optimizer { arrays[Self.optimizerPrefix + name] = array }
    for (name, array) in average { arrays[Self.averagePrefix + name] = array }
    try SafeTensors.write(arrays, metadata: [Self.positionKey: try JSON.text(position)], to: path)
  }

  /// Gives model, optimizer and average the values of the checkpoint.
  ///
  /// - Throws: `RestoreError` when they do not fit.
  func restore(_ model: some Module, _ optimizer: any Optimizer, _ average: WeightAverage?) throws {
    try model.restore(ModelSnapshot(parameters.mapValues { Tensor($0.owned) }))
    try optimizer.restoreState(self.optimizer.mapValues { Tensor($0.owned) }, of: model)
    try average?.restoreState(self.average.mapValues { Tensor($0.owned) }, of: model)
  }

  /// Gives a model the weights that are judged: the averages, where there are any.
  ///
  /// - Throws: `RestoreError` when they do not fit.
  func restoreResult(_ model: some Module) throws {
    var values = parameters
    for (name, array) in average where values[name] != nil { values[name] = array }
    try model.restore(ModelSnapshot(values.mapValues { Tensor($0.owned) }))
  }
}

extension HostArray {
  /// A copy in memory of its own, aligned for vector kernels.
  var owned: HostArray {
    withUnsafeBytes { source in HostArray(type: type) { $0.copyMemory(from: source) } }
  }
}
