import Apus
import ArgumentParser

/// `apus find-learning-rate`
struct FindLearningRate: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "find-learning-rate",
    abstract: "Look for a good learning rate: train a little while the rate grows, and watch the loss.",
    discussion: """
      EXAMPLES
        apus find-learning-rate mlp --data digits
        apus find-learning-rate lenet5 --data fashion-mnist --optimizer momentum --batch-size 128
        apus find-learning-rate mlp --data digits --optimizer sgd --highest 100 --search-steps 200 --json

      Takes the options of apus train, but for those of what is kept on disk. The rate grows with every step from --lowest to --highest; the search ends early \
      when the loss has grown to four times its least value. The suggestion is the smaller one of the rate at which the \
      loss falls most steeply and a tenth of the rate at which it is least. Nothing is saved.
      """)

  @OptionGroup var training: TrainingArguments
  @Option(help: "The first learning rate.") var lowest = LearningRateFinder().lowest
  @Option(help: "The last learning rate.") var highest = LearningRateFinder().highest
  @Option(help: "How many learning rates are tried.") var searchSteps = LearningRateFinder().steps
  @Option(help: "How much of the running mean of the losses stays in a step, 0 to below 1.")
  var smoothing = LearningRateFinder().smoothing
  @OptionGroup(title: "Computation") var compute: ComputeOptions
  @OptionGroup(title: "Output") var out: OutputOptions

  func run() throws {
    try compute.install()
    let finder = LearningRateFinder(lowest: lowest, highest: highest, steps: searchSteps, smoothing: smoothing)
    let report = try TrainingJob(training.request()).findLearningRate(finder)
    try out.print(report) { Texts.learningRates(report) }
  }
}
