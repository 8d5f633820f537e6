import Apus
import ArgumentParser

/// Options that say what a network is trained for.
struct ObjectiveOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "classification (a logit for each class), binary (one logit for two classes), regression or segmentation (by the "
        + "data).",
      valueName: "name"))
  var task: String?

  @Option(
    help: ArgumentHelp(
      "What is made small: \(LossConfiguration.names.joined(separator: ", ")) (cross-entropy, binary-cross-entropy or "
        + "squared-error).", valueName: "name"))
  var loss: String?

  @Option(help: ArgumentHelp("cross-entropy: share of each target spread over all classes (0).", valueName: "part"))
  var labelSmoothing: Double?

  @Option(help: ArgumentHelp("cross-entropy: weight of each class, such as 1,2,1.", valueName: "numbers"))
  var classWeights: String?

  @Option(help: ArgumentHelp("cross-entropy: class whose samples count nothing.", valueName: "class"))
  var ignoreClass: Int?

  @Option(help: ArgumentHelp("binary-cross-entropy: factor of the positive samples' terms (1).", valueName: "factor"))
  var positiveWeight: Double?

  @Option(help: ArgumentHelp("huber, smooth-l1: where the squared part ends (1).", valueName: "number"))
  var delta: Double?

  /// The options as a training takes them.
  func request() throws -> ObjectiveRequest {
    var request = ObjectiveRequest()
    (request.task, request.loss) = (task, loss)
    (request.labelSmoothing, request.ignoredIndex) = (labelSmoothing, ignoreClass)
    (request.positiveWeight, request.delta) = (positiveWeight, delta)
    request.classWeights = try classWeights.map { text in
      let weights = text.split(separator: ",", omittingEmptySubsequences: false).map {
        Double($0.filter { $0 != " " }) ?? .nan
      }
      guard weights.allSatisfy({ $0.isFinite && $0 >= 0 }) else {
        throw TrainingError(
          "--class-weights", "cannot be '\(text)'", advice: "give numbers of at least 0, such as 1,2,1")
      }
      return weights
    }
    return request
  }
}
