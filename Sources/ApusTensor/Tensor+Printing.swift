extension Tensor: CustomStringConvertible {
  /// The element type and shape, then the elements as NumPy prints them: aligned columns, and beyond 1000 elements only
  /// the first and last three along each axis. Computes the tensor.
  ///
  /// ```
  /// f32[2, 3]
  /// [[ 1.0,  2.5,  3.0],
  ///  [ 4.0, -5.0,  6.0]]
  /// ```
  public var description: String {
    if count == 0 { return "\(type)\n[]" }
    let array = hostArray()
    return "\(type)\n" + TensorText(array).text
  }
}

/// The elements of an array as aligned text.
struct TensorText {
  private static let threshold = 1000
  private static let edge = 3

  private let shape: Shape
  private let isShortened: Bool
  private var words: [Int: String] = [:]
  private var width = 0

  init(_ array: HostArray) {
    shape = array.shape
    isShortened = array.shape.elementCount > Self.threshold
    let offsets = shownOffsets()
    switch array.dtype {
    case .bool:
      let values = array.scalars(as: Bool.self)
      for offset in offsets { words[offset] = values[offset] ? "true" : "false" }
    case .int32, .int64, .uint8:
      let values = array.scalars(as: Int64.self)
      for offset in offsets { words[offset] = String(values[offset]) }
    case .float32, .float64:
      let values = array.scalars(as: Double.self)
      let texts = Self.numbers(offsets.map { values[$0] })
      for (offset, text) in zip(offsets, texts) { words[offset] = text }
    }
    width = words.values.reduce(0) { max($0, $1.count) }
  }

  /// The elements in brackets.
  var text: String { block(axis: 0, offset: 0, indent: 1) }

  private func shownPositions(_ axis: Int) -> [Int?] {
    let extent = shape[axis]
    guard isShortened, extent > 2 * Self.edge else { return Array(0..<extent) }
    return Array(0..<Self.edge) + [nil] + Array((extent - Self.edge)..<extent)
  }

  private func shownOffsets() -> [Int] {
    var offsets = [0]
    for (axis, stride) in shape.rowMajorStrides.enumerated() {
      let positions = shownPositions(axis).compactMap { $0 }
      offsets = offsets.flatMap { offset in positions.map { offset + $0 * stride } }
    }
    return offsets
  }

  private func block(axis: Int, offset: Int, indent: Int) -> String {
    guard axis < shape.rank else {
      let word = words[offset] ?? ""
      return shape.rank == 0 ? word : String(repeating: " ", count: width - word.count) + word
    }
    let stride = shape.rowMajorStrides[axis]
    let parts = shownPositions(axis).map { position in
      position.map { block(axis: axis + 1, offset: offset + $0 * stride, indent: indent + 1) } ?? "..."
    }
    let isInnermost = axis == shape.rank - 1
    let newlines = String(repeating: "\n", count: shape.rank - 1 - axis)
    let separator = isInnermost ? ", " : "," + newlines + String(repeating: " ", count: indent)
    return "[" + parts.joined(separator: separator) + "]"
  }

  /// Numbers with the same number of decimals, as few as show four, or all in exponents when they differ widely.
  static func numbers(_ values: [Double]) -> [String] {
    let finite = values.filter { $0.isFinite && $0 != 0 }.map { Swift.abs($0) }
    let (largest, smallest) = (finite.max() ?? 1, finite.min() ?? 1)
    let usesExponents = largest >= 1e8 || smallest < 1e-4 || largest / smallest > 1e6
    func special(_ x: Double) -> String? { x.isNaN ? "nan" : x.isInfinite ? (x > 0 ? "inf" : "-inf") : nil }
    if usesExponents { return values.map { special($0) ?? exponent($0) } }
    let texts = values.map { special($0) ?? fixed($0, decimals: 4) }
    let isSpecial = values.map { special($0) != nil }
    // Trailing zeros that every number has are left out.
    let needed = zip(texts, isSpecial).map { text, skip -> Int in
      guard !skip, let point = text.firstIndex(of: ".") else { return 0 }
      let decimals = text[text.index(after: point)...]
      return 4 - decimals.reversed().prefix { $0 == "0" }.count
    }
    let decimals = needed.max() ?? 0
    return zip(values, texts).map { special($0) == nil ? fixed($0, decimals: decimals) : $1 }
  }

  private static func fixed(_ x: Double, decimals: Int) -> String {
    var scale = 1.0
    for _ in 0..<decimals { scale *= 10 }
    let digits = String(Int64((Swift.abs(x) * scale).rounded(.toNearestOrEven)))
    let sign = x < 0 ? "-" : ""
    guard decimals > 0 else { return sign + digits }
    let padded = String(repeating: "0", count: max(0, decimals + 1 - digits.count)) + digits
    return sign + padded.dropLast(decimals) + "." + padded.suffix(decimals)
  }

  private static func exponent(_ x: Double) -> String {
    guard x != 0 else { return "0.0000e+00" }
    var magnitude = Swift.abs(x)
    var power = 0
    while magnitude >= 10 { (magnitude, power) = (magnitude / 10, power + 1) }
    while magnitude < 1 { (magnitude, power) = (magnitude * 10, power - 1) }
    if (magnitude * 10000).rounded() >= 100_000 { (magnitude, power) = (magnitude / 10, power + 1) }
    let number = String(Swift.abs(power))
    return (x < 0 ? "-" : "") + fixed(magnitude, decimals: 4) + (power < 0 ? "e-" : "e+")
      + (number.count < 2 ? "0" + number : number)
  }
}
