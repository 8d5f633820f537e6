/// Elementwise arithmetic that is recorded once, on scalars, and applied to many tensors: each application is one node
/// of the graph instead of one for every operation, and the compiler puts the operations back in its place.
///
/// Tensors that the body reads from outside must be scalars.
package struct ElementwiseFunction: Sendable {
  private let body: ElementwiseApplication.Body
  /// Scalars from outside, those that exist already first.
  private let captured: [Tensor]

  /// Records a function of tensors that all have one shape, which the body does not get to see.
  package init(of dtypes: [DType], _ body: ([Tensor]) -> [Tensor]) {
    let inputs = dtypes.map { Placeholder.tensor(TensorType([], $0)) }
    var recorder = FunctionRecorder(inputs: inputs, takesLeaves: true)
    recorder.close(over: body(inputs))
    captured = recorder.captured
    let spreadCount = captured.count { $0.node.hasValues }
    self.body = ElementwiseApplication.Body(recorder.function, argumentCount: dtypes.count + spreadCount)
    for tensor in captured where tensor.rank > 0 {
      preconditionFailure("an elementwise function reads \(tensor.type) from outside; it can read scalars only")
    }
  }

  /// Records a function of tensors that all have one shape and of scalars that are given with them; it reads nothing from
  /// outside, and can be kept for as long as the program runs.
  package init(of dtypes: [DType], scalars: [DType], _ body: (_ tensors: [Tensor], _ scalars: [Tensor]) -> [Tensor]) {
    let inputs = (dtypes + scalars).map { Placeholder.tensor(TensorType([], $0)) }
    var recorder = FunctionRecorder(inputs: inputs, takesLeaves: true)
    recorder.close(over: body(Array(inputs.prefix(dtypes.count)), Array(inputs.dropFirst(dtypes.count))))
    precondition(recorder.captured.isEmpty, "a function that is kept reads only its arguments")
    captured = []
    self.body = ElementwiseApplication.Body(recorder.function, argumentCount: dtypes.count)
  }

  /// The function of tensors of one shape and of scalars.
  package func callAsFunction(_ arguments: [Tensor], scalars: [Tensor]) -> [Tensor] {
    Tensor.recordAll(ElementwiseApplication(body: body, setCount: 1), arguments + scalars)
  }

  /// The function of several sets of tensors, recorded as one operation; the tensors of a set have one shape.
  ///
  /// - Parameter spread: gains the tensors made of scalars that exist already, which nobody else holds: a result may
  ///   take their place in memory.
  /// - Returns: the results of each set, one set after the other.
  package func callAsFunction(sets: [[Tensor]], spread: inout [Tensor]) -> [Tensor] {
    var arguments: [Tensor] = []
    arguments.reserveCapacity(sets.count * body.argumentCount + captured.count)
    for set in sets {
      arguments += set
      for scalar in captured where scalar.node.hasValues {
        let type = TensorType(set.first?.shape ?? [], scalar.dtype)
        let made = type.shape.rank > 0 ? Tensor(HostArray(repeating: scalar.item(), type: type)) : scalar
        if type.shape.rank > 0 { spread.append(made) }
        arguments.append(made)
      }
    }
    for scalar in captured where !scalar.node.hasValues { arguments.append(scalar) }
    return Tensor.recordAll(ElementwiseApplication(body: body, setCount: sets.count), arguments)
  }

  /// The function of tensors of one shape.
  package func callAsFunction(_ arguments: [Tensor]) -> [Tensor] {
    var spread: [Tensor] = []
    return self(sets: [arguments], spread: &spread)
  }
}

extension Tensor {
  /// The same computed value as a tensor of its own: it keeps no other result of its operation alive, and its memory can
  /// be taken over.
  package func separated() -> Tensor {
    GraphLock.withLock {
      guard node.outputCount > 1, let value = node.value(of: output) else { return self }
      return Tensor(node: Node(value: value, type: type))
    }
  }
}

