import ApusCompiler
import ApusTensor

/// One element of each row by its position, and the gradient of that: what the loss of a classifier does with its labels.
///
/// Other cases of the two operations, and positions outside their row, are left to the reference loops, which say what is
/// wrong.
enum ClassPickKernel {
  static func kernel(_ context: LoweringContext, reference: Kernel) -> Kernel? {
    switch context.node.operation {
    case let gather as GatherElements:
      guard let rows = Rows(context, row: context.inputTypes[0], axis: gather.axis) else { return nil }
      return Kernel { arguments in
        let (source, result) = (floats(arguments[0]), floats(arguments[2]))
        guard rows.forEach(arguments[1], { result[$0] = source[$1] }) else { return reference.run(arguments) }
      }
    case let scatter as ScatterAddElements:
      guard let rows = Rows(context, row: context.outputType, axis: scatter.axis) else { return nil }
      return Kernel { arguments in
        let (updates, result) = (floats(arguments[0]), floats(arguments[2]))
        result.update(repeating: 0, count: rows.count * rows.width)
        guard rows.forEach(arguments[1], { result[$1] = updates[$0] }) else { return reference.run(arguments) }
      }
    default: return nil
    }
  }

  private static func floats(_ pointer: UnsafeMutableRawPointer) -> UnsafeMutablePointer<Float> {
    pointer.assumingMemoryBound(to: Float.self)
  }

  /// Rows of which each has one position.
  private struct Rows: Sendable {
    let count: Int
    let width: Int

    init?(_ context: LoweringContext, row: TensorType, axis: Int) {
      let positions = context.inputTypes[1]
      var expected = row.shape
      guard axis == row.shape.rank - 1, row.dtype == .float32, positions.dtype == .int32 else { return nil }
      expected[axis] = 1
      guard positions.shape == expected, context.inputLayouts.allSatisfy(\.isPlain), context.outputLayout(0).isPlain
      else { return nil }
      (count, width) = (positions.shape.elementCount, row.shape[axis])
    }

    /// Calls the body with each row and the offset of its element; false, at once, when a position is outside.
    @inline(__always)
    func forEach(_ positions: UnsafeMutableRawPointer, _ body: (_ row: Int, _ offset: Int) -> Void) -> Bool {
      let positions = positions.assumingMemoryBound(to: Int32.self)
      for row in 0..<count {
        let position = Int(positions[row])
        guard position >= 0, position < width else { return false }
        body(row, row * width + position)
      }
      return true
    }
  }
}
