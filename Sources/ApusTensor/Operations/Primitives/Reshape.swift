/// Gives the same elements another shape; row-major order is kept.
package struct Reshape: Primitive {
  package var shape: Shape

  package init(shape: Shape) { self.shape = shape }

  package var name: String { "reshape" }

  package func encode(into key: inout PlanKey) { key.add(shape) }

  package func resultTypes(_ inputs: [TensorType]) throws(ShapeError) -> [TensorType] {
    guard inputs[0].shape.elementCount == shape.elementCount else {
      throw ShapeError(
        "\(inputs[0].shape) has \(inputs[0].shape.elementCount) elements, \(shape) needs \(shape.elementCount)")
    }
    return [TensorType(shape, inputs[0].dtype)]
  }

  package func gradient(_ context: GradientContext) -> [Tensor?] {
    [context.outputGradient.reshaped(to: context.inputs[0].shape)]
  }

  package func evaluate(_ inputs: [HostView], _ outputs: [HostView]) {
    outputs[0].pointer.copyMemory(from: inputs[0].pointer, byteCount: inputs[0].type.byteCount)
  }
}

extension Tensor {
  /// The same elements in row-major order under another shape; one extent may be -1 and is then worked out.
  ///
  /// ```swift
  /// x.reshaped(to: [batch, -1])
  /// ```
  public func reshaped(to extents: [Int]) -> Tensor {
    var extents = extents
    if let unknown = extents.firstIndex(of: -1) {
      let known = extents.enumerated().reduce(1) { $1.offset == unknown ? $0 : $0 * $1.element }
      extents[unknown] = known > 0 ? count / known : 0
    }
    if let negative = extents.first(where: { $0 < 0 }) {
      return Diagnostics.fail(ShapeError("reshape(\(type)): extent \(negative) in \(extents) is negative"), like: type)
    }
    return reshaped(to: Shape(extents))
  }

  /// The same elements in row-major order under another shape.
  public func reshaped(to shape: Shape) -> Tensor {
    if shape == self.shape { return self }
    // Back to the shape it came from: layers that see one step as a sequence go there and back.
    if node.operation is Reshape, !node.hasValues, let source = GraphLock.withLock({ node.inputs.first }),
      source.shape == shape
    {
      return source
    }
    return Tensor.record(Reshape(shape: shape), [self])
  }

  /// Merges all axes from `axis` on into one: `[N, C, H, W]` becomes `[N, C*H*W]` for axis 1.
  public func flattened(from axis: Int = 0) -> Tensor {
    guard axis >= 0, axis <= rank else {
      return Diagnostics.fail(ShapeError("flattened(from: \(axis)) of a tensor of rank \(rank)"), like: type)
    }
    return reshaped(to: Shape(Array(shape.prefix(axis)) + [shape.dropFirst(axis).reduce(1, *)]))
  }

  /// Adds an axis of extent 1 before `axis`; negative axes count from the end of the result.
  public func expandingShape(at axis: Int) -> Tensor {
    let position = axis < 0 ? rank + 1 + axis : axis
    guard position >= 0, position <= rank, rank < Shape.maximumRank else {
      return Diagnostics.fail(ShapeError("expandingShape(at: \(axis)) of a tensor of rank \(rank)"), like: type)
    }
    return reshaped(to: shape.inserting(1, at: position))
  }

  /// Removes every axis of extent 1, or only the given ones.
  public func squeezingShape(at axes: [Int]? = nil) -> Tensor {
    let chosen = axes.map { $0.map { $0 < 0 ? $0 + rank : $0 } } ?? shape.indices.filter { shape[$0] == 1 }
    guard chosen.allSatisfy({ shape.indices.contains($0) && shape[$0] == 1 }) else {
      return Diagnostics.fail(
        ShapeError("squeezingShape(at: \(chosen)): \(shape) does not have extent 1 at each of these axes"), like: type)
    }
    return reshaped(to: shape.removing(axes: chosen))
  }
}
