/// The extents of a tensor along its axes, outermost first: `[N, C, H, W]`.
///
/// A shape holds at most ``maximumRank`` axes, inline, so that recording an operation allocates nothing for it.
/// A scalar has the empty shape `[]`.
public struct Shape: Sendable, Hashable, RandomAccessCollection, ExpressibleByArrayLiteral, CustomStringConvertible {
  /// The largest number of axes a tensor can have.
  public static let maximumRank = 8

  private var storage: InlineArray<8, Int>
  private var axisCount: Int

  /// The shape with the given extents.
  ///
  /// - Precondition: at most ``maximumRank`` extents, none of them negative.
  public init(_ extents: some Sequence<Int>) {
    storage = InlineArray(repeating: 0)
    axisCount = 0
    for extent in extents { append(extent) }
  }

  /// The shape with the given extents.
  public init(arrayLiteral elements: Int...) { self.init(elements) }

  /// The shape of a scalar.
  public init() {
    storage = InlineArray(repeating: 0)
    axisCount = 0
  }

  /// A shape with the same extent along every axis.
  public init(repeating extent: Int, count: Int) { self.init(repeatElement(extent, count: count)) }

  /// The number of axes.
  public var rank: Int { axisCount }
  /// The first axis, 0.
  public var startIndex: Int { 0 }
  /// One past the last axis.
  public var endIndex: Int { axisCount }

  /// The extent along an axis, counted from 0.
  public subscript(axis: Int) -> Int {
    get {
      precondition(axis >= 0 && axis < axisCount, "axis \(axis) is outside a shape of rank \(axisCount)")
      return storage[axis]
    }
    set {
      precondition(axis >= 0 && axis < axisCount, "axis \(axis) is outside a shape of rank \(axisCount)")
      storage[axis] = newValue
    }
  }

  /// Adds an innermost axis.
  public mutating func append(_ extent: Int) {
    precondition(axisCount < Self.maximumRank, "a tensor has at most \(Self.maximumRank) axes")
    precondition(extent >= 0, "an extent cannot be negative, got \(extent)")
    storage[axisCount] = extent
    axisCount += 1
  }

  /// The number of elements: the product of the extents, 1 for a scalar.
  public var elementCount: Int {
    var product = 1
    for axis in 0..<axisCount { product *= storage[axis] }
    return product
  }

  /// Distances in elements between neighbours along each axis in row-major order.
  public var rowMajorStrides: [Int] {
    var strides = [Int](repeating: 1, count: axisCount)
    var step = 1
    for axis in stride(from: axisCount - 1, through: 0, by: -1) {
      strides[axis] = step
      step *= storage[axis]
    }
    return strides
  }

  /// The shape without its outermost axis.
  ///
  /// - Precondition: at least one axis.
  public func removingFirst() -> Shape {
    precondition(axisCount > 0, "a scalar has no axis to remove")
    if axisCount == 1 { return Shape() }
    var result = Shape()
    for axis in 1..<axisCount { result.storage[axis - 1] = storage[axis] }
    result.axisCount = axisCount - 1
    return result
  }

  /// The shape with one more axis, before the given one.
  public func inserting(_ extent: Int, at axis: Int) -> Shape {
    precondition(axis >= 0 && axis <= axisCount, "an axis cannot be put at \(axis) of a shape of rank \(axisCount)")
    var result = self
    result.append(extent)
    for later in stride(from: axisCount, to: axis, by: -1) { result.storage[later] = storage[later - 1] }
    result.storage[axis] = extent
    return result
  }

  /// The shape without the given axes (counted from 0).
  public func removing(axes: [Int]) -> Shape {
    var result = Shape()
    for axis in 0..<axisCount where !axes.contains(axis) { result.append(storage[axis]) }
    return result
  }

  /// The shape with the given axes (counted from 0) set to 1.
  public func keeping(axes: [Int]) -> Shape {
    var result = self
    for axis in axes { result[axis] = 1 }
    return result
  }

  /// The shape two operands broadcast to, or nil when they do not fit.
  ///
  /// Axes are aligned from the innermost; extents must be equal or one of them 1.
  public func broadcast(with other: Shape) -> Shape? {
    if self == other { return self }
    let rank = Swift.max(axisCount, other.axisCount)
    var result = Shape(repeating: 1, count: rank)
    for offset in 1..<(rank + 1) {
      let a = offset <= axisCount ? storage[axisCount - offset] : 1
      let b = offset <= other.axisCount ? other.storage[other.axisCount - offset] : 1
      guard a == b || a == 1 || b == 1 else { return nil }
      result.storage[rank - offset] = a == 1 ? b : a
    }
    return result
  }

  /// Row-major strides of a tensor of this shape read as if it had the larger shape `target`: broadcast axes get 0.
  package func broadcastStrides(to target: Shape) -> [Int] {
    var strides = [Int](repeating: 0, count: target.axisCount)
    var step = 1
    for offset in 0..<axisCount {
      let extent = storage[axisCount - 1 - offset]
      if extent != 1 { strides[target.axisCount - 1 - offset] = step }
      step *= extent
    }
    return strides
  }

  /// The extents in brackets, for example `[128, 1, 28, 28]`.
  public var description: String { "[" + map(String.init).joined(separator: ", ") + "]" }

  /// Whether two shapes have the same extents.
  public static func == (a: Shape, b: Shape) -> Bool {
    guard a.axisCount == b.axisCount else { return false }
    for axis in 0..<a.axisCount where a.storage[axis] != b.storage[axis] { return false }
    return true
  }

  /// Feeds the extents to a hasher.
  public func hash(into hasher: inout Hasher) {
    hasher.combine(axisCount)
    for axis in 0..<axisCount { hasher.combine(storage[axis]) }
  }
}

/// The shape and element type of a tensor: all that is known about it before it is computed.
public struct TensorType: Sendable, Hashable, CustomStringConvertible {
  /// Extents along the axes.
  public var shape: Shape
  /// Type of the elements.
  public var dtype: DType

  /// A tensor type.
  public init(_ shape: Shape, _ dtype: DType) {
    self.shape = shape
    self.dtype = dtype
  }

  /// Bytes the elements occupy in row-major order without padding.
  public var byteCount: Int { shape.elementCount * dtype.byteCount }

  /// For example `f32[128, 10]`.
  public var description: String { "\(dtype)\(shape)" }
}
