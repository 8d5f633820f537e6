import ApusTensor

/// How adversarial examples are made: inputs changed so little that a person sees hardly a difference, and so that the
/// network is wrong.
///
/// The fast gradient sign method takes one step along the sign of the loss's gradient with respect to the input:
/// `x' = x + epsilon sign(dL/dx)` (Goodfellow, Shlens, Szegedy, 2015). Projected gradient descent takes several smaller
/// steps and returns to the ball of radius epsilon around x after each, by default from a random point of the ball
/// (Madry, Makelov, Schmidt, Tsipras, Vladu, 2018). All lengths are parts of the ``InputRange``, and results stay in it.
///
/// ```swift
/// let attack = Attack.pgd(epsilon: 0.1, steps: 20)
/// let images = attack.perturbed(x, labels, model, range: range)
/// ```
public struct Attack: Sendable, Hashable, Codable {
  /// How the size of a change is measured.
  public enum Norm: String, Sendable, Hashable, Codable, CaseIterable {
    /// The largest change of an element; a step changes every element by its full size.
    case infinity = "inf"
    /// The root of the sum of the squared changes of a sample; a step goes along the gradient.
    case two = "2"
  }

  /// The largest change: no example is farther from its sample.
  public var epsilon: Double
  /// How far a step goes.
  public var stepSize: Double
  /// The number of steps.
  public var steps: Int
  /// How changes are measured.
  public var norm: Norm
  /// Whether to start from a random point of the ball rather than from the sample.
  public var startsAtRandom: Bool
  /// The class that the network shall see in every sample; nil leads away from the sample's own.
  public var targetClass: Int?

  private enum CodingKeys: String, CodingKey {
    case epsilon, steps, norm
    case stepSize = "step_size"
    case startsAtRandom = "starts_at_random"
    case targetClass = "target_class"
  }

  /// The fast gradient sign method, or with the norm 2 one step along the gradient itself.
  public static func fgsm(epsilon: Double, norm: Norm = .infinity, targetClass: Int? = nil) -> Attack {
    Attack(
      epsilon: epsilon, stepSize: epsilon, steps: 1, norm: norm, startsAtRandom: false, targetClass: targetClass)
  }

  /// Projected gradient descent.
  ///
  /// - Parameter stepSize: nil takes `2.5 epsilon / steps`, enough to cross the ball, and at most epsilon.
  public static func pgd(
    epsilon: Double, stepSize: Double? = nil, steps: Int = 10, norm: Norm = .infinity, startsAtRandom: Bool = true,
    targetClass: Int? = nil
  ) -> Attack {
    Attack(
      epsilon: epsilon, stepSize: stepSize ?? min(2.5 * epsilon / Double(max(steps, 1)), epsilon), steps: steps,
      norm: norm, startsAtRandom: startsAtRandom, targetClass: targetClass)
  }

  /// Checks the numbers.
  ///
  /// - Throws: ``TrainingError`` about the first impossible one.
  public func validate() throws {
    guard epsilon.isFinite, epsilon > 0 else {
      throw TrainingError("epsilon", "cannot be \(epsilon)", advice: "it must be a positive number")
    }
    guard norm == .two || epsilon <= 1 else {
      throw TrainingError(
        "epsilon", "cannot be \(epsilon)",
        advice: "it is a part of the inputs' range, at most 1; for 8 of 255 give \(8.0 / 255)")
    }
    guard stepSize.isFinite, stepSize > 0 else {
      throw TrainingError("the step size", "cannot be \(stepSize)", advice: "it must be a positive number")
    }
    guard steps >= 1, steps <= 10_000 else {
      throw TrainingError("steps", "cannot be \(steps)", advice: "it must be a whole number from 1 to 10000")
    }
    if let targetClass, targetClass < 0 {
      throw TrainingError("the target", "cannot be class \(targetClass)", advice: "classes are counted from 0")
    }
  }
}

extension Attack: CustomStringConvertible {
  /// `fgsm, epsilon 0.1` or `pgd, epsilon 0.1, 10 steps of 0.025, norm 2`.
  public var description: String {
    let isSingle = steps == 1 && stepSize == epsilon && !startsAtRandom
    var text = isSingle ? "fgsm, epsilon \(epsilon)" : "pgd, epsilon \(epsilon), \(steps) steps of \(stepSize)"
    if norm != .infinity { text += ", norm \(norm.rawValue)" }
    if !isSingle, !startsAtRandom { text += ", without a random start" }
    return targetClass.map { "\(text), toward class \($0)" } ?? text
  }
}
