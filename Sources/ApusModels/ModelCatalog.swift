import ApusFormats
import ApusNN
import ApusTensor

/// The models that can be built by name: what the command offers and what a saved run is rebuilt from.
///
/// ```swift
/// let model = try ModelCatalog.make(.init(name: "lenet5", inputShape: [1, 28, 28], classes: 10))
/// ```
/// Adding a model is adding an entry to ``entries``.
public enum ModelCatalog {
  /// A model by name, with the sizes of the data and the options that change its form; nil means the usual value.
  public struct Configuration: Sendable, Hashable, Codable {
    /// The name.
    public var name: String
    /// The shape of one sample: `[1, 28, 28]`.
    public var inputShape: [Int]
    /// The number of classes.
    public var classes: Int
    /// Widths of the hidden layers (`mlp`), of the hidden dense layers (`alexnet`, `vgg16`, ...).
    public var hidden: [Int]?
    /// The probability of dropping a unit of the hidden dense layers.
    public var dropout: Double?
    /// The probability of dropping an input.
    public var inputDropout: Double?
    /// The deviation of the normal noise that training adds to the inputs.
    public var inputNoise: Double?
    /// The probability of dropping a whole map of a hidden convolution (`lenet5`).
    public var spatialDropout: Double?
    /// The hidden layers' activation, see ``HiddenActivation/named(_:)``.
    public var activation: String?
    /// The hidden layers' normalisation, see ``HiddenNormalization/named(_:)``.
    public var normalization: String?
    /// How the weights start, see ``Initializer/named(_:)``.
    public var initializer: String?
    /// Where the hidden layers' biases start; a small positive number keeps ReLUs alive.
    public var biasInitial: Double?
    /// The form (`lenet5`: `modern` or `original1998`).
    public var form: String?
    /// Channels of the first stage (`resnet20`, ...).
    public var width: Int?
    /// Features of the vector of a symbol, 0 for one-hot vectors (`charlm`, `wordlm`).
    public var embedding: Int?
    /// Whether training touches only the vectors of the symbols that occur (`charlm`, `wordlm`, `textclassifier`,
    /// `seq2seq`).
    public var sparseEmbedding: Bool?
    /// Samples of the batches between which states are carried (`charlm`, `wordlm`); nil carries none.
    public var streams: Int?
    /// How the steps of a sequence become one vector: `mean`, `max` or `last` (`textclassifier`, `sequenceclassifier`).
    public var pooling: String?
    /// How many different symbols the samples have (`textclassifier`), or the sources (`seq2seq`).
    public var symbols: Int?
    /// How a decoder looks at the source: `additive`, `multiplicative`, `dot` or `none` (`seq2seq`).
    public var attention: String?
    /// How probably training takes the decoder's own symbols in the end (`seq2seq`).
    public var scheduledSampling: Double?
    /// The steps over which that probability grows (`seq2seq`).
    public var samplingSteps: Int?

    /// A configuration; ``ModelCatalog/make(_:)`` checks it.
    public init(
      name: String, inputShape: [Int], classes: Int, hidden: [Int]? = nil, dropout: Double? = nil,
      inputDropout: Double? = nil, inputNoise: Double? = nil, spatialDropout: Double? = nil, activation: String? = nil,
      normalization: String? = nil,
      initializer: String? = nil, biasInitial: Double? = nil, form: String? = nil, width: Int? = nil,
      embedding: Int? = nil, sparseEmbedding: Bool? = nil, streams: Int? = nil, pooling: String? = nil,
      symbols: Int? = nil,
      attention: String? = nil, scheduledSampling: Double? = nil, samplingSteps: Int? = nil
    ) {
      (self.name, self.inputShape, self.classes) = (name, inputShape, classes)
      (self.hidden, self.dropout, self.inputDropout) = (hidden, dropout, inputDropout)
      (self.inputNoise, self.spatialDropout) = (inputNoise, spatialDropout)
      (self.activation, self.normalization, self.form) = (activation, normalization, form)
      (self.initializer, self.biasInitial, self.width) = (initializer, biasInitial, width)
      (self.embedding, self.sparseEmbedding) = (embedding, sparseEmbedding)
      (self.streams, self.pooling, self.symbols) = (streams, pooling, symbols)
      (self.attention, self.scheduledSampling, self.samplingSteps) = (attention, scheduledSampling, samplingSteps)
    }

    private enum CodingKeys: String, CodingKey {
      case name, classes, hidden, dropout, activation, normalization, initializer, form, width, embedding, streams,
        pooling, symbols, attention
      case inputShape = "input_shape"
      case inputDropout = "input_dropout"
      case inputNoise = "input_noise"
      case spatialDropout = "spatial_dropout"
      case biasInitial = "bias_initial"
      case sparseEmbedding = "sparse_embedding"
      case scheduledSampling = "scheduled_sampling"
      case samplingSteps = "sampling_steps"
    }

    /// The options that are set, by the names they have on the command line.
    var options: [String] {
      let set: [(String, Bool)] = [
        ("hidden", hidden != nil), ("dropout", dropout != nil), ("input-dropout", inputDropout != nil),
        ("input-noise", inputNoise != nil), ("spatial-dropout", spatialDropout != nil),
        ("activation", activation != nil), ("normalization", normalization != nil),
        ("initializer", initializer != nil), ("bias-initial", biasInitial != nil), ("form", form != nil),
        ("width", width != nil), ("embedding", embedding != nil), ("sparse-embedding", sparseEmbedding != nil),
        ("pooling", pooling != nil),
        ("attention", attention != nil), ("scheduled-sampling", scheduledSampling != nil),
        ("sampling-steps", samplingSteps != nil),
      ]
      return set.filter(\.1).map(\.0)
    }
  }

