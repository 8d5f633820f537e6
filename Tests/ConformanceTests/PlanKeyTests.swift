import ApusTensor
import Testing

private let conv = ConvolutionGeometry()
private let pool = PoolGeometry(kernel: 2)
private let otherConvs: [ConvolutionGeometry] = [
  ConvolutionGeometry(stride: Size2D(2, 1)), ConvolutionGeometry(stride: Size2D(1, 2)),
  ConvolutionGeometry(paddingLow: Size2D(1, 0), paddingHigh: 0),
  ConvolutionGeometry(paddingLow: Size2D(0, 1), paddingHigh: 0),
  ConvolutionGeometry(paddingHigh: Size2D(1, 0)), ConvolutionGeometry(paddingHigh: Size2D(0, 1)),
  ConvolutionGeometry(dilation: Size2D(2, 1)), ConvolutionGeometry(dilation: Size2D(1, 2)),
  ConvolutionGeometry(groups: 2),
]
private let withoutPlaces = {
  var pool = MaxPool(geometry: pool)
  pool.findsPlaces = false
  return pool
}()
private let otherPools: [PoolGeometry] = [
  PoolGeometry(kernel: Size2D(2, 3), stride: 2), PoolGeometry(kernel: Size2D(3, 2), stride: 2),
  PoolGeometry(kernel: 2, stride: Size2D(2, 1)), PoolGeometry(kernel: 2, stride: Size2D(1, 2)),
  PoolGeometry(kernel: 2, paddingLow: Size2D(1, 0), paddingHigh: 0),
  PoolGeometry(kernel: 2, paddingLow: Size2D(0, 1), paddingHigh: 0),
  PoolGeometry(kernel: 2, paddingHigh: Size2D(1, 0)), PoolGeometry(kernel: 2, paddingHigh: Size2D(0, 1)),
  PoolGeometry(kernel: 2, dilation: Size2D(2, 1)), PoolGeometry(kernel: 2, dilation: Size2D(1, 2)),
  PoolGeometry(kernel: 2, usesCeiling: true),
]

private let responses = [
  LocalResponse(size: 5, factor: 0.1, beta: 0.75, k: 2), LocalResponse(size: 4, factor: 0.1, beta: 0.75, k: 2),
  LocalResponse(size: 5, factor: 0.2, beta: 0.75, k: 2), LocalResponse(size: 5, factor: 0.1, beta: 0.5, k: 2),
  LocalResponse(size: 5, factor: 0.1, beta: 0.75, k: 1),
]
private let axis = ResampleAxis(extent: 3, count: 4)
private let resizings =
  [
    axis, ResampleAxis(extent: 2, count: 4), ResampleAxis(extent: 3, count: 5),
    ResampleAxis(extent: 3, count: 4, ratio: 0.7),
  ].map { ResampleGeometry(rows: $0, columns: axis, interpolation: .nearest) } + [
    ResampleGeometry(rows: axis, columns: ResampleAxis(extent: 2, count: 4), interpolation: .nearest),
    ResampleGeometry(rows: axis, columns: ResampleAxis(extent: 3, count: 5), interpolation: .nearest),
    ResampleGeometry(rows: axis, columns: ResampleAxis(extent: 3, count: 4, ratio: 0.7), interpolation: .nearest),
    ResampleGeometry(rows: axis, columns: axis, interpolation: .bilinear),
    ResampleGeometry(rows: axis, columns: axis, interpolation: .bilinear(alignsCorners: true)),
  ]

