import Apus
import ArgumentParser

/// `apus train`
struct Train: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Train a model on a data set and save the run.",
    discussion: """
      EXAMPLES
        apus train mlp --data digits --epochs 20
        apus train lenet5 --data fashion-mnist --epochs 10 --batch-size 64
        apus train mlp --data mine.npz --hidden 256,128 --dropout 0.2 --early-stopping 3
        apus train lenet5 --data mnist --output runs/first --resume     # goes on after an interruption

      The folder of the run holds config.json, metrics.jsonl, model.safetensors (the weights that did best on the \
      validation part) and last.safetensors (the last checkpoint). A training that was killed at any moment goes on \
      with --resume to exactly the same weights.
      """)

  @Argument(help: "The model: \(ModelCatalog.names.joined(separator: ", ")).")
  var model: String

  @Option(
    help: ArgumentHelp("A data set (apus data list), an .npz file or a folder of IDX files.", valueName: "name|file"))
  var data: String

  @Option(help: "How often every sample is used (10).") var epochs: Int?
  @Option(help: "Samples in a step (64).") var batchSize: Int?
  @Option(help: "sgd, momentum, nesterov or adam (adam).") var optimizer: String?
  @Option(help: "How far a step goes (adam 0.001, sgd 0.1, momentum and nesterov 0.02).") var learningRate: Double?
  @Option(help: "How much of the last step goes on (momentum and nesterov 0.9).") var momentum: Double?
  @Option(help: "Factor of the squared-weight penalty's gradient (0).") var weightDecay: Double?
  @Option(help: "Limit the norm of the gradients.") var clipNorm: Double?
  @Option(help: "Decides initial weights, order and random layers (0).") var seed: UInt64?
  @Option(help: "Part of the training data set aside for validation (0.1).") var validationSplit: Double?
  @Option(help: ArgumentHelp("Stop after so many epochs without improvement.", valueName: "epochs")) var earlyStopping:
    Int?
  @Option(help: ArgumentHelp("Begin with the weights of a safetensors file.", valueName: "file")) var weights: String?
  @Flag(help: "Keep the order of the samples.") var noShuffle = false
  @Option(help: ArgumentHelp("Folder of the run (a new one under runs).", valueName: "dir")) var output: String?
  @Flag(help: "Go on with the run in --output.") var resume = false
  @Option(help: ArgumentHelp("Steps between checkpoints inside an epoch.", valueName: "steps")) var checkpointSteps:
    Int?
  @Option(help: ArgumentHelp("Seconds between checkpoints inside an epoch (30).", valueName: "seconds"))
  var checkpointSeconds: Double?
  @OptionGroup(title: "Form of the model") var form: FormOptions
  @OptionGroup(title: "Computation") var compute: ComputeOptions
  @OptionGroup(title: "Output") var out: OutputOptions

  func run() throws {
    try compute.install()
    let job = try TrainingJob(request())
    let heading = Texts.beginning(of: job, threads: compute.threadCount)
    let report = try job.run(progress: ProgressReporter(heading: heading))
    try out.print(report) { Texts.end(of: report, classNames: job.configuration.classNames) }
  }

  private func request() throws -> TrainingRequest {
    var request = TrainingRequest(model: model, data: data)
    request.modelOptions = try form.options()
    (request.epochs, request.batchSize) = (epochs, batchSize)
    (request.optimizer, request.learningRate) = (optimizer, learningRate)
    (request.momentum, request.weightDecay) = (momentum, weightDecay)
    (request.clipNorm, request.seed) = (clipNorm, seed)
    (request.validationSplit, request.patience) = (validationSplit, earlyStopping)
    request.shuffle = noShuffle ? false : nil
    (request.weights, request.output, request.resume) = (weights, output, resume)
    (request.checkpointSteps, request.checkpointSeconds) = (checkpointSteps, checkpointSeconds)
    return request
  }
}