  /// A model that can be named.
  public struct Entry: Sendable {
    /// What a model's samples are made of.
    public enum Samples: String, Sendable, Hashable {
      /// Arrays: pictures, rows of tables.
      case arrays
      /// A text, character by character.
      case characters
      /// A text, word by word.
      case words
      /// Texts with classes, word by word.
      case labelledWords
      /// Windows of a series, the rows of a table.
      case series
      /// Pairs of texts, a source and a target.
      case pairs
    }

    /// The name.
    public let name: String
    /// What it is, in one line.
    public let summary: String
    /// The options it takes.
    public let options: [String]
    /// The shape of the samples it was made for.
    public var inputShape = [1, 28, 28]
    /// The number of classes it was made for.
    public var classes = 10
    /// What its samples are made of.
    public var samples = Samples.arrays
    /// Whether a training can name it. Networks that are there for their published weights give no classes of a data set.
    public var isTrained = true
    let build: @Sendable (Configuration) throws -> any Layer
  }

  /// Why a model cannot be built, in one sentence.
  public struct Failure: Error, Sendable, Hashable, CustomStringConvertible {
    /// The sentence.
    public let description: String
  }

  /// Every model.
  public static let entries: [Entry] =
    [
      Entry(
        name: "mlp", summary: "multilayer perceptron, 512-512 hidden units",
        options: ["hidden"] + hiddenOptions, build: perceptron),
      Entry(
        name: "lenet5", summary: "LeNet-5 for images of 28x28 or 32x32 (LeCun et al., 1998)",
        options: ["form", "spatial-dropout"] + hiddenOptions, build: lenet5),
    ] + images + sequences

  private static let hiddenOptions = [
    "dropout", "input-dropout", "input-noise", "activation", "normalization", "initializer", "bias-initial",
  ]

  /// The names.
  public static var names: [String] { entries.map(\.name) }

  /// Builds a model; `withRandomSeed` around it decides the initial values.
  ///
  /// - Throws: ``Failure`` when the name is unknown, an option is impossible or not this model's, or the model cannot
  ///   take samples of this shape.
  public static func make(_ configuration: Configuration) throws -> any Layer {
    guard let entry = entries.first(where: { $0.name == configuration.name }) else {
      let nearest = NearestNames.of(configuration.name, among: names)
      let meant = nearest.isEmpty ? "" : "did you mean \(nearest.joined(separator: " or "))? "
      throw Failure(
        description:
          "there is no model '\(configuration.name)'; \(meant)choose one of: \(names.joined(separator: ", "))")
    }
    guard !configuration.inputShape.isEmpty, configuration.inputShape.allSatisfy({ $0 > 0 }) else {
      throw Failure(description: "\(entry.name): the input shape \(configuration.inputShape) must be positive numbers")
    }
    guard configuration.classes > 0 else {
      throw Failure(
        description: "\(entry.name): the number of classes must be at least 1, got \(configuration.classes)")
    }
    if let foreign = configuration.options.first(where: { !entry.options.contains($0) }) {
      throw Failure(
        description: "\(entry.name) has no option '\(foreign)'; it takes: \(entry.options.joined(separator: ", "))")
    }
    return try entry.build(configuration)
  }

  private static func perceptron(_ configuration: Configuration) throws -> any Layer {
    let hidden = configuration.hidden ?? [512, 512]
    if let width = hidden.first(where: { $0 < 1 }) {
      throw Failure(description: "mlp: every hidden layer needs at least 1 unit, got \(width)")
    }
    let options = try HiddenOptions(configuration, widths: hidden, images: 0)
    return MLP(
      inputs: configuration.inputShape.reduce(1, *), hidden: hidden, classes: configuration.classes,
      dropout: options.dropout, inputDropout: options.inputDropout, inputNoise: options.inputNoise,
      activation: options.activation ?? .relu, learntSlope: options.learntSlope,
      hasSlopePerChannel: options.hasSlopePerChannel, normalization: options.normalization,
      weightInitializer: options.weightInitializer, biasInitializer: options.biasInitializer)
  }

  private static func lenet5(_ configuration: Configuration) throws -> any Layer {
    let shape = configuration.inputShape
    guard shape.count == 3, shape[1] == shape[2], shape[1] == 28 || shape[1] == 32 else {
      throw Failure(description: "lenet5 takes images of 28x28 or 32x32, [channels, 28, 28], not \(shape)")
    }
    let form: LeNet5.Form = try form(configuration, usual: .modern)
    let options = try HiddenOptions(configuration, widths: LeNet5.hiddenWidths, images: 2)
    return LeNet5(
      form: form, imageSize: shape[1], channels: shape[0], classes: configuration.classes, dropout: options.dropout,
      inputDropout: options.inputDropout, inputNoise: options.inputNoise, spatialDropout: options.spatialDropout,
      activation: options.activation, learntSlope: options.learntSlope, hasSlopePerChannel: options.hasSlopePerChannel,
      normalization: options.normalization, weightInitializer: options.weightInitializer,
      biasInitializer: options.biasInitializer)
  }
}
