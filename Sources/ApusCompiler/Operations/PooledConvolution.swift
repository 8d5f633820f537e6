import ApusTensor

/// A convolution whose result goes through max(x, 0), if it is rectified, and then max-pooling, image by image: what is
/// pooled never reaches memory.
///
/// Inputs as of the convolution, outputs as of the pool; the same bits as the two one after the other.
package struct PooledConvolution: Primitive {
  package var finished: FinishedConvolution
  package var pool: MaxPool

  package init(_ finished: FinishedConvolution, _ pool: MaxPool) { (self.finished, self.pool) = (finished, pool) }

  package var name: String { "\(finished.name)_max_pool" }

  package func encode(into key: inout PlanKey) {
    finished.encode(into: &key)
    pool.encode(into: &key)
  }

  package func resultTypes(_ inputs: [TensorType]) throws(ShapeError) -> [TensorType] {
    try pool.resultTypes(finished.resultTypes(inputs))
  }

  package func gradient(_ context: GradientContext) -> [Tensor?] {
    preconditionFailure("pooled convolutions exist only inside plans")
  }

  package func evaluate(_ inputs: [HostView], _ outputs: [HostView]) {
    let types: [TensorType]
    do throws(ShapeError) { types = try finished.resultTypes(inputs.map(\.type)) } catch {
      preconditionFailure(error.message)
    }
    let storage = Storage(byteCount: types[0].byteCount)
    let whole = HostView(type: types[0], pointer: storage.pointer)
    finished.evaluate(inputs, [whole])
    pool.evaluate([whole], outputs)
    withExtendedLifetime(storage) {}
  }
}

/// The gradient of a convolution's kernels and bias from the gradient of the max-pooled result, image by image.
///
/// Inputs: the images, the pooled gradient and the places of the maxima. Outputs as of ``ConvolutionBackwardWeights``.
package struct PooledConvolutionBackwardWeights: Primitive {
  package var weights: ConvolutionBackwardWeights
  package var spread: MaxPoolBackward

  package init(_ weights: ConvolutionBackwardWeights, _ spread: MaxPoolBackward) {
    (self.weights, self.spread) = (weights, spread)
  }

  package var name: String { "max_pool_backward_\(weights.name)" }

  package func encode(into key: inout PlanKey) {
    weights.encode(into: &key)
    spread.encode(into: &key)
  }

  package func resultTypes(_ inputs: [TensorType]) throws(ShapeError) -> [TensorType] {
    try weights.resultTypes([inputs[0]] + spread.resultTypes(Array(inputs.dropFirst())))
  }

  package func gradient(_ context: GradientContext) -> [Tensor?] {
    preconditionFailure("pooled convolutions exist only inside plans")
  }

  package func evaluate(_ inputs: [HostView], _ outputs: [HostView]) {
    let type = TensorType(spread.inputShape, inputs[1].dtype)
    let storage = Storage(byteCount: type.byteCount)
    let whole = HostView(type: type, pointer: storage.pointer)
    spread.evaluate(Array(inputs.dropFirst()), [whole])
    weights.evaluate([inputs[0], whole], outputs)
    withExtendedLifetime(storage) {}
  }
}
