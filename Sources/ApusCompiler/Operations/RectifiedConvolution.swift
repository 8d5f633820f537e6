import ApusTensor

/// A convolution whose result goes through max(x, 0) before it is stored: the same bits in one pass over memory.
package struct RectifiedConvolution: Primitive {
  package var convolution: Convolution

  package init(_ convolution: Convolution) { self.convolution = convolution }

  package var name: String { "convolution_relu" }

  package func encode(into key: inout PlanKey) { convolution.encode(into: &key) }

  package func resultTypes(_ inputs: [TensorType]) throws(ShapeError) -> [TensorType] {
    try convolution.resultTypes(inputs)
  }

  package func gradient(_ context: GradientContext) -> [Tensor?] {
    preconditionFailure("rectified convolutions exist only inside plans")
  }

  package func evaluate(_ inputs: [HostView], _ outputs: [HostView]) {
    convolution.evaluate(inputs, outputs)
    Unary(.rectify).evaluate(outputs, outputs)
  }
}
