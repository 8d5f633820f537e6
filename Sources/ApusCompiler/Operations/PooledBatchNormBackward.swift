import ApusTensor

/// The gradient of ``PooledBatchNorm``: inputs are those of ``RectifiedBatchNormBackward`` with the gradient of the pooled
/// result, then the places of the maxima and what the input is there.
package struct PooledBatchNormBackward: Primitive {
  package var backward: BatchNormTrainingBackward
  package var pool: MaxPoolBackward

  package init(_ backward: BatchNormTrainingBackward, _ pool: MaxPoolBackward) {
    (self.backward, self.pool) = (backward, pool)
  }

  package var name: String { "batch_norm_relu_max_pool_backward" }

  package func encode(into key: inout PlanKey) {
    backward.encode(into: &key)
    pool.encode(into: &key)
  }

  package func resultTypes(_ inputs: [TensorType]) throws(ShapeError) -> [TensorType] {
    let spread = try pool.resultTypes([inputs[1], inputs[6]])
    return try RectifiedBatchNormBackward(backward).resultTypes([inputs[0]] + spread + inputs[2..<6])
  }

  package func gradient(_ context: GradientContext) -> [Tensor?] {
    preconditionFailure("pooled normalisations exist only inside plans")
  }

  package func evaluate(_ inputs: [HostView], _ outputs: [HostView]) {
    let storage = Storage(byteCount: inputs[0].type.byteCount)
    let spread = HostView(type: inputs[0].type, pointer: storage.pointer)
    pool.evaluate([inputs[1], inputs[6]], [spread])
    RectifiedBatchNormBackward(backward).evaluate([inputs[0], spread] + inputs[2..<6], outputs)
    withExtendedLifetime(storage) {}
  }
}
