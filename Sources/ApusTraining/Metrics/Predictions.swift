import ApusNN
import ApusTensor

/// Reading class decisions from the outputs of a network.
public enum Predictions {
  /// The class that every row of `[N, classes]` decides for: the one with the largest output, the first of equal ones;
  /// of one logit (`[N, 1]`, a binary task) class 1 where it is above 0.
  ///
  /// Rows whose outputs are not numbers give class 0.
  public static func classes(_ outputs: HostArray, task: PredictionTask = .classification) -> [Int] {
    guard outputs.shape.rank == 2 else { return [] }
    let (rows, classes) = (outputs.shape[0], outputs.shape[1])
    let values = outputs.scalars(as: Float.self)
    if task == .binary { return values.map { $0 > 0 ? 1 : 0 } }
    return values.withUnsafeBufferPointer { values in
      (0..<rows).map { row in
        var best = 0
        for position in 1..<max(classes, 1) where values[row * classes + position] > values[row * classes + best] {
          best = position
        }
        return best
      }
    }
  }

  /// The probabilities of the classes for one row of logits; of a binary task's one logit those of classes 0 and 1.
  public static func probabilities(_ logits: [Double], _ task: PredictionTask = .classification) -> [Double] {
    if task == .binary, logits.count == 1 { return probabilities([0, logits[0]]) }
    let largest = logits.max() ?? 0
    let powers = logits.map { exponential($0 - largest) }
    let total = powers.reduce(0, +)
    return powers.map { $0 / total }
  }

  /// The class of every target: labels `[N]` as they are, of weights `[N, classes]` the heaviest class, of probabilities
  /// `[N]` or `[N, 1]` of class 1 the likelier one; nil when the targets are none of these.
  static func labels(_ targets: HostArray, classCount: Int) -> [Int]? {
    let width = targets.shape.dropFirst().reduce(1, *)
    if !targets.dtype.isFloatingPoint {
      guard width == 1, targets.shape.rank <= 2 else { return nil }
      return targets.scalars(as: Int64.self).map(Int.init)
    }
    if width == 1, classCount == 2 { return targets.scalars(as: Double.self).map { $0 >= 0.5 ? 1 : 0 } }
    guard targets.shape.rank == 2, width == classCount else { return nil }
    return classes(targets)
  }

  /// How many rows of `outputs` decide for the class of their target; nil for regression.
  ///
  /// - Parameter task: what the outputs mean; nil takes labels `[N]` for classes, of one logit if there is one, and
  ///   everything else for numbers.
  static func correct(_ outputs: HostArray, _ targets: HostArray, _ task: PredictionTask?) -> Int? {
    guard task != .regression, outputs.shape.rank == 2 else { return nil }
    if task == nil, targets.shape.rank != 1 || targets.dtype != .int32 { return nil }
    let task = task ?? (outputs.shape[1] == 1 ? .binary : .classification)
    guard let labels = labels(targets, classCount: task == .binary ? 2 : outputs.shape[1]) else { return nil }
    return zip(classes(outputs, task: task), labels).reduce(0) { $1.0 == $1.1 ? $0 + 1 : $0 }
  }
}
