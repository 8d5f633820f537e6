import ApusNN
import ApusONNX
import ApusOptimizers
import ApusTensor

/// A part of a fine-tuning: so many epochs with the same layers frozen.
public struct FineTuningStage: Sendable, Hashable, Codable {
  /// How often every sample is used.
  public let epochs: Int
  /// The layers that stay as they are.
  public let frozen: LayerChoice

  /// A stage.
  public init(epochs: Int, frozen: LayerChoice) { (self.epochs, self.frozen) = (epochs, frozen) }

  /// Stages as the command line has them: `5:layer3,10:none` means 5 epochs with the layers up to `layer3` frozen, then 10 with
  /// none.
  ///
  /// - Throws: ``TrainingError`` when a part is no number of epochs, a colon and layers.
  public static func parsed(_ text: String, option: String) throws -> [FineTuningStage] {
    try text.split(separator: ",", omittingEmptySubsequences: false).map { part in
      let halves = part.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
      guard halves.count == 2, let epochs = Int(halves[0]), (1...1_000_000).contains(epochs), !halves[1].isEmpty else {
        throw TrainingError(
          option, "cannot be '\(text)'", advice: "give epochs and the layers that stay frozen, such as 5:layer3,10:none"
        )
      }
      return FineTuningStage(epochs: epochs, frozen: LayerChoice(halves[1]))
    }
  }
}

/// How a network came from another one; `config.json` of a fine-tuned run has it.
public struct TransferConfiguration: Sendable, Hashable, Codable {
  /// The run, model or file that it began with.
  public var source: String
  /// The layers that were kept; nil for all but the last one.
  public var keep: LayerChoice?
  /// Widths of the head's hidden layers.
  public var hidden: [Int]
  /// The head's dropout.
  public var dropout: Double
  /// The stages, first to last.
  public var stages: [FineTuningStage]
  /// What the learning rate is divided by from one group of layers to the next lower one.
  public var rateDivisor: Double
  /// Whether what frozen layers give is computed once and kept.
  public var cachesFeatures: Bool
  /// Whether batch normalization in trained layers changes its statistics.
  public var trainsStatistics: Bool

  private enum CodingKeys: String, CodingKey {
    case source, keep, hidden, dropout, stages
    case rateDivisor = "rate_divisor"
    case cachesFeatures = "caches_features"
    case trainsStatistics = "trains_statistics"
  }

  /// The network of a run, with the weights that it began with.
  func network(in folder: RunFolder, _ model: ModelConfiguration) throws -> TransferNetwork {
    var network = try TransferNetwork(
      recorded: try ONNXModel(contentsOf: folder.source), sampleShape: model.inputShape, keeping: keep,
      outputs: model.classes, hidden: hidden, dropout: dropout)
    network.trainsStatistics = trainsStatistics
    return network
  }

  /// How much smaller the learning rates of lower layers are in a stage: those that were frozen in so many stages before are
  /// so many groups below the head (discriminative rates; Howard, Ruder, 2018).
  func groups(of network: TransferNetwork, stage: Int) throws -> [ParameterGroup] {
    let frozen = try stages[...stage].map { try $0.frozen.count(in: network.layerNames, "--unfreeze") }
    let first = max(frozen[stage], network.frozenCount)
    return network.layerNames.enumerated().dropFirst(first).map { position, layer in
      let depth = max(frozen.filter { $0 > position }.count, 1)
      var factor = 1.0
      for _ in 0..<depth { factor /= rateDivisor }
      return ParameterGroup(matching: "features.\(layer)", learningRateFactor: factor)
    }.sorted { $0.prefix.count > $1.prefix.count }
  }
}
