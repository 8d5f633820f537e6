import ApusTensor

extension ExportWriter {
  /// The node or nodes of one operation.
  ///
  /// - Throws: ``OperatorError`` when ONNX has none.
  mutating func emit(_ step: ExportTrace.Step) throws -> String {
    let node = step.node
    if isIdentity(node.operation) { return try name(node.inputs[0]) }
    if let name = try elementwise(node) ?? spatial(node) ?? movement(node) ?? reduction(node) { return name }
    throw OperatorError("computes '\(node.operation.name)', for which Apus knows no operator of ONNX")
  }

  // MARK: Element by element

  private mutating func elementwise(_ node: Node) throws -> String? {
    switch node.operation {
    case let unary as Unary: return try emit(unary.function, try name(node.inputs[0]), node.inputs[0].dtype)
    case let binary as Binary:
      guard let operation = Self.binaries[binary.function] else { return nil }
      let operands = [try name(node.inputs[0]), try name(node.inputs[1])]
      switch binary.function {
      case .notEqual: return emit("Not", [emit("Equal", operands)])
      case .remainder: return emit("Mod", operands, ["fmod": .int(1)])
      default: return emit(operation, operands)
      }
    case is Select: return emit("Where", try node.inputs.map { try name($0) })
    case let cast as Cast:
      return emit("Cast", [try name(node.inputs[0])], ["to": .int(Int(ONNXElement(cast.dtype).rawValue))])
    default: return nil
    }
  }

  private static let binaries: [BinaryFunction: String] = [
    .add: "Add", .subtract: "Sub", .multiply: "Mul", .divide: "Div", .maximum: "Max", .minimum: "Min", .power: "Pow",
    .remainder: "Mod", .less: "Less", .lessOrEqual: "LessOrEqual", .greater: "Greater",
    .greaterOrEqual: "GreaterOrEqual", .equal: "Equal", .notEqual: "Equal", .and: "And", .or: "Or",
    .exclusiveOr: "Xor",
  ]

  private static let unaries: [UnaryFunction: String] = [
    .negate: "Neg", .absolute: "Abs", .sign: "Sign", .exponential: "Exp", .logarithm: "Log", .squareRoot: "Sqrt",
    .reciprocal: "Reciprocal", .sine: "Sin", .cosine: "Cos", .tangent: "Tan", .hyperbolicTangent: "Tanh",
    .sigmoid: "Sigmoid", .arcTangent: "Atan", .errorFunction: "Erf", .floor: "Floor", .ceiling: "Ceil",
    .round: "Round", .rectify: "Relu", .logicalNot: "Not", .isNaN: "IsNaN",
  ]

  private mutating func emit(_ function: UnaryFunction, _ x: String, _ dtype: DType) throws -> String {
    switch function {
    case .exponentialMinusOne: return emit("Sub", [emit("Exp", [x]), scalar(1, dtype)])
    case .logarithmOnePlus: return emit("Log", [emit("Add", [x, scalar(1, dtype)])])
    case .reciprocalSquareRoot: return emit("Reciprocal", [emit("Sqrt", [x])])
    case .square: return emit("Mul", [x, x])
    case .isFinite: return emit("Not", [emit("Or", [emit("IsNaN", [x]), emit("IsInf", [x])])])
    default:
      guard let operation = Self.unaries[function] else {
        throw OperatorError("computes '\(function.name)', for which Apus knows no operator of ONNX")
      }
      return emit(operation, [x])
    }
  }

  // MARK: Images and products

