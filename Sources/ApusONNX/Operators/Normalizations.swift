import ApusNN
import ApusTensor

extension Operators {
  /// Normalizations.
  static let normalizations: [String: Operator] = [
    "BatchNormalization": .tensors { try batchNormalization($0) },
    "InstanceNormalization": .tensor { context in
      let x = try context.tensor(0)
      guard x.rank >= 2 else { throw OperatorError("normalizes \(x.shape), which has no channels") }
      return groupNorm(
        x, groups: x.shape[1], scale: try context.tensor(1), shift: try context.tensor(2),
        epsilon: context.float("epsilon", 1e-5))
    },
    "GroupNormalization": .tensor { try groupNormalization($0) },
    "LayerNormalization": .tensors { try layerNormalization($0) },
    "RMSNormalization": .tensor { context in
      let (x, scale) = (try context.tensor(0), try context.tensor(1))
      let axis = try context.axis(context.int("axis", -1), rank: x.rank)
      let square = (x * x).mean(alongAxes: Array(axis..<x.rank))
      return x * (square + context.float("epsilon", 1e-5)).reciprocalSquareRoot() * scale
    },
    "MeanVarianceNormalization": .tensor { context in
      let x = try context.tensor(0)
      let axes = try (context.ints("axes") ?? [0, 2, 3]).map { try context.axis($0, rank: x.rank) }
      let centred = x - x.mean(alongAxes: axes)
      return centred / (sqrt((centred * centred).mean(alongAxes: axes)) + 1e-9)
    },
    "LpNormalization": .tensor { context in
      let x = try context.tensor(0)
      let axis = try context.axis(context.int("axis", -1), rank: x.rank)
      let norm =
        context.int("p", 2) == 1 ? abs(x).sum(alongAxes: axis) : sqrt((x * x).sum(alongAxes: axis))
      let zero = Tensor(repeating: 0, shape: [], dtype: x.dtype)
      return `where`(norm .== 0, zero, x / norm)
    },
    "LRN": .tensor { context in
      let x = try context.tensor(0)
      // Before the channel lie floor((size - 1) / 2) neighbours, after it the rest: the other way round for even sizes.
      let size = context.int("size", 1)
      guard size >= 1, size <= 1 << 20 else { throw OperatorError("its size is \(size)") }
      let (alpha, beta, bias) = (context.float("alpha", 1e-4), context.float("beta", 0.75), context.float("bias", 1))
      if size % 2 == 1 || x.rank < 2 {
        return localResponseNorm(x, size: size, alpha: alpha, beta: beta, k: bias)
      }
      let flipped = localResponseNorm(x.flipped(axes: 1), size: size, alpha: alpha, beta: beta, k: bias)
      return flipped.flipped(axes: 1)
    },
  ]

  private static func batchNormalization(_ context: OperatorContext) throws -> [Tensor] {
    let x = try context.tensor(0)
    let (scale, shift) = (try context.tensor(1), try context.tensor(2))
    let (mean, variance) = (try context.value(3), try context.value(4))
    guard let oldMean = mean.tensor, let oldVariance = variance.tensor, x.rank >= 2,
      [scale, shift, oldMean, oldVariance].allSatisfy({ $0.shape == [x.shape[1]] })
    else { throw OperatorError("needs one scale, shift, mean and variance for each channel of \(x.shape)") }
    let epsilon = context.float("epsilon", 1e-5)
    let asksForTraining = context.int("training_mode", 0) != 0
    guard asksForTraining || Mode.isTraining && !isFrozen(context) else {
      return [batchNorm(x, scale: scale, shift: shift, mean: oldMean, variance: oldVariance, epsilon: epsilon)]
    }
    let result = batchNorm(x, scale: scale, shift: shift, epsilon: epsilon)
    let momentum = context.float("momentum", 0.9)
    let newMean = oldMean * momentum + result.mean * (1 - momentum)
    let newVariance = oldVariance * momentum + result.variance * (1 - momentum)
    if let parameter = mean.parameter { context.updates.add(parameter, newMean.stoppingGradient()) }
    if let parameter = variance.parameter { context.updates.add(parameter, newVariance.stoppingGradient()) }
    return [result.y, newMean, newVariance]
  }

  /// Whether a layer's own parameters are frozen; it then keeps its statistics too.
  private static func isFrozen(_ context: OperatorContext) -> Bool {
    guard let scale = context.optionalValue(1)?.parameter else { return true }
    return !scale.isTrainable
  }

  private static func groupNormalization(_ context: OperatorContext) throws -> Tensor {
    let (x, scale, shift) = (try context.tensor(0), try context.tensor(1), try context.tensor(2))
    let groups = context.int("num_groups", 1)
    guard x.rank >= 2, groups >= 1, x.shape[1] % groups == 0 else {
      throw OperatorError("cannot divide the channels of \(x.shape) into \(groups) groups")
    }
    let epsilon = context.float("epsilon", 1e-5)
    // Version 18 has a scale for each group, later ones for each channel.
    func perChannel(_ factor: Tensor) -> Tensor {
      factor.count == x.shape[1] ? factor : factor.repeated(x.shape[1] / groups, axis: 0)
    }
    return groupNorm(x, groups: groups, scale: perChannel(scale), shift: perChannel(shift), epsilon: epsilon)
  }

  private static func layerNormalization(_ context: OperatorContext) throws -> [Tensor] {
    let (x, scale, shift) = (try context.tensor(0), try context.tensor(1), try context.optional(2))
    let axis = try context.axis(context.int("axis", -1), rank: x.rank)
    let epsilon = context.float("epsilon", 1e-5)
    let axes = Array(axis..<x.rank)
    guard context.wants(1) || context.wants(2) else {
      return [layerNorm(x, axes: x.rank - axis, scale: scale, shift: shift, epsilon: epsilon)]
    }
    let mean = x.mean(alongAxes: axes)
    let centred = x - mean
    let inverse = ((centred * centred).mean(alongAxes: axes) + epsilon).reciprocalSquareRoot()
    let y = centred * inverse * scale
    return [shift.map { y + $0 } ?? y, mean, inverse]
  }
}
