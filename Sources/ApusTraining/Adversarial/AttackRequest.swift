/// What somebody asks an attack on a saved run to do.
public struct AttackRequest: Sendable, Hashable {
  /// How examples are made.
  public enum Method: String, Sendable, Hashable, Codable, CaseIterable {
    /// One step.
    case fgsm
    /// Several steps, by default from a random start.
    case pgd
  }

  /// How examples are made.
  public var method = Method.fgsm
  /// The largest changes, one attack each.
  public var epsilons: [Double] = []
  /// How changes are measured.
  public var norm = Attack.Norm.infinity
  /// Steps of projected gradient descent.
  public var steps: Int?
  /// How far such a step goes.
  public var stepSize: Double?
  /// Whether to start from the sample itself.
  public var startsAtSample = false
  /// The name of the class that the network shall see in every sample.
  public var target: String?
  /// How many samples are attacked, the first ones; nil means all.
  public var samples: Int?
  /// How many examples are described and drawn.
  public var examples = 8
  /// Decides random starts.
  public var seed: UInt64 = 0
  /// Other data than the run was trained on.
  public var data: String?
  /// A `.png` file, an `.npz` file or a folder for the examples.
  public var output: String?

  /// The fast gradient sign method at epsilon 0.1.
  public init() {}

  /// The attacks, one for each epsilon.
  ///
  /// - Throws: ``TrainingError`` about the first impossible option.
  func attacks(classNames: [String]) throws -> [Attack] {
    let target = try target.map { name in
      guard let index = classNames.firstIndex(of: name) else {
        throw TrainingError.unknown("class", name, among: classNames)
      }
      return index
    }
    if method == .fgsm {
      let foreign = [
        ("--steps", steps != nil), ("--step-size", stepSize != nil), ("--no-random-start", startsAtSample),
      ]
      if let option = foreign.first(where: \.1)?.0 {
        throw TrainingError(option, "is an option of pgd, fgsm takes one step", advice: "add --method pgd")
      }
    }
    if let steps, steps < 1 || steps > 10_000 {
      throw TrainingError.impossible("--steps", steps, "a whole number from 1 to 10000")
    }
    if let stepSize, !(stepSize.isFinite && stepSize > 0) {
      throw TrainingError.impossible("--step-size", stepSize, "a positive number")
    }
    if let samples, samples < 1 { throw TrainingError.impossible("--samples", samples, "a whole number of at least 1") }
    guard examples >= 0, examples <= 1000 else {
      throw TrainingError.impossible("--examples", examples, "a whole number from 0 to 1000")
    }
    if let output { _ = try ExampleFiles.Kind(output) }
    let epsilons = epsilons.isEmpty ? [norm == .infinity ? 0.1 : 1] : epsilons
    return try epsilons.map { epsilon in
      let attack: Attack =
        method == .fgsm
        ? .fgsm(epsilon: epsilon, norm: norm, targetClass: target)
        : .pgd(
          epsilon: epsilon, stepSize: stepSize, steps: steps ?? 10, norm: norm, startsAtRandom: !startsAtSample,
          targetClass: target)
      do { try attack.validate() } catch let error as TrainingError {
        throw TrainingError("--epsilon", error.problem, advice: error.advice)
      }
      return attack
    }
  }
}