  private mutating func spatial(_ node: Node) throws -> String? {
    switch node.operation {
    case let convolution as Convolution:
      let inputs = try node.inputs.map { try name($0) }
      return emit("Conv", inputs, convolution.geometry.attributes(kernel: node.inputs[1].shape))
    case let transposed as ConvolutionBackwardData:
      let (x, kernel, geometry) = (node.inputs[0], node.inputs[1].shape, transposed.geometry)
      func missing(_ axis: Int, _ stride: Int, _ padding: Int, _ dilation: Int) -> Int {
        transposed.inputShape[axis]
          - ((x.shape[axis] - 1) * stride - padding + dilation * (kernel[axis] - 1) + 1)
      }
      var attributes = geometry.attributes(kernel: kernel)
      attributes["output_padding"] = .ints([
        missing(
          2, geometry.stride.height, geometry.paddingLow.height + geometry.paddingHigh.height, geometry.dilation.height),
        missing(
          3, geometry.stride.width, geometry.paddingLow.width + geometry.paddingHigh.width, geometry.dilation.width),
      ])
      return emit("ConvTranspose", [try name(x), try name(node.inputs[1])], attributes)
    case let pool as MaxPool: return emit("MaxPool", [try name(node.inputs[0])], pool.geometry.attributes)
    case let pool as AveragePool:
      guard pool.geometry.dilation == 1 else { throw OperatorError("averages over windows with gaps") }
      var attributes = pool.geometry.attributes
      attributes["dilations"] = nil
      attributes["count_include_pad"] = .int(pool.countsPadding ? 1 : 0)
      return emit("AveragePool", [try name(node.inputs[0])], attributes)
    case let response as LocalResponse:
      guard response.size % 2 == 1 else { throw OperatorError("normalizes over an even number of channels") }
      return emit(
        "LRN", [try name(node.inputs[0])],
        [
          "size": .int(response.size), "alpha": .float(response.factor * Double(response.size)),
          "beta": .float(response.beta), "bias": .float(response.k),
        ])
    case let resample as Resample: return try emit(resample.geometry, node.inputs[0])
    case let norm as BatchNormTraining: return try emit(norm, node)
    case let product as MatMul:
      let inputs = try node.inputs.map { try name($0) }
      if node.inputs.allSatisfy({ $0.rank == 2 }) { return emit("Gemm", inputs, product.attributes) }
      func operand(_ position: Int, _ isTransposed: Bool) -> String {
        guard isTransposed else { return inputs[position] }
        let rank = node.inputs[position].rank
        let order = Array(0..<rank - 2) + [rank - 1, rank - 2]
        return emit("Transpose", [inputs[position]], ["perm": .ints(order)])
      }
      let left = operand(0, product.transposesLeft)
      return emit("MatMul", [left, operand(1, product.transposesRight)])
    case let softmax as Softmax:
      return emit(softmax.isLog ? "LogSoftmax" : "Softmax", [try name(node.inputs[0])], ["axis": .int(softmax.axis)])
    default: return nil
    }
  }

  private mutating func emit(_ geometry: ResampleGeometry, _ x: Tensor) throws -> String {
    let axes = [geometry.rows, geometry.columns]
    if geometry.interpolation == .nearest, axes.contains(where: { $0.count % $0.extent != 0 || $0.ratio != nil }) {
      // Quotients in single precision would take a neighbour here and there: the pixels are named instead.
      var y = try name(x)
      for (axis, rule) in zip([2, 3], axes) {
        y = emit("Gather", [y, integers(rule.sources(.nearest).map(\.first))], ["axis": .int(axis)])
      }
      return y
    }
    let scales = axes.map { $0.ratio.map { 1 / $0 } ?? Double($0.count) / Double($0.extent) }
    guard zip(axes, scales).allSatisfy({ Int(Float(Double($0.extent) * Double(Float($1)))) == $0.count }) else {
      throw OperatorError("resizes \(geometry), which scales in single precision do not give")
    }
    let stored = constant(HostArray([1, 1] + scales.map { Float($0) }, shape: [4]))
    let attributes: [String: Attribute]
    switch geometry.interpolation {
    case .nearest:
      attributes = [
        "mode": .string("nearest"), "nearest_mode": .string("floor"),
        "coordinate_transformation_mode": .string("asymmetric"),
      ]
    case .bilinear(let alignsCorners):
      let coordinates = alignsCorners ? "align_corners" : "half_pixel"
      attributes = ["mode": .string("linear"), "coordinate_transformation_mode": .string(coordinates)]
    }
    return emit("Resize", [try name(x), "", stored], attributes)
  }

  /// Normalization by the statistics of the data at hand, which layer and group normalization are made of.
  private mutating func emit(_ norm: BatchNormTraining, _ node: Node) throws -> String {
    let (x, rank) = (try name(node.inputs[0]), node.inputs[0].rank)
    let axes = (0..<rank).filter { $0 != 1 }
    let mean = emit("ReduceMean", [x], ["axes": .ints(axes)])
    let centred = emit("Sub", [x, mean])
    let variance = emit("ReduceMean", [emit("Mul", [centred, centred])], ["axes": .ints(axes)])
    let root = emit("Sqrt", [emit("Add", [variance, scalar(norm.epsilon, node.inputs[0].dtype)])])
    var y = emit("Div", [centred, root])
    for (position, operation) in [(1, "Mul"), (2, "Add")] {
      let factor = node.inputs[position]
      // A factor of ones for as many lines as there are: nothing to do.
      if let spread = factor.node.operation as? Broadcast, spread.shape.rank == 1,
        let number = factor.node.inputs[0].node.operation as? ScalarConstant, number.value == (position == 1 ? 1 : 0)
      {
        continue
      }
      let extents: [TracedExtent] = [.fixed(-1)] + [TracedExtent](repeating: .fixed(1), count: rank - 2)
      let shaped = emit("Reshape", [try name(factor), shape(extents, infers: true)])
      y = emit(operation, [y, shaped])
    }
    return y
  }

  // MARK: Movements

