import ApusTensor

/// A convolution whose result is finished before it is stored: another value is added, then it goes through max(x, 0).
///
/// The same bits in fewer passes over memory. The added value is the last input.
package struct FinishedConvolution: Primitive {
  package var convolution: Convolution
  package var adds: Bool
  package var rectifies: Bool

  package init(_ convolution: Convolution, adds: Bool, rectifies: Bool) {
    self.convolution = convolution
    self.adds = adds
    self.rectifies = rectifies
  }

  package var name: String { "convolution" + (adds ? "_add" : "") + (rectifies ? "_relu" : "") }

  package func encode(into key: inout PlanKey) {
    convolution.encode(into: &key)
    key.add(adds)
    key.add(rectifies)
  }

  package func resultTypes(_ inputs: [TensorType]) throws(ShapeError) -> [TensorType] {
    let types = try convolution.resultTypes(adds ? inputs.dropLast() : inputs)
    guard !adds || inputs[inputs.count - 1] == types[0] else {
      throw ShapeError("adds \(inputs[inputs.count - 1]) to a result of \(types[0])")
    }
    return types
  }

  package func gradient(_ context: GradientContext) -> [Tensor?] {
    preconditionFailure("finished convolutions exist only inside plans")
  }

  package func evaluate(_ inputs: [HostView], _ outputs: [HostView]) {
    if adds {
      let storage = Storage(byteCount: outputs[0].type.byteCount)
      let product = HostView(type: outputs[0].type, pointer: storage.pointer)
      convolution.evaluate(inputs.dropLast(), [product])
      Binary(.add).evaluate([product, inputs[inputs.count - 1]], outputs)
      withExtendedLifetime(storage) {}
    } else {
      convolution.evaluate(inputs, outputs)
    }
    if rectifies { Unary(.rectify).evaluate(outputs, outputs) }
  }
}
