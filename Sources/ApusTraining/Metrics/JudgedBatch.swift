import ApusTensor

/// Outputs of a network beside what they should be, as metrics see them.
public struct JudgedBatch: Sendable {
  /// What the outputs mean.
  public let task: PredictionTask
  /// Samples in the batch; of a segmentation the pixels that have a class.
  public let count: Int
  /// Outputs of a sample: one logit for each class, one logit in all for a binary task, or predicted numbers.
  public let width: Int
  /// The number of classes; 2 for a binary task and 0 for regression.
  public let classCount: Int
  /// The outputs, row after row; empty for segmentation.
  public let outputs: [Double]
  /// The classes that the outputs decide for; empty for regression.
  public let predicted: [Int]
  /// The right classes; empty for regression.
  public let labels: [Int]
  /// The right numbers, row after row; empty unless the task is regression.
  public let targets: [Double]
  /// `-log p` of the right symbol at every step of a sequence, in nats; empty for other tasks.
  private let stepLosses: [Double]

  /// The steps of sequences whose symbols are predicted, by what the right symbols cost: `-log p` of each, in nats.
  ///
  /// The logits themselves, one for each symbol of a vocabulary at every step, are not read.
  ///
  /// - Parameter symbols: the right symbols of padded sequences, i32; steps where it is 0 are left out.
  public init(stepLosses: HostArray, symbols: HostArray? = nil) {
    (task, width, classCount) = (.sequence, 0, 0)
    (outputs, predicted, labels, targets) = ([], [], [], [])
    let losses = stepLosses.scalars(as: Double.self)
    self.stepLosses =
      symbols.map { zip(losses, $0.scalars(as: Int32.self)).compactMap { $1 == 0 ? nil : $0 } } ?? losses
    count = self.stepLosses.count
  }

  /// A batch.
  ///
  /// - Parameters:
  ///   - outputs: `[N, classes]` logits, `[N, 1]` logits of class 1 for a binary task, `[N, k]` (or `[N]`) numbers for
  ///     regression, `[N, classes, H, W]` logits for segmentation.
  ///   - targets: class labels `[N]`; or weights of the classes `[N, classes]`, which count as the heaviest one; for a
  ///     binary task also probabilities `[N]` or `[N, 1]`; for regression numbers of the outputs' shape; for segmentation labels `[N, H, W]`.
  /// - Throws: ``TrainingError`` when the shapes do not fit each other or the task.
  public init(outputs: HostArray, targets: HostArray, task: PredictionTask) throws {
    func misfit(_ expected: String) -> TrainingError {
      TrainingError(
        "metrics", "outputs \(outputs.shape) and targets \(targets.shape) are not those of \(task.rawValue)",
        advice: "give \(expected)")
    }
    let rank = outputs.shape.rank
    guard rank >= 1, targets.shape.rank >= 1, outputs.shape[0] == targets.shape[0] else {
      throw misfit("a target for every output")
    }
    self.task = task
    stepLosses = []
    if task == .segmentation {
      guard rank == 4, outputs.shape.removing(axes: [1]) == targets.shape, targets.dtype == .int32 else {
        throw misfit("logits [N, classes, H, W] and labels [N, H, W]")
      }
      (width, classCount, self.outputs, self.targets) = (outputs.shape[1], outputs.shape[1], [], [])
      (predicted, labels) = Predictions.ofPixels(outputs, targets)
      count = labels.count
      if let bad = labels.first(where: { !(0..<classCount).contains($0) }) {
        throw misfit("labels from 0 to \(width - 1), not \(bad)")
      }
      return
    }
    count = outputs.shape[0]
    width = outputs.shape.dropFirst().reduce(1, *)
    self.outputs = outputs.scalars(as: Double.self)
    switch task {
    case .segmentation: throw misfit("logits [N, classes, H, W]")
    case .sequence: throw misfit("the losses of the steps: JudgedBatch(stepLosses:)")
    case .regression:
      guard targets.shape.elementCount == outputs.shape.elementCount else {
        throw misfit("targets of the outputs' shape")
      }
      (classCount, predicted, labels) = (0, [], [])
      self.targets = targets.scalars(as: Double.self)
    case .binary, .classification:
      guard rank == 2, task == .classification || width == 1 else {
        throw misfit("logits [N, \(task == .binary ? "1" : "classes")]")
      }
      let classes = task == .binary ? 2 : width
      guard let labels = Predictions.labels(targets, classCount: classes) else {
        throw misfit("labels [N], or weights [N, \(classes)] of the classes")
      }
      if let bad = labels.first(where: { !(0..<classes).contains($0) }) {
        throw misfit("labels from 0 to \(classes - 1), not \(bad)")
      }
      classCount = classes
      predicted = Predictions.classes(outputs, task: task)
      self.labels = labels
      self.targets = []
    }
  }

  /// The probabilities of the classes for one sample: the softmax of its logits.
  func probabilities(_ sample: Int) -> [Double] {
    Predictions.probabilities(Array(outputs[sample * width..<(sample + 1) * width]))
  }

  /// -log of the probability that the outputs give the right class, in nats.
  func logLoss(_ sample: Int) -> Double {
    if task == .sequence { return stepLosses[sample] }
    if task == .binary {
      let margin = labels[sample] == 1 ? -outputs[sample] : outputs[sample]
      return max(margin, 0) + logarithm(1 + exponential(-margin.magnitude))
    }
    let row = outputs[sample * width..<(sample + 1) * width]
    let largest = row.max() ?? 0
    return largest + logarithm(row.reduce(0) { $0 + exponential($1 - largest) }) - row[row.startIndex + labels[sample]]
  }
}
