import ApusNN
import ApusTensor

/// A network of the cascade that finds faces: three networks, each slower and stricter than the one before, which see
/// smaller or larger squares of a picture.
///
/// Shapes: a stage gives for each square two logits, of no face and of a face, then how far left, top, right and bottom of a
/// face are from those of the square, in parts of its side; the last stage also the places of two eyes, the nose and two
/// corners of the mouth, five x and five y in parts of the side.
///
/// ```
/// proposal     [N, 3, H, W]    gives [N, 6, H', W'], one square of 12x12 every 2 pixels, H' = (H - 10) / 2 rounded up; 6,632 parameters
/// refinement   [N, 3, 24, 24]  gives [N, 6]; 100,178 parameters
/// output       [N, 3, 48, 48]  gives [N, 16]; 389,040 parameters
/// ```
/// Convolutions and PReLU, as the PyPI package facenet-pytorch publishes them with weights, whose names these are:
/// `conv1.weight`, `prelu1.weight`, ..., `dense6_3.bias`. They expect pixels `(x - 127.5) / 128`, x from 0 to 255.
///
/// ```swift
/// let net = FaceNet(.refinement)
/// try net.load(from: "rnet.pt")
/// let answers = net(squares)     // [8, 3, 24, 24] -> [8, 6]
/// ```
/// Reference: Joint face detection and alignment using multitask cascaded convolutional networks; Zhang, Zhang, Li, Qiao; 2016.
public struct FaceNet: Layer, CustomStringConvertible {
  /// The networks, in the order in which they are asked.
  public enum Stage: String, Sendable, Hashable, CaseIterable {
    /// Looks at all squares of a picture.
    case proposal
    /// Looks again at those that may hold a face.
    case refinement
    /// Decides, and finds eyes, nose and mouth.
    case output

    /// The side of the squares that it sees.
    public var side: Int {
      switch self {
      case .proposal: 12
      case .refinement: 24
      case .output: 48
      }
    }

    /// The name in the ``ModelCatalog``.
    public var catalogName: String {
      switch self {
      case .proposal: "face-pnet"
      case .refinement: "face-rnet"
      case .output: "face-onet"
      }
    }

    /// Numbers that it gives for a square.
    public var outputs: Int { heads.reduce(0, +) }

    /// Numbers of each of its last layers.
    var heads: [Int] { self == .output ? [2, 4, 10] : [2, 4] }

    /// Kernel, channels, and window of the pooling after it, of each convolution; every window is moved by 2.
    fileprivate var convolutions: [(kernel: Int, channels: Int, pooling: Int?)] {
      switch self {
      case .proposal: [(3, 10, 2), (3, 16, nil), (3, 32, nil)]
      case .refinement: [(3, 28, 3), (3, 48, 3), (2, 64, nil)]
      case .output: [(3, 32, 3), (3, 64, 3), (3, 64, 2), (2, 128, nil)]
      }
    }

    /// Inputs and units of the dense layer before the last ones.
    fileprivate var dense: (inputs: Int, units: Int)? {
      switch self {
      case .proposal: nil
      case .refinement: (576, 128)
      case .output: (1152, 256)
      }
    }
  }

  /// Which of the three it is.
  public let stage: Stage
  private let convolutions: [Conv2D]
  private let slopes: [PReLU]
  private let pools: [MaxPool2D?]
  private let dense: Dense?
  private let heads: [any Layer]

  /// A network.
  public init(_ stage: Stage) {
    self.stage = stage
    let forms = stage.convolutions
    convolutions = zip([3] + forms.map(\.channels), forms).map { Conv2D($0, $1.channels, kernel: Size2D($1.kernel)) }
    pools = forms.map { $0.pooling.map { MaxPool2D(Size2D($0), stride: 2, usesCeiling: true) } }
    dense = stage.dense.map { Dense($0.inputs, $0.units) }
    slopes = (forms.map(\.channels) + (stage.dense.map { [$0.units] } ?? [])).map { PReLU($0) }
    let features = stage.dense?.units ?? forms[forms.count - 1].channels
    heads = stage.heads.map { count -> any Layer in
      stage.dense == nil ? Conv2D(features, count, kernel: 1) : Dense(features, count)
    }
  }

  /// What the network says about each square of a batch.
  public func callAsFunction(_ x: Tensor) -> Tensor {
    var h = x
    for (number, convolution) in convolutions.enumerated() {
      h = slopes[number](convolution(h))
      if let pool = pools[number] { h = pool(h) }
    }
    if let dense {
      // The published weights take the maps column by column.
      h = slopes[convolutions.count](dense(h.transposed(permutation: [0, 3, 2, 1]).flattened(from: 1)))
    }
    return concatenate(heads.map { $0(h) }, axis: 1)
  }

  /// The layers, under the names of the published weights.
  public var namedParts: [(name: String, part: Any)]? {
    var parts: [(name: String, part: Any)] = []
    for (number, convolution) in convolutions.enumerated() {
      parts += [("conv\(number + 1)", convolution), ("prelu\(number + 1)", slopes[number])]
    }
    let last = slopes.count
    if let dense { parts += [("dense\(last)", dense), ("prelu\(last)", slopes[last - 1])] }
    let kind = dense == nil ? "conv" : "dense"
    return parts + heads.enumerated().map { ("\(kind)\(last + 1)_\($0 + 1)", $1) }
  }

  /// The code that builds the network.
  public var description: String { "FaceNet(.\(stage))" }
}
