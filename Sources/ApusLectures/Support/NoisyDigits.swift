import Apus

/// Few digits with some wrong labels: data that a large network learns by heart.
struct NoisyDigits {
  /// What is trained on; some labels are wrong.
  let train: Dataset
  /// What tells when to stop; labels are right, samples are not trained on.
  let validation: Dataset
  /// What is judged on.
  let test: Dataset
  /// Fitted to the training part.
  let normalization: Normalization
  /// What values a network's inputs can take.
  let range: InputRange

  /// `count` digits to train on, a part of whose labels is moved to another class, and 200 others for validation.
  init(count: Int, wrongPart: Double, seed: UInt64) throws {
    let digits = try Digits()
    let clean = digits.train.subset(Array(0..<count))
    let dice = Tensor.randomUniform([count], seed: seed).scalars(as: Double.self)
    let shifts = Tensor.randomIntegers([count], in: 1..<10, seed: seed &+ 1).scalars(as: Int64.self)
    let labels = clean.labels.indices.map { index in
      dice[index] < wrongPart ? (clean.labels[index] + Int32(shifts[index])) % 10 : clean.labels[index]
    }
    train = try Dataset(
      name: "digits with wrong labels", inputs: clean.inputs, targets: HostArray(labels, shape: [count]),
      classNames: clean.classNames)
    validation = digits.train.subset(Array(digits.train.count - 200..<digits.train.count), name: "validation")
    test = digits.test
    normalization = try Normalization(fitting: train)
    range = InputRange(of: train, normalization: normalization)
  }

  /// The mean loss and the accuracy of a network on some of the data.
  func judge(_ network: some Layer, on data: Dataset) throws -> (loss: Double, accuracy: Double) {
    let judged = try evaluate(network, on: data, loss: { crossEntropy($0, $1) }, normalization: normalization)
    return (judged.loss, judged.accuracy ?? .nan)
  }
}
