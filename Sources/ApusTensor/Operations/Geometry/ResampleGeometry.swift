/// How a pixel of a resized image is computed from those of the original.
public enum Interpolation: Sendable, Hashable, CustomStringConvertible {
  /// The pixel that lies nearest above and to the left.
  case nearest
  /// The weighted mean of the four pixels around.
  ///
  /// Pixels are squares, and the outer borders of both images lie on each other; with `alignsCorners` they are points,
  /// and the centres of the corner pixels do.
  case bilinear(alignsCorners: Bool)

  /// As ``bilinear(alignsCorners:)`` with `false`.
  public static let bilinear = Interpolation.bilinear(alignsCorners: false)

  /// As in code.
  public var description: String {
    switch self {
    case .nearest: ".nearest"
    case .bilinear(let alignsCorners): alignsCorners ? ".bilinear(alignsCorners: true)" : ".bilinear"
    }
  }
}

/// How one axis of an image is resized: `count` positions are taken from `extent`.
package struct ResampleAxis: Sendable, Hashable {
  /// The positions of the image.
  package var extent: Int
  /// The positions of the result.
  package var count: Int
  /// Positions of the image for one of the result, when a scale says so; otherwise `extent / count`.
  package var ratio: Double?

  package init(extent: Int, count: Int, ratio: Double? = nil) {
    self.extent = extent
    self.count = count
    self.ratio = ratio
  }

  /// Where each position of the result comes from: `(1 - weight) * first + weight * second`.
  package func sources(_ interpolation: Interpolation) -> [(first: Int, second: Int, weight: Double)] {
    (0..<count).map { position in
      switch interpolation {
      case .nearest:
        let place = ratio.map { Int(Double(position) * $0) } ?? position * extent / count
        return (Swift.min(place, extent - 1), Swift.min(place, extent - 1), 0)
      case .bilinear(let alignsCorners):
        let step = ratio ?? Double(extent) / Double(count)
        let corner = count > 1 ? Double(extent - 1) / Double(count - 1) : 0
        let place =
          alignsCorners ? Double(position) * corner : Swift.max((Double(position) + 0.5) * step - 0.5, 0)
        let first = Swift.min(Int(place), extent - 1)
        return (first, Swift.min(first + 1, extent - 1), Swift.min(place - Double(first), 1))
      }
    }
  }

  func encode(into key: inout PlanKey) {
    key.add(extent)
    key.add(count)
    key.add(ratio ?? 0)
  }
}

/// How images are resized.
package struct ResampleGeometry: Sendable, Hashable, CustomStringConvertible {
  package var rows: ResampleAxis
  package var columns: ResampleAxis
  package var interpolation: Interpolation

  package init(rows: ResampleAxis, columns: ResampleAxis, interpolation: Interpolation) {
    self.rows = rows
    self.columns = columns
    self.interpolation = interpolation
  }

  func encode(into key: inout PlanKey) {
    rows.encode(into: &key)
    columns.encode(into: &key)
    switch interpolation {
    case .nearest: key.add(0)
    case .bilinear(let alignsCorners): key.add(alignsCorners ? 2 : 1)
    }
  }

  /// For example `5x4 to 10x8 .bilinear`.
  package var description: String {
    "\(rows.extent)x\(columns.extent) to \(rows.count)x\(columns.count) \(interpolation)"
  }

  /// Visits every product of resizing a plane: the offset of the result's and of the image's element, and the factor.
  func forEachProduct(_ body: (_ y: Int, _ x: Int, _ factor: Double) -> Void) {
    let (vertical, horizontal) = (rows.sources(interpolation), columns.sources(interpolation))
    func parts(_ source: (first: Int, second: Int, weight: Double)) -> [(Int, Double)] {
      interpolation == .nearest
        ? [(source.first, 1)] : [(source.first, 1 - source.weight), (source.second, source.weight)]
    }
    for (i, row) in vertical.enumerated() {
      for (j, column) in horizontal.enumerated() {
        for (p, upper) in parts(row) {
          for (q, left) in parts(column) { body(i * columns.count + j, p * columns.extent + q, upper * left) }
        }
      }
    }
  }
}
