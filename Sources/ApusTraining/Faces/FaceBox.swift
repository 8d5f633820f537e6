/// A square of a picture that may hold a face, in pixels from the left and from the top.
struct FaceBox {
  var left: Float
  var top: Float
  var right: Float
  var bottom: Float
  /// How probably it holds a face.
  var score: Float
  /// How far the face's borders are from these, in parts of the side: left, top, right, bottom.
  var offsets: [Float] = []
  /// Five x, then five y, in parts of the side; empty before the last network.
  var landmarks: [Float] = []

  /// How much two boxes of which one is dropped may share.
  enum Overlap {
    /// The part of both together.
    case ofUnion
    /// The part of the smaller one, whose borders count as pixels.
    case ofSmaller
  }

  /// Moved to the face. Borders that count as pixels make the side longer by one.
  func moved(border: Float) -> FaceBox {
    let (width, height) = (right - left + border, bottom - top + border)
    var box = self
    box.left = left + offsets[0] * width
    box.top = top + offsets[1] * height
    box.right = right + offsets[2] * width
    box.bottom = bottom + offsets[3] * height
    return box
  }

  /// A square of the longer side around the same middle.
  var squared: FaceBox {
    let (width, height) = (right - left, bottom - top)
    let side = max(width, height)
    var box = self
    box.left = left + width * 0.5 - side * 0.5
    box.top = top + height * 0.5 - side * 0.5
    (box.right, box.bottom) = (box.left + side, box.top + side)
    return box
  }

  /// The rows and columns of a picture inside the box; nil when there are none.
  func pixels(height: Int, width: Int) -> (rows: Range<Int>, columns: Range<Int>)? {
    func range(_ low: Float, _ high: Float, _ most: Int) -> Range<Int>? {
      guard low.isFinite, high.isFinite, abs(low) < 1e9, abs(high) < 1e9 else { return nil }
      let (first, last) = (max(Int(low), 1), min(Int(high), most))
      return first <= last ? first - 1..<last : nil
    }
    guard let rows = range(top, bottom, height), let columns = range(left, right, width) else { return nil }
    return (rows, columns)
  }

  private func shared(with other: FaceBox, border: Float) -> Float {
    let width = min(right, other.right) - max(left, other.left) + border
    let height = min(bottom, other.bottom) - max(top, other.top) + border
    return max(width, 0) * max(height, 0)
  }

  private func area(border: Float) -> Float { (right - left + border) * (bottom - top + border) }

  /// The boxes by falling score, without those that share more than `limit` with a better one. Of equal ones the first is
  /// better, but the last one where the smaller counts: boxes that differ by less than a pixel hold the same pixels, and this
  /// is whom the published cascade prefers.
  static func best(of boxes: [FaceBox], sharing limit: Float, _ overlap: Overlap = .ofUnion) -> [FaceBox] {
    let border: Float = overlap == .ofSmaller ? 1 : 0
    let direction = overlap == .ofSmaller ? -1 : 1
    let ranked = boxes.enumerated().sorted {
      ($1.element.score, direction * $0.offset) < ($0.element.score, direction * $1.offset)
    }
    var kept: [FaceBox] = []
    for (_, box) in ranked {
      let isNew = kept.allSatisfy { better in
        let shared = box.shared(with: better, border: border)
        let (own, others) = (box.area(border: border), better.area(border: border))
        return shared / (overlap == .ofSmaller ? min(own, others) : own + others - shared) <= limit
      }
      if isNew { kept.append(box) }
    }
    return kept
  }
}
