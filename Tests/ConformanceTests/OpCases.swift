import ApusTensor

/// Every operation, each with several shapes and with options that are not the defaults.
let opCases: [OpCase] =
  elementCases + reductionCases + movementCases + indexCases + imageCases + spatialCases + activationCases + orderCases
  + recurrentCases

private let smooth: [(String, Double, Double, @Sendable (Tensor) -> Tensor)] = [
  ("neg", 2, 0, { -$0 }), ("abs", 2, 0, { abs($0) }), ("exp", 2, 0, { exp($0) }), ("expm1", 1, 0, { expm1($0) }),
  ("log", 0.9, 1, { log($0) }), ("log1p", 0.9, 0.2, { log1p($0) }), ("sqrt", 0.8, 1, { sqrt($0) }),
  ("rsqrt", 0.8, 1, { $0.reciprocalSquareRoot() }), ("reciprocal", 0.7, 1, { $0.reciprocal() }),
  ("sin", 3, 0, { sin($0) }), ("cos", 3, 0, { cos($0) }), ("tan", 1, 0, { tan($0) }), ("atan", 2, 0, { atan($0) }),
  ("tanh", 2, 0, { tanh($0) }), ("sigmoid", 4, 0, { sigmoid($0) }), ("erf", 2, 0, { erf($0) }),
  ("square", 2, 0, { $0.squared() }), ("relu", 2, 0, { relu($0) }), ("sinh", 2, 0, { sinh($0) }),
  ("cosh", 2, 0, { cosh($0) }), ("log2", 0.9, 1, { log2($0) }), ("log10", 0.9, 1, { log10($0) }),
  ("sign", 2, 0, { $0.sign() * $0 }), ("floor", 2.9, 0, { floor($0) * $0 }), ("ceil", 2.9, 0, { ceil($0) * $0 }),
  ("round", 2.9, 0, { $0.rounded() * $0 }), ("clamp", 2, 0, { $0.clamped(to: -0.52...1.13) }),
]

private let pairs: [(String, @Sendable (Tensor, Tensor) -> Tensor)] = [
  ("add", { $0 + $1 }), ("sub", { $0 - $1 }), ("mul", { $0 * $1 }), ("div", { $0 / ($1 + 3) }),
  ("max", { max($0, $1) }), ("min", { min($0, $1) }), ("pow", { pow($0 + 2, $1) }),
  ("atan2", { atan2($0 + 2, $1 + 2) }),
  ("rem", { ($0 * 3).remainder(dividingBy: $1 + 2.5) }),
]

private let broadcasts: [(Shape, Shape)] = [([3, 4], [3, 4]), ([2, 3, 4], [3, 1]), ([3, 1], [1, 5]), ([], [4])]

