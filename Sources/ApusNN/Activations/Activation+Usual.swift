import ApusTensor

// Activations without settings, or with the usual ones.
extension Activation {
  /// x.
  public static let identity = Activation("identity") { $0 }
  /// max(x, 0).
  public static let relu = Activation("relu") { ApusTensor.relu($0) }
  /// min(max(x, 0), 6).
  public static let relu6 = Activation("relu6") { ApusTensor.relu6($0) }
  /// 1 / (1 + exp(-x)).
  public static let sigmoid = Activation("sigmoid") { ApusTensor.sigmoid($0) }
  /// log(sigmoid(x)).
  public static let logSigmoid = Activation("logSigmoid") { ApusTensor.logSigmoid($0) }
  /// relu6(x + 3) / 6.
  public static let hardSigmoid = Activation("hardSigmoid") { ApusTensor.hardSigmoid($0) }
  /// The hyperbolic tangent.
  public static let tanh = Activation("tanh") { ApusTensor.tanh($0) }
  /// 1.7159 tanh(2x/3), the activation of LeNet-5 in 1998 (LeCun, Bottou, Bengio, Haffner, 1998).
  public static let scaledTanh = Activation("scaledTanh") { ApusTensor.tanh($0 * (2.0 / 3)) * 1.7159 }
  /// x limited to -1...1.
  public static let hardTanh = hardTanh(-1...1)
  /// x - tanh(x).
  public static let tanhShrink = Activation("tanhShrink") { ApusTensor.tanhShrink($0) }
  /// The arc tangent.
  public static let arctan = Activation("arctan") { atan($0) }
  /// 1 where x >= 0, 0 elsewhere, with the gradient 0.
  public static let hardThreshold = hardThreshold(beta: 0)
  /// x where positive, 0.01 x elsewhere.
  public static let leakyReLU = leakyReLU(slope: 0.01)
  /// x where positive, elsewhere x times a slope from 1/8 to 1/3: random in training, the mean in use.
  public static let rReLU = rReLU(lower: RReLU.usual.lower, upper: RReLU.usual.upper)
  /// x where positive, exp(x) - 1 elsewhere.
  public static let elu = elu(alpha: 1)
  /// As ``elu``; differs for other alphas, see ``celu(alpha:)``.
  public static let celu = celu(alpha: 1)
  /// The self-normalizing form of ``elu``.
  public static let selu = Activation("selu") { ApusTensor.selu($0) }
  /// log(1 + exp(x)).
  public static let softplus = softplus(beta: 1)
  /// x times the normal distribution function of x.
  public static let gelu = Activation("gelu") { ApusTensor.gelu($0) }
  /// ``gelu`` by its approximation with tanh.
  public static let geluTanh = Activation("geluTanh") { ApusTensor.gelu($0, usesTanh: true) }
  /// x sigmoid(x).
  public static let silu = Activation("silu") { ApusTensor.silu($0) }
  /// x relu6(x + 3) / 6.
  public static let hardSwish = Activation("hardSwish") { ApusTensor.hardSwish($0) }
  /// x tanh(softplus(x)).
  public static let mish = Activation("mish") { ApusTensor.mish($0) }
  /// x / (1 + |x|).
  public static let softSign = Activation("softSign") { ApusTensor.softSign($0) }
  /// x where |x| > 1/2, 0 elsewhere.
  public static let hardShrink = hardShrink(limit: 0.5)
  /// x moved towards 0 by 1/2 at most.
  public static let softShrink = softShrink(limit: 0.5)
  /// exp(x) / sum(exp(x)) over the last axis.
  public static let softmax = Activation("softmax") { ApusTensor.softmax($0) }
  /// The logarithm of ``softmax``.
  public static let logSoftmax = Activation("logSoftmax") { ApusTensor.logSoftmax($0) }
  /// ``softmax`` of -x.
  public static let softmin = Activation("softmin") { ApusTensor.softmin($0) }
}
