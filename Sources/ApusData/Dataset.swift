import ApusTensor

/// Samples in memory: inputs and, for each, what a network should make of it.
public struct Dataset: Sendable {
  /// What messages call it.
  public let name: String
  /// The samples, `[N, ...]`, of any element type; pictures are `[N, channels, height, width]`.
  public let inputs: HostArray
  /// Class labels, i32 `[N]`, when there are class names; otherwise any array `[N, ...]`.
  public let targets: HostArray
  /// The names of the classes; empty when the targets are not classes.
  public let classNames: [String]

  /// The number of samples.
  public var count: Int { inputs.shape[0] }
  /// The shape of one sample.
  public var sampleShape: Shape { Shape(inputs.shape.dropFirst()) }
  /// The number of classes, 0 when the targets are not classes.
  public var classCount: Int { classNames.count }

  /// A data set over arrays.
  ///
  /// - Throws: ``DataError`` when there are no samples, inputs and targets differ in number, or with class names: when
  ///   the targets are not i32 `[N]` or a label is not in `0..<classNames.count`.
  public init(name: String, inputs: HostArray, targets: HostArray, classNames: [String]) throws {
    guard inputs.shape.rank >= 1, targets.shape.rank >= 1, inputs.shape.elementCount > 0 else {
      throw DataError(
        place: name, problem: "holds no samples (inputs \(inputs.shape), targets \(targets.shape))",
        advice: "give arrays with at least one sample along the first axis")
    }
    guard inputs.shape[0] == targets.shape[0] else {
      throw DataError(
        place: name, problem: "has \(inputs.shape[0]) inputs but \(targets.shape[0]) targets",
        advice: "give one target for each input")
    }
    if !classNames.isEmpty {
      guard targets.type == TensorType([inputs.shape[0]], .int32) else {
        throw DataError(
          place: name, problem: "its labels are \(targets.type), not i32 [\(inputs.shape[0])]",
          advice: "give one whole number for each input")
      }
      let labels = targets.scalars(as: Int32.self)
      if let bad = labels.firstIndex(where: { $0 < 0 || Int($0) >= classNames.count }) {
        throw DataError(
          place: name, problem: "label \(bad) is \(labels[bad]), outside 0..<\(classNames.count)",
          advice: "number the classes from 0")
      }
    }
    self.init(unchecked: name, inputs, targets, classNames)
  }

  private init(unchecked name: String, _ inputs: HostArray, _ targets: HostArray, _ classNames: [String]) {
    self.name = name
    self.inputs = inputs
    self.targets = targets
    self.classNames = classNames
  }

  /// The class labels; empty when the targets are not classes.
  public var labels: [Int32] { classNames.isEmpty ? [] : targets.scalars(as: Int32.self) }

  /// The number of samples of each class.
  public var classCounts: [Int] {
    var counts = [Int](repeating: 0, count: classCount)
    for label in labels { counts[Int(label)] += 1 }
    return counts
  }

  /// The samples with the given indices, in that order, copied.
  ///
  /// - Parameter name: what messages call the result; nil keeps the name.
  /// - Precondition: at least one index, all in `0..<count`.
  public func subset(_ indices: [Int], name: String? = nil) -> Dataset {
    precondition(!indices.isEmpty, "a data set needs at least one sample")
    return Dataset(
      unchecked: name ?? self.name, inputs.gatheringRows(indices), targets.gatheringRows(indices), classNames)
  }

  /// The same samples with other inputs or targets, as many; nil keeps them.
  func replacing(inputs: HostArray? = nil, targets: HostArray? = nil) -> Dataset {
    let (inputs, targets) = (inputs ?? self.inputs, targets ?? self.targets)
    precondition(
      inputs.shape[0] == count && targets.shape[0] == count, "\(count) samples were to be replaced by others")
    return Dataset(unchecked: name, inputs, targets, classNames)
  }

  /// The same samples under another name.
  public func renamed(_ name: String) -> Dataset { Dataset(unchecked: name, inputs, targets, classNames) }
}

extension HostArray {
  /// The rows (entries along the first axis) with the given indices, copied.
  func gatheringRows(_ indices: [Int]) -> HostArray {
    var shape = shape
    let rows = shape[0]
    shape[0] = indices.count
    let type = TensorType(shape, dtype)
    let rowBytes = rows == 0 ? 0 : self.type.byteCount / rows
    return withUnsafeBytes { source in
      HostArray(type: type) { target in
        guard let from = source.baseAddress, let to = target.baseAddress else { return }
        for (position, index) in indices.enumerated() {
          precondition(index >= 0 && index < rows, "sample \(index) is outside 0..<\(rows)")
          (to + position * rowBytes).copyMemory(from: from + index * rowBytes, byteCount: rowBytes)
        }
      }
    }
  }

  /// The same elements under another shape with as many elements.
  func reshaped(_ shape: Shape) -> HostArray {
    precondition(shape.elementCount == self.shape.elementCount, "\(self.shape) cannot be seen as \(shape)")
    return HostArray(type: TensorType(shape, dtype), storage: storage)
  }
}
