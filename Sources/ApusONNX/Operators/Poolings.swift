import ApusTensor

extension Operators {
  /// Pooling over one, two or three spatial axes.
  static let poolings: [String: Operator] = [
    "MaxPool": .tensors { try maxPool($0) },
    "AveragePool": .tensor { try averagePool($0) },
    "LpPool": .tensor { context in
      let x = try context.tensor(0)
      let power = Double(context.int("p", 2))
      let moves = try poolMoves(context, x)
      let sums = windowSums(powered(abs(x), power), moves, overhang(context, x, moves), value: 0)
      return power == 1 ? sums : power == 2 ? sqrt(sums) : pow(sums, 1 / power)
    },
    "GlobalAveragePool": .tensor { context in
      let x = try planes(context)
      return x.mean(alongAxes: Array(2..<x.rank))
    },
    "GlobalMaxPool": .tensor { context in
      let x = try planes(context)
      return x.max(alongAxes: Array(2..<x.rank))
    },
    "GlobalLpPool": .tensor { context in
      let x = try planes(context)
      let power = Double(context.int("p", 2))
      return pow(powered(abs(x), power).sum(alongAxes: Array(2..<x.rank)), 1 / power)
    },
    "MaxUnpool": .tensor { try maxUnpool($0) },
  ]

  private static func powered(_ x: Tensor, _ power: Double) -> Tensor {
    power == 1 ? x : power == 2 ? x * x : pow(x, power)
  }

  private static func planes(_ context: OperatorContext) throws -> Tensor {
    let x = try context.tensor(0)
    guard x.rank >= 3 else { throw OperatorError("pools \(x.shape), which has no spatial axes") }
    return x
  }

  private static func poolMoves(_ context: OperatorContext, _ x: Tensor) throws -> WindowMoves {
    guard x.rank >= 3, x.rank <= 5, let kernel = context.ints("kernel_shape") else {
      throw OperatorError("pools \(x.shape); Apus pools over one to three spatial axes with a kernel_shape")
    }
    return try WindowMoves(context, kernel: kernel, spatial: Array(x.shape.dropFirst(2)))
  }

  /// How far the last windows reach beyond the padding, where incomplete windows count.
  private static func overhang(_ context: OperatorContext, _ x: Tensor, _ moves: WindowMoves) -> [Int] {
    moves.kernel.indices.map { axis in
      guard context.int("ceil_mode", 0) != 0 else { return 0 }
      let extent = x.shape[axis + 2]
      let window = (moves.kernel[axis] - 1) * moves.dilations[axis] + 1
      let room = extent + moves.low[axis] + moves.high[axis] - window
      guard room >= 0 else { return 0 }
      var count = (room + moves.strides[axis] - 1) / moves.strides[axis] + 1
      // A window must begin inside the data or the padding before it.
      if (count - 1) * moves.strides[axis] >= extent + moves.low[axis] { count -= 1 }
      return max((count - 1) * moves.strides[axis] - room, 0)
    }
  }

  private static func padded(_ x: Tensor, _ low: [Int], _ high: [Int], _ value: Double) -> Tensor {
    guard (low + high).contains(where: { $0 > 0 }) else { return x }
    return x.padded(before: [0, 0] + low, after: [0, 0] + high, with: value)
  }

  /// A pooling of images along the axes one pair after another; `pool` sees `[N, C, H, W]` without padding.
  private static func separately(
    _ x: Tensor, _ moves: WindowMoves, _ pool: (Tensor, PoolGeometry) -> Tensor
  ) -> Tensor {
    func geometry(_ axes: [Int]) -> PoolGeometry {
      func pair(_ numbers: [Int]) -> Size2D {
        axes.count == 1 ? Size2D(1, numbers[axes[0]]) : Size2D(numbers[axes[0]], numbers[axes[1]])
      }
      return PoolGeometry(kernel: pair(moves.kernel), stride: pair(moves.strides), dilation: pair(moves.dilations))
    }
    switch x.rank {
    case 3: return pool(x.expandingShape(at: 2), geometry([0])).squeezingShape(at: [2])
    case 4: return pool(x, geometry([0, 1]))
    default:
      let s = x.shape
      let flat = pool(x.reshaped(to: [s[0], s[1] * s[2], s[3], s[4]] as Shape), geometry([1, 2]))
      let (height, width) = (flat.shape[2], flat.shape[3])
      // The first spatial axis last: windows of one row.
      let deep = flat.reshaped(to: [s[0], s[1], s[2], height * width] as Shape).transposed(permutation: [0, 1, 3, 2])
      let pooled = pool(deep, geometry([0]))
      return pooled.transposed(permutation: [0, 1, 3, 2]).reshaped(
        to: [s[0], s[1], pooled.shape[3], height, width] as Shape)
    }
  }

