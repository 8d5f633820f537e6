import ApusNN
import ApusONNX
import ApusTensor

/// A network that has learnt one task, adapted to another: its first layers, some of them frozen, and a new head on top.
///
/// ```swift
/// let source = ResNet(.resNet18)
/// try source.load(from: "resnet18.pth")
/// var network = try TransferNetwork(source, sampleShape: [3, 224, 224], outputs: 5)
/// try network.freeze(.all)                        // only the head learns
/// let features = try network.frozenFeatures(of: train, normalization: normalization)
/// try Trainer(network.trainedPart, loss: crossEntropy, optimizer: Adam()).fit(features, epochs: 20)
/// try network.freeze(LayerChoice("layer3"))       // now layer4 too
/// ```
/// Frozen layers compute as in inference, and so do the others but for ``trainsStatistics``. The source is taken
/// as it computes in use, recorded once (see `ONNXModel(recording:sampleShape:)`): the network has parameters of its own, and
/// the source's dropout is not part of it. Parameters are called `features.conv1.weight` after the source's, and
/// `head.output.weight`; see ``TransferHead``.
public struct TransferNetwork: Layer, CustomStringConvertible {
  /// The layers with parameters that are kept of the source, first to last.
  public let layerNames: [String]
  /// What stands on top of them.
  public let head: TransferHead
  /// Whether batch normalization in layers that are trained uses and changes the statistics of the batches. If not, it keeps
  /// those of the source, as is better with few samples; its scale and shift are trained all the same.
  public var trainsStatistics = false
  /// How many of the layers are frozen, and all that belongs to them.
  public private(set) var frozenCount = 0
  let kept: ONNXModel
  private var frozen: Frozen?
  private var trained: ONNXModel?

  /// Puts a head on the first layers of a network.
  ///
  /// - Parameters:
  ///   - sampleShape: the shape of one sample, without the batch.
  ///   - keeping: the layers that stay; nil keeps all but the last one, the classifier. Activations and pooling after the
  ///     last one stay too, and the rest of a block that it is part of.
  ///   - outputs: of the head, such as the number of classes.
  ///   - hidden: widths of the head's hidden layers.
  ///   - dropout: of the head.
  /// - Throws: `FormatError` when the source cannot be recorded or divided there, ``TrainingError`` when there is no such
  ///   layer or its output is nothing that a head can take.
  public init(
    _ source: any Layer, sampleShape: [Int], keeping: LayerChoice? = nil, outputs: Int, hidden: [Int] = [],
    dropout: Double = 0
  ) throws {
    try self.init(
      recorded: try ONNXModel(recording: source, sampleShape: sampleShape), sampleShape: sampleShape, keeping: keeping,
      outputs: outputs, hidden: hidden, dropout: dropout)
  }

  /// Puts a head on the first layers of a network that is recorded already.
  init(
    recorded source: ONNXModel, sampleShape: [Int], keeping: LayerChoice?, outputs: Int, hidden: [Int], dropout: Double
  ) throws {
    let names = source.layerNames
    let count = try keeping?.count(in: names, "--keep") ?? max(names.count - 1, 0)
    guard count > 0 else {
      throw TrainingError(
        "--keep", "keeps none of the network's \(names.count) layers",
        advice: "keep at least one, or train from scratch")
    }
    kept = count == names.count ? source : try source.divided(after: count).lower
    layerNames = kept.layerNames
    let shape = try Self.featureShape(kept, sampleShape)
    guard let features = TransferHead.features(of: shape) else {
      throw TrainingError(
        "--keep", "the kept layers give \(shape), which a head cannot take",
        advice: "keep layers that give [N, F], [N, T, F] or [N, F, H, W]")
    }
    head = TransferHead(features: features, hidden: hidden, outputs: outputs, dropout: dropout)
    trained = kept
  }

  private static func featureShape(_ kept: ONNXModel, _ sampleShape: [Int]) throws -> Shape {
    do {
      return try Diagnostics.dryRun {
        withInference { kept(Tensor(repeating: 0, shape: Shape([2] + sampleShape))).shape }
      }
    } catch let error as ShapeError {
      throw TrainingError(
        "the network", "cannot take samples of shape \(sampleShape) (\(error.message))",
        advice: "give data of the shape it was made for")
    }
  }

  /// Freezes the first layers and trains the others; those frozen before are trained again if they are not among them.
  ///
  /// Where the choice ends inside a block, the rest of the block is frozen too; see `ONNXModel.divided(after:)`.
  ///
  /// - Parameter option: what errors are about.
  /// - Throws: ``TrainingError`` when there is no such layer, `FormatError` when the network cannot be divided there.
  public mutating func freeze(_ choice: LayerChoice, _ option: String = "--freeze") throws {
    let count = try choice.count(in: layerNames, option)
    switch count {
    case 0: (frozen, trained) = (nil, kept)
    case layerNames.count: (frozen, trained) = (Frozen(kept), nil)
    default:
      let (lower, upper) = try kept.divided(after: count)
      (frozen, trained) = (Frozen(lower), upper)
    }
    trained?.setTrainable(true)
    frozen?.setTrainable(false)
    frozenCount = frozen == nil ? 0 : max(count, layerNames.count - (trained?.layerNames.count ?? 0))
  }

  /// The outputs for a batch.
  public func callAsFunction(_ x: Tensor) -> Tensor { trainedPart(frozen?(x) ?? x) }

  /// What is trained: the layers that are not frozen, and the head. It takes what the frozen layers give.
  public var trainedPart: TransferTop {
    TransferTop(layers: trained, trainsStatistics: trainsStatistics, head: head)
  }

  /// What the frozen layers give; nil when none is frozen.
  var frozenPart: Frozen? { frozen }

  /// The kept layers as `features`, the head as `head`.
  public var namedParts: [(name: String, part: Any)]? { [("features", kept), ("head", head)] }

  /// What the network is made of.
  public var description: String { "TransferNetwork(\(layerNames.count) layers, \(head))" }
}

/// The part of a ``TransferNetwork`` that is trained; its parameters have the names they have there.
public struct TransferTop: Layer, CustomStringConvertible {
  let layers: ONNXModel?
  let trainsStatistics: Bool
  let head: TransferHead

  /// The outputs for what the frozen layers give.
  public func callAsFunction(_ x: Tensor) -> Tensor {
    guard let layers else { return head(x) }
    return head(trainsStatistics ? layers(x) : withInference { layers(x) })
  }

  /// The layers as `features`, the head as `head`.
  public var namedParts: [(name: String, part: Any)]? { (layers.map { [("features", $0)] } ?? []) + [("head", head)] }

  /// What the part is made of.
  public var description: String { "TransferTop(\(layers?.layerNames.count ?? 0) layers, \(head))" }
}
