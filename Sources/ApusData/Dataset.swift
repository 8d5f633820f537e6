import ApusTensor

/// Samples: inputs and, for each, what a network should make of it; in memory, or in files that are read batch by batch.
public struct Dataset: Sendable {
  /// What messages call it.
  public let name: String
  /// The names of the classes; empty when the targets are not classes.
  public let classNames: [String]
  /// How many different symbols there are in the samples, when those are numbers of symbols, i32 `[N, T]`; 0 when they are
  /// quantities. Numbers of symbols are never normalised.
  public let symbolCount: Int
  /// How many different symbols the sources of pairs have, when samples are pairs of sequences of symbols, i32 `[N, 2, T]`;
  /// ``symbolCount`` is the targets' then. 0 for other samples.
  public let sourceSymbolCount: Int
  /// The symbols of each sample before its padding; nil when no sample is padded.
  let lengths: [Int32]?
  let inputRows: SampleRows
  let targetRows: SampleRows

  /// The samples, `[N, ...]`, of any element type; pictures are `[N, channels, height, width]`.
  ///
  /// Pictures in files are all read; where there are too many, or a file may be gone, use batches, or ``loaded()``,
  /// which throws.
  public var inputs: HostArray { Self.unthrowing(inputRows) }
  /// Class labels, i32 `[N]`, or of every pixel, i32 `[N, height, width]`, when there are class names; otherwise any array
  /// `[N, ...]`.
  ///
  /// Masks in files are all read, as ``inputs`` are.
  public var targets: HostArray { Self.unthrowing(targetRows) }
  /// The shape and element type of ``inputs``, which are not read.
  public var inputType: TensorType { inputRows.type }
  /// The shape and element type of ``targets``, which are not read.
  public var targetType: TensorType { targetRows.type }
  /// Whether inputs and targets are arrays in memory, not in files.
  public var isInMemory: Bool { inputRows.array != nil && targetRows.array != nil }
  /// Whether every step of a sequence of symbols has a symbol as its target.
  public var hasSymbolTargets: Bool { symbolCount > 0 && classNames.isEmpty && targetType.shape.rank == 2 }
  /// Whether samples are pairs of sequences, whose targets are padded by the symbol 0, which counts nothing.
  public var isOfPairs: Bool { sourceSymbolCount > 0 }
  /// Whether every pixel has a class.
  public var hasPixelLabels: Bool { !classNames.isEmpty && targetType.shape.rank == 3 }

  /// The number of samples.
  public var count: Int { inputType.shape[0] }
  /// The shape of one sample.
  public var sampleShape: Shape { Shape(inputType.shape.dropFirst()) }
  /// The number of classes, 0 when the targets are not classes.
  public var classCount: Int { classNames.count }

