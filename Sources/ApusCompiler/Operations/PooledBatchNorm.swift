import ApusTensor

/// A batch normalisation whose result goes through max(y, 0) and then max-pooling, in one pass less over the images.
///
/// Inputs as of ``BatchNormTraining``. Outputs: the pooled result, the places of the maxima, what the input is there (with
/// which the gradient needs neither to be spread nor to be searched for its sums), and the means and variances.
package struct PooledBatchNorm: Primitive {
  package var norm: BatchNormTraining
  package var pool: MaxPool

  package init(_ norm: BatchNormTraining, _ pool: MaxPool) { (self.norm, self.pool) = (norm, pool) }

  package var name: String { "batch_norm_relu_max_pool" }

  package func encode(into key: inout PlanKey) {
    norm.encode(into: &key)
    pool.encode(into: &key)
  }

  package func resultTypes(_ inputs: [TensorType]) throws(ShapeError) -> [TensorType] {
    let moments = try norm.resultTypes(inputs)
    let pooled = try pool.resultTypes([moments[0]])
    return pooled + [pooled[0]] + moments.dropFirst()
  }

  package func gradient(_ context: GradientContext) -> [Tensor?] {
    preconditionFailure("pooled normalisations exist only inside plans")
  }

  package func evaluate(_ inputs: [HostView], _ outputs: [HostView]) {
    let storage = Storage(byteCount: inputs[0].type.byteCount)
    let y = HostView(type: inputs[0].type, pointer: storage.pointer)
    RectifiedBatchNorm(norm).evaluate(inputs, [y, outputs[3], outputs[4]])
    pool.evaluate([y], [outputs[0], outputs[1]])
    MaxPoolGather(geometry: pool.geometry).evaluate([inputs[0], outputs[1]], [outputs[2]])
    withExtendedLifetime(storage) {}
  }
}
