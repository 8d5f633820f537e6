/// Builds the backward loop of a scan.
///
/// The body of the backward loop is the reverse walk through one step of the forward body. Values of the forward step
/// are not computed again: they are read from the stacks the forward scan keeps. A gradient of something read from
/// outside the loop that is a matrix product or a sum over rows is not added up step by step: its factors are stacked
/// and contracted over all steps at once, after the loop.
struct ScanGradient {
  let scan: Scan
  let context: GradientContext

  private var body: RecordedFunction { scan.body }
  private var constantCount: Int { body.inputTypes.count - scan.carryCount - scan.sequenceCount }

  func contributions() -> [Tensor?] {
    let carryCount = scan.carryCount
    // One step of the forward body on stand-ins, and the reverse walk through it.
    let inputs = body.inputTypes.enumerated().map { index, type in
      index < carryCount + scan.sequenceCount
        ? Placeholder.tensor(type) : context.inputs[index]
    }
    let values = body.instantiate(inputs)
    let constants = Array(inputs.dropFirst(carryCount + scan.sequenceCount))
    let carryGradients = (0..<carryCount).map { Placeholder.tensor(body.inputTypes[$0]) }
    let given = givenGradients()
    let seeds = given.map { Placeholder.tensor(TensorType($0.stacked.shape.removingFirst(), $0.stacked.dtype)) }
    let results = (0..<carryCount).map { values[body.results[$0]] } + given.map { values[$0.value] }
    let differentiable = results.indices.filter { results[$0].dtype.isFloatingPoint }
    let targets = Array(inputs.prefix(carryCount + scan.sequenceCount)) + constants
    let found = ReverseMode.gradients(
      of: differentiable.map { results[$0] }, seeds: differentiable.map { (carryGradients + seeds)[$0] }, with: targets)

    let nextCarries = (0..<carryCount).map { index in
      found[index] ?? Tensor(repeating: 0, shape: inputs[index].shape, dtype: inputs[index].dtype)
    }
    var outputs: [Tensor] = []
    func output(_ tensor: Tensor) -> Int {
      if let known = outputs.firstIndex(where: { $0.isIdentical(to: tensor) }) { return known }
      outputs.append(tensor)
      return outputs.count - 1
    }
    let sequenceOutputs = (0..<scan.sequenceCount).map { index in found[carryCount + index].map { output($0) } }
    let contractions = constants.indices.map { index -> Contraction? in
      guard context.needs[carryCount + scan.sequenceCount + index] else { return nil }
      return found[carryCount + scan.sequenceCount + index].map { Contraction($0) }
    }
    // Forward values are given as data: placeholders of the carries and slices, and everything computed from them.
    let forward = forwardValues(values)
    func forwardStack(_ tensor: Tensor) -> Tensor? { forward.first { $0.inside.isIdentical(to: tensor) }?.stacked }
    for factor in contractions.compactMap({ $0 }).flatMap(\.factors) where forwardStack(factor) == nil {
      _ = output(factor)
    }
    var recorder = FunctionRecorder(inputs: carryGradients + seeds + forward.map(\.inside))
    recorder.close(over: nextCarries + outputs)
    // Only what the body reads is kept by the forward loop and fetched in each step of this one.
    let stacks = given.map(\.stacked) + forward.map(\.stacked)
    let (function, read) = recorder.function.droppingUnread(carryCount..<(carryCount + stacks.count))
    let sequences = read.map { stacks[$0] }
    let backward = Scan(
      body: function, length: scan.length, carryCount: carryCount, sequenceCount: sequences.count,
      isReversed: !scan.isReversed, kept: keptValues(function, carryCount))
    let initial = (0..<carryCount).map { index in
      context.outputGradients[index]
        ?? Tensor(repeating: 0, shape: body.inputTypes[index].shape, dtype: body.inputTypes[index].dtype)
    }
    let made = Tensor.recordAll(backward, initial + sequences + recorder.captured)
    func stacked(_ tensor: Tensor) -> Tensor { forwardStack(tensor) ?? made[carryCount + output(tensor)] }
    return (0..<carryCount).map { made[$0] as Tensor? }
      + sequenceOutputs.map { $0.map { made[carryCount + $0] } }
      + contractions.map { $0?.contracted(stacked) }
  }