  /// A data set over arrays.
  ///
  /// - Throws: ``DataError`` when there are no samples, inputs and targets differ in number, or with class names: when
  ///   the targets are not i32 `[N]`, or `[N, height, width]` for pictures of that size, or a label is not in
  ///   `0..<classNames.count`; of pixels ``ignoredLabel`` is one too.
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
      let isOfPixels =
        inputs.shape.rank == 4
        && targets.type == TensorType(Shape([inputs.shape[0]] + Array(inputs.shape.dropFirst(2))), .int32)
      guard isOfPixels || targets.type == TensorType([inputs.shape[0]], .int32) else {
        throw DataError(
          place: name, problem: "its labels are \(targets.type), not i32 [\(inputs.shape[0])]",
          advice: "give one whole number for each input")
      }
      let labels = targets.scalars(as: Int32.self)
      let ignored = isOfPixels ? Self.ignoredLabel : 0
      if let bad = labels.firstIndex(where: { ($0 < 0 || Int($0) >= classNames.count) && $0 != ignored }) {
        throw DataError(
          place: name, problem: "label \(bad) is \(labels[bad]), outside 0..<\(classNames.count)",
          advice: "number the classes from 0")
      }
    }
    self.init(unchecked: name, SampleRows(inputs), SampleRows(targets), classNames)
  }

  /// A data set of sequences of symbols, such as texts.
  ///
  /// - Parameters:
  ///   - symbols: the numbers of the symbols, i32 `[N, T]`, in `0..<symbolCount`.
  ///   - lengths: the symbols of each sample before its padding, a symbol of number 0; nil when no sample is padded. Batches
  ///     have samples of similar length then, and end where their longest sample does.
  ///   - targets: with class names i32 labels `[N]`, otherwise the symbols to predict at every step, i32 `[N, T]`.
  /// - Throws: ``DataError`` when there are no samples, types or shapes are others, or a number is outside its range.
  public init(
    name: String, symbols: HostArray, symbolCount: Int, targets: HostArray, classNames: [String],
    lengths: [Int32]? = nil
  ) throws {
    let rows = symbols.shape.rank == 2 ? symbols.shape[0] : 0
    let wanted = classNames.isEmpty ? symbols.type : TensorType([rows], .int32)
    guard symbols.dtype == .int32, symbols.shape.rank == 2, symbols.shape.elementCount > 0, targets.type == wanted
    else {
      throw DataError(
        place: name, problem: "its symbols are \(symbols.type) and its targets \(targets.type)",
        advice: "give symbols i32 [N, T] and targets \(classNames.isEmpty ? "of the same shape" : "i32 [N]")")
    }
    let width = symbols.shape[1]
    if let lengths, lengths.count != rows || !lengths.allSatisfy({ $0 >= 0 && Int($0) <= width }) {
      throw DataError(
        place: name, problem: "its \(lengths.count) lengths are not those of \(rows) samples of \(width) symbols",
        advice: "give a length from 0 to \(width) for each sample")
    }
    for (array, count) in [(symbols, symbolCount), (targets, classNames.isEmpty ? symbolCount : classNames.count)] {
      let numbers = array.scalars(as: Int32.self)
      if let bad = numbers.first(where: { $0 < 0 || Int($0) >= count }) {
        throw DataError(
          place: name, problem: "holds the number \(bad), outside 0..<\(count)", advice: "number symbols from 0")
      }
    }
    self.init(
      unchecked: name, SampleRows(symbols), SampleRows(targets), classNames, symbolCount: symbolCount, lengths: lengths)
  }

  /// Samples that are known to fit each other.
  init(
    unchecked name: String, _ inputs: SampleRows, _ targets: SampleRows, _ classNames: [String], symbolCount: Int = 0,
    lengths: [Int32]? = nil, sourceSymbolCount: Int = 0
  ) {
    self.name = name
    (self.symbolCount, self.lengths, self.sourceSymbolCount) = (symbolCount, lengths, sourceSymbolCount)
    inputRows = inputs
    targetRows = targets
    self.classNames = classNames
  }

  private static func unthrowing(_ rows: SampleRows) -> HostArray {
    do {
      return try rows.all()
    } catch {
      preconditionFailure("\(error); use batches, or Dataset.loaded(), where a file may be gone")
    }
  }

  /// The same samples, all in memory.
  ///
  /// - Throws: ``DataError`` or `FormatError` when a file cannot be read.
  public func loaded() throws -> Dataset {
    Dataset(
      unchecked: name, SampleRows(try inputRows.all()), SampleRows(try targetRows.all()), classNames,
      symbolCount: symbolCount, lengths: lengths, sourceSymbolCount: sourceSymbolCount)
  }

  /// The label of pixels that belong to no class and count nothing in loss and metrics.
  public static let ignoredLabel: Int32 = -100

  /// The class labels; empty when samples have no classes as targets.
  public var labels: [Int32] { classNames.isEmpty || hasPixelLabels ? [] : targets.scalars(as: Int32.self) }

  /// The number of samples of each class; all 0 when it is pixels that have classes.
  public var classCounts: [Int] {
    var counts = [Int](repeating: 0, count: classCount)
    for label in labels { counts[Int(label)] += 1 }
    return counts
  }

  /// The samples with the given indices, in that order, copied; those in files stay there.
  ///
  /// - Parameter name: what messages call the result; nil keeps the name.
  /// - Precondition: at least one index, all in `0..<count`.
  public func subset(_ indices: [Int], name: String? = nil) -> Dataset {
    precondition(!indices.isEmpty, "a data set needs at least one sample")
    return Dataset(
      unchecked: name ?? self.name, inputRows.subset(indices), targetRows.subset(indices), classNames,
      symbolCount: symbolCount, lengths: lengths.map { all in indices.map { all[$0] } },
      sourceSymbolCount: sourceSymbolCount)
  }

  /// The same samples with other inputs or targets, as many; nil keeps them.
  func replacing(inputs: HostArray? = nil, targets: HostArray? = nil) -> Dataset {
    let (inputs, targets) = (inputs.map { SampleRows($0) } ?? inputRows, targets.map { SampleRows($0) } ?? targetRows)
    precondition(
      inputs.type.shape[0] == count && targets.type.shape[0] == count, "\(count) samples were to be replaced by others")
    return Dataset(
      unchecked: name, inputs, targets, classNames, symbolCount: symbolCount, lengths: lengths,
      sourceSymbolCount: sourceSymbolCount)
  }

  /// The same samples under another name.
  public func renamed(_ name: String) -> Dataset {
    Dataset(
      unchecked: name, inputRows, targetRows, classNames, symbolCount: symbolCount, lengths: lengths,
      sourceSymbolCount: sourceSymbolCount)
  }
}

extension HostArray {
  /// The rows (entries along the first axis) with the given indices, copied.
  package func gatheringRows(_ indices: [Int]) -> HostArray {
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
