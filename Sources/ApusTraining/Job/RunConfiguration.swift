import ApusData
import ApusFormats

/// Version of the program.
public enum ApusVersion {
  /// The version, as `apus --version` prints it.
  public static let current = "0.1.0"
}

/// What a run was asked for: `config.json`.
public struct RunConfiguration: Sendable, Hashable, Codable {
  /// The version of this format.
  public var format = 1
  /// The version of the program that began the run.
  public var apusVersion = ApusVersion.current
  /// The model.
  public var model: ModelConfiguration
  /// The data set's name or path.
  public var data: String
  /// Names of the classes.
  public var classNames: [String]
  /// How the data are read, divided and prepared.
  public var dataOptions: DataConfiguration
  /// What was fitted to the training part.
  public var preparation: Preparation
  /// The task and the loss.
  public var objective: ObjectiveConfiguration
  /// How the weights are found.
  public var optimization: OptimizationConfiguration
  /// How often every sample is used.
  public var epochs: Int
  /// Samples in a step.
  public var batchSize: Int
  /// Decides initial weights, the order of samples and random layers.
  public var seed: UInt64
  /// The part of the training data set aside for validation.
  public var validationSplit: Double
  /// Epochs without improvement after which training stops.
  public var patience: Int?
  /// Whether the order of the samples changes from epoch to epoch.
  public var shuffle: Bool
  /// Decides which samples are set aside for test and validation; nil means the seed.
  public var splitSeed: UInt64?
  /// Whether the training part was a bootstrap sample.
  public var bootstrap: Bool?
  /// How the run was trained on adversarial examples.
  public var adversarial: AdversarialTraining?
  /// The file of the first weights.
  public var weights: String?
  /// What was kept of another network and how it was trained; nil for a network trained from its beginning.
  public var transfer: TransferConfiguration?
  private enum CodingKeys: String, CodingKey {
    case format, model, data, preparation, objective, optimization, epochs, seed, patience, shuffle, weights, bootstrap
    case adversarial, transfer
    case apusVersion = "apus_version"
    case classNames = "class_names"
    case dataOptions = "data_options"
    case batchSize = "batch_size"
    case validationSplit = "validation_split"
    case splitSeed = "split_seed"
  }

  /// What is applied to inputs.
  public var normalization: Normalization { preparation.normalization }

  /// Reads the configuration of a run.
  ///
  /// - Throws: ``TrainingError`` when there is none or it is damaged.
  public static func read(_ run: RunFolder) throws -> RunConfiguration {
    guard run.holdsRun else {
      if run.holdsEnsemble {
        throw TrainingError(
          run.path, "this folder holds an ensemble, not one run",
          advice: "use apus ensemble, or give a member such as \(run.path)/member-1")
      }
      throw TrainingError(run.path, "there is no run in this folder", advice: "give a folder that apus train made")
    }
    let text = try TextFile.read(run.configuration)
    guard let found = try? JSON.decode(RunConfiguration.self, upgraded(text)) else {
      throw TrainingError(
        run.configuration, "is damaged or was not written by this program", advice: "train again into a new folder")
    }
    guard found.format == 1 else {
      throw TrainingError(
        run.configuration, "has format \(found.format), this program knows format 1", advice: "use a newer program")
    }
    return found
  }

  /// The text of a run of an older version, which knew classes, an optimizer and a limit of the gradients' norm only, as
  /// this one writes it; other texts as they are.
  private static func upgraded(_ text: String) -> String {
    struct Former: Decodable {
      var optimizer: OptimizerConfiguration
      var clipNorm: Double?
      var normalization: Normalization
      enum CodingKeys: String, CodingKey {
        case optimizer, normalization
        case clipNorm = "clip_norm"
      }
    }
    guard let former = try? JSON.decode(Former.self, text), let brace = text.firstIndex(of: "{") else { return text }
    var optimization = OptimizationConfiguration(former.optimizer)
    if let limit = former.clipNorm { optimization.clipping = .norm(limit) }
    let objective = ObjectiveConfiguration(task: .classification, loss: .usual(for: .classification))
    let added = [
      ("optimization", try? JSON.text(optimization)), ("data_options", try? JSON.text(DataConfiguration.usual)),
      ("objective", try? JSON.text(objective)),
      ("preparation", (try? JSON.text(former.normalization)).map { "{\"normalization\":\($0)}" }),
    ]
    let fields = added.compactMap { name, value in value.map { "\"\(name)\":\($0)," } }.joined()
    return "{" + fields + text[text.index(after: brace)...]
  }

  func write(to run: RunFolder) throws { try AtomicFile.write(JSON.readable(self), to: run.configuration) }
}

/// Small text files.
enum TextFile {
  static func read(_ path: String) throws -> String {
    try FileBytes.read(path).withBytes { String(decoding: $0, as: UTF8.self) }
  }

  /// The values in a file that has one in JSON on every line.
  static func lines<Value: Decodable>(of path: String, _: Value.Type) throws -> [Value] {
    try read(path).split(separator: "\n").enumerated().map { number, line in
      guard let value = try? JSON.decode(Value.self, String(line)) else {
        throw TrainingError(
          path, "line \(number + 1) is damaged or was not written by this program", advice: "delete the file")
      }
      return value
    }
  }
}
