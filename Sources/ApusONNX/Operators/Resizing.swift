import ApusTensor

extension Operators {
  /// Resizing of images and of any other axes.
  static let resizing: [String: Operator] = [
    "Resize": .tensor { try Resizing($0).apply() },
    "Upsample": .tensor { context in
      let x = try context.tensor(0)
      guard let scales = try context.floats("scales") ?? context.optionalNumbers(1), scales.count == x.rank else {
        throw OperatorError("needs a scale for each axis of \(x.shape)")
      }
      var result = x
      let isNearest = context.string("mode", "nearest") == "nearest"
      for (axis, scale) in scales.enumerated() where scale != 1 {
        var rule = AxisResize(extent: x.shape[axis], count: try AxisResize.count(x.shape[axis], scale), scale: scale)
        rule.mode = isNearest ? .nearest : .linear
        rule.coordinates = "asymmetric"
        rule.rounding = "floor"
        result = try rule.apply(to: result, axis: axis)
      }
      return result
    },
  ]
}

/// The operator Resize: which axes get how many positions, and the rule along each.
private struct Resizing {
  private let x: Tensor
  private var rules: [(axis: Int, rule: AxisResize)] = []

  init(_ context: OperatorContext) throws {
    x = try context.tensor(0)
    let isOld = context.opset < 11
    let axes = try (context.ints("axes") ?? Array(0..<x.rank)).map { [x] in try context.axis($0, rank: x.rank) }
    let region = try isOld ? nil : context.optionalNumbers(1)
    let scales = try context.optionalNumbers(isOld ? 1 : 2).flatMap { $0.isEmpty ? nil : $0 }
    let sizes = try isOld ? nil : context.optionalIntegers(3).flatMap { $0.isEmpty ? nil : $0 }
    guard scales?.count ?? sizes?.count ?? 0 == axes.count else {
      throw OperatorError("needs scales or sizes for \(axes.count) axes")
    }
    var shared: Double?
    if let sizes, context.string("keep_aspect_ratio_policy", "stretch") != "stretch" {
      let ratios = zip(axes, sizes).map { Double($1) / Double(x.shape[$0]) }
      shared = context.string("keep_aspect_ratio_policy", "") == "not_larger" ? ratios.min() : ratios.max()
    }
    for (place, axis) in axes.enumerated() {
      let extent = x.shape[axis]
      let scale: Double
      let count: Int
      if let sizes {
        scale = shared ?? Double(sizes[place]) / Double(max(extent, 1))
        count = shared.map { Int(($0 * Double(extent)).rounded()) } ?? sizes[place]
      } else {
        scale = scales?[place] ?? 1
        count = try AxisResize.count(extent, scale)
      }
      guard extent > 0, count > 0, count < 1 << 24, scale > 0, scale.isFinite else {
        throw OperatorError("cannot resize \(extent) positions to \(count)")
      }
      var rule = AxisResize(extent: extent, count: count, scale: scale)
      let mode = context.string("mode", "nearest")
      guard let kind = AxisResize.Mode(rawValue: mode) else {
        throw OperatorError("the mode '\(mode.prefix(40))' is unknown")
      }
      rule.mode = kind
      rule.coordinates = isOld ? "asymmetric" : context.string("coordinate_transformation_mode", "half_pixel")
      rule.rounding = isOld ? "floor" : context.string("nearest_mode", "round_prefer_floor")
      rule.cubic = context.float("cubic_coeff_a", -0.75)
      rule.excludesOutside = context.int("exclude_outside", 0) != 0
      rule.widens = context.int("antialias", 0) != 0 && scale < 1
      rule.outside = context.float("extrapolation_value", 0)
      if let region, region.count == 2 * axes.count { rule.region = (region[place], region[place + axes.count]) }
      if count == extent, scale == 1, rule.coordinates != "tf_crop_and_resize" { continue }
      rules.append((axis, rule))
    }
  }

  func apply() throws -> Tensor {
    if let image = asImage() { return image }
    let kind: DType = x.dtype.isFloatingPoint ? x.dtype : .float64
    let isNearest = rules.allSatisfy { $0.rule.mode == .nearest }
    let source = isNearest ? x : x.cast(to: kind)
    return try rules.reduce(source) { try $1.rule.apply(to: $0, axis: $1.axis) }.cast(to: x.dtype)
  }

  /// What the image kernels do: bilinear in the two usual forms.
  private func asImage() -> Tensor? {
    guard x.rank == 4, x.dtype.isFloatingPoint, rules.map(\.axis) == [2, 3],
      rules.allSatisfy({ $0.rule.mode == .linear && !$0.rule.widens && !$0.rule.excludesOutside && $0.rule.isExact })
    else { return nil }
    let size = Size2D(rules[0].rule.count, rules[1].rule.count)
    if rules.allSatisfy({ $0.rule.coordinates == "half_pixel" }) { return x.resized(to: size, .bilinear) }
    if rules.allSatisfy({ $0.rule.coordinates == "align_corners" && $0.rule.count > 1 }) {
      return x.resized(to: size, .bilinear(alignsCorners: true))
    }
    return nil
  }
}

/// How one axis is resized: where each new position lies among the old ones, and how it is computed from those near it.
struct AxisResize {
  /// The kinds of interpolation.
  enum Mode: String {
    case nearest, linear, cubic
  }