  private func keptValues(_ function: RecordedFunction, _ carryCount: Int) -> [Int] {
    Array(function.inputTypes.count..<function.valueCount) + Array(0..<carryCount)
  }

  /// Gradients of the stacked outputs that exist, with the number of the body's value each belongs to.
  private func givenGradients() -> [(value: Int, stacked: Tensor)] {
    let stackedValues = Array(body.results.dropFirst(scan.carryCount)) + scan.kept
    return stackedValues.enumerated().compactMap { index, value in
      context.outputGradients[scan.carryCount + index].map { (value, $0) }
    }
  }

  /// Values of one forward step, with the stacks in which the forward scan keeps them.
  private func forwardValues(_ values: [Tensor]) -> [(inside: Tensor, stacked: Tensor)] {
    var list: [(inside: Tensor, stacked: Tensor)] = []
    for index in 0..<scan.sequenceCount {
      list.append((values[scan.carryCount + index], context.inputs[scan.carryCount + index]))
    }
    let firstKept = scan.carryCount + scan.outputCount
    for (position, value) in scan.kept.enumerated() {
      list.append((values[value], context.outputs[firstKept + position]))
    }
    return list
  }
}

/// How a gradient of a constant is put together from stacks after the loop.
private indirect enum Contraction {
  /// `left^T right`, summed over rows and steps.
  case product(Tensor, Tensor)
  /// A sum over axes of one stack.
  case sum(Tensor, axes: [Int])
  case add(Contraction, Contraction)
  case reshape(Contraction, Shape)
  /// Each step's gradient stacked, then summed.
  case each(Tensor)

  init(_ tensor: Tensor) {
    let node = tensor.node
    switch node.operation {
    case let product as MatMul where product.transposesLeft && !product.transposesRight && tensor.rank == 2:
      self = .product(node.inputs[0], node.inputs[1])
    case let binary as Binary
    where binary.function == .add && node.inputs[0].shape == tensor.shape && node.inputs[1].shape == tensor.shape:
      self = .add(Contraction(node.inputs[0]), Contraction(node.inputs[1]))
    case let reshape as Reshape:
      self = .reshape(Contraction(node.inputs[0]), reshape.shape)
    case let reduce as Reduce where reduce.reduction == .sum:
      self = .sum(node.inputs[0], axes: reduce.axes)
    default:
      self = .each(tensor)
    }
  }

  /// Tensors of one step whose stacks are needed.
  var factors: [Tensor] {
    switch self {
    case .product(let left, let right): [left, right]
    case .sum(let tensor, _), .each(let tensor): [tensor]
    case .add(let a, let b): a.factors + b.factors
    case .reshape(let inner, _): inner.factors
    }
  }

  func contracted(_ stacked: (Tensor) -> Tensor) -> Tensor {
    switch self {
    case .product(let left, let right):
      let (a, b) = (stacked(left), stacked(right))
      let rows = a.shape[0] * a.shape[1]
      return Tensor.record(
        MatMul(transposesLeft: true), [a.reshaped(to: [rows, -1]), b.reshaped(to: [rows, -1])])
    case .sum(let tensor, let axes):
      let whole = Tensor.record(Reduce(.sum, axes: [0] + axes.map { $0 + 1 }), [stacked(tensor)])
      return whole.reshaped(to: whole.shape.removingFirst())
    case .add(let a, let b): return a.contracted(stacked) + b.contracted(stacked)
    case .reshape(let inner, let shape): return inner.contracted(stacked).reshaped(to: shape)
    case .each(let tensor): return stacked(tensor).sum(squeezingAxes: 0)
    }
  }
}
