/// Two numbers that belong to the rows and the columns of an image: a kernel's size, a stride, a padding.
///
/// An integer literal means the same number for both: `stride: 2` is `stride: Size2D(2, 2)`.
public struct Size2D: Sendable, Hashable, ExpressibleByIntegerLiteral, CustomStringConvertible {
  /// The number for rows.
  public var height: Int
  /// The number for columns.
  public var width: Int

  /// One number for rows and one for columns.
  public init(_ height: Int, _ width: Int) {
    self.height = height
    self.width = width
  }

  /// The same number for rows and columns.
  public init(_ both: Int) { self.init(both, both) }

  /// The same number for rows and columns.
  public init(integerLiteral value: Int) { self.init(value, value) }

  /// For example `3x2`.
  public var description: String { "\(height)x\(width)" }

  /// Whether both numbers are at least `limit`.
  func isAtLeast(_ limit: Int) -> Bool { height >= limit && width >= limit }

  /// The number of positions, height times width.
  package var area: Int { height * width }
}

extension PlanKey {
  /// Adds both numbers.
  mutating func add(_ size: Size2D) {
    add(size.height)
    add(size.width)
  }
}
