import ApusTensor
import Testing

@testable import ApusFormats

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// The path of a committed file; Fixtures/make_fixtures.py makes them.
func golden(_ name: String) -> String {
  let folder = #filePath.split(separator: "/").dropLast().joined(separator: "/")
  return "/\(folder)/Fixtures/\(name)"
}

/// Calls `body` with a new folder that is removed afterwards.
func withFolder(_ body: (String) throws -> Void) throws {
  let temporary = getenv("TMPDIR").map { String(cString: $0) } ?? P_tmpdir
  var template = Array("\(temporary)/apus-tests-XXXXXX".utf8CString)
  let made = template.withUnsafeMutableBufferPointer { buffer in buffer.baseAddress.flatMap { mkdtemp($0) } != nil }
  let folder = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
  try #require(made)
  defer {
    for name in listing(folder) { unlink(folder + "/" + name) }
    rmdir(folder)
  }
  try body(folder)
}

/// The names in a folder.
func listing(_ folder: String) -> [String] {
  guard let directory = opendir(folder) else { return [] }
  defer { closedir(directory) }
  var names: [String] = []
  while let entry = readdir(directory) {
    let name = withUnsafeBytes(of: entry.pointee.d_name) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
    if name != "." && name != ".." { names.append(name) }
  }
  return names.sorted()
}

func fileBytes(_ path: String) throws -> [UInt8] { try FileBytes.read(path).withBytes { Array($0) } }

/// Writes a file without the care of ``AtomicFile``: quick, for files that only a test reads.
func put(_ bytes: [UInt8], _ path: String) throws {
  let file = try #require(fopen(path, "w"))
  fwrite(bytes, 1, bytes.count, file)
  fclose(file)
}

/// Bytes in memory of exactly their size, so that reading outside is more likely noticed.
func storage(_ bytes: [UInt8]) -> Storage {
  let result = Storage(byteCount: bytes.count)
  UnsafeMutableRawBufferPointer(start: result.pointer, count: bytes.count).copyBytes(from: bytes)
  return result
}

/// The message of the error that `body` throws; an issue when it throws none or another kind.
func message(_ body: () throws -> Void, _ location: SourceLocation = #_sourceLocation) -> String {
  do {
    try body()
    Issue.record("nothing was thrown", sourceLocation: location)
    return ""
  } catch let error as FormatError {
    return error.description
  } catch {
    Issue.record("unexpected kind of error: \(error)", sourceLocation: location)
    return ""
  }
}

/// Gives a reader every truncation of the bytes, and thousands of damaged copies; it may throw only ``FormatError``.
///
/// - Parameter detects: whether the format must refuse every truncation.
func attack(
  _ bytes: [UInt8], detects: Bool = true, rounds: Int = 3000, _ read: ([UInt8]) throws -> Void,
  _ location: SourceLocation = #_sourceLocation
) {
  func run(_ candidate: [UInt8], _ what: String, mustThrow: Bool) {
    do {
      try read(candidate)
      if mustThrow { Issue.record("accepted: \(what)", sourceLocation: location) }
    } catch is FormatError {
    } catch {
      Issue.record("unexpected kind of error for \(what): \(error)", sourceLocation: location)
    }
  }
  for count in 0..<bytes.count { run(Array(bytes[..<count]), "the first \(count) bytes", mustThrow: detects) }
  var generator = SplitMix(state: 7)
  for round in 0..<rounds {
    var damaged = bytes
    for _ in 0...Int.random(in: 0..<4, using: &generator) {
      let place = Int.random(in: 0..<damaged.count, using: &generator)
      damaged[place] = round % 3 == 0 ? [0, 0x7f, 0x80, 0xff][round / 3 % 4] : .random(in: 0...255, using: &generator)
    }
    run(damaged, "damage \(round)", mustThrow: false)
  }
}

struct SplitMix: RandomNumberGenerator {
  var state: UInt64
  mutating func next() -> UInt64 {
    state &+= 0x9e37_79b9_7f4a_7c15
    var z = state
    z = (z ^ (z >> 30)) &* 0xbf58_476d_1ce4_e5b9
    z = (z ^ (z >> 27)) &* 0x94d0_49bb_1331_11eb
    return z ^ (z >> 31)
  }
}
