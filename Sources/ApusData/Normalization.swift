import ApusTensor

/// Bringing inputs to a common scale: `(x * scale - mean) / deviation`, in f32.
///
/// By ``NormalizationMethod/standard`` to mean 0 and standard deviation 1; by ``NormalizationMethod/minmax`` to 0 to 1,
/// where `mean` holds the smallest values and `deviation` the ranges. Fitted on the training part only, saved with the run,
/// and applied while batches are made. Of more than 4096 pictures in files so many, spread evenly, are looked at.
public struct Normalization: Codable, Sendable, Hashable {
  /// Which elements of a sample share a mean and a deviation.
  public enum Grouping: String, Codable, Sendable, CaseIterable {
    /// All elements.
    case whole
    /// Those of the same channel, the first axis of a sample: pictures `[channels, height, width]`.
    case channels
    /// Those of the same column, the last axis of a sample: features `[F]`, sequences `[T, F]`.
    case features
    /// None: the samples are numbers of symbols, which stay as they are.
    case symbols
  }

  /// Leaves numbers of symbols as they are.
  public static let ofSymbols = Normalization(grouping: .symbols, scale: 1, mean: [0], deviation: [1])

  /// Which elements share the statistics.
  public let grouping: Grouping
  /// Multiplied first: 1/255 for bytes, otherwise 1.
  public let scale: Float
  /// The mean of every group, after scaling.
  public let mean: [Float]
  /// The standard deviation (of the population) of every group, after scaling; 1 where all values are equal.
  public let deviation: [Float]

  /// A normalization with given statistics, for example those of a published network.
  ///
  /// - Precondition: as many means as deviations, at least one, all finite, deviations positive.
  public init(grouping: Grouping, scale: Float, mean: [Float], deviation: [Float]) {
    if let problem = Self.problem(scale, mean, deviation) { preconditionFailure(problem) }
    self.grouping = grouping
    self.scale = scale
    self.mean = mean
    self.deviation = deviation
  }

  /// Reads what a run saved.
  ///
  /// - Throws: `DecodingError` when the numbers are not those of a normalization.
  public init(from decoder: any Decoder) throws {
    let values = try decoder.container(keyedBy: CodingKeys.self)
    grouping = try values.decode(Grouping.self, forKey: .grouping)
    scale = try values.decode(Float.self, forKey: .scale)
    mean = try values.decode([Float].self, forKey: .mean)
    deviation = try values.decode([Float].self, forKey: .deviation)
    if let problem = Self.problem(scale, mean, deviation) {
      throw DecodingError.dataCorruptedError(forKey: .deviation, in: values, debugDescription: problem)
    }
  }

  /// Why the numbers are not those of a normalization, or nil.
  private static func problem(_ scale: Float, _ mean: [Float], _ deviation: [Float]) -> String? {
    guard mean.count == deviation.count, !mean.isEmpty else {
      return "a normalization needs as many deviations as means, got \(deviation.count) and \(mean.count)"
    }
    guard (mean + deviation + [scale]).allSatisfy(\.isFinite) else { return "a normalization needs finite numbers" }
    return deviation.allSatisfy { $0 > 0 } ? nil : "the deviations of a normalization must be positive"
  }