private let elementCases: [OpCase] =
  smooth.flatMap { name, range, offset, body in
    ([[7], [2, 3, 5]] as [Shape]).map { shape in
      OpCase("\(name) \(shape)", [numbers(shape, range: range, offset: offset)], one: { body($0[0]) })
    }
  }
  + pairs.flatMap { name, body in
    broadcasts.map { a, b in
      OpCase("\(name) \(a) \(b)", [numbers(a), numbers(b, salt: 2)], one: { body($0[0], $0[1]) })
    }
  } + [
    // Recorded once, applied to tensors of two shapes; reads scalars from outside and a value that exists already.
    OpCase("elementwise function", [numbers([3, 4]), numbers([3, 4], salt: 2), numbers([5]), numbers([5], salt: 3)]) {
      x in
      let rate = Tensor.bound(0.3, like: x[0])
      let function = ElementwiseFunction(of: [x[0].dtype, x[0].dtype]) { inputs in
        let start = Tensor(HostArray([1.5], shape: [])).cast(to: x[0].dtype)
        let moment = start * 0.9 + (inputs[1] - start) * rate
        return [inputs[0] - moment / (sqrt(inputs[1].squared() + 1) + 2), moment, inputs[0]]
      }
      var spread: [Tensor] = []
      let scaled = ElementwiseFunction(of: [x[0].dtype], scalars: [x[0].dtype]) {
        [$0[0] * $1[0] - 0.5, $0[0].squared()]
      }
      return function([x[0], x[1]]) + function(sets: [[x[2] * x[2], x[3]], [x[1], x[0]]], spread: &spread)
        + scaled([x[2]], scalars: [rate])
    },
    OpCase("comparisons", [numbers([3, 4]), numbers([4], salt: 5)], order: .none) { x in
      [
        x[0] .< x[1], x[0] .<= x[1], x[0] .> x[1], x[0] .>= x[1], x[0] .== x[1], x[0] .!= x[1], x[0].isNaN,
        x[0].isFinite,
      ]
    },
    OpCase("logic", [numbers([3, 4]), numbers([4], salt: 5)], order: .none) { x in
      let (a, b) = (x[0] .> 0, x[1] .> 0)
      return [a .&& b, a .|| b, a.exclusiveOr(b), !a]
    },
    OpCase("select", [numbers([3, 4]), numbers([4], salt: 5), numbers([3, 1], salt: 6)]) { x in
      [x[1].selected(where: x[0] .> 0.1, otherwise: x[2] * x[2]), `where`(x[0] .> x[1], x[0] * x[0], x[1])]
    },
    OpCase("casts", [numbers([3, 4], range: 5)], order: .none) { x in
      [DType.float32, .float64, .int32, .int64, .bool].map { x[0].cast(to: $0) } + [(x[0] + 6).cast(to: .uint8)]
    },
    OpCase("integers", [positions([3, 4], below: 11), positions([4], below: 5, salt: 1) + 1], order: .none) { x in
      [
        x[0] + x[1], x[0] - x[1], x[0] * x[1], x[0] / x[1], x[0].remainder(dividingBy: x[1]), x[0].sum(), x[0].max(),
        (x[0] - 5).flooredQuotient(dividingBy: x[1]), (x[0] - 5).flooredRemainder(dividingBy: x[1]),
      ]
    },
    OpCase("scalars", [numbers([5])]) { x in
      [(x[0] * 3 + 1) / 2 - 0.5, 2 / (x[0] + 4), 1 - x[0], pow(x[0] + 2, 2.5), pow(2, x[0]), max(x[0], 0.01)]
    },
    OpCase("power of a whole exponent", [numbers([6])]) { x in [pow(x[0], 3), pow(x[0], 2), pow(x[0] + 3, -2)] },
  ]

private let reductionCases: [OpCase] =
  [[0], [1], [-1], [0, 2], [0, 1, 2]].flatMap { axes in
    let x: @Sendable () -> [Tensor] = { [numbers([3, 4, 2], offset: 0.1)] }
    return [
      OpCase("sum \(axes)", x(), one: { $0[0].sum(alongAxes: axes) }),
      OpCase("mean \(axes)", x(), one: { $0[0].mean(squeezingAxes: axes) }),
      OpCase("max \(axes)", x(), one: { $0[0].max(squeezingAxes: axes) }),
      OpCase("min \(axes)", x(), one: { $0[0].min(alongAxes: axes) }),
      OpCase("product \(axes)", x(), order: .first, one: { $0[0].product(alongAxes: axes) }),
      OpCase("variance \(axes)", x(), one: { $0[0].variance(squeezingAxes: axes, correction: 1) }),
      OpCase("norm \(axes)", x(), one: { $0[0].norm(squeezingAxes: axes) }),
      OpCase("logSumExp \(axes)", x(), one: { logSumExp($0[0], alongAxes: axes) }),
    ]
  } + [
    OpCase("matmul", [numbers([3, 5]), numbers([5, 4], salt: 2)], one: { matmul($0[0], $0[1]) }),
    OpCase("matmul transposed", [numbers([5, 3]), numbers([4, 5], salt: 2)]) { x in
      [matmul(x[0].transposed(), x[1].transposed())]
    },
    OpCase("matmul batched", [numbers([2, 1, 3, 4]), numbers([3, 4, 2], salt: 2)], one: { matmul($0[0], $0[1]) }),
    OpCase("matmul vectors", [numbers([4]), numbers([2, 4, 3], salt: 2)], one: { matmul($0[0], $0[1]) }),
    OpCase("outer", [numbers([4]), numbers([3], salt: 2)], one: { outer($0[0], $0[1]) }),
  ]

