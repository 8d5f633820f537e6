/// Elementwise arithmetic that is recorded once, on scalars, and applied to many tensors: each application is one node
/// of the graph instead of one for every operation, and the compiler puts the operations back in its place.
///
/// Tensors that the body reads from outside must be scalars.
package struct ElementwiseFunction {
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

  /// The function of tensors of one shape.
  ///
  /// - Parameter spread: gains the tensors made of scalars that exist already, which nobody else holds: a result may
  ///   take their place in memory.
  package func callAsFunction(_ arguments: [Tensor], spread: inout [Tensor]) -> [Tensor] {
    let shape = arguments.first?.shape ?? []
    let operands = captured.map { scalar in
      guard scalar.node.hasValues, shape.rank > 0 else { return scalar }
      let made = Tensor(HostArray(repeating: scalar.item(), type: TensorType(shape, scalar.dtype)))
      spread.append(made)
      return made
    }
    return Tensor.recordAll(ElementwiseApplication(body: body), arguments + operands)
  }

  /// The function of tensors of one shape.
  package func callAsFunction(_ arguments: [Tensor]) -> [Tensor] {
    var spread: [Tensor] = []
    return self(arguments, spread: &spread)
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

/// The results of an ``ElementwiseFunction`` for some arguments.
package struct ElementwiseApplication: Primitive {
  /// What is applied, with everything that can be known of it beforehand.
  package final class Body: Sendable, OpaqueAttribute {
    package let function: RecordedFunction
    /// How many of the first inputs have one shape; the others are scalars.
    let argumentCount: Int
    /// Whether each result has the shape of the arguments; the others are scalars.
    let isShaped: [Bool]
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
      isShaped = function.results.map { depends[$0] }
      var key = PlanKey()
      function.encode(into: &key)
      key.add(argumentCount)
      words = Array(key.words)
    }

    func encode(into key: inout PlanKey) { key.add(words) }
  }

  package let body: Body

  package init(body: Body) { self.body = body }

  package var name: String { "elementwise" }

  package func encode(into key: inout PlanKey) { body.encode(into: &key) }

  package func resultTypes(_ inputs: [TensorType]) throws(ShapeError) -> [TensorType] {
    for (input, scalar) in zip(inputs, body.function.inputTypes) where input.dtype != scalar.dtype {
      throw ShapeError("an argument is \(input), the function takes elements of \(scalar.dtype)")
    }
    guard inputs.prefix(body.argumentCount).allSatisfy({ $0.shape == inputs[0].shape }) else {
      throw ShapeError("the arguments must have one shape")
    }
    return zip(body.function.results, body.isShaped).map { result, isShaped in
      TensorType(isShaped ? inputs[0].shape : [], body.function.type(of: result).dtype)
    }
  }

  package func gradient(_ context: GradientContext) -> [Tensor?] {
    FormulaGradient.rule(context) { inputs in
      var values = inputs
      for step in body.function.steps {
        values += Tensor.recordAll(step.operation, step.inputs.map { values[$0] })
      }
      return body.function.results.map { values[$0] }
    }
  }

  package func evaluate(_ inputs: [HostView], _ outputs: [HostView]) {
    var owners: [Storage] = []
    let values = body.function.evaluateElementwise(inputs, owners: &owners)
    for (result, output) in zip(body.function.results, outputs) {
      output.pointer.copyMemory(from: values[result].pointer, byteCount: output.type.byteCount)
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
