import ApusTensor

/// Batch normalisation: each channel gets mean 0 and variance 1 over the batch, then a learnt scale and shift (Ioffe
/// and Szegedy, 2015).
///
///     y = (x - mean) / sqrt(variance + epsilon) weight + bias
///
/// In training, mean and (biased) variance are those of the batch, over all axes but axis 1, and the running statistics
/// move towards them: `running = (1 - momentum) running + momentum batch`, the running variance with the unbiased
/// variance of the batch. In inference the running statistics normalise. As PyTorch's `BatchNorm1d` and `BatchNorm2d`;
/// what Keras calls momentum is 1 - momentum, 0.99 by default, and its epsilon is 1e-3.
///
/// Shapes: `[N, features, ...]`, kept. Parameters `[features]`: `weight` (1 at the start) and `bias` (0) if `affine`;
/// states `running_mean` (0) and `running_var` (1).
///
/// ```swift
/// let h = relu(BatchNorm(64)(conv(x)))     // before the activation
/// ```
public struct BatchNorm: Layer, CustomStringConvertible {
  /// The learnt scale.
  public var weight: Parameter?
  /// The learnt shift.
  public var bias: Parameter?
  /// The running mean.
  public var runningMean: Parameter
  /// The running variance.
  public var runningVar: Parameter
  /// How fast the running statistics follow the batches.
  public let momentum: Double
  /// Added to the variance.
  public let epsilon: Double

  /// A normalisation of so many channels.
  public init(
    _ features: Int, momentum: Double = 0.1, epsilon: Double = 1e-5, affine: Bool = true, dtype: DType = .float32
  ) {
    let layer = "BatchNorm(\(features))"
    let shape: Shape = LayerCheck.positive(layer, features) ? [features] : [1]
    if !(momentum >= 0 && momentum <= 1) {
      _ = LayerCheck.fail("\(layer): momentum must be between 0 and 1, got \(momentum)", nil)
    }
    LayerCheck.epsilon(layer, epsilon)
    let (zeros, ones) = (Initializer.zeros, Initializer.ones)
    weight = affine ? Parameter(ones(shape, dtype: dtype), role: .scale) : nil
    bias = affine ? Parameter(zeros(shape, dtype: dtype), role: .bias) : nil
    runningMean = Parameter(zeros(shape, dtype: dtype), role: .state)
    runningVar = Parameter(ones(shape, dtype: dtype), role: .state)
    self.momentum = momentum
    self.epsilon = epsilon
  }

  /// The normalised tensor; in training also gives the running statistics new values.
  public func callAsFunction(_ x: Tensor) -> Tensor {
    let features = runningMean.shape[0]
    guard x.rank >= 2, x.shape[1] == features else {
      return LayerCheck.fail(
        "\(description)\(runningMean.place): the input is \(x.shape), it must be [N, \(features), ...]", x.type)
    }
    return Mode.isTraining ? normalizedByBatch(x) : normalizedByRunningStatistics(x)
  }

  private func normalizedByBatch(_ x: Tensor) -> Tensor {
    let count = Double(x.count / x.shape[1])
    guard count > 1 else {
      return LayerCheck.fail(
        "\(description)\(runningMean.place): one value a channel has no variance, the input is \(x.shape); train with "
          + "batches of at least 2", x.type)
    }
    let (y, mean, variance) = batchNorm(x, scale: scale, shift: shift, epsilon: epsilon)
    moveStatistics(mean, variance, unbiased: count / (count - 1))
    return y
  }

  /// Both statistics move in one recorded operation: most of what recording a normalisation takes.
  private func moveStatistics(_ mean: Tensor, _ variance: Tensor, unbiased: Double) {
    let dtype = mean.dtype
    let parts = [1 - momentum, momentum, momentum * unbiased].map { Tensor.scalar($0, dtype: dtype) }
    let moved = (dtype == .float32 ? Self.move32 : Self.move64)(
      [runningMean.value, mean, runningVar.value, variance], scalars: parts)
    (runningMean.value, runningVar.value) = (moved[0], moved[1])
  }

  private static let move32 = move(.float32)
  private static let move64 = move(.float64)

  private static func move(_ dtype: DType) -> ElementwiseFunction {
    ElementwiseFunction(of: [dtype, dtype, dtype, dtype], scalars: [dtype, dtype, dtype]) { values, parts in
      [values[0] * parts[0] + values[1] * parts[1], values[2] * parts[0] + values[3] * parts[2]]
    }
  }

  private func normalizedByRunningStatistics(_ x: Tensor) -> Tensor {
    batchNorm(
      x, scale: scale, shift: shift, mean: runningMean.value, variance: runningVar.value, epsilon: epsilon)
  }

  private var scale: Tensor { weight?.value ?? Tensor.ones(runningMean.shape, dtype: runningMean.type.dtype) }
  private var shift: Tensor { bias?.value ?? Tensor.zeros(runningMean.shape, dtype: runningMean.type.dtype) }

  /// The parameters, listed directly: a walk by reflection would look at every property.
  public var namedParts: [(name: String, part: Any)]? {
    LayerCheck.parts(weight, bias) + [("running_mean", runningMean), ("running_var", runningVar)]
  }

  /// The code that builds the layer.
  public var description: String {
    var text = "BatchNorm(\(runningMean.shape[0])"
    if momentum != 0.1 { text += ", momentum: \(momentum)" }
    if epsilon != 1e-5 { text += ", epsilon: \(epsilon)" }
    return text + (weight == nil ? ", affine: false)" : ")")
  }
}
