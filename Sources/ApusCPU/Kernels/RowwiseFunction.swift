import ApusCompiler
import ApusTensor

extension RecordedFunction {
  /// The function of fewer rows, where each row of its first inputs goes through it by itself: every value made of them
  /// has the rows as its first axis, and no operation looks from one row at another. Nil where that does not hold, or
  /// is not known to.
  ///
  /// - Parameters:
  ///   - rows: the extent of the first axis of the moving inputs.
  ///   - fewer: what it is to be.
  ///   - moving: how many of the first inputs have it; the others are the same for all rows.
  func resized(from rows: Int, to fewer: Int, moving: Int) -> RecordedFunction? {
    var result = self
    var types = inputTypes
    var moves = [Bool](repeating: false, count: types.count)
    for index in 0..<moving {
      guard let type = types[index].resized(from: rows, to: fewer) else { return nil }
      types[index] = type
      moves[index] = true
    }
    result.inputTypes = types
    for (index, step) in steps.enumerated() {
      let operands = step.inputs.map { types[$0] }
      let isMoving = step.inputs.map { moves[$0] }
      guard let operation = Rows(rows: rows, fewer: fewer).resized(step, operands, isMoving) else {
        if isMoving.contains(true) { return nil }
        types += step.types
        moves += step.types.map { _ in false }
        continue
      }
      let expected = step.types.map { $0.resized(from: rows, to: fewer) }
      guard let made = try? operation.resultTypes(operands), made == expected.compactMap({ $0 }) else { return nil }
      result.steps[index].operation = operation
      result.steps[index].types = made
      types += made
      moves += made.map { _ in true }
    }
    return result
  }
}

extension TensorType {
  fileprivate func resized(from rows: Int, to fewer: Int) -> TensorType? {
    guard shape.rank > 0, shape[0] == rows else { return nil }
    return TensorType(Shape([fewer] + shape.dropFirst()), dtype)
  }
}

/// Operations on rows that are each taken by themselves.
private struct Rows {
  let rows: Int
  let fewer: Int

  /// The operation for fewer rows; nil where it is none of that kind.
  func resized(_ step: RecordedFunction.Step, _ operands: [TensorType], _ moves: [Bool]) -> (any Primitive)? {
    let rank = step.types[0].shape.rank
    let allMove = moves.allSatisfy { $0 }
    switch step.operation {
    case let broadcast as Broadcast:
      // A number everywhere moves with the rows it is for.
      guard broadcast.shape.first == rows, allMove || operands[0].shape.elementCount == 1 else { return nil }
      return Broadcast(shape: resized(broadcast.shape))
    case is Unary, is Cast: return allMove ? step.operation : nil
    case is Binary, is Select:
      let lieAlong = zip(operands, moves).allSatisfy { !$1 || $0.shape.rank == rank }
      return moves.contains(true) && lieAlong ? step.operation : nil
    case is LSTMStep, is LSTMStepBackward, is GRUStep, is GRUStepBackward: return allMove ? step.operation : nil
    case let product as MatMul:
      return moves == [true, false] && !product.transposesLeft && rank == 2 ? product : nil
    case let product as PackedMatMul:
      return moves == [true, false] ? PackedMatMul(right: product.right, rows: fewer) : nil
    case let concatenate as Concatenate: return allMove && concatenate.axis > 0 ? concatenate : nil
    case let reshape as Reshape:
      guard allMove, reshape.shape.first == rows else { return nil }
      return Reshape(shape: resized(reshape.shape))
    case var slice as Slice:
      guard allMove, slice.starts.first == 0, slice.steps[0] == 1, slice.counts[0] == rows else { return nil }
      slice.counts[0] = fewer
      return slice
    case var unslice as Unslice:
      guard allMove, unslice.starts.first == 0, unslice.steps[0] == 1, unslice.shape[0] == rows else { return nil }
      unslice.shape = resized(unslice.shape)
      return unslice
    default: return nil
    }
  }

  private func resized(_ shape: Shape) -> Shape { Shape([fewer] + shape.dropFirst()) }
}
