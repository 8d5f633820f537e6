import ApusTensor

/// How a window moves over any number of spatial axes, as ONNX describes it.
struct WindowMoves {
  var kernel: [Int]
  var strides: [Int]
  var dilations: [Int]
  var low: [Int]
  var high: [Int]

  /// From the attributes of a convolution or pooling.
  init(_ context: OperatorContext, kernel: [Int], spatial: [Int]) throws {
    let count = kernel.count
    let ones = [Int](repeating: 1, count: count)
    self.kernel = kernel
    strides = context.ints("strides") ?? ones
    dilations = context.ints("dilations") ?? ones
    let pads = context.ints("pads") ?? [Int](repeating: 0, count: 2 * count)
    guard spatial.count == count, strides.count == count, dilations.count == count, pads.count == 2 * count else {
      throw OperatorError("its kernel, strides, dilations or pads do not fit \(spatial.count) spatial axes")
    }
    let limit = 1 << 24
    guard (kernel + strides + dilations).allSatisfy({ $0 >= 1 && $0 <= limit }),
      pads.allSatisfy({ $0 >= 0 && $0 <= limit })
    else { throw OperatorError("its kernel, strides, dilations or pads are out of range") }
    low = Array(pads.prefix(count))
    high = Array(pads.suffix(count))
    switch context.string("auto_pad", "NOTSET") {
    case "NOTSET": break
    case "VALID": (low, high) = (Array(repeating: 0, count: count), Array(repeating: 0, count: count))
    case let side where side == "SAME_UPPER" || side == "SAME_LOWER":
      for axis in 0..<count {
        let results = (spatial[axis] + strides[axis] - 1) / strides[axis]
        let total = max((results - 1) * strides[axis] + (kernel[axis] - 1) * dilations[axis] + 1 - spatial[axis], 0)
        low[axis] = side == "SAME_UPPER" ? total / 2 : total - total / 2
        high[axis] = total - low[axis]
      }
    case let other: throw OperatorError("auto_pad '\(other.prefix(40))' is unknown")
    }
  }
}

extension Operators {
  /// Convolutions over one, two or three spatial axes.
  static let convolutions: [String: Operator] = [
    "Conv": .tensor { try convolution($0, try $0.tensor(0), try $0.tensor(1), bias: try $0.optional(2)) },
    "ConvTranspose": .tensor { try transposedConvolution($0) },
  ]

  /// The convolution that the node's attributes describe.
  static func convolution(_ context: OperatorContext, _ x: Tensor, _ weights: Tensor, bias: Tensor?) throws -> Tensor {
    guard x.rank >= 3, x.rank <= 5, weights.rank == x.rank else {
      throw OperatorError("convolves \(x.shape) by \(weights.shape); Apus does so over one to three spatial axes")
    }
    let moves = try WindowMoves(
      context, kernel: Array(weights.shape.dropFirst(2)), spatial: Array(x.shape.dropFirst(2)))
    let groups = context.int("group", 1)
    switch x.rank {
    case 3:
      let wide = conv2D(
        x.expandingShape(at: 2), weights.expandingShape(at: 2), bias: bias, geometry: moves.flat(groups: groups))
      return wide.squeezingShape(at: [2])
    case 4: return conv2D(x, weights, bias: bias, geometry: moves.flat(groups: groups))
    default: return try deepConvolution(context, x, weights, bias, moves, groups)
    }
  }

  /// Three spatial axes: a sum of convolutions of slices, one for each place along the kernel's first axis.
  private static func deepConvolution(
    _ context: OperatorContext, _ x: Tensor, _ weights: Tensor, _ bias: Tensor?, _ moves: WindowMoves, _ groups: Int
  ) throws -> Tensor {
    let padded = x.padded(before: [0, 0, moves.low[0], 0, 0], after: [0, 0, moves.high[0], 0, 0])
    let flat = moves.withoutDepth
    let room = padded.shape[2] - (moves.kernel[0] - 1) * moves.dilations[0] - 1
    guard room >= 0 else { throw OperatorError("its kernel does not fit into \(x.shape)") }
    let depth = room / moves.strides[0] + 1
    var sum: Tensor?
    for place in 0..<moves.kernel[0] {
      let starts = [0, 0, place * moves.dilations[0], 0, 0]
      var counts = Array(padded.shape)
      counts[2] = depth
      let slices = Tensor.record(
        Slice(starts: starts, counts: counts, steps: [1, 1, moves.strides[0], 1, 1]), [padded])
      let images = slices.transposed(permutation: [0, 2, 1, 3, 4]).reshaped(
        to: [x.shape[0] * depth, x.shape[1], x.shape[3], x.shape[4]] as Shape)
      let kernel = weights.sliced(axis: 2, from: place, count: 1).squeezingShape(at: [2])
      let term = conv2D(images, kernel, geometry: flat.flat(groups: groups))
      sum = sum.map { $0 + term } ?? term
    }
    guard let sum else { throw OperatorError("its kernel is empty") }
    let shape = try context.shape([x.shape[0], depth, sum.shape[1], sum.shape[2], sum.shape[3]])
    let result = sum.reshaped(to: shape).transposed(permutation: [0, 2, 1, 3, 4])
    return bias.map { result + $0.reshaped(to: [1, $0.count, 1, 1, 1] as Shape) } ?? result
  }
}

extension WindowMoves {
  /// The same along all axes but the first.
  var withoutDepth: WindowMoves {
    var flat = self
    flat.kernel.removeFirst()
    flat.strides.removeFirst()
    flat.dilations.removeFirst()
    flat.low.removeFirst()
    flat.high.removeFirst()
    return flat
  }

  /// For images; one spatial axis becomes the columns of images of one row.
  func flat(groups: Int = 1) -> ConvolutionGeometry {
    func pair(_ numbers: [Int], _ first: Int) -> Size2D {
      numbers.count == 1 ? Size2D(first, numbers[0]) : Size2D(numbers[0], numbers[1])
    }
    return ConvolutionGeometry(
      stride: pair(strides, 1), paddingLow: pair(low, 0), paddingHigh: pair(high, 0), dilation: pair(dilations, 1),
      groups: groups)
  }
}
