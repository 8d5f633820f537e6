import ApusNN
import ApusTensor

extension Operators {
  /// Dropout.
  static let dropouts: [String: Operator] = ["Dropout": Operator { try dropout($0) }.random]

  /// Nothing in use; in training elements are dropped with a probability and the others grow accordingly.
  ///
  /// A node that asks for training by itself and has a seed drops the same elements each time, those that NumPy draws
  /// from the seed. While the network is trained here they are others in each step.
  private static func dropout(_ context: OperatorContext) throws -> [ONNXValue] {
    let value = try context.value(0)
    let x = try context.tensor(0)
    let ratio = try context.opset < 12 ? context.float("ratio", 0.5) : context.optionalNumbers(1)?.first ?? 0.5
    guard ratio >= 0, ratio < 1 else { throw OperatorError("its ratio is \(ratio)") }
    let asksForTraining = try context.opset >= 12 && context.optionalNumbers(2)?.first ?? 0 != 0
    guard ratio > 0, asksForTraining || Mode.isTraining else {
      // Before version 10 the mask has the type of the data.
      let mask = Tensor(repeating: 1, shape: x.shape, dtype: .uint8).cast(to: context.opset < 10 ? x.dtype : .bool)
      return [value, ONNXValue(mask)]
    }
    let isSeeded = context.has("seed") && !Mode.isTraining
    let mask =
      try isSeeded
      ? seededMask(x.shape, seed: context.int("seed", 0), ratio: ratio)
      : Tensor.randomBernoulli(x.shape, probability: 1 - ratio)
    let y = `where`(mask, x / (1 - ratio), Tensor(repeating: 0, shape: [], dtype: x.dtype))
    return [ONNXValue(y, element: value.element), ONNXValue(mask)]
  }

  /// True where a number that NumPy draws from the seed is at least the ratio.
  private static func seededMask(_ shape: Shape, seed: Int, ratio: Double) throws -> Tensor {
    guard let start = UInt32(exactly: seed) else { throw OperatorError("its seed \(seed) is not from 0 to 2^32 - 1") }
    guard shape.elementCount <= 1 << 28 else { throw OperatorError("drops from \(shape), which is too large") }
    var random = MersenneTwister(seed: start)
    return Tensor(HostArray((0..<shape.elementCount).map { _ in random.nextDouble() >= ratio }, shape: shape))
  }
}