  var extent: Int
  var count: Int
  var scale: Double
  var mode = Mode.linear
  var coordinates = "half_pixel"
  var rounding = "round_prefer_floor"
  var cubic = -0.75
  var excludesOutside = false
  /// Whether windows grow where the axis shrinks, so that nothing is left out.
  var widens = false
  var outside = 0.0
  var region: (start: Double, end: Double) = (0, 1)

  init(extent: Int, count: Int, scale: Double) {
    (self.extent, self.count, self.scale) = (extent, count, scale)
  }

  /// The positions that a scale makes of an extent.
  static func count(_ extent: Int, _ scale: Double) throws -> Int {
    let exact = (Double(extent) * scale).rounded(.down)
    guard scale > 0, exact >= 1, exact < 0x1p24 else {
      throw OperatorError("cannot scale \(extent) positions by \(scale)")
    }
    return Int(exact)
  }

  /// Whether the scale is the quotient of the counts.
  var isExact: Bool { abs(scale * Double(extent) - Double(count)) < 1e-6 }

  /// Where a new position lies among the old ones.
  private func place(_ position: Int) throws -> Double {
    let x = Double(position)
    let length = scale * Double(extent)
    switch coordinates {
    case "half_pixel": return (x + 0.5) / scale - 0.5
    case "half_pixel_symmetric":
      let adjustment = Double(count) / length
      let centre = Double(extent) / 2
      return centre * (1 - adjustment) + (x + 0.5) / scale - 0.5
    case "pytorch_half_pixel": return count > 1 ? (x + 0.5) / scale - 0.5 : 0
    case "align_corners": return length > 1 ? x * Double(extent - 1) / (length - 1) : 0
    case "asymmetric": return x / scale
    case "tf_half_pixel_for_nn": return (x + 0.5) / scale
    case "tf_crop_and_resize":
      let (start, end) = (region.start, region.end)
      let last = Double(extent - 1)
      return count > 1 ? start * last + x * (end - start) * last / (length - 1) : 0.5 * (start + end) * last
    default: throw OperatorError("coordinate_transformation_mode '\(coordinates.prefix(40))' is unknown")
    }
  }

  private func nearest(_ place: Double) throws -> Int {
    let rounded: Double
    switch rounding {
    case "round_prefer_floor": rounded = (place - 0.5).rounded(.up)
    case "round_prefer_ceil": rounded = (place + 0.5).rounded(.down)
    case "floor": rounded = place.rounded(.down)
    case "ceil": rounded = place.rounded(.up)
    default: throw OperatorError("nearest_mode '\(rounding.prefix(40))' is unknown")
    }
    return Int(min(max(rounded, 0), Double(extent - 1)))
  }

  /// The factor of an old position at a distance from the new one.
  private func factor(_ distance: Double) -> Double {
    let t = abs(distance)
    if mode == .linear { return max(0, 1 - t) }
    let a = cubic
    if t <= 1 { return ((a + 2) * t - (a + 3)) * t * t + 1 }
    return t < 2 ? (((t - 5) * t + 8) * t - 4) * a : 0
  }

  /// The axis of a tensor, resized; a product with a matrix of factors, or taking of positions.
  func apply(to x: Tensor, axis: Int) throws -> Tensor {
    let places = try (0..<count).map { try place($0) }
    func isOutside(_ place: Double) -> Bool {
      coordinates == "tf_crop_and_resize" && (place < 0 || place > Double(extent - 1))
    }
    let result: Tensor
    if mode == .nearest {
      result = x.gathered(at: Tensor(try places.map { Int64(try nearest($0)) }), axis: axis)
    } else {
      guard count * extent <= 1 << 26 else { throw OperatorError("resizes \(extent) positions to \(count)") }
      var factors = [Double](repeating: 0, count: count * extent)
      for (row, place) in places.enumerated() { fill(&factors, row, place) }
      // [extent, count], so that the axis, moved to the end, is multiplied from the left.
      let matrix = Tensor(factors, shape: [count, extent]).transposed(permutation: [1, 0]).cast(to: x.dtype)
      var order = Array(0..<x.rank)
      order.remove(at: axis)
      order.append(axis)
      let back = (0..<x.rank).map { order.firstIndex(of: $0) ?? 0 }
      let moved = x.transposed(permutation: order)
      let flat = moved.reshaped(to: [moved.shape.dropLast().reduce(1, *), extent] as Shape)
      let product = matmul(flat, matrix)
      result = product.reshaped(to: Shape(Array(moved.shape.dropLast()) + [count])).transposed(permutation: back)
    }
    guard places.contains(where: isOutside) else { return result }
    let kept = Tensor(places.map { !isOutside($0) })
    let mask = kept.reshaped(to: Shape((0..<x.rank).map { $0 == axis ? count : 1 }))
    return `where`(mask, result, Tensor(repeating: outside, shape: [], dtype: x.dtype))
  }

  private func fill(_ factors: inout [Double], _ row: Int, _ place: Double) {
    let reach = (mode == .linear ? 1.0 : 2.0) * (widens ? 1 / scale : 1)
    let step = widens ? scale : 1
    let (first, last) = (Int((place - reach).rounded(.up)), Int((place + reach).rounded(.down)))
    guard first <= last else { return }
    var sum = 0.0
    var own: [(Int, Double)] = []
    for position in first...last {
      let isInside = position >= 0 && position < extent
      if excludesOutside, !isInside { continue }
      let weight = factor((Double(position) - place) * step)
      sum += weight
      own.append((min(max(position, 0), extent - 1), weight))
    }
    for (position, weight) in own { factors[row * extent + position] += sum == 0 ? 0 : weight / sum }
  }
}
