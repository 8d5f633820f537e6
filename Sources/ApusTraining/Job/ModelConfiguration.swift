import ApusModels
import ApusNN
import ApusTensor

/// Options that change a model's form; what is nil takes the usual value.
public struct ModelOptions: Sendable, Hashable, Codable {
  /// Widths of the hidden layers of `mlp`.
  public var hidden: [Int]?
  /// The part of the outputs of hidden layers that is dropped in training.
  public var dropout: Double?
  /// Whether `lenet5` takes its form of 1998.
  public var historic: Bool?

  /// The usual form.
  public init() {}
}

/// A model by name, sizes and options, as commands and saved runs have it.
public struct ModelConfiguration: Sendable, Hashable, Codable {
  /// Its name.
  public var name: String
  /// The shape of a sample.
  public var sampleShape: [Int]
  /// The number of classes.
  public var classCount: Int
  /// What changes its form.
  public var options: ModelOptions

  /// A configuration; ``make(seed:)`` checks it.
  public init(name: String, sampleShape: [Int], classCount: Int, options: ModelOptions = ModelOptions()) {
    self.name = name
    self.sampleShape = sampleShape
    self.classCount = classCount
    self.options = options
  }

  /// The names that can be made.
  public static let names = ["mlp"]

  /// The model for the samples it was made for.
  ///
  /// - Throws: ``TrainingError`` when the name is unknown.
  public static func usual(_ name: String, _ options: ModelOptions = ModelOptions()) throws -> ModelConfiguration {
    guard names.contains(name) else { throw TrainingError.unknown("model", name, among: names) }
    return ModelConfiguration(name: name, sampleShape: [1, 28, 28], classCount: 10, options: options)
  }

  /// A new model with initial weights that the seed decides.
  ///
  /// - Throws: ``TrainingError`` when the name is unknown, an option is impossible, or the model cannot take such samples.
  public func make(seed: UInt64) throws -> any Layer {
    guard Self.names.contains(name) else { throw TrainingError.unknown("model", name, among: Self.names) }
    let hidden = options.hidden ?? [512, 512]
    let model = withRandomSeed(seed) { () -> any Layer in
      var layers: [any Layer] = [Flatten()]
      var width = sampleShape.reduce(1, *)
      for size in hidden {
        layers.append(Dense(width, size, activation: .relu))
        width = size
      }
      return Sequential(layers + [Dense(width, classCount)])
    }
    return model
  }
}
