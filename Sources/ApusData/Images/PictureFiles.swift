import ApusFormats
import ApusTensor
import Synchronization

/// Pictures in files as samples u8 `[channels, height, width]`: each is decoded and brought to the form when it is asked
/// for; where all of them fit into the cache they are decoded once.
final class PictureFiles: SampleReader {
  /// Bytes of decoded pictures that are kept, 1 GiB.
  static let usualCache = 1 << 30

  let paths: [String]
  let form: PictureForm
  private let cache: RowCache?

  var sampleType: TensorType { TensorType(form.shape, .uint8) }

  init(_ paths: [String], form: PictureForm, cacheBytes: Int = usualCache) {
    (self.paths, self.form) = (paths, form)
    let rowBytes = form.shape.elementCount
    cache = paths.count <= cacheBytes / rowBytes ? RowCache(rows: paths.count, rowBytes: rowBytes) : nil
  }

  func read(_ samples: [UInt32], into rows: UnsafeMutableRawBufferPointer) throws {
    guard let start = rows.baseAddress else { return }
    let rowBytes = sampleType.byteCount
    for (place, sample) in samples.enumerated() { try read(Int(sample), start + place * rowBytes) }
  }

  private func read(_ sample: Int, _ row: UnsafeMutableRawPointer) throws {
    if let cache, cache.copy(sample, to: row) { return }
    try PictureFile(paths[sample]).decode(to: form, row)
    cache?.keep(sample, row)
  }

  /// What is wrong with each file; nil where nothing is. Decodes all of them, on several threads.
  func problems() -> [DataError?] {
    let found = Mutex([DataError?](repeating: nil, count: paths.count))
    ParallelLoop.run(paths.count) { sample in
      let row = Storage(byteCount: self.sampleType.byteCount)
      if let problem = DataError.caught({ try self.read(sample, row.pointer) }) {
        found.withLock { $0[sample] = problem }
      }
    }
    return found.withLock { $0 }
  }
}

extension DataError {
  /// What `body` throws about a file.
  static func caught(_ body: () throws -> Void) -> DataError? {
    do {
      try body()
      return nil
    } catch let error as DataError {
      return error
    } catch let error as FormatError {
      return DataError(error)
    } catch {
      return DataError(place: "a file", problem: "cannot be read (\(error))", advice: "check it")
    }
  }
}

/// Rows of bytes that have been made once.
///
/// `@unchecked Sendable`: a row is written only while `isKept` is held and only if it was not kept, and read only after it
/// was found to be kept, from when on it never changes.
final class RowCache: @unchecked Sendable {
  private let rowBytes: Int
  private let memory: Storage
  private let isKept: Mutex<[Bool]>

  init(rows: Int, rowBytes: Int) {
    self.rowBytes = rowBytes
    memory = Storage(byteCount: rows * rowBytes)
    isKept = Mutex([Bool](repeating: false, count: rows))
  }

  /// - Returns: whether the row is there.
  func copy(_ row: Int, to target: UnsafeMutableRawPointer) -> Bool {
    guard isKept.withLock({ $0[row] }) else { return false }
    target.copyMemory(from: memory.pointer + row * rowBytes, byteCount: rowBytes)
    return true
  }

  func keep(_ row: Int, _ source: UnsafeRawPointer) {
    isKept.withLock { kept in
      guard !kept[row] else { return }
      (memory.pointer + row * rowBytes).copyMemory(from: source, byteCount: rowBytes)
      kept[row] = true
    }
  }
}
