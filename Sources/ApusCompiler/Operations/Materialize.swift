import ApusTensor

/// A copy of a value into a buffer of its own: for results of a loop's body that are one of its inputs.
package struct Materialize: Primitive {
  package init() {}
  package var name: String { "materialize" }
  package func resultTypes(_ inputs: [TensorType]) throws(ShapeError) -> [TensorType] { [inputs[0]] }
  package func gradient(_ context: GradientContext) -> [Tensor?] { [context.outputGradient] }
  package func evaluate(_ inputs: [HostView], _ outputs: [HostView]) {
    outputs[0].pointer.copyMemory(from: inputs[0].pointer, byteCount: inputs[0].type.byteCount)
  }
}

extension Graph {
  /// The body of a loop as a graph: inputs by slot, results as roots, each in a buffer of its own.
  package init(_ function: RecordedFunction, results: [Int]) {
    self.init()
    inputTypes = function.inputTypes
    var values = inputTypes.enumerated().map { append(GraphInput(slot: $0), [], [$1]) }
    for step in function.steps {
      let made = append(step.operation, step.inputs.map { values[$0] }, step.types)
      for output in step.types.indices { values.append(ValueID(made.node, output)) }
    }
    roots = results.map { values[$0] }
  }

  /// The graph with a copy for every root that has no buffer of its own: an input, a constant, a view, or a root again.
  package func materializingRoots() -> Graph {
    var result = self
    var owned: Set<ValueID> = []
    for position in roots.indices {
      let operation = nodes[roots[position].node].operation
      let isFree = !(operation is GraphInput || operation is ScalarConstant || operation is Reshape)
      if isFree, owned.insert(roots[position]).inserted { continue }
      result.roots[position] = result.append(Materialize(), [roots[position]], [type(of: roots[position])])
    }
    return result
  }
}
