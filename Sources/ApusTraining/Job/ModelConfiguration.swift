import ApusModels
import ApusNN
import ApusTensor

/// A model by name, sizes and options.
public typealias ModelConfiguration = ModelCatalog.Configuration

/// Options that change a model's form; what is nil takes the usual value.
public struct ModelOptions: Sendable, Hashable {
  /// Widths of the hidden layers.
  public var hidden: [Int]?
  /// The part of the outputs of hidden layers that is dropped in training.
  public var dropout: Double?
  /// The part of the inputs that is dropped in training.
  public var inputDropout: Double?
  /// The deviation of the normal noise that training adds to the inputs.
  public var inputNoise: Double?
  /// The part of the maps of hidden convolutions that is dropped in training.
  public var spatialDropout: Double?
  /// The hidden layers' activation, such as `relu` or `leaky-relu:0.2`.
  public var activation: String?
  /// The hidden layers' normalisation, such as `batch`.
  public var normalization: String?
  /// How the weights start, such as `he-normal`.
  public var initializer: String?
  /// Where the hidden layers' biases start.
  public var biasInitial: Double?
  /// The name of the form.
  public var form: String?
  /// Channels of the first stage.
  public var width: Int?
  /// Features of the vector of a symbol; 0 for one-hot vectors.
  public var embedding: Int?
  /// Whether training touches only the vectors of the symbols that occur.
  public var sparseEmbedding: Bool?
  /// How the steps of a text become one vector.
  public var pooling: String?
  /// How a decoder looks at the source.
  public var attention: String?
  /// How probably training takes the decoder's own symbols in the end.
  public var scheduledSampling: Double?
  /// The steps over which that probability grows.
  public var samplingSteps: Int?

  /// The usual form.
  public init() {}

  /// These options, and those of a run that was begun where these are nil.
  func completed(by earlier: ModelOptions) -> ModelOptions {
    var options = self
    options.hidden = hidden ?? earlier.hidden
    options.dropout = dropout ?? earlier.dropout
    options.inputDropout = inputDropout ?? earlier.inputDropout
    options.inputNoise = inputNoise ?? earlier.inputNoise
    options.spatialDropout = spatialDropout ?? earlier.spatialDropout
    options.activation = activation ?? earlier.activation
    options.normalization = normalization ?? earlier.normalization
    options.initializer = initializer ?? earlier.initializer
    options.biasInitial = biasInitial ?? earlier.biasInitial
    options.form = form ?? earlier.form
    options.width = width ?? earlier.width
    options.embedding = embedding ?? earlier.embedding
    options.sparseEmbedding = sparseEmbedding ?? earlier.sparseEmbedding
    options.pooling = pooling ?? earlier.pooling
    options.attention = attention ?? earlier.attention
    options.scheduledSampling = scheduledSampling ?? earlier.scheduledSampling
    options.samplingSteps = samplingSteps ?? earlier.samplingSteps
    return options
  }

  /// Every option as the command line has it, with its value.
  var settings: [(option: String, value: String)] {
    func text(_ value: Any?) -> String { value.map { "\($0)" } ?? "none" }
    return [
      ("--hidden", hidden.map { $0.map(String.init).joined(separator: ",") } ?? "none"), ("--dropout", text(dropout)),
      ("--input-dropout", text(inputDropout)), ("--input-noise", text(inputNoise)),
      ("--spatial-dropout", text(spatialDropout)), ("--activation", text(activation)),
      ("--normalization", text(normalization)), ("--initializer", text(initializer)),
      ("--bias-initial", text(biasInitial)), ("--form", text(form)),
      ("--width", text(width)), ("--embedding", text(embedding)),
      ("--sparse-embedding", text(sparseEmbedding)), ("--pooling", text(pooling)), ("--attention", text(attention)),
      ("--scheduled-sampling", text(scheduledSampling)), ("--sampling-steps", text(samplingSteps)),
    ]
  }
}

extension ModelConfiguration {
  init(_ name: String, _ sampleShape: [Int], _ classes: Int, _ options: ModelOptions) {
    self.init(
      name: name, inputShape: sampleShape, classes: classes, hidden: options.hidden, dropout: options.dropout,
      inputDropout: options.inputDropout, inputNoise: options.inputNoise, spatialDropout: options.spatialDropout,
      activation: options.activation, normalization: options.normalization,
      initializer: options.initializer, biasInitial: options.biasInitial, form: options.form,
      width: options.width, embedding: options.embedding, sparseEmbedding: options.sparseEmbedding,
      pooling: options.pooling, attention: options.attention,
      scheduledSampling: options.scheduledSampling, samplingSteps: options.samplingSteps)
  }

  /// The options that are set.
  var modelOptions: ModelOptions {
    var options = ModelOptions()
    (options.hidden, options.dropout, options.inputDropout) = (hidden, dropout, inputDropout)
    (options.inputNoise, options.spatialDropout) = (inputNoise, spatialDropout)
    (options.activation, options.normalization, options.form) = (activation, normalization, form)
    (options.initializer, options.biasInitial, options.width) = (initializer, biasInitial, width)
    (options.embedding, options.sparseEmbedding) = (embedding, sparseEmbedding)
    (options.pooling, options.attention) = (pooling, attention)
    (options.scheduledSampling, options.samplingSteps) = (scheduledSampling, samplingSteps)
    return options
  }

  /// The model for the samples it was made for.
  ///
  /// - Throws: ``TrainingError`` when the name is unknown.
  public static func usual(_ name: String, _ options: ModelOptions = ModelOptions()) throws -> ModelConfiguration {
    guard let entry = ModelCatalog.entries.first(where: { $0.name == name }) else {
      throw TrainingError.unknown("model", name, among: ModelCatalog.names)
    }
    return ModelConfiguration(name, entry.inputShape, entry.classes, options)
  }

  /// A new model with initial weights that the seed decides.
  ///
  /// - Throws: `ModelCatalog.Failure` when the name is unknown, an option is impossible, or the model cannot take such
  ///   samples.
  public func make(seed: UInt64) throws -> any Layer {
    try checkSize()
    return try withRandomSeed(seed) { try ModelCatalog.make(self) }
  }

  /// Refuses what no memory holds, before it is asked for.
  private func checkSize() throws {
    let widths = [inputShape.reduce(1.0) { $0 * Double($1) }] + (hidden ?? []).map(Double.init) + [Double(classes)]
    let weights = zip(widths, widths.dropFirst()).reduce(0.0) { $0 + $1.0 * $1.1 }
    guard hidden != nil, weights > 0x1p31 else { return }
    throw TrainingError(
      "--hidden", "makes a model of \(Rounding.text(weights / 1e9, 1)) billion parameters",
      advice: "choose narrower layers, of 2.1 billion parameters at most")
  }
}
