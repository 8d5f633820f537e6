extension Tensor {
  /// The elements in row-major order; computes the tensor if it has no value yet.
  ///
  /// Converts when the element type differs from `Scalar`: floating point to integer truncates toward zero.
  public func scalars<Scalar: TensorScalar>(as type: Scalar.Type = Scalar.self) -> [Scalar] {
    hostArray().scalars(as: type)
  }

  /// The elements in row-major order in host memory; computes the tensor if it has no value yet.
  public func hostArray() -> HostArray {
    GraphLock.withLock {
      if node.value(of: output) == nil {
        Execution.current.realize([self], consuming: [], keepingGraph: GradientScope.isActive)
      }
      return Execution.current.hostArray(of: self)
    }
  }

  /// The only element of a tensor with one element, as a double.
  ///
  /// - Precondition: the tensor has exactly one element.
  public func item() -> Double {
    precondition(count == 1, "item() reads a tensor of one element; this one has shape \(shape)")
    return hostArray().scalars(as: Double.self)[0]
  }
}
