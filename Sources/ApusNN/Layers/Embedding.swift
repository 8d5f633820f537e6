import ApusTensor

/// A learnt vector for each of several symbols: `x_t = E w_t`, the row of the table that the number of the symbol names.
///
/// Equal to a one-hot vector times a matrix, without the products with 0: only the rows that occur are read, and only
/// they have a gradient that is not 0. `Tensor.oneHot` gives one-hot vectors themselves.
///
/// The gradient is kept as a whole table, whose other rows are 0, and an update passes over all of it, as with PyTorch's
/// `Embedding` with `sparse` false: plain descent leaves rows that do not occur as they are, while momentum, Adam's means
/// and weight decay go on there.
///
/// With `isSparse`, PyTorch's `sparse`, gradient and update are of the rows that occurred alone, and what a step costs
/// does not depend on `count` (where the update may write over the parameters, as `trainStep` lets it). `SGD` without
/// momentum and `AdaGrad` then do exactly what they do otherwise; `Adam` and `AdamW` leave the means of the other rows as
/// they are, as PyTorch's `SparseAdam` does. Other rules, weight decay and penalties would change all rows: they are
/// refused. Limits on gradients and their accumulation see the same numbers as otherwise. `MaxNorm` and `WeightAverage`
/// still pass over the table.
///
/// Shapes: numbers, i32 or i64, of any shape `[...]` give `[..., width]`. Parameters: `weight` `[count, width]`, from the
/// standard normal distribution as PyTorch's `Embedding`.
///
/// ```swift
/// let words = Embedding(10_000, 128)
/// let x = words(numbers)     // [20, 35] -> [20, 35, 128]
/// ```
/// - Precondition: numbers lie in `0..<count`.
public struct Embedding: Layer, CustomStringConvertible {
  /// The table `[count, width]`.
  public var weight: Parameter

  /// A table of `count` vectors of `width` features.
  ///
  /// - Parameter isSparse: whether training touches only the rows that occur.
  public init(
    _ count: Int, _ width: Int, weightInitializer: Initializer = .normal(standardDeviation: 1), isSparse: Bool = false,
    dtype: DType = .float32
  ) {
    let isPossible = LayerCheck.positive("Embedding(\(count), \(width))", count, width)
    weight = Parameter(weightInitializer(isPossible ? [count, width] : [1, 1], dtype: dtype), isSparse: isSparse)
  }

  /// The vectors of the numbers.
  public func callAsFunction(_ numbers: Tensor) -> Tensor {
    guard numbers.dtype == .int32 || numbers.dtype == .int64 else {
      return LayerCheck.fail(
        "\(description)\(weight.place): the input is \(numbers.type), it must be numbers of symbols, i32 or i64",
        TensorType(Shape(Array(numbers.shape) + [weight.shape[1]]), weight.type.dtype))
    }
    return weight.rows(at: numbers)
  }

  /// The parameters, listed directly: a walk by reflection would look at every property.
  public var namedParts: [(name: String, part: Any)]? { [("weight", weight)] }

  /// The code that builds the layer.
  public var description: String {
    "Embedding(\(weight.shape[0]), \(weight.shape[1])\(weight.isSparse ? ", isSparse: true" : ""))"
  }
}
