import Apus
import ArgumentParser

/// `apus finetune`
struct FineTune: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "finetune",
    abstract: "Adapt a network that has learnt something to data of your own, and save the run.",
    discussion: """
      EXAMPLES
        apus finetune efficientnet-lite0 --weights efficientnet-lite0-57934424.pth --data photos --epochs 20
        apus finetune resnet18.onnx --data photos --unfreeze 5:layer3,5:none
        apus finetune runs/lenet5-mnist --data letters.npz --freeze conv2 --head 64 --head-dropout 0.5
        apus finetune resnet18.onnx --layers

      The last layer of the network is replaced by a new one for the classes of the data. At first only the new \
      layers are trained (--freeze says which others are not); what the frozen ones make of each picture is computed once. \
      --unfreeze 5:layer3,10:none then goes on for 5 epochs with the layers up to layer3 frozen, and for 10 with none, at \
      smaller learning rates for lower layers. Batch normalization keeps its statistics, in trained layers too \
      unless --train-statistics is there. With --resume the options are given again. The run is one like any other: \
      apus evaluate, predict, export and report take it.
      """)

  @Argument(help: ArgumentHelp("The folder of a run, an ONNX file, or a model's name.", valueName: "run|file|model"))
  var source: String
  @Option(
    help: ArgumentHelp(
      "A data set (apus data list), a .npz file, a folder of IDX files or of pictures.", valueName: "name|file"))
  var data: String?
  @Option(help: ArgumentHelp("Weights of a model: .safetensors, .pth or .npz.", valueName: "file")) var weights: String?
  @Flag(help: "List the layers of the network and do nothing else.") var layers = false
  @Option(
    help: ArgumentHelp(
      "The first layers that are kept: so many, or up to a name (all but the last).", valueName: "layers"))
  var keep: String?
  @Option(
    help: ArgumentHelp(
      "The first layers that are not trained: all, none, so many, or up to a name (all).", valueName: "layers"))
  var freeze: String?
  @Option(
    help: ArgumentHelp(
      "Stages after the first one: epochs and the layers that stay frozen, such as 5:layer3,10:none.",
      valueName: "stages"))
  var unfreeze: String?
  @Option(
    help: ArgumentHelp(
      "Widths of hidden layers between what is kept and the outputs, such as 256,64 (none).", valueName: "widths"))
  var head: String?
  @Option(help: "Part of the inputs of the new layers that training drops (0).") var headDropout: Double?
  @Option(
    help:
      "What the learning rate is divided by for the layers below the new ones, again for those unfrozen later (2.6).")
  var rateDivisor: Double?
  @Flag(help: "Compute what frozen layers give in every epoch anew; so it is with --augment and --adversarial.")
  var noCache = false
  @Flag(help: "Let batch normalization in layers that are trained change its statistics; needs many pictures.")
  var trainStatistics = false
  @Option(help: "How often every sample is used in the first stage (10).") var epochs: Int?
  @Option(help: "Samples in a step (32).") var batchSize: Int?
  @Option(help: "Decides the new layers' weights, order and random layers (0).") var seed: UInt64?
  @Option(help: "Part of the training data set aside for validation (0.1).") var validationSplit: Double?
  @Option(help: ArgumentHelp("End a stage after so many epochs without improvement.", valueName: "epochs"))
  var earlyStopping: Int?
  @Option(
    help: ArgumentHelp("Train on adversarial examples too: fgsm:0.1, pgd:0.1 or pgd:0.1:20.", valueName: "attack"))
  var adversarial: String?
  @Option(help: "Weight of the adversarial examples' loss, above 0 and at most 1 (0.5).") var adversarialWeight: Double?
  @Flag(help: "Keep the order of the samples.") var noShuffle = false
  @Option(help: ArgumentHelp("Metrics on the validation and test parts, separated by commas.", valueName: "names"))
  var metrics: String?
  @Flag(help: "Draw no figures and write no report.") var noReport = false
  @OptionGroup(title: "Objective") var objective: ObjectiveOptions
  @OptionGroup(title: "Data") var dataOptions: DataOptions
  @OptionGroup(title: "Recording") var recording: RecordingArguments
  @OptionGroup(title: "Form of the model") var form: FormOptions
  @OptionGroup(title: "Optimization") var optimization: OptimizationOptions
  @OptionGroup(title: "Computation") var compute: ComputeOptions
  @OptionGroup(title: "Output") var out: OutputOptions

  func run() throws {
    try compute.install()
    if layers {
      let listing = try TransferLayers(source: source, weights: weights, options: form.options())
      return try out.print(listing) { listing.layers.joined(separator: "\n") }
    }
    let job = try FineTuningJob(request())
    StandardStreams.error(Texts.skipped(job.skipped.map(\.description)))
    StandardStreams.error(Texts.beginning(of: job, threads: compute.threadCount) + "\n")
    let report = try job.run { ProgressReporter(heading: $0) }
    if !noReport { RunFiles.writeReport(of: job.run, threads: compute.threadCount) }
    try out.print(report) { Texts.end(of: report, classNames: job.configuration.classNames) }
  }

  private func request() throws -> FineTuningRequest {
    guard let data else {
      throw TrainingError("--data", "is missing", advice: "name the data to adapt the network to")
    }
    var request = FineTuningRequest(source: source, data: data)
    request.weights = weights
    request.modelOptions = try form.options()
    request.keep = keep.map { LayerChoice($0) }
    if let freeze { request.freeze = LayerChoice(freeze) }
    request.unfreeze = try unfreeze.map { try FineTuningStage.parsed($0, option: "--unfreeze") } ?? []
    request.hidden = try head.map { try NumberList.widths($0, option: "--head", example: "256,64") } ?? []
    if let headDropout { request.dropout = headDropout }
    if let rateDivisor { request.rateDivisor = rateDivisor }
    (request.cachesFeatures, request.trainsStatistics) = (!noCache, trainStatistics)
    request.objective = try objective.request()
    let kind = try request.objective.chosenTask().map { $0 == .regression ? TargetKind.regression : .classification }
    let chosen = try dataOptions.configuration(kind: kind)
    if chosen != .usual { request.dataOptions = chosen }
    (request.epochs, request.batchSize, request.seed) = (epochs, batchSize, seed)
    request.optimization = try optimization.request()
    (request.validationSplit, request.patience) = (validationSplit, earlyStopping)
    request.adversarial = try AdversarialTraining.parsed(adversarial, weight: adversarialWeight)
    request.shuffle = !noShuffle
    (request.output, request.resume) = (recording.output, recording.resume)
    (request.checkpointSteps, request.checkpointSeconds) = (recording.checkpointSteps, recording.checkpointSeconds)
    request.recording = recording.options(metrics: metrics)
    return request
  }
}
