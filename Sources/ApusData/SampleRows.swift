import ApusTensor

/// Reads samples from files when they are asked for. Several threads may ask at once.
protocol SampleReader: Sendable {
  /// The shape and element type of one sample.
  var sampleType: TensorType { get }

  /// Reads samples by their numbers, one after another.
  ///
  /// - Throws: ``DataError`` or `FormatError` that names the file that cannot be read.
  func read(_ samples: [UInt32], into rows: UnsafeMutableRawBufferPointer) throws
}

/// Samples `[N, ...]`: an array in memory, or rows that are read from files when they are asked for.
struct SampleRows: Sendable {
  private enum Source: Sendable {
    case memory(HostArray)
    case files(any SampleReader, [UInt32])
  }

  private let source: Source
  /// The shape `[N, ...]` and element type of all samples.
  let type: TensorType

  /// Samples in memory.
  init(_ array: HostArray) {
    (source, type) = (.memory(array), array.type)
  }

  /// Samples that are read by their numbers.
  init(_ reader: any SampleReader, _ samples: [UInt32]) {
    source = .files(reader, samples)
    type = TensorType(Shape([samples.count] + Array(reader.sampleType.shape)), reader.sampleType.dtype)
  }

  /// The array, when it is in memory.
  var array: HostArray? {
    if case .memory(let array) = source { array } else { nil }
  }

  /// All samples in memory.
  ///
  /// - Throws: as `SampleReader.read`.
  func all() throws -> HostArray { try array ?? gathered(Array(0..<type.shape[0])) }

  /// Rows by their numbers, copied.
  ///
  /// - Throws: as `SampleReader.read`.
  func gathered(_ rows: [Int]) throws -> HostArray {
    switch source {
    case .memory(let array): return array.gatheringRows(rows)
    case .files(let reader, let samples):
      let shape = Shape([rows.count] + Array(reader.sampleType.shape))
      return try HostArray(type: TensorType(shape, reader.sampleType.dtype)) { target in
        try reader.read(rows.map { samples[$0] }, into: target)
      }
    }
  }

  /// Rows by their numbers; those of files stay there.
  func subset(_ rows: [Int]) -> SampleRows {
    switch source {
    case .memory(let array): SampleRows(array.gatheringRows(rows))
    case .files(let reader, let samples): SampleRows(reader, rows.map { samples[$0] })
    }
  }
}
