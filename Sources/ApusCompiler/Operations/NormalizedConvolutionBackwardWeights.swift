import ApusTensor

/// The gradient of a convolution's kernels and bias where its result goes through batch normalisation, max(y, 0) and
/// max-pooling, image by image: the gradient of the convolution's result never reaches memory.
///
/// Inputs: the images, then those of ``PooledBatchNormBackward``. Outputs as of ``ConvolutionBackwardWeights``, then the
/// gradients of the normalisation's scale and shift; the same bits as the two one after the other.
package struct NormalizedConvolutionBackwardWeights: Primitive {
  package var weights: ConvolutionBackwardWeights
  package var norm: PooledBatchNormBackward

  package init(_ weights: ConvolutionBackwardWeights, _ norm: PooledBatchNormBackward) {
    (self.weights, self.norm) = (weights, norm)
  }

  package var name: String { "\(norm.name)_\(weights.name)" }

  package func encode(into key: inout PlanKey) {
    weights.encode(into: &key)
    norm.encode(into: &key)
  }

  package func resultTypes(_ inputs: [TensorType]) throws(ShapeError) -> [TensorType] {
    let gradients = try norm.resultTypes(Array(inputs.dropFirst()))
    return try weights.resultTypes([inputs[0], gradients[0]]) + gradients.dropFirst()
  }

  package func gradient(_ context: GradientContext) -> [Tensor?] {
    preconditionFailure("normalised convolutions exist only inside plans")
  }

  package func evaluate(_ inputs: [HostView], _ outputs: [HostView]) {
    let storage = Storage(byteCount: inputs[1].type.byteCount)
    let whole = HostView(type: inputs[1].type, pointer: storage.pointer)
    norm.evaluate(Array(inputs.dropFirst()), [whole] + outputs.suffix(2))
    weights.evaluate([inputs[0], whole], outputs.dropLast(2))
    withExtendedLifetime(storage) {}
  }
}