  /// The sum of each window.
  private static func windowSums(_ x: Tensor, _ moves: WindowMoves, _ overhang: [Int], value: Double) -> Tensor {
    let whole = padded(x, moves.low, zip(moves.high, overhang).map(+), value)
    return separately(whole, moves) { $0.averagePooled($1) * Double($1.kernel.area) }
  }

  private static func averagePool(_ context: OperatorContext) throws -> Tensor {
    let x = try context.tensor(0)
    let moves = try poolMoves(context, x)
    let counts = context.int("count_include_pad", 0) != 0
    let beyond = overhang(context, x, moves)
    let isPlain = (moves.low + moves.high + beyond).allSatisfy { $0 == 0 }
    if isPlain, moves.dilations.allSatisfy({ $0 == 1 }) { return separately(x, moves) { $0.averagePooled($1) } }
    let sums = windowSums(x, moves, beyond, value: 0)
    var ones = Tensor.ones(x.shape, dtype: x.dtype).sliced(axis: 0, from: 0, count: 1).sliced(
      axis: 1, from: 0, count: 1)
    if counts { ones = padded(ones, moves.low, moves.high, 1) }
    var rest = moves
    if counts { (rest.low, rest.high) = (moves.low.map { _ in 0 }, moves.high.map { _ in 0 }) }
    return sums / windowSums(ones, rest, beyond, value: 0)
  }

  private static func maxPool(_ context: OperatorContext) throws -> [Tensor] {
    let source = try context.tensor(0)
    let x = source.dtype.isFloatingPoint ? source : source.cast(to: .float32)
    let moves = try poolMoves(context, x)
    let beyond = overhang(context, x, moves)
    let high = zip(moves.high, beyond).map(+)
    let whole = padded(x, moves.low, high, -.infinity)
    guard context.wants(1) else {
      return [separately(whole, moves) { $0.maxPooled($1) }.cast(to: source.dtype)]
    }
    guard x.rank <= 4 else { throw OperatorError("places of maxima over three spatial axes are not supported") }
    let image = x.rank == 3 ? whole.expandingShape(at: 2) : whole
    func pair(_ numbers: [Int], _ first: Int) -> Size2D {
      numbers.count == 1 ? Size2D(first, numbers[0]) : Size2D(numbers[0], numbers[1])
    }
    let geometry = PoolGeometry(
      kernel: pair(moves.kernel, 1), stride: pair(moves.strides, 1), dilation: pair(moves.dilations, 1))
    let outputs = Tensor.recordAll(MaxPool(geometry: geometry), [image])
    // Places in the padded plane become places in the whole tensor.
    let place = outputs[1].cast(to: .int64)
    let width = Tensor(repeating: Double(image.shape[3]), shape: [], dtype: .int64)
    let (top, left) = x.rank == 3 ? (0, moves.low[0]) : (moves.low[0], moves.low[1])
    let row = place.flooredQuotient(dividingBy: width)
    let (y, z) = (row - Double(top), place - row * width - Double(left))
    let (rows, columns) = (x.rank == 3 ? 1 : x.shape[2], x.shape[x.rank - 1])
    let inside = context.int("storage_order", 0) == 0 ? y * Double(columns) + z : z * Double(rows) + y
    let planes = Tensor.record(Iota(shape: [x.shape[0] * x.shape[1]], axis: 0, dtype: .int64), [])
    let base = planes.reshaped(to: [x.shape[0], x.shape[1], 1, 1] as Shape) * Double(rows * columns)
    let indices = inside + base
    let values = outputs[0].cast(to: source.dtype)
    return x.rank == 3 ? [values.squeezingShape(at: [2]), indices.squeezingShape(at: [2])] : [values, indices]
  }

  private static func maxUnpool(_ context: OperatorContext) throws -> Tensor {
    let (x, places) = (try context.tensor(0), try context.tensor(1))
    let moves = try poolMoves(context, x)
    let usual = moves.kernel.indices.map { axis in
      (x.shape[axis + 2] - 1) * moves.strides[axis] - moves.low[axis] - moves.high[axis] + moves.kernel[axis]
    }
    let plain = try context.shape(Array(x.shape.prefix(2)) + usual)
    let zeros = Tensor.zeros([plain.elementCount], dtype: x.dtype)
    let filled = zeros.addingElements(x.flattened(), at: places.flattened(), axis: 0).reshaped(to: plain)
    guard let wanted = try context.optionalIntegers(2) else { return filled }
    let target = try context.shape(wanted)
    guard target.rank == plain.rank, zip(target, plain).allSatisfy({ $0 >= $1 }) else {
      throw OperatorError("cannot give \(target) from \(plain)")
    }
    return filled.padded(before: target.map { _ in 0 }, after: zip(target, plain).map(-))
  }
}