/// For each primitive: one operation, and others that differ from it in one attribute each.
private let families: [[any Primitive]] = [
  UnaryFunction.allCases.map { Unary($0) }, BinaryFunction.allCases.map { Binary($0) },
  DType.allCases.map { Cast(dtype: $0) }, [Reshape(shape: [2, 3]), Reshape(shape: [3, 2]), Reshape(shape: [6])],
  [Broadcast(shape: [2, 3]), Broadcast(shape: [3, 3])],
  [Transpose(permutation: [0, 1]), Transpose(permutation: [1, 0])],
  Reduction.allCases.map { Reduce($0, axes: [0]) } + [Reduce(.sum, axes: [1]), Reduce(.sum, axes: [0, 1])],
  [MatMul(), MatMul(transposesLeft: true), MatMul(transposesRight: true)],
  [
    ScalarConstant(value: 1, dtype: .float32), ScalarConstant(value: 2, dtype: .float32),
    ScalarConstant(value: 1, dtype: .int32), ScalarConstant(value: 1, dtype: .float32, isBound: true),
  ],
  [
    Slice(starts: [0, 1], counts: [2, 3], steps: [1, 2]), Slice(starts: [1, 1], counts: [2, 3], steps: [1, 2]),
    Slice(starts: [0, 1], counts: [2, 2], steps: [1, 2]), Slice(starts: [0, 1], counts: [2, 3], steps: [1, -2]),
  ],
  [
    Unslice(shape: [4, 4], starts: [0, 1], steps: [1, 2]), Unslice(shape: [4, 5], starts: [0, 1], steps: [1, 2]),
    Unslice(shape: [4, 4], starts: [0, 0], steps: [1, 2]), Unslice(shape: [4, 4], starts: [0, 1], steps: [1, 1]),
  ],
  [
    Pad(low: [1, 0], high: [0, 2], value: 0), Pad(low: [1, 1], high: [0, 2], value: 0),
    Pad(low: [1, 0], high: [0, 1], value: 0), Pad(low: [1, 0], high: [0, 2], value: 0.25),
  ],
  [Concatenate(axis: 0), Concatenate(axis: 1)],
  [
    Iota(shape: [2, 3], axis: 0, dtype: .int32), Iota(shape: [2, 4], axis: 0, dtype: .int32),
    Iota(shape: [2, 3], axis: 1, dtype: .int32), Iota(shape: [2, 3], axis: 0, dtype: .int64),
  ],
  [Gather(axis: 0), Gather(axis: 1)],
  [ScatterAdd(axis: 0, extent: 3), ScatterAdd(axis: 1, extent: 3), ScatterAdd(axis: 0, extent: 4)],
  [GatherElements(axis: 0), GatherElements(axis: 1)],
  [
    ScatterAddElements(axis: 0, shape: [2, 3]), ScatterAddElements(axis: 1, shape: [2, 3]),
    ScatterAddElements(axis: 0, shape: [3, 3]),
  ],
  [ArgReduce(isMax: true, axis: 0), ArgReduce(isMax: false, axis: 0), ArgReduce(isMax: true, axis: 1)],
  [ArgSort(axis: 0, descending: false), ArgSort(axis: 1, descending: false), ArgSort(axis: 0, descending: true)],
  [
    CumulativeSum(axis: 0, reverse: false), CumulativeSum(axis: 1, reverse: false),
    CumulativeSum(axis: 0, reverse: true),
  ],
  [
    Random(kind: .uniform, shape: [3], dtype: .float32, stream: 0),
    Random(kind: .normal, shape: [3], dtype: .float32, stream: 0),
    Random(kind: .uniform, shape: [4], dtype: .float32, stream: 0),
    Random(kind: .uniform, shape: [3], dtype: .float64, stream: 0),
    Random(kind: .uniform, shape: [3], dtype: .float32, stream: 1),
  ],
  ([conv] + otherConvs).map { Convolution(geometry: $0, hasBias: false) } + [
    Convolution(geometry: conv, hasBias: true)
  ],
  ([conv] + otherConvs).map { ConvolutionBackwardData(geometry: $0, inputShape: [1, 2, 3, 4]) }
    + [ConvolutionBackwardData(geometry: conv, inputShape: [1, 2, 3, 5])],
  ([conv] + otherConvs).map { ConvolutionBackwardWeights(geometry: $0, weightShape: [1, 2, 3, 4], hasBias: false) } + [
    ConvolutionBackwardWeights(geometry: conv, weightShape: [1, 2, 3, 4], hasBias: true),
    ConvolutionBackwardWeights(geometry: conv, weightShape: [1, 2, 3, 5], hasBias: false),
  ],
  ([pool] + otherPools).map { MaxPool(geometry: $0) } + [withoutPlaces],
  ([pool] + otherPools).map { MaxPoolGather(geometry: $0) },
  ([pool] + otherPools).map { MaxPoolBackward(geometry: $0, inputShape: [1, 2, 3, 4]) }
    + [MaxPoolBackward(geometry: pool, inputShape: [1, 2, 3, 5])],
  ([pool] + otherPools).map { AveragePool(geometry: $0, countsPadding: true) }
    + [AveragePool(geometry: pool, countsPadding: false)],
  ([pool] + otherPools).map { AveragePoolBackward(geometry: $0, inputShape: [1, 2, 3, 4], countsPadding: true) } + [
    AveragePoolBackward(geometry: pool, inputShape: [1, 2, 3, 4], countsPadding: false),
    AveragePoolBackward(geometry: pool, inputShape: [1, 2, 3, 5], countsPadding: true),
  ],
  responses, responses.map { LocalResponseBackward($0) }, resizings.map { Resample(geometry: $0) },
  resizings.map { ResampleBackward(geometry: $0) },
  [BatchNormTraining(epsilon: 1e-5), BatchNormTraining(epsilon: 1e-3)],
  [BatchNormTrainingBackward(epsilon: 1e-5), BatchNormTrainingBackward(epsilon: 1e-3)],
  [Softmax(axis: 0, isLog: false), Softmax(axis: 1, isLog: false), Softmax(axis: 0, isLog: true)],
  [
    SoftmaxBackward(axis: 0, isLog: false), SoftmaxBackward(axis: 1, isLog: false),
    SoftmaxBackward(axis: 0, isLog: true),
  ],
]

