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
    if type.shape.elementCount == 0 { return }
    // The last axes together, as many as make a table of some thousand offsets; the others are counted through.
    let rank = type.shape.rank
    var (split, count) = (max(rank - 1, 0), rank == 0 ? 1 : type.shape[rank - 1])
    while split > 0, count * type.shape[split - 1] <= 1 << 12 {
      split -= 1
      count *= type.shape[split]
    }
    let (sourceTables, targetTables) = (offsetTables(type.shape, sourceLayout), offsetTables(type.shape, targetLayout))
    let run = Run(from: sums(sourceTables[split...]), to: sums(targetTables[split...]))
    var index = [Int](repeating: 0, count: split)
    for _ in 0..<type.shape.elementCount / count {
      let from = index.indices.reduce(0) { $0 + sourceTables[$1][index[$1]] }
      let to = index.indices.reduce(0) { $0 + targetTables[$1][index[$1]] }
      switch size {
      case 4: run.copy(source + from * 4, target + to * 4, UInt32.self)
      case 8: run.copy(source + from * 8, target + to * 8, UInt64.self)
      default: run.copy(source + from * size, target + to * size, UInt8.self)
      }
      for axis in index.indices.reversed() {
        index[axis] += 1
        if index[axis] < type.shape[axis] { break }
        index[axis] = 0
      }
    }
  }

  /// Offsets of elements that are copied together.
  private struct Run {
    let from: [Int]
    let to: [Int]

    func copy<Word: BitwiseCopyable>(
      _ source: UnsafeMutableRawPointer, _ target: UnsafeMutableRawPointer, _: Word.Type
    ) {
      let (a, b) = (source.assumingMemoryBound(to: Word.self), target.assumingMemoryBound(to: Word.self))
      from.withUnsafeBufferPointer { from in
        to.withUnsafeBufferPointer { to in
          var place = 0
          // Large weights pass here: a plain loop, which is quick without optimisation too.
          while place < from.count {
            b[to[place]] = a[from[place]]
            place += 1
          }
        }
      }
    }
  }

  /// The sum of one offset of each table, for every index of all their axes together, the last axis fastest.
  private static func sums(_ tables: ArraySlice<[Int]>) -> [Int] {
    tables.reduce([0]) { sums, table in sums.flatMap { sum in table.map { sum + $0 } } }
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