private let movementCases: [OpCase] = [
  OpCase("reshape", [numbers([3, 4])]) { x in [x[0].reshaped(to: [2, -1]).squared()] },
  OpCase("transpose", [numbers([2, 3, 4])]) { x in
    [x[0].transposed(permutation: [2, 0, 1]), x[0].transposed().squared()]
  },
  OpCase("broadcast", [numbers([3, 1])]) { x in [x[0].broadcast(to: [2, 3, 4]).squared()] },
  OpCase("slice", [numbers([4, 5, 6])]) { x in
    [x[0][1..<3, 0..., 2], x[0][-1], x[0][TensorIndex.every(-1), stride(from: 0, to: 5, by: 2)].squared()]
  },
  OpCase("slice backwards", [numbers([7])]) { x in
    [x[0][TensorIndex.slice(from: 5, to: 0, by: -2)].squared(), x[0].flipped(axes: 0)]
  },
  OpCase("unslice", [numbers([2, 3])]) { x in
    let scatter = Unslice(shape: [5, 7], starts: [3, 1], steps: [-2, 2])
    return [Tensor.record(scatter, [x[0]]).squared()]
  },
  OpCase("pad", [numbers([2, 3])]) { x in [x[0].padded(before: [1, 0], after: [0, 2], with: -1.5).squared()] },
  OpCase("concatenate", [numbers([2, 3]), numbers([2, 1], salt: 2), numbers([2, 4], salt: 3)]) { x in
    [concatenate(x, axis: 1).squared(), concatenate([x[0], x[0]], axis: 0)]
  },
  OpCase("stack", [numbers([2, 3]), numbers([2, 3], salt: 2)]) { x in [stack(x, axis: 1).squared(), stack(x, axis: -1)]
  },
  OpCase("split", [numbers([2, 6])]) { x in
    x[0].split(into: 3, axis: 1).map { $0.squared() } + x[0].split(sizes: [1, 5], axis: -1) + x[0].unstacked(axis: 1)
  },
  OpCase("tiled", [numbers([2, 3])]) { x in
    [x[0].tiled([2, 1]), x[0].tiled([2, 1, 3]).squared(), x[0].repeated(3, axis: 1).squared()]
  },
  OpCase("rolled", [numbers([2, 5])]) { x in [x[0].rolled(by: -2, axis: 1).squared()] },
  OpCase("triangles", [numbers([2, 3, 4])]) { x in
    [x[0].upperTriangle(diagonal: 1).squared(), x[0].lowerTriangle(diagonal: -1), x[0].upperTriangle()]
  },
  OpCase("counting", [numbers([1])], order: .none) { _ in
    [
      Tensor.arange(5), Tensor.arange(from: 1, to: 2, by: 0.25), Tensor.linspace(from: -1, through: 1, count: 5),
      Tensor.eye(3, columns: 4), Tensor.record(Iota(shape: [2, 3, 2], axis: 1, dtype: .int32), []),
    ]
  },
]

