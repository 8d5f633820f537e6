import Apus
import ArgumentParser

/// `apus attack`
struct AttackCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "attack",
    abstract:
      "Attack a saved run with adversarial examples: its accuracy on inputs changed so little that people hardly see it.",
    discussion: """
      EXAMPLES
        apus attack runs/lenet5-mnist
        apus attack runs/lenet5-mnist --epsilon 0.05,0.1,0.2 --json
        apus attack runs/lenet5-mnist --method pgd --steps 20 --save examples.png
        apus attack runs/mlp-digits --method pgd --norm 2 --epsilon 1.5 --target 3 --samples 100

      Epsilon is the largest change of an element as a part of the inputs' range (0.1 of a pixel's black to white), with \
      --norm 2 the largest Euclidean length of all changes of a sample. fgsm is one step along the sign of the gradient \
      (Goodfellow et al., 2015), pgd several small ones from a random start (Madry et al., 2018). A network is defended \
      by training on such examples: apus train ... --adversarial fgsm:0.1.
      """)

  @Argument(help: ArgumentHelp("The folder of a run.", valueName: "run")) var folder: String
  @Option(help: ArgumentHelp("Other data than the run was trained on.", valueName: "name|file")) var data: String?
  @Option(help: "fgsm or pgd.") var method = AttackRequest.Method.fgsm
  @Option(help: ArgumentHelp("Largest changes, separated by commas (0.1, with --norm 2 1).", valueName: "list"))
  var epsilon: String?
  @Option(help: "What the changes are measured by: inf or 2.") var norm = Attack.Norm.infinity
  @Option(help: "pgd: steps (10).") var steps: Int?
  @Option(help: "pgd: how far a step goes (2.5 epsilon / steps).") var stepSize: Double?
  @Flag(help: "pgd: start from the sample itself.") var noRandomStart = false
  @Option(help: ArgumentHelp("Lead toward a class instead of away from the right one.", valueName: "class"))
  var target: String?
  @Option(help: "Attack only so many samples, the first ones (all).") var samples: Int?
  @Option(help: "Examples to describe and draw.") var examples = 8
  @Option(help: "Decides random starts.") var seed: UInt64 = 0
  @Option(
    help: ArgumentHelp(
      "Write the examples: original, adversarial and difference side by side as a .png, as arrays to an .npz, or single "
        + "pictures into a folder.", valueName: "file|dir"))
  var save: String?
  @OptionGroup(title: "Computation") var compute: ComputeOptions
  @OptionGroup(title: "Output") var out: OutputOptions

  func run() throws {
    try compute.install()
    let report = try SavedRun(folder).attacked(request())
    try out.print(report) { RobustnessTexts.attack(report) }
  }

  private func request() throws -> AttackRequest {
    var request = AttackRequest()
    (request.method, request.norm, request.data) = (method, norm, data)
    request.epsilons =
      try epsilon.map { try NumberList.numbers($0, option: "--epsilon", example: "0.05,0.1", positive: true) } ?? []
    (request.steps, request.stepSize, request.startsAtSample) = (steps, stepSize, noRandomStart)
    (request.target, request.samples, request.examples) = (target, samples, examples)
    (request.seed, request.output) = (seed, save)
    return request
  }
}

extension AttackRequest.Method: ExpressibleByArgument {}
extension Attack.Norm: ExpressibleByArgument {}
