import ApusTensor

/// The gradient of ``RectifiedBatchNorm``: that of the normalisation, for a gradient that counts only where the rectified
/// result is positive. Input 5 is the shift, with which that is found out without reading the result again.
package struct RectifiedBatchNormBackward: Primitive {
  package var backward: BatchNormTrainingBackward

  package init(_ backward: BatchNormTrainingBackward) { self.backward = backward }

  package var name: String { "batch_norm_relu_backward" }

  package func encode(into key: inout PlanKey) { backward.encode(into: &key) }

  package func resultTypes(_ inputs: [TensorType]) throws(ShapeError) -> [TensorType] {
    try backward.resultTypes(Array(inputs.prefix(5)))
  }

  package func gradient(_ context: GradientContext) -> [Tensor?] {
    preconditionFailure("rectified normalisations exist only inside plans")
  }

  package func evaluate(_ inputs: [HostView], _ outputs: [HostView]) {
    let (result, gradient) = (
      Storage(byteCount: inputs[0].type.byteCount), Storage(byteCount: inputs[0].type.byteCount)
    )
    let (mean, variance) = (Storage(byteCount: inputs[3].type.byteCount), Storage(byteCount: inputs[3].type.byteCount))
    let y = HostView(type: inputs[0].type, pointer: result.pointer)
    let passed = HostView(type: inputs[0].type, pointer: gradient.pointer)
    BatchNormTraining(epsilon: backward.epsilon).evaluate(
      [inputs[0], inputs[2], inputs[5]],
      [
        y, HostView(type: inputs[3].type, pointer: mean.pointer),
        HostView(type: inputs[3].type, pointer: variance.pointer),
      ])
    passed.store(zip(inputs[1].doubles(), y.doubles()).map { $1 > 0 ? $0 : 0 })
    backward.evaluate([inputs[0], passed] + inputs[2..<5], outputs)
    withExtendedLifetime((result, gradient, mean, variance)) {}
  }
}