private let indexCases: [OpCase] = [
  OpCase("gather 0", [numbers([4, 3]), positions([2, 5], below: 4)], one: { $0[0].gathered(at: $0[1]).squared() }),
  OpCase("gather 1", [numbers([2, 4, 3]), positions([5], below: 4).cast(to: .int32)]) { x in
    [x[0].gathered(at: x[1], axis: 1).squared()]
  },
  OpCase("gather by a scalar", [numbers([4, 3]), positions([], below: 4)]) { x in [x[0].gathered(at: x[1], axis: 0)] },
  OpCase("scatter add", [numbers([4, 3]), numbers([4, 5], salt: 2), positions([5], below: 3)]) { x in
    [x[0].addingSlices(x[1], at: x[2], axis: 1).squared()]
  },
  OpCase("replace rows", [numbers([6, 3]), numbers([4, 3], salt: 2), Tensor([Int64(5), 0, 5, 2])]) { x in
    [x[0].replacingRows(at: x[2], with: x[1]).squared()]
  },
  OpCase(
    "replace rows of three axes", [numbers([3, 2, 40]), numbers([2, 2, 40], salt: 2), Tensor([Int32(1), 1])],
    one: { $0[0].replacingRows(at: $0[2], with: $0[1]).squared() }),
  OpCase("first positions", [positions([40], below: 7), positions([1], below: 3).cast(to: .int32)], order: .none) { x in
    x.map { Tensor.record(FirstPositions(), [$0]) }
  },
  OpCase("summed rows", [numbers([5, 3]), Tensor([Int64(-7), 2, 2, -7, 2])]) { x in
    [x[0].summedRows(at: x[1]).squared()]
  },
  OpCase("gather elements", [numbers([3, 4]), positions([2, 6], below: 4)]) { x in
    [x[0].gatheredElements(at: x[1], axis: 1).squared()]
  },
  OpCase("scatter add elements", [numbers([3, 4]), numbers([5, 3], salt: 2), positions([5, 3], below: 3)]) { x in
    [x[0].addingElements(x[1], at: x[2], axis: 0).squared()]
  },
  OpCase("one hot", [positions([2, 3], below: 6)], order: .none) { x in
    [
      x[0].oneHot(depth: 5), x[0].oneHot(depth: 6, dtype: .bool),
      x[0].cast(to: .uint8).oneHot(depth: 4, dtype: .float64),
    ]
  },
]

private let orderCases: [OpCase] = [
  OpCase("sorted", [numbers([3, 5])]) { x in [x[0].sorted(), x[0].sorted(axis: 0, descending: true).squared()] },
  OpCase("topK", [numbers([3, 5])]) { x in
    [x[0].topK(2).values.squared(), x[0].topK(2, axis: 0, largest: false).values]
  },
  OpCase("positions", [numbers([3, 5])], order: .none) { x in
    [
      x[0].argMax(axis: 0), x[0].argMin(axis: -1), x[0].argMax(), x[0].argSorted(axis: 1, descending: true),
      x[0].topK(3, axis: 1).indices, (x[0] .> 0).cast(to: .int32).argMax(axis: 1),
    ]
  },
  OpCase("not a number", [Tensor([1, Double.nan, 3, .nan, -.infinity, 3], shape: [6])], order: .none) { x in
    [
      x[0].argMax(), x[0].argMin(), x[0].argSorted(), x[0].argSorted(descending: true), x[0].max(), x[0].min(),
      relu(x[0]), x[0].clamped(to: 0...1), x[0].reshaped(to: [1, 1, 2, 3]).maxPooled(Size2D(1, 3)),
    ]
  },
  OpCase("cumulative sum", [numbers([3, 4])]) { x in
    [x[0].cumulativeSum(axis: 0).squared(), x[0].cumulativeSum(axis: -1, reverse: true).squared()]
  },
  OpCase("cumulative product", [numbers([3, 4])]) { x in [x[0].cumulativeProduct(axis: 1)] },
  OpCase("random", [Tensor([Int64(42), 7], shape: [2])], order: .none) { x in
    [DType.float32, .float64].flatMap { dtype in
      RandomKind.allCases.map { kind in
        Tensor.record(Random(kind: kind, shape: [3, 13], dtype: dtype, stream: 5), [x[0]])
      }
    }
  },
]