/// The results of an ``ElementwiseFunction`` for some sets of arguments: inputs are the arguments of every set, then the
/// scalars that all share; outputs the results of every set.
package struct ElementwiseApplication: Primitive {
  /// What is applied, with everything that can be known of it beforehand.
  package final class Body: Sendable, OpaqueAttribute {
    package let function: RecordedFunction
    /// How many of the first inputs have one shape; the others are scalars.
    package let argumentCount: Int
    /// Element types of the inputs.
    let inputTypes: [DType]
    /// Of each result its element type, and whether it has the shape of the arguments; the others are scalars.
    let results: [(dtype: DType, isShaped: Bool)]
    private let words: [Int]

    package init(_ function: RecordedFunction, argumentCount: Int) {
      self.function = function
      self.argumentCount = argumentCount
      var depends = [Bool](repeating: true, count: argumentCount)
      depends += [Bool](repeating: false, count: function.inputTypes.count - argumentCount)
      for step in function.steps {
        let isShaped = step.inputs.contains { depends[$0] }
        depends += [Bool](repeating: isShaped, count: step.types.count)
      }
      inputTypes = function.inputTypes.map(\.dtype)
      results = function.results.map { (function.type(of: $0).dtype, depends[$0]) }
      var key = PlanKey()
      function.encode(into: &key)
      key.add(argumentCount)
      words = Array(key.words)
    }

    func encode(into key: inout PlanKey) { key.add(words) }
  }

  package let body: Body
  /// How many sets of arguments there are.
  package let setCount: Int

  package init(body: Body, setCount: Int) { (self.body, self.setCount) = (body, setCount) }

  package var name: String { "elementwise" }

  package func encode(into key: inout PlanKey) {
    body.encode(into: &key)
    key.add(setCount)
  }

  /// The inputs of the function for one set, out of all inputs.
  package func inputs<Value>(ofSet set: Int, in all: [Value]) -> [Value] {
    Array(all[(set * body.argumentCount)..<((set + 1) * body.argumentCount)] + all[(setCount * body.argumentCount)...])
  }

  package func resultTypes(_ inputs: [TensorType]) throws(ShapeError) -> [TensorType] {
    let count = body.argumentCount
    guard inputs.count == setCount * count + body.inputTypes.count - count else {
      throw ShapeError("\(inputs.count) arguments do not make \(setCount) sets of \(count)")
    }
    for (position, input) in inputs.enumerated() {
      let isScalar = position >= setCount * count
      let wanted = body.inputTypes[isScalar ? position - (setCount - 1) * count : position % count]
      guard input.dtype == wanted else {
        throw ShapeError("an argument is \(input), the function takes elements of \(wanted)")
      }
      if !isScalar, input.shape != inputs[position / count * count].shape {
        throw ShapeError("the arguments must have one shape")
      }
    }
    var types: [TensorType] = []
    types.reserveCapacity(setCount * body.results.count)
    for set in 0..<setCount {
      for result in body.results {
        types.append(TensorType(result.isShaped ? inputs[set * count].shape : [], result.dtype))
      }
    }
    return types
  }

  package func gradient(_ context: GradientContext) -> [Tensor?] {
    FormulaGradient.rule(context) { inputs in
      (0..<setCount).flatMap { set in
        var values = self.inputs(ofSet: set, in: inputs)
        for step in body.function.steps {
          values += Tensor.recordAll(step.operation, step.inputs.map { values[$0] })
        }
        return body.function.results.map { values[$0] }
      }
    }
  }

  package func evaluate(_ inputs: [HostView], _ outputs: [HostView]) {
    var owners: [Storage] = []
    for set in 0..<setCount {
      let values = body.function.evaluateElementwise(self.inputs(ofSet: set, in: inputs), owners: &owners)
      for (position, result) in body.function.results.enumerated() {
        let output = outputs[set * body.results.count + position]
        output.pointer.copyMemory(from: values[result].pointer, byteCount: output.type.byteCount)
      }
    }
    withExtendedLifetime(owners) {}
  }
}

extension RecordedFunction {
  /// The types of a step's outputs for other operands than those it was recorded with.
  package static func types(of step: Step, _ operands: [TensorType]) -> [TensorType] {
    do throws(ShapeError) { return try step.operation.resultTypes(operands) } catch {
      preconditionFailure("an elementwise function cannot be applied: \(error.message)")
    }
  }

  /// Runs the steps, which are elementwise, on operands of other shapes than those they were recorded with.
  fileprivate func evaluateElementwise(_ inputs: [HostView], owners: inout [Storage]) -> [HostView] {
    var values = inputs
    for step in steps {
      let operands = step.inputs.map { values[$0] }
      let outputs = Self.types(of: step, operands.map(\.type)).map { type in
        let storage = Storage(byteCount: type.byteCount)
        owners.append(storage)
        return HostView(type: type, pointer: storage.pointer)
      }
      step.operation.evaluate(operands, outputs)
      values += outputs
    }
    return values
  }
}
