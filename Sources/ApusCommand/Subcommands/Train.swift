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
        apus train lenet5 --data ./photos --image-size 32 --bad-images skip   # photos/cat/*.jpg, photos/dog/*.png
        apus train charlm --data book.txt --hidden 256 --clip-norm 1      # then apus generate, apus score
        apus train seq2seq --data pairs.tsv --clip-norm 1                 # then apus translate
        apus train lenet5 --data mnist --output runs/first --resume     # goes on after an interruption

      The folder of the run holds config.json, metrics.jsonl, model.safetensors (the weights that did best on the \
      validation part) and last.safetensors (the last checkpoint). A training that was killed at any moment goes on \
      with --resume to exactly the same weights. At the end the folder gets plots and report.html (apus report).
      """)

  @OptionGroup var training: TrainingArguments
  @OptionGroup(title: "Recording") var recording: RecordingArguments
  @Flag(help: "Draw no figures and write no report.") var noReport = false
  @OptionGroup(title: "Computation") var compute: ComputeOptions
  @OptionGroup(title: "Output") var out: OutputOptions

  func run() throws {
    let executor = try compute.install()
    let job = try TrainingJob(training.request(recording))
    StandardStreams.error(Texts.skipped(job.skipped.map(\.description)))
    let heading = Texts.beginning(of: job, threads: compute.threadCount)
    let report = try job.run(progress: ProgressReporter(heading: heading))
    if !noReport { RunFiles.writeReport(of: job.run, threads: compute.threadCount) }
    // Texts of all lengths share few plans: how many shows that they did.
    let plans = job.configuration.dataOptions.text == nil ? nil : executor.statistics.compiledPlans
    try out.print(report) { Texts.end(of: report, classNames: job.configuration.classNames, plans: plans) }
  }
}
