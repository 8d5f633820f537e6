import ApusNN
import ApusTensor

/// A network for segmentation: a way down of convolutions and poolings, a way up of transposed convolutions, and at every
/// size a bridge that joins the maps of the way down to those of the way up.
///
/// Shapes: `[N, 1, H, W]` gives `[N, 2, H, W]`, logits of a class for every pixel; height and width must be multiples of 16.
/// The maps have 64, 128, 256, 512 and 1024 channels on the way down (`width` and its doubles). 31,030,658 parameters,
/// called `down1.conv1.weight`, `down1.conv2.weight`, ..., `down5.conv2.weight`, `up4.transposed.weight`, `up4.conv1.weight`, ...,
/// `up1.conv2.weight`, `output.weight`; with batch normalisation also `down1.norm1.weight`, ...
///
/// ```swift
/// let model = UNet(channels: 3, classes: 2, width: 16, normalization: .batch)
/// let logits = model(photographs)     // [8, 3, 96, 128] -> [8, 2, 96, 128]
/// ```
/// Unlike the paper's, its convolutions are padded, so that the output is as large as the input. Weights start He-normal, as
/// in the paper.
///
/// Reference: U-Net: convolutional networks for biomedical image segmentation; Ronneberger, Fischer, Brox; 2015.
public struct UNet: Layer, CustomStringConvertible {
  /// The stages of the way down, largest maps first; the last is the bottom.
  public var down: [UNetStage]
  /// What enlarges the maps, smallest first.
  public var transposed: [ConvTranspose2D]
  /// The stages of the way up, smallest maps first.
  public var up: [UNetStage]
  /// From the last maps to the classes of each pixel.
  public var output: Conv2D
  /// Applied to the maps of the bottom and of the stage above it.
  public var dropout: SpatialDropout
  private let code: String

  /// Height and width must be multiples of this.
  static let multiple = 16

  /// A network.
  ///
  /// - Parameters:
  ///   - channels: 3 for colours, 1 for gray images.
  ///   - classes: the number of logits of each pixel.
  ///   - width: channels of the largest maps.
  ///   - dropout: the probability of dropping a whole map at the end of the way down in training; 0.5 is usual.
  ///   - normalization: of all convolutions but the last.
  public init(
    channels: Int = 1, classes: Int = 2, width: Int = 64, dropout: Double = 0,
    normalization: HiddenNormalization = .none, dtype: DType = .float32
  ) {
    let widths = Self.widths(width)
    down = zip([channels] + widths, widths).map { UNetStage($0, $1, normalization, dtype) }
    let ways = zip(widths.dropFirst(), widths).reversed()
    transposed = ways.map {
      ConvTranspose2D($0, $1, kernel: 2, stride: 2, weightInitializer: .heNormal, biasInitializer: .zeros, dtype: dtype)
    }
    up = ways.map { UNetStage(2 * $1, $1, normalization, dtype) }
    output = Conv2D(width, classes, kernel: 1, biasInitializer: .zeros, dtype: dtype)
    self.dropout = SpatialDropout(dropout)
    code =
      (channels == 1 ? "" : ", channels: \(channels)") + (classes == 2 ? "" : ", classes: \(classes)")
      + (width == 64 ? "" : ", width: \(width)") + (dropout == 0 ? "" : ", dropout: \(dropout)")
      + (normalization == .none ? "" : ", normalization: \(normalization)")
  }

  /// Channels of the stages of the way down.
  static func widths(_ width: Int) -> [Int] { (0..<5).map { width << $0 } }

  /// The logits of every pixel.
  public func callAsFunction(_ x: Tensor) -> Tensor {
    guard x.rank == 4, x.shape[2] % Self.multiple == 0, x.shape[3] % Self.multiple == 0 else {
      let problem = "\(self): the input is \(x.shape), it must be images [N, C, H, W] with H and W multiples of 16"
      return Diagnostics.fail(ShapeError(problem), like: x.type)
    }
    var (h, kept) = (x, [Tensor]())
    for (level, stage) in down.enumerated() {
      h = stage(level == 0 ? h : h.maxPooled(2))
      if level >= down.count - 2 { h = dropout(h) }
      if level < down.count - 1 { kept.append(h) }
    }
    for (level, stage) in up.enumerated() {
      h = stage(concatenate([kept[kept.count - 1 - level], transposed[level](h)], axis: 1))
    }
    return output(h)
  }

  /// The layers: `down1`, ..., `down5`, `up4`, ..., `up1`, `output`.
  public var namedParts: [(name: String, part: Any)]? {
    var parts: [(name: String, part: Any)] = down.enumerated().map { ("down\($0 + 1)", $1) }
    for (level, stage) in up.enumerated() {
      parts += [("up\(up.count - level).transposed", transposed[level]), ("up\(up.count - level)", stage)]
    }
    return parts + [("output", output)]
  }

  /// The code that builds the model.
  public var description: String { "UNet(\(code.dropFirst(2)))" }
}

/// A stage of ``UNet``: two 3x3 convolutions with ReLU, and a normalisation if it is asked for.
///
/// Parameters: those of `conv1`, `norm1`, `conv2`, `norm2`.
public struct UNetStage: Layer {
  /// The convolutions.
  public let convolutions: [Conv2D]
  private let stages: [HiddenStage]

  init(_ inputs: Int, _ outputs: Int, _ normalization: HiddenNormalization, _ dtype: DType) {
    convolutions = [inputs, outputs].map {
      Conv2D(
        $0, outputs, kernel: 3, padding: 1, weightInitializer: .heNormal, biasInitializer: .zeros, dtype: dtype)
    }
    stages = convolutions.map { _ in
      HiddenStage(
        features: outputs, isImage: true, normalization: normalization, activation: .relu, learntSlope: nil,
        hasSlopePerChannel: false, dtype: dtype)
    }
  }

  /// The maps of the stage.
  public func callAsFunction(_ x: Tensor) -> Tensor {
    zip(convolutions, stages).reduce(x) { h, step in step.1(step.0(h)) }
  }

  /// The layers.
  public var namedParts: [(name: String, part: Any)]? {
    zip(convolutions, stages).enumerated().flatMap { number, step -> [(name: String, part: Any)] in
      [("conv\(number + 1)", step.0)] + step.1.parts(number + 1)
    }
  }
}
