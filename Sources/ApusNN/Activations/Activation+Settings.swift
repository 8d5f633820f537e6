import ApusTensor

// Activations with settings; see the functions of tensors for formulas.
extension Activation {
  /// x where positive, `slope` x elsewhere.
  public static func leakyReLU(slope: Double) -> Activation {
    Activation("leakyReLU", [("slope", slope, 0.01)]) { ApusTensor.leakyReLU($0, slope: slope) }
  }

  /// x where positive, elsewhere x times a slope from `lower` to `upper`: random in training, the mean in use.
  public static func rReLU(lower: Double, upper: Double) -> Activation {
    let layer = RReLU(lower: lower, upper: upper)
    return Activation("rReLU", [("lower", lower, RReLU.usual.lower), ("upper", upper, RReLU.usual.upper)]) { layer($0) }
  }

  /// x where positive, `alpha (exp(x) - 1)` elsewhere.
  public static func elu(alpha: Double) -> Activation {
    Activation("elu", [("alpha", alpha, 1)]) { ApusTensor.elu($0, alpha: alpha) }
  }

  /// x where positive, `alpha (exp(x / alpha) - 1)` elsewhere.
  public static func celu(alpha: Double) -> Activation {
    Activation("celu", [("alpha", alpha, 1)]) { ApusTensor.celu($0, alpha: alpha) }
  }

  /// log(1 + exp(beta x)) / beta.
  public static func softplus(beta: Double) -> Activation {
    Activation("softplus", [("beta", beta, 1)]) { ApusTensor.softplus($0, beta: beta) }
  }

  /// x limited to a range.
  public static func hardTanh(_ range: ClosedRange<Double>) -> Activation {
    let settings = [("lower", range.lowerBound, -1.0), ("upper", range.upperBound, 1.0)]
    return Activation("hardTanh", settings) { ApusTensor.hardTanh($0, range) }
  }

  /// 1 where x >= `beta`, 0 elsewhere, with the gradient 0.
  public static func hardThreshold(beta: Double) -> Activation {
    Activation("hardThreshold", [("beta", beta, 0)]) { ApusTensor.hardThreshold($0, beta: beta) }
  }

  /// x where |x| > `limit`, 0 elsewhere.
  public static func hardShrink(limit: Double) -> Activation {
    Activation("hardShrink", [("limit", limit, 0.5)]) { ApusTensor.hardShrink($0, limit: limit) }
  }

  /// x moved towards 0 by `limit` at most.
  public static func softShrink(limit: Double) -> Activation {
    Activation("softShrink", [("limit", limit, 0.5)]) { ApusTensor.softShrink($0, limit: limit) }
  }
}
