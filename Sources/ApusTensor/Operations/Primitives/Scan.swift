/// A loop over time whose body is recorded once.
///
/// Inputs: the initial carries, the stacked inputs `[T, ...]`, and whatever the body reads from outside. Outputs: the
/// final carries, the stacked outputs, and the stacked values of `kept`, which the gradient reads instead of
/// computing the body again. Outputs nobody uses are dropped by the compiler.
package struct Scan: Primitive {
  /// Inputs: carries, slices of the stacked inputs, constants. Results: carries, outputs.
  package var body: RecordedFunction
  package var length: Int
  package var carryCount: Int
  package var sequenceCount: Int
  package var isReversed: Bool
  /// Values of the body that are stacked as further outputs.
  package var kept: [Int]

  package var name: String { "scan" }

  package var outputCount: Int { body.results.count - carryCount }

  package func encode(into key: inout PlanKey) {
    body.encode(into: &key)
    key.add(length)
    key.add(carryCount)
    key.add(sequenceCount)
    key.add(isReversed)
    key.add(kept)
  }

  private func stacked(_ type: TensorType) -> TensorType { TensorType(Shape([length] + Array(type.shape)), type.dtype) }

  package func resultTypes(_ inputs: [TensorType]) throws(ShapeError) -> [TensorType] {
    for index in 0..<carryCount {
      let next = body.type(of: body.results[index])
      guard next == inputs[index] else {
        throw ShapeError("carry \(index) starts as \(inputs[index]) but the body returns \(next); they must be equal")
      }
    }
    let carries = body.results.prefix(carryCount).map { body.type(of: $0) }
    let outputs = body.results.dropFirst(carryCount).map { stacked(body.type(of: $0)) }
    return carries + outputs + kept.map { stacked(body.type(of: $0)) }
  }

  /// Back-propagation through time: a scan in the other direction over the kept values of this one.
  package func gradient(_ context: GradientContext) -> [Tensor?] {
    ScanGradient(scan: self, context: context).contributions()
  }

  package func evaluate(_ inputs: [HostView], _ outputs: [HostView]) {
    var owners: [Storage] = []
    var carries = Array(inputs.prefix(carryCount))
    for count in 0..<length {
      let time = isReversed ? length - 1 - count : count
      let slices = (0..<sequenceCount).map { index -> HostView in
        let type = body.inputTypes[carryCount + index]
        return HostView(type: type, pointer: inputs[carryCount + index].pointer + time * type.byteCount)
      }
      let values = body.evaluate(
        carries + slices + inputs.dropFirst(carryCount + sequenceCount), owners: &owners)
      carries = body.results.prefix(carryCount).map { values[$0] }
      for (index, value) in (body.results.dropFirst(carryCount) + kept).enumerated() {
        let source = values[value]
        (outputs[carryCount + index].pointer + time * source.type.byteCount).copyMemory(
          from: source.pointer, byteCount: source.type.byteCount)
      }
    }
    for index in 0..<carryCount {
      outputs[index].pointer.copyMemory(from: carries[index].pointer, byteCount: carries[index].type.byteCount)
    }
    withExtendedLifetime(owners) {}
  }
}

