/// What the numbers in masks mean: the classes of pixels.
///
/// Masks that hold only 0 and 255 have the classes `background` and `foreground`. In others the number of a pixel is its
/// class, and 255 means that it belongs to none and counts nothing.
public struct MaskClasses: Sendable, Hashable, Codable {
  /// The number that stands for each class in a mask.
  public let values: [Int]
  /// The names of the classes.
  public let names: [String]

  /// The number of pixels that belong to no class, unless it is one.
  static let none = 255

  /// The classes of masks that hold these numbers.
  ///
  /// - Parameter names: of the classes, from a file; nil calls two of 0 and 255 `background` and `foreground`, others by
  ///   their numbers.
  /// - Throws: ``DataError`` when there are less than two classes, or not as many names.
  init(_ found: Set<Int>, names: [String]?, place: String) throws {
    let isBlackAndWhite =
      found.contains(Self.none) && found.isSubset(of: [0, Self.none]) && names.map { $0.count == 2 } ?? true
    let largest = found.subtracting(isBlackAndWhite ? [] : [Self.none]).max() ?? 0
    values = isBlackAndWhite ? [0, Self.none] : Array(0...max(largest, (names?.count ?? 0) - 1))
    guard values.count >= 2, values.count <= Self.none else {
      throw DataError(
        place: place,
        problem: "its masks hold only pixels of one class (\(found.sorted().map(String.init).joined(separator: ", ")))",
        advice: "give masks of 0 and 255, or of the numbers of at least two classes")
    }
    if let names, names.count != values.count {
      throw DataError(
        place: "\(place)/\(SegmentationFolder.namesFile)",
        problem: "names \(names.count) classes, but masks hold numbers up to \(largest)",
        advice: "name each class from 0 on, one a line")
    }
    self.names = names ?? (isBlackAndWhite ? ["background", "foreground"] : values.map { String($0) })
  }

  /// The label of each number from 0 to 255; nil for numbers that are no class.
  var labels: [Int32?] {
    var labels = [Int32?](repeating: nil, count: 256)
    labels[Self.none] = Dataset.ignoredLabel
    for (label, value) in values.enumerated() { labels[value] = Int32(label) }
    return labels
  }
}
