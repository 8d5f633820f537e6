/// What may stand in the brackets of `x[...]`: integers, ranges, strides and ``TensorIndex`` values.
public protocol TensorIndexing: Sendable {
  /// The part of an axis that is meant.
  var tensorIndex: TensorIndex { get }
}

/// A part of an axis, or a new one.
public enum TensorIndex: TensorIndexing, Hashable {
  /// One position; the axis disappears. Negative positions count from the end.
  case at(Int)
  /// Positions from `start` up to but not including `stop`; nil means the end of the axis that the step comes from or
  /// goes to. Negative bounds count from the end. A negative step walks backwards.
  case slice(from: Int?, to: Int?, by: Int)
  /// A new axis of extent 1.
  case newAxis
  /// As many whole axes as are left.
  case ellipsis

  /// The whole axis.
  public static let all = TensorIndex.slice(from: nil, to: nil, by: 1)
  /// The whole axis in steps; -1 reverses it.
  public static func every(_ step: Int) -> TensorIndex { .slice(from: nil, to: nil, by: step) }

  /// The part itself.
  public var tensorIndex: TensorIndex { self }
}

extension Int: TensorIndexing {
  /// One position.
  public var tensorIndex: TensorIndex { .at(self) }
}
extension Range: TensorIndexing where Bound == Int {
  /// The positions of the range.
  public var tensorIndex: TensorIndex { .slice(from: lowerBound, to: upperBound, by: 1) }
}
extension ClosedRange: TensorIndexing where Bound == Int {
  /// The positions of the range.
  public var tensorIndex: TensorIndex { .slice(from: lowerBound, to: upperBound == -1 ? nil : upperBound + 1, by: 1) }
}
extension PartialRangeFrom: TensorIndexing where Bound == Int {
  /// The positions from the bound on; `(-2)...` means the last two.
  public var tensorIndex: TensorIndex { .slice(from: lowerBound, to: nil, by: 1) }
}
extension PartialRangeUpTo: TensorIndexing where Bound == Int {
  /// The positions before the bound; `..<(-1)` means all but the last.
  public var tensorIndex: TensorIndex { .slice(from: nil, to: upperBound, by: 1) }
}
extension PartialRangeThrough: TensorIndexing where Bound == Int {
  /// The positions up to the bound.
  public var tensorIndex: TensorIndex { .slice(from: nil, to: upperBound == -1 ? nil : upperBound + 1, by: 1) }
}
extension StrideTo: TensorIndexing where Element == Int {
  /// The positions of the stride.
  public var tensorIndex: TensorIndex { .positions(Array(self)) }
}
extension StrideThrough: TensorIndexing where Element == Int {
  /// The positions of the stride.
  public var tensorIndex: TensorIndex { .positions(Array(self)) }
}

extension TensorIndex {
  /// Positions at equal distances, none of them negative.
  fileprivate static func positions(_ list: [Int]) -> TensorIndex {
    guard let first = list.first, let last = list.last else { return .slice(from: 0, to: 0, by: 1) }
    let step = list.count > 1 ? list[1] - first : 1
    let stop = last + (step > 0 ? 1 : -1)
    return .slice(from: first, to: stop < 0 ? nil : stop, by: step)
  }
}

extension Tensor {
  /// A part of the tensor, as NumPy's basic indexing.
  ///
  /// ```swift
  /// x[2]                        // one position of the first axis, which disappears; x[-1] is the last
  /// x[0..., 1..<3, 2]           // ranges keep their axis; axes not named are whole
  /// x[..<(-1)]                  // all but the last
  /// x[stride(from: 0, to: 6, by: 2), TensorIndex.every(-1)]
  /// x[TensorIndex.newAxis, TensorIndex.ellipsis, 0]
  /// ```
  /// Bounds beyond an axis are cut to it, as NumPy does; a single position outside is an error. The result is
  /// differentiable.
  public subscript(_ indices: any TensorIndexing...) -> Tensor {
    let parts = indices.map(\.tensorIndex)
    let named = parts.count { $0 != .newAxis && $0 != .ellipsis }
    guard named <= rank, parts.count(where: { $0 == .ellipsis }) <= 1 else {
      let problem = "\(type)[...]: \(named) indices for \(rank) axes, or more than one ellipsis"
      return Diagnostics.fail(ShapeError(problem), like: type)
    }
    let missing = [TensorIndex](repeating: .all, count: rank - named)
    let hasEllipsis = parts.contains(.ellipsis)
    let full = parts.flatMap { $0 == .ellipsis ? missing : [$0] } + (hasEllipsis ? [] : missing)
    var (starts, counts, steps): ([Int], [Int], [Int]) = ([], [], [])
    var result = Shape()
    for part in full {
      switch part {
      case .newAxis: result.append(1)
      case .ellipsis: break
      case .at(let position):
        let extent = shape[starts.count]
        let place = position < 0 ? position + extent : position
        guard place >= 0, place < extent else {
          let problem = "\(type)[...]: position \(position) of axis \(starts.count), which has \(extent)"
          return Diagnostics.fail(ShapeError(problem), like: type)
        }
        starts.append(place)
        counts.append(1)
        steps.append(1)
      case .slice(let from, let to, let step):
        guard step != 0 else {
          return Diagnostics.fail(ShapeError("\(type)[...]: a step must not be 0"), like: type)
        }
        let (start, count) = Self.resolve(from, to, step, extent: shape[starts.count])
        starts.append(start)
        counts.append(count)
        steps.append(step)
        result.append(count)
      }
    }
    let isWhole = counts == Array(shape) && steps.allSatisfy { $0 == 1 }
    let slice = isWhole ? self : Tensor.record(Slice(starts: starts, counts: counts, steps: steps), [self])
    return slice.reshaped(to: result)
  }

  private static func resolve(_ from: Int?, _ to: Int?, _ step: Int, extent: Int) -> (start: Int, count: Int) {
    func place(_ bound: Int) -> Int { bound < 0 ? bound + extent : bound }
    if step > 0 {
      let start = Swift.min(Swift.max(from.map(place) ?? 0, 0), extent)
      let stop = Swift.min(Swift.max(to.map(place) ?? extent, 0), extent)
      return stop > start ? (start, (stop - start + step - 1) / step) : (0, 0)
    }
    let start = Swift.min(Swift.max(from.map(place) ?? extent - 1, -1), extent - 1)
    let stop = Swift.min(Swift.max(to.map(place) ?? -1, -1), extent - 1)
    return start > stop ? (start, (start - stop - step - 1) / -step) : (0, 0)
  }
}