@Test func functionsThatDifferHaveDifferentKeys() {
  func key(_ arguments: Int, _ body: ([Tensor]) -> [Tensor]) -> PlanKey {
    let inputs = (0..<arguments).map { _ in Tensor(HostArray([Float(1), 2], shape: [2])) }
    let result = ElementwiseFunction(of: inputs.map(\.dtype), body)(inputs)[0]
    var key = PlanKey()
    result.node.operation.encode(into: &key)
    return key
  }
  let keys = [
    key(1) { [$0[0] + $0[0]] }, key(1) { [$0[0] * $0[0]] }, key(2) { [$0[0] * $0[0]] }, key(2) { [$0[0] * $0[1]] },
    key(2) { [$0[1] * $0[0]] }, key(2) { [$0[0] * $0[1], $0[0]] }, key(1) { [$0[0] * 3] }, key(1) { [$0[0] * 2] },
  ]
  #expect(Set(keys).count == keys.count)
  // Numbers are bound when the plan is replayed.
  #expect(key(1) { [$0[0] * 3] } == key(1) { [$0[0] * 4] })
}

/// The values of all stored properties, nested ones too, by their path.
private func attributes(_ value: Any, _ path: String = "") -> [String: String] {
  let mirror = Mirror(reflecting: value)
  let isLeaf = value is any Collection || mirror.displayStyle == .enum || mirror.children.isEmpty
  if isLeaf { return [path: "\(value)"] }
  return mirror.children.reduce(into: [:]) { result, child in
    result.merge(attributes(child.value, path + "." + (child.label ?? ""))) { $1 }
  }
}

@Test func operationsThatDifferInAnyAttributeHaveDifferentKeys() {
  for family in families {
    var keys: Set<PlanKey> = []
    for operation in family {
      var key = PlanKey()
      operation.encode(into: &key)
      #expect(keys.insert(key).inserted, "\(operation) has the key of another operation")
    }
    // Every attribute varies within the family, so that none can be forgotten here either.
    let values = family.map { attributes($0) }
    for path in values[0].keys {
      #expect(Set(values.map { $0[path] }).count > 1, "\(family[0].name): the attribute \(path) is not tried")
    }
  }
}
