import Apus
import ArgumentParser

/// What a training is asked for on the command line: the arguments of `apus train` and of every subcommand that trains.
struct TrainingArguments: ParsableArguments {
  @Argument(help: "The model: \(ModelCatalog.names.joined(separator: ", ")).")
  var model: String

  @Option(
    help: ArgumentHelp(
      "A data set (apus data list), a .csv or .npz file, a folder of IDX files, pictures or sounds; of charlm and wordlm a "
        + "text file or a folder of such, of textclassifier lines of a class, a tab and a text, or a folder of text files "
        + "for each class; of seq2seq lines of a source, a tab and a target.", valueName: "name|file")
  )
  var data: String

  @Option(help: "How often every sample is used (10).") var epochs: Int?
  @Option(help: "Samples in a step (64).") var batchSize: Int?
  @Option(help: "Decides initial weights, order and random layers (0).") var seed: UInt64?
  @Option(help: "Part of the training data set aside for validation (0.1).") var validationSplit: Double?
  @Option(help: ArgumentHelp("Stop after so many epochs without improvement.", valueName: "epochs")) var earlyStopping:
    Int?
  @Option(
    help: ArgumentHelp("Train on adversarial examples too: fgsm:0.1, pgd:0.1 or pgd:0.1:20.", valueName: "attack"))
  var adversarial: String?
  @Option(help: "Weight of the adversarial examples' loss, above 0 and at most 1 (0.5).") var adversarialWeight: Double?
  @Option(help: ArgumentHelp("Begin with the weights of a safetensors file.", valueName: "file")) var weights: String?
  @Flag(help: "Keep the order of the samples.") var noShuffle = false
  @Option(help: ArgumentHelp("Metrics on the validation and test parts, separated by commas.", valueName: "names"))
  var metrics: String?
  @OptionGroup(title: "Objective") var objective: ObjectiveOptions
  @OptionGroup(title: "Data") var dataOptions: DataOptions
  @OptionGroup(title: "Form of the model") var form: FormOptions
  @OptionGroup(title: "Optimization") var optimization: OptimizationOptions

  /// The arguments as a training takes them.
  ///
  /// - Parameter recording: what is kept on disk; nil keeps nothing.
  func request(_ recording: RecordingArguments? = nil) throws -> TrainingRequest {
    var request = TrainingRequest(model: model, data: data)
    request.modelOptions = try form.options()
    request.objective = try objective.request()
    // What the targets are is the data's business, unless a task says so.
    let kind = try request.objective.chosenTask().map { $0 == .regression ? TargetKind.regression : .classification }
    let chosen = try dataOptions.configuration(kind: kind)
    if chosen != .usual { request.dataOptions = chosen }
    (request.epochs, request.batchSize) = (epochs, batchSize)
    request.optimization = try optimization.request()
    request.seed = seed
    (request.validationSplit, request.patience) = (validationSplit, earlyStopping)
    request.adversarial = try AdversarialTraining.parsed(adversarial, weight: adversarialWeight)
    request.shuffle = noShuffle ? false : nil
    request.weights = weights
    request.recording.metrics = metrics.map(MetricNames.list)
    guard let recording else { return request }
    (request.output, request.resume) = (recording.output, recording.resume)
    (request.checkpointSteps, request.checkpointSeconds) = (recording.checkpointSteps, recording.checkpointSeconds)
    request.recording = recording.options(metrics: metrics)
    return request
  }
}
