import Apus

/// The handwritten digits that are part of Apus, as the experiments use them.
struct LectureDigits {
  /// What is trained on.
  let train: Dataset
  /// What is judged on.
  let test: Dataset
  /// Brings the pixels to mean 0 and deviation 1, "approximately the same range" (section 2.4.5).
  private(set) var normalization: Normalization

  /// All samples, or the first `count` of the training part, which come in random order.
  init(count: Int? = nil) throws {
    let digits = try Digits()
    train = count.map { digits.train.subset(Array(0..<min($0, digits.train.count))) } ?? digits.train
    test = digits.test
    normalization = try Normalization(fitting: train)
  }

  /// The same digits as they are in their file, 0 to 255.
  var raw: LectureDigits {
    var digits = self
    digits.normalization = Normalization(grouping: normalization.grouping, scale: 1, mean: [0], deviation: [1])
    return digits
  }

  /// The training part as one batch: pixels `[N, 1, 8, 8]` and labels `[N]`.
  var wholeBatch: (inputs: Tensor, labels: Tensor) {
    (Tensor(normalization.applied(to: train.inputs)), Tensor(train.targets))
  }

  /// A trainer of a classifier on the digits.
  func trainer<Model: Layer>(
    _ model: Model, _ optimizer: any Optimizer, batchSize: Int = 32, seed: UInt64,
    clipping: GradientClipping = .none, adversarial: AdversarialTraining? = nil, hooks: [any TrainingHook] = []
  ) -> Trainer<Model> {
    var options = TrainingOptions()
    (options.batchSize, options.seed, options.normalization) = (batchSize, seed, normalization)
    (options.clipping, options.adversarial) = (clipping, adversarial)
    return Trainer(model, loss: { crossEntropy($0, $1) }, optimizer: optimizer, options: options, hooks: hooks)
  }

  /// The accuracy on the test part after some epochs; nil when the training diverged, which may be what an experiment
  /// is about.
  func accuracy<Model: Layer>(of trainer: Trainer<Model>, epochs: Int) throws -> Double? {
    do {
      try trainer.fit(train, epochs: epochs)
    } catch let error as TrainingError where error.place.hasPrefix("training diverged") {
      return nil
    }
    return try trainer.evaluate(test).accuracy
  }
}

extension Double? {
  /// An accuracy as per cent, or that there is none because the training diverged.
  var percentOrDiverged: String { map(\.percent) ?? "diverged" }
}
