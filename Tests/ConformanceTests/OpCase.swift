import ApusTensor

/// One operation at work: inputs and what is computed from them.
///
/// Adding an operation means adding a row to ``opCases``; the runner then checks it on every executor, in f32 and f64,
/// its gradient by central differences and its second gradient.
struct OpCase: Sendable, CustomStringConvertible {
  /// What is tried, with shapes or options that set it apart.
  var name: String
  /// The inputs in f64; floating-point ones are differentiated.
  var inputs: @Sendable () -> [Tensor]
  /// Which derivatives are checked.
  var order: Order
  /// The results.
  var body: @Sendable ([Tensor]) -> [Tensor]

  enum Order: Int, Sendable, Comparable {
    case none, first, second
    static func < (a: Order, b: Order) -> Bool { a.rawValue < b.rawValue }
  }

  init(
    _ name: String, _ inputs: @autoclosure @escaping @Sendable () -> [Tensor], order: Order = .second,
    _ body: @escaping @Sendable ([Tensor]) -> [Tensor]
  ) {
    self.name = name
    self.inputs = inputs
    self.order = order
    self.body = body
  }

  /// A case with one result.
  init(
    _ name: String, _ inputs: @autoclosure @escaping @Sendable () -> [Tensor], order: Order = .second,
    one body: @escaping @Sendable ([Tensor]) -> Tensor
  ) {
    self.init(name, inputs(), order: order) { [body($0)] }
  }

  var description: String { name }

  /// The results flattened and joined, for derivatives.
  func joined(_ x: [Tensor]) -> Tensor {
    let results = body(x).filter(\.dtype.isFloatingPoint).map { $0.flattened() }
    return concatenate(results)
  }
}

/// Fixed numbers between -range and range without ties, so that kinks are far; another salt is another order and gives
/// numbers between the first ones.
func numbers(_ shape: Shape, range: Double = 1, offset: Double = 0, salt: Int = 1) -> Tensor {
  let count = shape.elementCount
  // A permutation of count equally spaced values: no two are nearer than the spacing.
  var order = Array(0..<count)
  var state = UInt64(salt) &* 0x9E37_79B9_7F4A_7C15 &+ UInt64(count)
  for index in stride(from: count - 1, to: 0, by: -1) {
    state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
    order.swapAt(index, Int((state >> 33) % UInt64(index + 1)))
  }
  let spacing = 2 * range / Double(Swift.max(count, 1))
  let shift = 0.33 + 0.05 * Double(salt)
  return Tensor(order.map { offset - range + (Double($0) + shift) * spacing }, shape: shape)
}

/// Positions below `extent`, some of them repeated.
func positions(_ shape: Shape, below extent: Int, salt: Int = 3) -> Tensor {
  Tensor((0..<shape.elementCount).map { Int64(($0 * $0 + salt * $0 + salt) % extent) }, shape: shape)
}
