import ApusTensor

/// How the values of a tensor are spread at one moment of a training: a line of `statistics.jsonl`.
///
/// Mean, deviation and extremes are those of the finite values. The histogram has bins of equal width from the smallest
/// to the largest of them: bin k counts the values from `edges[k]` to below `edges[k + 1]`, the last one its right edge
/// too. Where all values are equal, the bins reach half a unit to both sides.
public struct TensorStatistics: Sendable, Hashable, Codable {
  /// What the tensor is.
  public enum Kind: String, Sendable, Hashable, Codable, CaseIterable {
    /// A parameter.
    case weight
    /// The gradient of the loss of the last batch with respect to a parameter.
    case gradient
    /// The output of a layer, its activation included, for the last batch in inference mode.
    case activation
  }

  /// The epoch, counted from 1.
  public var epoch: Int
  /// Updates done.
  public var step: Int
  /// The path of the parameter (`conv1.weight`), of an activation that of the layer (`conv1`).
  public var path: String
  /// What the tensor is.
  public var kind: Kind
  /// Values in all.
  public var count: Int
  /// Values that are infinite or not a number.
  public var notFinite = 0
  /// The mean.
  public var mean = 0.0
  /// The standard deviation, of the values themselves (divided by their number).
  public var std = 0.0
  /// The smallest value.
  public var min = 0.0
  /// The largest value.
  public var max = 0.0
  /// The fraction of values that are exactly 0: of activations by ReLU those that are switched off.
  public var zeros = 0.0
  /// Where the bins begin, and the last one ends.
  public var edges: [Double] = []
  /// How many values each bin holds.
  public var counts: [Int] = []

  private enum CodingKeys: String, CodingKey {
    case epoch, step, path, kind, count, mean, std, min, max, zeros, edges, counts
    case notFinite = "not_finite"
  }

  /// The statistics of an array.
  ///
  /// - Precondition: at least one bin.
  public init(_ array: HostArray, path: String, kind: Kind, epoch: Int, step: Int, bins: Int = 30) {
    precondition(bins >= 1, "a histogram needs at least one bin, got \(bins)")
    (self.path, self.kind, self.epoch, self.step) = (path, kind, epoch, step)
    let values = array.scalars(as: Float.self)
    count = values.count
    var (sum, zeroCount, finite) = (0.0, 0, 0)
    var (low, high) = (Float.infinity, -Float.infinity)
    for value in values where value.isFinite {
      finite += 1
      sum += Double(value)
      if value == 0 { zeroCount += 1 }
      if value < low { low = value }
      if value > high { high = value }
    }
    notFinite = count - finite
    guard finite > 0 else { return }
    mean = sum / Double(finite)
    (min, max) = (Double(low), Double(high))
    zeros = Double(zeroCount) / Double(finite)
    let (start, end) = low == high ? (min - 0.5, max + 0.5) : (min, max)
    let width = (end - start) / Double(bins)
    edges = (0..<bins).map { start + Double($0) * width } + [end]
    counts = [Int](repeating: 0, count: bins)
    var squares = 0.0
    for value in values where value.isFinite {
      squares += (Double(value) - mean) * (Double(value) - mean)
      counts[Swift.min(Int((Double(value) - start) / width), bins - 1)] += 1
    }
    std = (squares / Double(finite)).squareRoot()
  }
}