  /// The normalization of these samples.
  ///
  /// - Parameters:
  ///   - method: to mean 0 and standard deviation 1, to 0 to 1, or only ``scaleOnly(_:)``.
  ///   - grouping: nil chooses by the rank of a sample: columns for rank 1, all elements for rank 2, channels
  ///     for rank 3 and above.
  /// - Throws: ``DataError`` when a value is not finite or too large for f32.
  public init(fitting data: Dataset, by method: NormalizationMethod = .standard, grouping: Grouping? = nil) throws {
    guard data.symbolCount == 0, grouping != .symbols else {
      self = .ofSymbols
      return
    }
    let shape = data.sampleShape
    let chosen = grouping ?? Self.defaultGrouping(shape)
    let layout = GroupLayout(shape, chosen)
    let (scale, moments) = try Moments.fit(data, layout)
    guard method != .none else {
      self = .scaleOnly(data.inputType.dtype)
      return
    }
    self.grouping = chosen
    self.scale = scale
    mean = moments.map { Float(method == .standard ? $0.mean : $0.lowest) }
    deviation = moments.map { moments in
      let width = Float(method == .standard ? moments.deviation : moments.highest - moments.lowest)
      return moments.lowest == moments.highest || width == 0 ? 1 : width
    }
    if let bad = mean.indices.first(where: { !mean[$0].isFinite || !deviation[$0].isFinite }) {
      throw DataError(
        place: data.name, problem: "the values of group \(bad) are too large to be normalised",
        advice: "scale them down first")
    }
  }

  /// Only the scale: bytes become 0 to 1, other numbers stay as they are.
  public static func scaleOnly(_ dtype: DType) -> Normalization {
    Normalization(grouping: .whole, scale: dtype == .uint8 ? 1 / 255 : 1, mean: [0], deviation: [1])
  }

  /// Whether samples of this shape can be normalised: it has as many groups as there are statistics.
  public func fits(_ sampleShape: Shape) -> Bool { GroupLayout(sampleShape, grouping).groups == mean.count }

  /// The normalised samples `[N, ...]`, f32.
  ///
  /// - Precondition: ``fits(_:)`` the shape of a sample.
  public func applied(to inputs: HostArray) -> HostArray {
    if grouping == .symbols { return inputs }
    return inputs.normalizedRows((0..<UInt32(inputs.shape[0])).map { $0 }, self)
  }

  /// The samples in their own scale again, f32: the inverse of ``applied(to:)`` to rounding.
  ///
  /// - Precondition: ``fits(_:)`` the shape of a sample.
  public func inverted(_ normalized: HostArray) -> HostArray {
    if grouping == .symbols { return normalized }
    let shape = Shape(normalized.shape.dropFirst())
    precondition(fits(shape), "a normalization with \(mean.count) groups does not fit samples of shape \(shape)")
    let layout = GroupLayout(shape, grouping)
    let values = normalized.scalars(as: Double.self).enumerated().map { index, value in
      let group = index / layout.inner % layout.groups
      return Float((value * Double(deviation[group]) + Double(mean[group])) / Double(scale))
    }
    return HostArray(values, shape: normalized.shape)
  }

  private static func defaultGrouping(_ shape: Shape) -> Grouping {
    switch shape.rank {
    case 0, 2: .whole
    case 1: .features
    default: .channels
    }
  }
}

/// A sample seen as `[outer, groups, inner]`.
struct GroupLayout {
  var outer: Int
  var groups: Int
  var inner: Int

  init(_ shape: Shape, _ grouping: Normalization.Grouping) {
    let count = shape.elementCount
    (outer, groups, inner) = (1, 1, count)
    guard shape.rank > 0, count > 0 else { return }
    switch grouping {
    case .whole, .symbols: break
    case .channels: (groups, inner) = (shape[0], count / shape[0])
    case .features: (outer, groups, inner) = (count / shape[shape.rank - 1], shape[shape.rank - 1], 1)
    }
  }
}

/// Mean, deviation and bounds of a group of values.
struct Moments {
  var mean: Double
  var deviation: Double
  var lowest: Double
  var highest: Double

  /// The moments of every group, and the scale that was applied.
  static func fit(_ data: Dataset, _ layout: GroupLayout) throws -> (scale: Float, moments: [Moments]) {
    func run<Scalar: TensorScalar>(_: Scalar.Type) throws -> (Float, [Moments]) {
      try data.inputs.withUnsafeBytes { (1, try of($0.bindMemory(to: Scalar.self), data, layout)) }
    }
    switch data.inputType.dtype {
    case .uint8: return (1 / 255, try ofBytes(data, layout))
    case .float32: return try run(Float.self)
    case .float64: return try run(Double.self)
    case .int32: return try run(Int32.self)
    case .int64: return try run(Int64.self)
    case .bool: return try run(Bool.self)
    }
  }

