import ApusFormats
import SwiftProtobuf

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// Writes an event file that TensorBoard shows, record by record.
///
/// ```swift
/// let writer = try EventWriter(folder: "runs/first/events")
/// try writer.write([("train/loss", .scalar(0.31))], step: 100)
/// ```
/// Every call hands whole records to the system in one piece: a killed process leaves a file that ends, at worst, in one
/// cut record, which readers pass over. A writer of a folder that has event files already makes a file of its own, which
/// TensorBoard reads after the others, and leaves out what these hold: a tag's values up to the last step it has there.
/// A resumed training therefore repeats nothing.
public final class EventWriter {
  /// The file.
  public let path: String
  private let descriptor: Int32
  private var lastSteps: [String: Int] = [:]

  /// A new file in a folder, which is made if it is not there.
  ///
  /// - Throws: `FormatError` when it cannot be written, or an earlier file cannot be read.
  public init(folder: String) throws {
    if mkdir(folder, 0o777) != 0, errno != EEXIST { throw FormatError.unwritable(folder, code: errno) }
    for name in try Self.files(in: folder) {
      for entry in try EventFile.entries(of: folder + "/" + name) {
        lastSteps[entry.tag] = max(lastSteps[entry.tag] ?? entry.step, entry.step)
      }
    }
    (path, descriptor) = try Self.newFile(in: folder)
    var first = TensorBoardEvent()
    first.wallTime = Self.now
    first.fileVersion = "brain.Event:2"
    try append(first)
  }

  deinit { close(descriptor) }

  /// Appends values of one step; those that earlier files of the folder hold are left out.
  ///
  /// - Throws: `FormatError` when the disk is full or the file is gone.
  public func write(_ values: [(tag: String, value: EventFile.Value)], step: Int) throws {
    let new = values.filter { entry in lastSteps[entry.tag].map { step > $0 } ?? true }
    guard !new.isEmpty else { return }
    var event = TensorBoardEvent()
    event.wallTime = Self.now
    event.step = Int64(step)
    event.summary.value = new.map { $0.value.message($0.tag) }
    try append(event)
  }

  /// The names of a folder's event files, the oldest first.
  ///
  /// - Throws: `FormatError` when the folder cannot be read.
  public static func files(in folder: String) throws -> [String] {
    guard let directory = opendir(folder) else {
      throw FormatError(file: folder, problem: "cannot be read", advice: "give a folder with event files")
    }
    defer { closedir(directory) }
    var names: [String] = []
    while let entry = readdir(directory) {
      names.append(
        withUnsafeBytes(of: entry.pointee.d_name) { bytes in
          String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
        })
    }
    return names.filter { $0.hasPrefix(prefix) }.sorted()
  }

  private static let prefix = "events.out.tfevents."

  private static var now: Double {
    var time = timespec()
    clock_gettime(CLOCK_REALTIME, &time)
    return Double(time.tv_sec) + Double(time.tv_nsec) * 1e-9
  }

  /// Makes a file whose name sorts behind those of earlier ones.
  private static func newFile(in folder: String) throws -> (path: String, descriptor: Int32) {
    let seconds = String(Int(now))
    let padded = String(repeating: "0", count: max(10 - seconds.count, 0)) + seconds
    for number in 0..<1000 {
      let digits = String(1000 + number).dropFirst()
      let path = "\(folder)/\(prefix)\(padded).apus.\(digits)"
      let descriptor = open(path, O_WRONLY | O_CREAT | O_EXCL | O_APPEND | O_CLOEXEC, 0o666)
      if descriptor >= 0 { return (path, descriptor) }
      guard errno == EEXIST else { throw FormatError.unwritable(path, code: errno) }
    }
    throw FormatError.unwritable(folder, code: EEXIST)
  }

  private func append(_ event: TensorBoardEvent) throws {
    let data: [UInt8]
    do {
      data = try event.serializedBytes()
    } catch {
      throw FormatError(file: path, problem: "a record cannot be encoded (\(error))", advice: "log smaller values")
    }
    let bytes = TFRecord.framed(data)
    var rest = bytes[...]
    while !rest.isEmpty {
      let count = rest.withUnsafeBytes { systemWrite(descriptor, $0.baseAddress, $0.count) }
      if count < 0 {
        if errno == EINTR { continue }
        throw FormatError.unwritable(path, code: errno)
      }
      rest = rest.dropFirst(count)
    }
  }
}

/// `write(2)`, under a name that methods called `write` do not hide.
private func systemWrite(_ descriptor: Int32, _ bytes: UnsafeRawPointer?, _ count: Int) -> Int {
  write(descriptor, bytes, count)
}
