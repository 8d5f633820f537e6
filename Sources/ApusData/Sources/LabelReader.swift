import ApusTensor

/// Class labels from arrays of any element type.
enum LabelReader {
  /// More classes than any classification task has; guards against numbers that are no labels.
  static let classLimit = 1 << 20

  /// The labels in an array `[N]` or `[N, 1]`.
  ///
  /// - Throws: ``DataError`` when it has another shape or a value is not a whole number from 0.
  static func labels(in array: HostArray, place: String) throws -> [Int32] {
    let shape = array.shape
    guard shape.rank == 1 || (shape.rank == 2 && shape[1] == 1) else {
      let oneHot = shape.rank == 2 ? "; if they are one-hot, take the index of the largest" : ""
      throw DataError(
        place: place, problem: "the labels have the shape \(shape)", advice: "give one number for each sample" + oneHot)
    }
    let values = array.scalars(as: Double.self)
    return try values.enumerated().map { index, value in
      guard value == value.rounded(), value >= 0 else {
        throw DataError(
          place: place, problem: "label \(index) is \(text(value)), not a whole number from 0",
          advice: "number the classes from 0")
      }
      guard value < Double(classLimit) else {
        throw DataError(
          place: place, problem: "label \(index) is \(text(value)), more than any number of classes",
          advice: "number the classes from 0 without gaps")
      }
      return Int32(value)
    }
  }

  /// Classes named by their numbers, up to a largest label.
  static func numbered(_ largest: Int32) -> [String] { (0...max(largest, 0)).map { String($0) } }

  private static func text(_ value: Double) -> String {
    Int64(exactly: value).map { String($0) } ?? String(value)
  }
}