  /// The most pictures in files that statistics are found from, spread evenly over all.
  static let mostFiles = 4096

  /// Bytes: exact, from a histogram of every group. Pictures in files are read in parts.
  private static func ofBytes(_ data: Dataset, _ layout: GroupLayout) throws -> [Moments] {
    var histograms = [Int](repeating: 0, count: layout.groups * 256)
    if let array = data.inputRows.array {
      array.withUnsafeBytes { count($0, data.count, layout, &histograms) }
    } else {
      let used = min(data.count, mostFiles)
      for start in stride(from: 0, to: used, by: 64) {
        let rows = (start..<min(start + 64, used)).map { $0 * data.count / used }
        try data.inputRows.gathered(rows).withUnsafeBytes { count($0, rows.count, layout, &histograms) }
      }
    }
    return moments(histograms, layout)
  }

  private static func count(
    _ values: UnsafeRawBufferPointer, _ samples: Int, _ layout: GroupLayout, _ histograms: inout [Int]
  ) {
    histograms.withUnsafeMutableBufferPointer { histograms in
      var position = 0
      for _ in 0..<samples * layout.outer {
        for group in 0..<layout.groups {
          for _ in 0..<layout.inner {
            histograms[group << 8 | Int(values[position])] &+= 1
            position += 1
          }
        }
      }
    }
  }

  private static func moments(_ histograms: [Int], _ layout: GroupLayout) -> [Moments] {
    (0..<layout.groups).map { group in
      let counts = histograms[group << 8..<(group + 1) << 8]
      let total = Double(counts.reduce(0, +))
      let mean = counts.enumerated().reduce(0.0) { $0 + Double($1.offset * $1.element) } / total
      let variance = counts.enumerated().reduce(0.0) { sum, entry in
        let distance = Double(entry.offset) - mean
        return sum + distance * distance * Double(entry.element)
      }
      let bounds = (counts.firstIndex { $0 > 0 } ?? 0, counts.lastIndex { $0 > 0 } ?? 0)
      return Moments(
        mean: mean / 255, deviation: (variance / total).squareRoot() / 255,
        lowest: Double(bounds.0 & 255) / 255, highest: Double(bounds.1 & 255) / 255)
    }
  }

  /// Other numbers: two passes in f64.
  private static func of<Scalar: TensorScalar>(
    _ values: UnsafeBufferPointer<Scalar>, _ data: Dataset, _ layout: GroupLayout
  ) throws -> [Moments] {
    let (groups, inner) = (layout.groups, layout.inner)
    let runs = data.count * layout.outer
    var sums = [Double](repeating: 0, count: groups)
    var lowest = [Double](repeating: .infinity, count: groups)
    var highest = [Double](repeating: -.infinity, count: groups)
    var position = 0
    for _ in 0..<runs {
      for group in 0..<groups {
        for _ in 0..<inner {
          let value = values[position].asDouble
          guard value.isFinite else {
            let sample = position / max(data.sampleShape.elementCount, 1)
            throw DataError(
              place: data.name, problem: "input \(sample) holds a value that is not finite (\(value))",
              advice: "remove or replace such values first")
          }
          sums[group] += value
          lowest[group] = min(lowest[group], value)
          highest[group] = max(highest[group], value)
          position += 1
        }
      }
    }
    let total = Double(runs * inner)
    let means = sums.map { $0 / total }
    var squares = [Double](repeating: 0, count: groups)
    position = 0
    for _ in 0..<runs {
      for group in 0..<groups {
        for _ in 0..<inner {
          let distance = values[position].asDouble - means[group]
          squares[group] += distance * distance
          position += 1
        }
      }
    }
    return (0..<groups).map { group in
      Moments(
        mean: means[group], deviation: (squares[group] / total).squareRoot(), lowest: lowest[group],
        highest: highest[group])
    }
  }
}
