import Apus
import ArgumentParser

/// Options that change a model's form.
struct FormOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "mlp: widths of the hidden layers (512,512); alexnet, vgg: of the hidden dense layers (4096,4096); charlm, wordlm, "
        + "textclassifier, sequenceclassifier, forecaster, seq2seq: units of each recurrent layer (256, 256, 64, 64, 32, "
        + "256).",
      valueName: "widths"))
  var hidden: String?

  @Option(
    help: ArgumentHelp(
      "Activation of the hidden layers (relu), with a setting as in leaky-relu:0.2. One of: "
        + HiddenActivation.names.joined(separator: ", ") + ".", valueName: "name"))
  var activation: String?

  @Option(
    help: ArgumentHelp(
      "Normalization of the hidden layers (none), with groups as in group:4, or with size, alpha, beta and k as in "
        + "local:5,0.0001,0.75,2. One of: "
        + HiddenNormalization.names.joined(separator: ", ") + ".", valueName: "name"))
  var normalization: String?

  @Option(
    help: ArgumentHelp(
      "Part of the units of hidden dense layers that training drops, 0 to below 1 (0; 0.5 is usual).",
      valueName: "part"))
  var dropout: Double?

  @Option(
    help: ArgumentHelp("Part of the inputs that training drops, 0 to below 1 (0; 0.2 is usual).", valueName: "part"))
  var inputDropout: Double?

  @Option(
    help: ArgumentHelp("Deviation of the normal noise that training adds to the inputs (0).", valueName: "number"))
  var inputNoise: Double?

  @Option(
    help: ArgumentHelp(
      "lenet5, unet: part of the maps of hidden convolutions that training drops as a whole, 0 to below 1 (0).",
      valueName: "part"))
  var spatialDropout: Double?

  @Option(
    help: ArgumentHelp(
      "How the weights start (torch-default), with numbers as in normal:0.01. One of: "
        + Initializer.names.joined(separator: ", ") + ".", valueName: "name"))
  var initializer: String?

  @Option(
    help: ArgumentHelp(
      "Where the biases of hidden layers start; a small positive number keeps ReLUs alive.", valueName: "number"))
  var biasInitial: Double?

  @Option(
    help: ArgumentHelp(
      "lenet5: modern (ReLU, max pooling) or original1998 (modern); alexnet: torchvision or original2012 (torchvision); "
        + "googlenet: torchvision, plain (no auxiliary heads) or original2014 (torchvision); "
        + "inception-v3: torchvision or plain (torchvision); charlm, wordlm, textclassifier, "
        + "sequenceclassifier, forecaster, seq2seq: lstm, gru or rnn (lstm).",
      valueName: "name"))
  var form: String?

  @Option(
    help: ArgumentHelp("resnet20, ..., unet: channels of the first stage (16, unet 64).", valueName: "number"))
  var width: Int?

  @Option(
    help: ArgumentHelp(
      "charlm, wordlm, textclassifier, seq2seq: features of the vector of a symbol (64, 128, 64, 64); of the first two 0 "
        + "for one-hot vectors.", valueName: "number"))
  var embedding: Int?

  @Flag(
    help: ArgumentHelp(
      "charlm, wordlm, textclassifier, seq2seq: train only the vectors of the symbols that occur, with gradient descent, "
        + "adagrad, adam or adamw and without weight decay; for large vocabularies."))
  var sparseEmbedding = false

  @Option(
    help: ArgumentHelp(
      "textclassifier, sequenceclassifier: what becomes of the steps: mean, max or last (mean).", valueName: "name"))
  var pooling: String?

  @Option(
    help: ArgumentHelp(
      "seq2seq: how the decoder looks at the source: additive, multiplicative, dot or none (multiplicative).",
      valueName: "name"))
  var attention: String?

  @Option(
    help: ArgumentHelp(
      "seq2seq: how probably training takes the decoder's own symbols in the end (never).", valueName: "part"))
  var scheduledSampling: Double?

  @Option(help: ArgumentHelp("seq2seq: steps over which that probability grows (10000).", valueName: "steps"))
  var samplingSteps: Int?

  /// The options as models take them; building the model checks them.
  func options() throws -> ModelOptions {
    var options = ModelOptions()
    options.hidden = try hidden.map { try NumberList.widths($0, option: "--hidden", example: "512,512") }
    (options.dropout, options.inputDropout, options.form) = (dropout, inputDropout, form)
    (options.inputNoise, options.spatialDropout) = (inputNoise, spatialDropout)
    (options.activation, options.normalization) = (activation, normalization)
    (options.initializer, options.biasInitial, options.width) = (initializer, biasInitial, width)
    (options.embedding, options.sparseEmbedding) = (embedding, sparseEmbedding ? true : nil)
    (options.pooling, options.attention) = (pooling, attention)
    (options.scheduledSampling, options.samplingSteps) = (scheduledSampling, samplingSteps)
    return options
  }
}