private let smoothActivations: [(String, @Sendable (Tensor) -> Tensor)] = [
  ("gelu", { gelu($0) }), ("gelu tanh", { gelu($0, usesTanh: true) }), ("silu", { silu($0) }),
  ("softplus", { softplus($0, beta: 2, threshold: 3.01) }), ("leakyReLU", { leakyReLU($0, slope: 0.2) }),
  ("elu", { elu($0, alpha: 0.7) }), ("selu", { selu($0) }), ("relu6", { relu6($0 * 3) }),
  ("hardTanh", { hardTanh($0, -0.61...1.23) }), ("hardSigmoid", { hardSigmoid($0 * 2) }),
  ("hardSwish", { hardSwish($0 * 2) }), ("softSign", { softSign($0) }), ("mish", { mish($0) }),
  ("logSigmoid", { logSigmoid($0) }), ("celu", { celu($0, alpha: 0.7) }), ("softmin", { softmin($0, axis: 0) }),
  ("hardShrink", { hardShrink($0, limit: 0.81).squared() }), ("softShrink", { softShrink($0, limit: 0.81).squared() }),
  ("tanhShrink", { tanhShrink($0) }), ("threshold", { threshold($0, limit: 0.41, value: -2).squared() }),
  ("hardThreshold", { hardThreshold($0, beta: 0.21) * $0 }),
  ("hardThreshold, strict", { hardThreshold($0, beta: -0.21, isStrict: true) * $0 }),
  ("softmax 0", { softmax($0, axis: 0) }), ("softmax -1", { softmax($0) }),
  ("logSoftmax 0", { logSoftmax($0, axis: 0) }), ("logSoftmax 1", { logSoftmax($0, axis: 1) }),
]

private let activationCases: [OpCase] =
  smoothActivations.map { name, body in OpCase(name, [numbers([3, 4], range: 2)], one: { body($0[0]) }) } + [
    OpCase("prelu", [numbers([2, 3, 4]), numbers([3], salt: 4)], one: { prelu($0[0], slope: $0[1]) }),
    OpCase("layer norm", [numbers([3, 4, 2]), numbers([4, 2], offset: 1.5), numbers([4, 2], salt: 4)]) { x in
      [layerNorm(x[0], axes: 2, scale: x[1], shift: x[2], epsilon: 1e-2), layerNorm(x[0], epsilon: 0.1)]
    },
    OpCase("group norm", [numbers([2, 6, 3]), numbers([6], offset: 1.5), numbers([6], salt: 4)]) { x in
      [groupNorm(x[0], groups: 2, scale: x[1], shift: x[2], epsilon: 1e-2), groupNorm(x[0], groups: 6, epsilon: 0.1)]
    },
    OpCase("local response norm", [numbers([2, 5, 3], range: 2)]) { x in
      [
        localResponseNorm(x[0], size: 3, alpha: 0.7, beta: 0.6, k: 1.5),
        localResponseNorm(x[0], size: 4, alpha: 0.7, beta: 0.6, k: 1.5, dividesBySize: false),
      ]
    },
    OpCase("batch norm", [numbers([4, 2, 3]), numbers([2], offset: 1.5), numbers([2], salt: 4)]) { x in
      let (y, mean, variance) = batchNorm(x[0], scale: x[1], shift: x[2], epsilon: 1e-2)
      return [y.squared(), mean, variance.squared()]
    },
    OpCase("batch norm of vectors", [numbers([5, 3]), numbers([3], offset: 1.5), numbers([3], salt: 4)]) { x in
      [batchNorm(x[0], scale: x[1], shift: x[2]).y.squared()]
    },
    OpCase("batch norm and relu", [numbers([3, 2, 4]), numbers([2], offset: 1.5), numbers([2], salt: 4)]) { x in
      [relu(batchNorm(x[0], scale: x[1], shift: x[2], epsilon: 1e-2).y)]
    },
    OpCase(
      "batch norm and relu of a convolution",
      [numbers([2, 3, 4, 4]), numbers([6, 3, 3, 3], salt: 2), numbers([6], offset: 1.5), numbers([6], salt: 4)]
    ) { x in
      let image = conv2D(x[0], x[1], geometry: ConvolutionGeometry(paddingLow: 1))
      return [relu(batchNorm(image, scale: x[2], shift: x[3], epsilon: 1e-2).y).squared()]
    },
    OpCase(
      "batch norm, inference",
      [numbers([2, 3, 2]), numbers([3]), numbers([3], salt: 4), numbers([3], salt: 5), numbers([3], offset: 1.5)]
    ) { x in [batchNorm(x[0], scale: x[1], shift: x[2], mean: x[3], variance: x[4])] },
  ]

