import Apus
import ArgumentParser

/// `apus ensemble`
struct EnsembleCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "ensemble", abstract: "Train several models and average their predictions.",
    discussion: """
      EXAMPLES
        apus ensemble train mlp --data digits --members 5 --epochs 20
        apus ensemble evaluate runs/ensemble-mlp-digits
        apus ensemble evaluate runs/mlp-digits runs/mlp-digits-2
        apus ensemble predict runs/ensemble-mlp-digits seven.png
      """, subcommands: [Train.self, Evaluate.self, Predict.self])

  /// `apus ensemble train`
  struct Train: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Train several models of one form that differ in their seeds, and judge them together.",
      discussion: """
        EXAMPLES
          apus ensemble train mlp --data digits --members 5 --epochs 20
          apus ensemble train lenet5 --data fashion-mnist --members 3 --bagging
          apus ensemble train mlp --data digits --output runs/five --resume      # goes on after an interruption

        Each member is a run of its own, member-1, member-2 and so on in the folder, with the seeds --seed, --seed + 1 \
        and so on; all share one validation part. A training that was killed goes on with --resume: finished members \
        stay, and with a larger --members more are added.
        """)

    @OptionGroup var training: TrainingArguments
    @OptionGroup(title: "Recording") var recording: RecordingArguments
    @Option(help: "How many models (5).") var members: Int?
    @Flag(help: "Train each on a bootstrap sample: as many samples, drawn with replacement (Breiman, 1996).")
    var bagging = false
    @OptionGroup(title: "Computation") var compute: ComputeOptions
    @OptionGroup(title: "Output") var out: OutputOptions

    func run() throws {
      try compute.install()
      var request = EnsembleRequest(try training.request(recording))
      (request.members, request.isBagged) = (members, bagging ? true : nil)
      let job = try EnsembleJob(request)
      let report = try job.run { member, number in
        ProgressReporter(
          heading: "member \(number) of \(job.memberCount): "
            + Texts.beginning(of: member, threads: compute.threadCount))
      }
      try out.print(report) { RobustnessTexts.ensemble(report) + "\nsaved in \(job.path)" }
    }
  }

  /// `apus ensemble evaluate`
  struct Evaluate: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Judge an ensemble, its members, and how much they differ.",
      discussion: """
        EXAMPLES
          apus ensemble evaluate runs/ensemble-mlp-digits
          apus ensemble evaluate runs/mlp-digits runs/mlp-digits-2 runs/lenet5-digits --json

        Probabilities are averaged, or the outputs of regression. Takes the folder of an ensemble, or folders of runs \
        on the same data, of whatever models.
        """)

    @Argument(help: ArgumentHelp("The folder of an ensemble, or folders of runs.", valueName: "folder"))
    var folders: [String]
    @Option(help: ArgumentHelp("Other data than they were trained on.", valueName: "name|file")) var data: String?
    @OptionGroup(title: "Computation") var compute: ComputeOptions
    @OptionGroup(title: "Output") var out: OutputOptions

    func run() throws {
      try compute.install()
      let report = try EnsembleCommand.saved(folders).evaluate(on: data)
      try out.print(report) { RobustnessTexts.ensemble(report) }
    }
  }

  /// `apus ensemble predict`
  struct Predict: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Say what pictures show, by an ensemble.",
      discussion: """
        EXAMPLES
          apus ensemble predict runs/ensemble-mlp-digits seven.png
          apus ensemble predict runs/ensemble-lenet5-mnist a.png b.png --top 3 --json
        """)

    @Argument(help: ArgumentHelp("The folder of an ensemble.", valueName: "folder")) var folder: String
    @Argument(help: ArgumentHelp("PNG or JPEG files.", valueName: "image")) var images: [String]
    @Option(help: ArgumentHelp("Classes to name for every picture.", valueName: "k")) var top = 1
    @OptionGroup(title: "Computation") var compute: ComputeOptions
    @OptionGroup(title: "Output") var out: OutputOptions

    func run() throws {
      try compute.install()
      let report = try SavedEnsemble(folder).predict(images, top: top)
      try out.print(report) { Texts.predictions(report) }
    }
  }

  /// One folder that holds no single run is an ensemble's.
  private static func saved(_ folders: [String]) throws -> SavedEnsemble {
    if folders.count == 1, !SavedRun.exists(folders[0]) { return try SavedEnsemble(folders[0]) }
    return try SavedEnsemble(runs: folders)
  }
}
