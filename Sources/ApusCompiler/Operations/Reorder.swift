import ApusTensor

/// Moves the same elements into another layout.
package struct Reorder: Primitive {
  package var from: Layout
  package var to: Layout

  package init(from: Layout, to: Layout) {
    self.from = from
    self.to = to
  }

  package var name: String { "reorder" }

  package func encode(into key: inout PlanKey) {
    for layout in [from, to] {
      key.add(layout.order)
      key.add(layout.blocks.flatMap { [$0.axis, $0.size] })
    }
  }

  package func resultTypes(_ inputs: [TensorType]) throws(ShapeError) -> [TensorType] { [inputs[0]] }

  package func gradient(_ context: GradientContext) -> [Tensor?] {
    preconditionFailure("reorders exist only inside plans")
  }

  package func evaluate(_ inputs: [HostView], _ outputs: [HostView]) {
    LayoutConversion.convert(
      type: inputs[0].type, from: inputs[0].pointer, layout: from, to: outputs[0].pointer, layout: to)
  }
}

/// Moves elements between layouts one by one: for reading and saving, and as the oracle of the fast reorders.
package enum LayoutConversion {
  /// Copies a tensor from one layout to another; padding in the target becomes zero.
  package static func convert(
    type: TensorType, from source: UnsafeMutableRawPointer, layout sourceLayout: Layout,
    to target: UnsafeMutableRawPointer, layout targetLayout: Layout
  ) {
    let size = type.dtype.byteCount
    if targetLayout.isPadded(type.shape) {
      (target).initializeMemory(as: UInt8.self, repeating: 0, count: targetLayout.storedCount(type.shape) * size)
    }
    let sourceTables = offsetTables(type.shape, sourceLayout)
    let targetTables = offsetTables(type.shape, targetLayout)
    var index = [Int](repeating: 0, count: type.shape.rank)
    for _ in 0..<type.shape.elementCount {
      var (from, to) = (0, 0)
      for axis in 0..<index.count {
        from += sourceTables[axis][index[axis]]
        to += targetTables[axis][index[axis]]
      }
      (target + to * size).copyMemory(from: source + from * size, byteCount: size)
      for axis in stride(from: index.count - 1, through: 0, by: -1) {
        index[axis] += 1
        if index[axis] < type.shape[axis] { break }
        index[axis] = 0
      }
    }
  }

  /// For each axis, the offset in elements that each index along it contributes; an element's offset is the sum.
  package static func offsetTables(_ shape: Shape, _ layout: Layout) -> [[Int]] {
    let padded = layout.paddedShape(shape)
    let order = layout.order.isEmpty ? Array(0..<shape.rank) : layout.order
    // Strides of the inner blocks, innermost last, then of the outer axes in their order.
    var step = 1
    var blockSteps = [Int](repeating: 0, count: layout.blocks.count)
    for position in layout.blocks.indices.reversed() {
      blockSteps[position] = step
      step *= layout.blocks[position].size
    }
    var outerSteps = [Int](repeating: 0, count: shape.rank)
    for axis in order.reversed() {
      outerSteps[axis] = step
      step *= padded[axis] / layout.blockSize(along: axis)
    }
    return (0..<shape.rank).map { axis in
      (0..<shape[axis]).map { index in
        var rest = index
        var offset = 0
        for position in layout.blocks.indices.reversed() where layout.blocks[position].axis == axis {
          offset += rest % layout.blocks[position].size * blockSteps[position]
          rest /= layout.blocks[position].size
        }
        return offset + rest * outerSteps[axis]
      }
    }
  }
}