  private mutating func movement(_ node: Node) throws -> String? {
    switch node.operation {
    case is Reshape:
      let target = shape(try trace.extents(Tensor(node: node)), infers: true)
      return emit("Reshape", [try name(node.inputs[0]), target])
    case is Broadcast:
      let target = shape(try trace.extents(Tensor(node: node)), infers: false)
      return emit("Expand", [try name(node.inputs[0]), target])
    case let transpose as Transpose:
      return emit("Transpose", [try name(node.inputs[0])], ["perm": .ints(transpose.permutation)])
    case let concatenation as Concatenate:
      return emit("Concat", try node.inputs.map { try name($0) }, ["axis": .int(concatenation.axis)])
    case let pad as Pad:
      let (x, pads) = (try name(node.inputs[0]), integers(pad.low + pad.high))
      return emit("Pad", [x, pads, scalar(pad.value, node.inputs[0].dtype)])
    case let slice as Slice: return try emit(slice, node)
    case let gather as Gather:
      return emit("Gather", try node.inputs.map { try name($0) }, ["axis": .int(gather.axis)])
    case let gather as GatherElements:
      return emit("GatherElements", try node.inputs.map { try name($0) }, ["axis": .int(gather.axis)])
    default: return nil
    }
  }

  private mutating func emit(_ slice: Slice, _ node: Node) throws -> String {
    let whole = node.inputs[0].shape
    let (before, after) = (try trace.extents(node.inputs[0]), try trace.extents(Tensor(node: node)))
    var (starts, ends, axes, steps) = ([Int](), [Int](), [Int](), [Int]())
    for axis in whole.indices {
      let (start, count, step) = (slice.starts[axis], slice.counts[axis], slice.steps[axis])
      if start == 0, step == 1, count == whole[axis] { continue }
      if case .batch = before[axis] {
        // The whole axis the other way round is the only other thing that follows the batch.
        guard step == -1, before[axis] == after[axis] else { throw OperatorError("takes a part of the samples") }
        (starts, ends, axes, steps) = (starts + [-1], ends + [-(1 << 31)], axes + [axis], steps + [-1])
        continue
      }
      let end = start + count * step
      starts.append(start)
      ends.append(step < 0 && end < 0 ? -(1 << 31) : end)
      axes.append(axis)
      steps.append(step)
    }
    let x = try name(node.inputs[0])
    guard !axes.isEmpty else { return emit("Identity", [x]) }
    return emit("Slice", [x, integers(starts), integers(ends), integers(axes), integers(steps)])
  }

  // MARK: Reductions

  private mutating func reduction(_ node: Node) throws -> String? {
    switch node.operation {
    case let reduce as Reduce:
      let x = try name(node.inputs[0])
      switch reduce.reduction {
      case .sum: return emit("ReduceSum", [x, integers(reduce.axes)])
      case .maximum: return emit("ReduceMax", [x], ["axes": .ints(reduce.axes)])
      case .minimum: return emit("ReduceMin", [x], ["axes": .ints(reduce.axes)])
      case .product: return emit("ReduceProd", [x], ["axes": .ints(reduce.axes)])
      }
    case let place as ArgReduce:
      return emit(place.isMax ? "ArgMax" : "ArgMin", [try name(node.inputs[0])], ["axis": .int(place.axis)])
    case let sum as CumulativeSum:
      let (x, axis) = (try name(node.inputs[0]), constant(HostArray([Int64(sum.axis)], shape: [])))
      return emit("CumSum", [x, axis], ["reverse": .int(sum.reverse ? 1 : 0)])
    default: return nil
    }
  }
}

extension MatMul {
  /// For Gemm.
  var attributes: [String: ExportWriter.Attribute] {
    var attributes: [String: ExportWriter.Attribute] = [:]
    if transposesLeft { attributes["transA"] = .int(1) }
    if transposesRight { attributes["transB"] = .int(1) }
    return attributes
  }
}

extension Size2D {
  fileprivate var list: [Int] { [height, width] }
}

extension ConvolutionGeometry {
  /// For Conv and ConvTranspose.
  func attributes(kernel: Shape) -> [String: ExportWriter.Attribute] {
    [
      "kernel_shape": .ints(Array(kernel.dropFirst(2))), "strides": .ints(stride.list),
      "pads": .ints(paddingLow.list + paddingHigh.list), "dilations": .ints(dilation.list), "group": .int(groups),
    ]
  }
}

extension PoolGeometry {
  /// For MaxPool and AveragePool.
  fileprivate var attributes: [String: ExportWriter.Attribute] {
    [
      "kernel_shape": .ints(kernel.list), "strides": .ints(stride.list),
      "pads": .ints(paddingLow.list + paddingHigh.list), "dilations": .ints(dilation.list),
      "ceil_mode": .int(usesCeiling ? 1 : 0),
    ]
  }
}
