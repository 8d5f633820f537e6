import ApusTensor

/// A batch normalisation whose result goes through max(x, 0) before it is stored: the same bits in one pass less.
package struct RectifiedBatchNorm: Primitive {
  package var norm: BatchNormTraining

  package init(_ norm: BatchNormTraining) { self.norm = norm }

  package var name: String { "batch_norm_relu" }

  package func encode(into key: inout PlanKey) { norm.encode(into: &key) }

  package func resultTypes(_ inputs: [TensorType]) throws(ShapeError) -> [TensorType] { try norm.resultTypes(inputs) }

  package func gradient(_ context: GradientContext) -> [Tensor?] {
    preconditionFailure("rectified normalisations exist only inside plans")
  }

  package func evaluate(_ inputs: [HostView], _ outputs: [HostView]) {
    norm.evaluate(inputs, outputs)
    Unary(.rectify).evaluate([outputs[0]], [outputs[0]])
  }
}
