import ApusFormats
import ApusTensor
import Testing

@testable import ApusData

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// Calls `body` with a new folder that is removed afterwards.
func withFolder(_ body: (String) throws -> Void) throws {
  let temporary = getenv("TMPDIR").map { String(cString: $0) } ?? P_tmpdir
  var template = Array("\(temporary)/apus-tests-XXXXXX".utf8CString)
  let made = template.withUnsafeMutableBufferPointer { buffer in buffer.baseAddress.flatMap { mkdtemp($0) } != nil }
  let folder = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
  try #require(made)
  defer { remove(folder: folder) }
  try body(folder)
}

private func remove(folder: String) {
  guard let directory = opendir(folder) else { return }
  var names: [String] = []
  while let entry = readdir(directory) {
    names.append(withUnsafeBytes(of: entry.pointee.d_name) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) })
  }
  closedir(directory)
  for name in names where name != "." && name != ".." {
    let path = folder + "/" + name
    if unlink(path) != 0 { remove(folder: path) }
  }
  rmdir(folder)
}

/// Whether a new folder could be made.
func makeFolder(_ path: String) -> Bool { mkdir(path, 0o755) == 0 }

/// The message of the `DataError` or `FormatError` that `body` throws.
func message(_ body: () throws -> Void, _ location: SourceLocation = #_sourceLocation) -> String {
  do {
    try body()
    Issue.record("nothing was thrown", sourceLocation: location)
  } catch let error as DataError {
    return error.description
  } catch let error as FormatError {
    return error.description
  } catch {
    Issue.record("unexpected kind of error: \(error)", sourceLocation: location)
  }
  return ""
}

/// Writes a file without the care of `AtomicFile`.
func put(_ bytes: [UInt8], _ path: String) throws {
  let file = try #require(fopen(path, "w"))
  fwrite(bytes, 1, bytes.count, file)
  fclose(file)
}

/// An IDX file of bytes.
func idx(_ extents: [Int], _ values: [UInt8]) -> [UInt8] {
  [0, 0, 8, UInt8(extents.count)] + extents.flatMap { [0, 0, UInt8($0 >> 8), UInt8($0 & 255)] } + values
}

/// `count` samples of `shape` whose elements are distinct, with labels that go round.
func sample(_ count: Int, _ shape: Shape = [3], classes: Int = 3, name: String = "sample") throws -> Dataset {
  let size = shape.elementCount
  let values = (0..<count * size).map { Float($0) }
  return try Dataset(
    name: name, inputs: HostArray(values, shape: Shape([count] + Array(shape))),
    targets: HostArray((0..<count).map { Int32($0 % classes) }, shape: [count]),
    classNames: (0..<classes).map { "class \($0)" })
}