private let geometries: [(String, Shape, Shape, ConvolutionGeometry)] = [
  ("plain", [2, 2, 4, 5], [3, 2, 2, 3], ConvolutionGeometry()),
  ("stride", [1, 2, 5, 6], [2, 2, 3, 2], ConvolutionGeometry(stride: Size2D(2, 3))),
  ("padding", [1, 1, 3, 4], [2, 1, 3, 3], ConvolutionGeometry(paddingLow: Size2D(1, 2), paddingHigh: Size2D(0, 1))),
  ("dilation", [1, 2, 6, 5], [2, 2, 2, 3], ConvolutionGeometry(paddingLow: 1, dilation: Size2D(3, 2))),
  ("groups", [2, 4, 3, 3], [6, 2, 2, 2], ConvolutionGeometry(groups: 2)),
  ("depthwise", [1, 3, 4, 4], [3, 1, 3, 3], ConvolutionGeometry(stride: 2, paddingLow: 1, groups: 3)),
]

private let pools: [(String, Shape, PoolGeometry)] = [
  ("plain", [2, 2, 4, 5], PoolGeometry(kernel: 2)),
  ("overlapping", [1, 2, 5, 5], PoolGeometry(kernel: 3, stride: Size2D(2, 1), paddingLow: 1)),
  ("ceiling", [1, 2, 5, 6], PoolGeometry(kernel: 2, stride: Size2D(2, 5), usesCeiling: true)),
  ("one side", [1, 1, 4, 4], PoolGeometry(kernel: 3, stride: 2, paddingLow: Size2D(0, 1), paddingHigh: Size2D(1, 0))),
]

private let imageCases: [OpCase] =
  geometries.flatMap { name, x, w, geometry in
    [
      OpCase("conv2D \(name)", [numbers(x), numbers(w, salt: 2)], one: { conv2D($0[0], $0[1], geometry: geometry) }),
      OpCase("conv2D \(name), bias", [numbers(x), numbers(w, salt: 2), numbers([w[0]], salt: 3)]) {
        [conv2D($0[0], $0[1], bias: $0[2], geometry: geometry).squared()]
      },
    ]
  }
  + pools.flatMap { name, shape, geometry in
    [
      OpCase("max pool \(name)", [numbers(shape)], one: { $0[0].maxPooled(geometry).squared() }),
      OpCase("average pool \(name)", [numbers(shape)], one: { $0[0].averagePooled(geometry).squared() }),
      OpCase("average pool \(name), padding not counted", [numbers(shape)]) {
        [$0[0].averagePooled(geometry, countsPadding: false).squared()]
      },
    ]
  } + [
    OpCase("max pool dilated", [numbers([1, 2, 6, 6])]) { x in
      [x[0].maxPooled(2, stride: 1, padding: 1, dilation: Size2D(2, 3)).squared()]
    },
    OpCase("max pool places", [numbers([2, 2, 4, 5])], order: .none) { x in
      Tensor.recordAll(MaxPool(geometry: PoolGeometry(kernel: 3, stride: 2, paddingLow: 1)), [x[0]])
    },
  ]
