import ApusNN
import ApusTensor

/// Training on adversarial examples beside the clean ones: the loss becomes
/// `weight L(x') + (1 - weight) L(x)` with x' made by an attack on the network as it is (Goodfellow, Shlens, Szegedy, 2015;
/// with projected gradient descent and weight 1: Madry et al., 2018).
///
/// The attack sees the network as in use: no dropout, the running statistics as they are before the step. The losses are those of
/// training: clean and adversarial samples draw dropout of their own, are normalised by the statistics of their own
/// half, and both move the running statistics. The whole step, attack included, is one plan.
///
/// ```swift
/// options.adversarial = AdversarialTraining(.fgsm(epsilon: 0.1))
/// ```
public struct AdversarialTraining: Sendable, Hashable, Codable {
  /// How examples are made.
  public var attack: Attack
  /// The weight of the loss of the adversarial samples, above 0 and at most 1.
  public var weight: Double

  /// A mix of clean and adversarial samples.
  public init(_ attack: Attack, weight: Double = 0.5) {
    self.attack = attack
    self.weight = weight
  }

  /// What a command calls it: `fgsm:0.1`, `pgd:0.1` with 7 steps, or `pgd:0.1:20` with 20.
  ///
  /// - Throws: ``TrainingError`` when the text is none of these or a number is impossible.
  public init(_ text: String, weight: Double? = nil) throws {
    let words = text.split(separator: ":", omittingEmptySubsequences: false).map(String.init)
    func refused() -> TrainingError {
      TrainingError(
        "--adversarial", "cannot be '\(text)'", advice: "give a method and an epsilon, such as fgsm:0.1 or pgd:0.1:7")
    }
    guard words.count >= 2, let epsilon = Double(words[1]) else { throw refused() }
    switch (words[0], words.count) {
    case ("fgsm", 2): self.init(.fgsm(epsilon: epsilon), weight: weight ?? 0.5)
    case ("pgd", 2): self.init(.pgd(epsilon: epsilon, steps: Self.usualSteps), weight: weight ?? 0.5)
    case ("pgd", 3):
      guard let steps = Int(words[2]) else { throw refused() }
      self.init(.pgd(epsilon: epsilon, steps: steps), weight: weight ?? 0.5)
    default: throw refused()
    }
    do { try validate() } catch let error as TrainingError {
      throw TrainingError("--adversarial", "\(error.place) \(error.problem)", advice: error.advice)
    }
  }

  /// What two options ask for; nil when there is neither.
  ///
  /// - Throws: ``TrainingError`` as ``init(_:weight:)``, and when there is a weight but no attack.
  public static func parsed(_ text: String?, weight: Double?) throws -> AdversarialTraining? {
    if let weight, !(weight > 0 && weight <= 1) {
      throw TrainingError.impossible("--adversarial-weight", weight, "above 0 and at most 1")
    }
    guard let text else {
      guard let weight else { return nil }
      throw TrainingError(
        "--adversarial-weight", "is \(weight) without an attack", advice: "add --adversarial, such as fgsm:0.1")
    }
    return try AdversarialTraining(text, weight: weight)
  }

  private static let usualSteps = 7

  /// Checks the numbers.
  ///
  /// - Throws: ``TrainingError`` about the first impossible one.
  public func validate() throws {
    try attack.validate()
    guard attack.steps <= 100 else {
      throw TrainingError(
        "steps", "cannot be \(attack.steps)", advice: "an attack inside a training step has at most 100")
    }
    guard weight > 0, weight <= 1 else {
      throw TrainingError("the weight", "cannot be \(weight)", advice: "it must be above 0 and at most 1")
    }
  }
}

/// The loss that adversarial training makes small, for `trainStep`.
public struct AdversarialLoss: Sendable {
  /// How samples are attacked, and what their loss counts.
  public var training: AdversarialTraining
  /// What values inputs can take.
  public var range: InputRange

  /// Adversarial training on inputs of a range.
  public init(_ training: AdversarialTraining, range: InputRange) {
    self.training = training
    self.range = range
  }

  /// The outputs for the clean samples of a batch, and the mixed loss.
  public func callAsFunction(
    _ model: some Layer, _ inputs: Tensor, _ targets: Tensor, loss: LossFunction
  ) -> JudgedOutputs {
    // First, so that it sees the running statistics before this step.
    let changed = training.attack.perturbed(inputs, targets, model, loss: loss, range: range)
    var judged = JudgedOutputs(model, inputs, targets, loss: loss)
    let attacked = JudgedOutputs(model, changed, targets, loss: loss)
    func mixed(_ clean: Tensor, _ attacked: Tensor) -> Tensor {
      training.weight == 1 ? attacked : clean * (1 - training.weight) + attacked * training.weight
    }
    let total = mixed(judged.total, attacked.total)
    judged.loss = judged.hasHeads ? mixed(judged.loss, attacked.loss) : total
    judged.total = total
    return judged
  }
}
