import ApusData
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

  /// The classes of the pixels that have one, row after row of the targets: what the largest logit decides for, and what
  /// they are.
  ///
  /// - Parameters:
  ///   - outputs: logits `[N, classes, H, W]`.
  ///   - targets: classes i32 `[N, H, W]`, or `Dataset.ignoredLabel`.
  static func ofPixels(_ outputs: HostArray, _ targets: HostArray) -> (predicted: [Int], labels: [Int]) {
    let (classes, plane) = (outputs.shape[1], outputs.shape.dropFirst(2).reduce(1, *))
    let (values, labels) = (outputs.scalars(as: Float.self), targets.scalars(as: Int32.self))
    var (predicted, kept): ([Int], [Int]) = ([], [])
    predicted.reserveCapacity(labels.count)
    kept.reserveCapacity(labels.count)
    values.withUnsafeBufferPointer { values in
      for (pixel, label) in labels.enumerated() where label != Dataset.ignoredLabel {
        let first = pixel / plane * classes * plane + pixel % plane
        predicted.append(largest(values, first, plane, classes))
        kept.append(Int(label))
      }
    }
    return (predicted, kept)
  }

  /// The class that every pixel of logits `[N, classes, H, W]` decides for.
  public static func pixelClasses(_ outputs: HostArray) -> [Int] {
    let count = outputs.shape.elementCount / max(outputs.shape[1], 1)
    let labels = HostArray([Int32](repeating: 0, count: count), shape: [count])
    return ofPixels(outputs, labels).predicted
  }

  private static func largest(
    _ values: UnsafeBufferPointer<Float>, _ first: Int, _ step: Int, _ count: Int
  ) -> Int {
    var best = 0
    for position in 1..<max(count, 1) where values[first + position * step] > values[first + best * step] {
      best = position
    }
    return best
  }

  /// As ``correct(_:_:_:)``; outputs that are no rows of logits, such as those of pixels, are not read.
  static func correctRows(_ outputs: Tensor, _ targets: HostArray, _ task: PredictionTask?) -> Int? {
    outputs.shape.rank == 2 ? correct(outputs.hostArray(), targets, task) : nil
  }

  /// How many rows of `outputs` decide for the class of their target; nil for regression and segmentation.
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
