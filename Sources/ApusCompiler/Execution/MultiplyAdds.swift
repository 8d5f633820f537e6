import ApusTensor

/// An operation whose work is counted in multiply-adds, for reports: by the definition, whatever a kernel really does.
package protocol CountsMultiplyAdds: Primitive {
  /// Multiply-adds of one run.
  func multiplyAdds(_ inputs: [TensorType], _ outputs: [TensorType]) -> Int
}

extension Convolution: CountsMultiplyAdds {
  package func multiplyAdds(_ inputs: [TensorType], _ outputs: [TensorType]) -> Int {
    outputs[0].shape.elementCount * (inputs[1].shape.elementCount / max(inputs[1].shape[0], 1))
  }
}

extension FinishedConvolution: CountsMultiplyAdds {
  package func multiplyAdds(_ inputs: [TensorType], _ outputs: [TensorType]) -> Int {
    convolution.multiplyAdds(inputs, outputs)
  }
}

extension ConvolutionBackwardData: CountsMultiplyAdds {
  package func multiplyAdds(_ inputs: [TensorType], _ outputs: [TensorType]) -> Int {
    inputs[0].shape.elementCount * (inputs[1].shape.elementCount / max(inputs[1].shape[0], 1))
  }
}

extension ConvolutionBackwardWeights: CountsMultiplyAdds {
  package func multiplyAdds(_ inputs: [TensorType], _ outputs: [TensorType]) -> Int {
    inputs[1].shape.elementCount * (outputs[0].shape.elementCount / max(outputs[0].shape[0], 1))
  }
}

extension PooledConvolution: CountsMultiplyAdds {
  package func multiplyAdds(_ inputs: [TensorType], _ outputs: [TensorType]) -> Int {
    guard let whole = try? finished.resultTypes(inputs) else { return 0 }
    return finished.multiplyAdds(inputs, whole)
  }
}

extension PooledConvolutionBackwardWeights: CountsMultiplyAdds {
  package func multiplyAdds(_ inputs: [TensorType], _ outputs: [TensorType]) -> Int {
    weights.multiplyAdds([inputs[0], TensorType(spread.inputShape, inputs[1].dtype)], outputs)
  }
}

extension MatMul: CountsMultiplyAdds {
  package func multiplyAdds(_ inputs: [TensorType], _ outputs: [TensorType]) -> Int {
    let left = inputs[0].shape
    return outputs[0].shape.elementCount * (transposesLeft ? left[left.rank - 2] : left[left.rank - 1])
  }
}