/// Runs a cell over a sequence: the body is recorded once, whatever the length.
///
/// Products of the current input with matrices from outside the loop are computed for all steps at once, before it;
/// gradients of such matrices are summed over all steps at once, after it (back-propagation through time).
///
/// ```swift
/// // Elman's network (1990): h_t = tanh(x_t U + h_{t-1} W)
/// let (last, all) = scan([h0], over: [x]) { carry, inputs in
///   let h = tanh(matmul(inputs[0], u) + matmul(carry[0], w))
///   return (carry: [h], outputs: [h])
/// }
/// ```
/// - Parameters:
///   - initial: the carries before the first step.
///   - sequences: tensors with time as their first axis, all of the same length.
///   - isReversed: whether to go from the last step to the first; outputs stay at their step's place.
///   - body: from the carries and the current slices to the next carries and the outputs of this step.
/// - Returns: the carries after the last step, and the outputs stacked along a new first axis.
public func scan(
  _ initial: [Tensor], over sequences: [Tensor], reversed isReversed: Bool = false,
  _ body: (_ carry: [Tensor], _ inputs: [Tensor]) -> (carry: [Tensor], outputs: [Tensor])
) -> (carry: [Tensor], outputs: [Tensor]) {
  guard let length = sequences.first?.shape.first, sequences.allSatisfy({ $0.shape.first == length }) else {
    let shapes = sequences.map(\.shape.description).joined(separator: ", ")
    let problem = "scan: the sequences \(shapes) must have the same first axis, time, and there must be at least one"
    return ([Diagnostics.fail(ShapeError(problem), like: sequences.first?.type)], [])
  }
  let carries = initial.map { Placeholder.tensor($0.type) }
  let slices = sequences.map { Placeholder.tensor(TensorType($0.shape.removingFirst(), $0.dtype)) }
  let (next, outputs) = BodyScope.$isActive.withValue(true) { body(carries, slices) }
  guard next.count == initial.count else {
    let problem = "scan: the body returns \(next.count) carries for \(initial.count) initial ones"
    return ([Diagnostics.fail(ShapeError(problem), like: initial.first?.type)], [])
  }
  let projections = InputProjections(results: next + outputs, slices: slices, sequences: sequences, carries: carries)
  var recorder = FunctionRecorder(inputs: carries + slices + projections.found.map(\.inside))
  recorder.close(over: next + outputs)
  let stackedInputs = sequences + projections.found.map(\.outside)
  var operation = Scan(
    body: recorder.function, length: length, carryCount: initial.count, sequenceCount: stackedInputs.count,
    isReversed: isReversed, kept: [])
  // Every value of the body that is computed from the loop may be needed by the gradient.
  let first = recorder.function.inputTypes.count
  operation.kept = Array(first..<recorder.function.valueCount) + Array(0..<initial.count)
  let results = Tensor.recordAll(operation, initial + stackedInputs + recorder.captured)
  return (Array(results.prefix(initial.count)), Array(results[initial.count..<(initial.count + outputs.count)]))
}

/// Matrix products of a slice with a matrix from outside the loop, moved out of it.
private struct InputProjections {
  private(set) var found: [(inside: Tensor, outside: Tensor)] = []

  init(results: [Tensor], slices: [Tensor], sequences: [Tensor], carries: [Tensor]) {
    let inside = Set((slices + carries).map { ObjectIdentifier($0.node) })
    var seen: Set<ObjectIdentifier> = []
    var depends: [ObjectIdentifier: Bool] = [:]
    func dependsOnLoop(_ node: Node) -> Bool {
      if inside.contains(ObjectIdentifier(node)) { return true }
      if let known = depends[ObjectIdentifier(node)] { return known }
      let result = node.inputs.contains { dependsOnLoop($0.node) }
      depends[ObjectIdentifier(node)] = result
      return result
    }
    var stack = results.map(\.node)
    while let node = stack.popLast() {
      guard seen.insert(ObjectIdentifier(node)).inserted, dependsOnLoop(node) else { continue }
      if let product = node.operation as? MatMul, !product.transposesLeft, node.inputs[1].rank == 2,
        node.inputs[0].rank == 2, !dependsOnLoop(node.inputs[1].node),
        let position = slices.firstIndex(where: { $0.isIdentical(to: node.inputs[0]) })
      {
        let sequence = sequences[position]
        let rows = sequence.shape[0] * sequence.shape[1]
        let tall = Tensor.record(product, [sequence.reshaped(to: [rows, -1]), node.inputs[1]])
        let outside = tall.reshaped(to: [sequence.shape[0], sequence.shape[1], -1])
        found.append((Tensor(node: node), outside))
        continue
      }
      stack.append(contentsOf: node.inputs.map(\.node))
    }
  }
}
