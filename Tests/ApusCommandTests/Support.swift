import ApusFormats
import Foundation
import Testing

/// What a run of the command came to.
struct Outcome {
  var status: Int32
  var output: String
  var errors: String

  /// The lines of standard error.
  var errorLines: [String] { errors.split(separator: "\n").map(String.init) }

  /// The only line of standard output, as JSON.
  func json() throws -> [String: Any] {
    let lines = output.split(separator: "\n")
    try #require(lines.count == 1, "standard output is not one line: \(output)\n\(errors)")
    return try #require(JSONSerialization.jsonObject(with: Data(lines[0].utf8)) as? [String: Any])
  }
}

/// The built command, which lies beside the tests.
enum Apus {
  static let path: String = {
    let tests = URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath()
    return tests.deletingLastPathComponent().appendingPathComponent("apus").path
  }()

  /// Starts the command with its streams going to files in `folder`.
  static func start(
    _ arguments: [String], in folder: Folder, tag: String = "run", shell: String? = nil
  ) throws -> Process {
    let process = Process()
    if let shell {
      process.executableURL = URL(fileURLWithPath: "/bin/sh")
      process.arguments = ["-c", shell + "; exec \"$0\" \"$@\"", path] + arguments
    } else {
      process.executableURL = URL(fileURLWithPath: path)
      process.arguments = arguments
    }
    process.currentDirectoryURL = URL(fileURLWithPath: folder.path)
    var environment = ProcessInfo.processInfo.environment
    environment["APUS_DATA"] = folder.path + "/no-data"
    environment["HOME"] = folder.path
    process.environment = environment
    process.standardInput = FileHandle.nullDevice
    let streams = folder.streams
    for name in ["out", "err"] {
      _ = FileManager.default.createFile(atPath: "\(streams)/\(tag).\(name)", contents: nil)
    }
    process.standardOutput = FileHandle(forWritingAtPath: "\(streams)/\(tag).out")
    process.standardError = FileHandle(forWritingAtPath: "\(streams)/\(tag).err")
    try process.run()
    return process
  }

  /// Runs the command to its end.
  static func run(_ arguments: [String], in folder: Folder, shell: String? = nil) throws -> Outcome {
    let tag = UUID().uuidString
    let process = try start(arguments, in: folder, tag: tag, shell: shell)
    process.waitUntilExit()
    #expect(process.terminationReason == .exit, "apus \(arguments.joined(separator: " ")) was killed by a signal")
    return Outcome(
      status: process.terminationStatus,
      output: try String(contentsOfFile: "\(folder.streams)/\(tag).out", encoding: .utf8),
      errors: try String(contentsOfFile: "\(folder.streams)/\(tag).err", encoding: .utf8))
  }
}

/// A folder that lives as long as the value.
final class Folder {
  let path: String
  let streams: String

  init() throws {
    let base = NSTemporaryDirectory() + "apus-command-" + UUID().uuidString
    path = base + "/work"
    streams = base + "/streams"
    for folder in [path, streams] {
      try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    }
  }

  deinit { try? FileManager.default.removeItem(atPath: (path as NSString).deletingLastPathComponent) }

  func file(_ name: String) -> String { path + "/" + name }

  func write(_ bytes: [UInt8], to name: String) throws { try Data(bytes).write(to: URL(fileURLWithPath: file(name))) }

  func bytes(_ name: String) throws -> [UInt8] { Array(try Data(contentsOf: URL(fileURLWithPath: file(name)))) }

  /// Every file below the folder, by path.
  func files() -> [String] {
    (FileManager.default.enumerator(atPath: path)?.allObjects as? [String] ?? []).sorted()
  }
}

/// A small training on the digits that are part of the program.
let smallTraining = ["train", "mlp", "--data", "digits", "--hidden", "16", "--dropout", "0.1", "--json", "--no-report"]

/// Parameters and optimizer state of a checkpoint, as bytes.
func tensors(_ path: String) throws -> [String: [UInt8]] {
  try SafeTensors(contentsOf: path).arrays().mapValues { $0.withUnsafeBytes { Array($0) } }
}
