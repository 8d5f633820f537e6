import ApusFormats

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// The folder of a run: what was asked for, what happened, and the weights.
///
/// - `config.json`: model, data, options, seed, normalization, versions;
/// - `metrics.jsonl`: a line for every finished epoch;
/// - `statistics.jsonl`: spread of weights, gradients and activations, when asked for; `events`: files for TensorBoard;
/// - `result.json`: what the training came to, on the test part too;
/// - `last.safetensors`: the last checkpoint, from which training goes on; `best-N.safetensors`: the weights after the
///   best epoch so far;
/// - `model.safetensors`: the result, the best weights where a validation part chose them, else the final ones.
///
/// A fine-tuned run has `source.onnx` besides, the network it began with, and a folder of checkpoints for each stage.
///
/// Every file is replaced as a whole, so that a reader, a full disk or a killed process never meets half of one.
public struct RunFolder: Sendable {
  /// The folder.
  public let path: String

  /// A folder that may or may not exist.
  public init(_ path: String) {
    self.path = path.count > 1 && path.hasSuffix("/") ? String(path.dropLast()) : path
  }

  /// What was asked for.
  public var configuration: String { path + "/config.json" }
  /// A line for every finished epoch.
  public var metrics: String { path + "/metrics.jsonl" }
  /// How weights, gradients and activations are spread: a line for each tensor and epoch, when asked for.
  public var statistics: String { path + "/statistics.jsonl" }
  /// The folder of the files for TensorBoard.
  public var events: String { path + "/events" }
  /// What the training came to, once it has come to its end.
  public var result: String { path + "/result.json" }
  /// The result.
  public var model: String { path + "/model.safetensors" }
  /// The last checkpoint.
  public var last: String { path + "/last.safetensors" }

  /// The network that a fine-tuned run began with, as an ONNX file.
  var source: String { path + "/source.onnx" }
  /// The folder of a stage of a fine-tuning, counted from 1.
  func stage(_ number: Int) -> RunFolder { RunFolder(path + "/stages/\(number)") }

  /// What an ensemble was asked for, beside the folders of its members.
  var ensemble: String { path + "/ensemble.json" }

  /// The weights after an epoch.
  func best(_ epoch: Int) -> String { path + "/best-\(epoch).safetensors" }

  /// Whether the folder holds a run.
  public var holdsRun: Bool { access(configuration, F_OK) == 0 }
  /// Whether the folder holds an ensemble.
  var holdsEnsemble: Bool { access(ensemble, F_OK) == 0 }
  /// Whether there is anything of this name.
  var exists: Bool { access(path, F_OK) == 0 }
  /// Whether the training came to its end.
  public var holdsModel: Bool { access(model, F_OK) == 0 }
  /// Whether statistics were recorded.
  public var holdsStatistics: Bool { access(statistics, F_OK) == 0 }
  /// Whether the training's report was saved.
  public var holdsResult: Bool { access(result, F_OK) == 0 }
  /// Whether there is a checkpoint to go on from.
  public var holdsCheckpoint: Bool { access(last, F_OK) == 0 }

  /// A folder under `runs`, named by a model and its data, that is not there yet.
  static func unused(model: String, data: String) -> RunFolder {
    let base = "runs/\(model)-\(stem(data))"
    var number = 1
    while true {
      let run = RunFolder(number == 1 ? base : "\(base)-\(number)")
      if !run.exists { return run }
      number += 1
    }
  }

  /// A file's name without folders and extension, of letters, digits and dashes.
  private static func stem(_ path: String) -> String {
    let name = path.split(separator: "/").last.map(String.init) ?? "data"
    let cut = name.lastIndex(of: ".").map { String(name[..<$0]) } ?? name
    let kept = String(cut.map { $0.isLetter || $0.isNumber ? $0 : "-" }.prefix(60))
    return kept.isEmpty ? "data" : kept
  }

  /// Makes the folder, and the ones above it.
  ///
  /// - Parameter option: the option that another folder is chosen with.
  /// - Throws: ``TrainingError`` when that is not possible.
  public func create(option: String = "--output") throws {
    var made = path.hasPrefix("/") ? "" : "."
    for part in path.split(separator: "/") {
      made += "/" + part
      if mkdir(made, 0o777) != 0, errno != EEXIST { throw unwritable(errno, option) }
    }
    var status = stat()
    guard stat(path, &status) == 0 else { throw unwritable(errno, option) }
    guard status.st_mode & S_IFMT == S_IFDIR else { throw unwritable(ENOTDIR, option) }
    guard access(path, W_OK | X_OK) == 0 else { throw unwritable(errno, option) }
  }

  private func unwritable(_ code: Int32, _ option: String) -> TrainingError {
    let reason = strerror(code).map { String(cString: $0).lowercased() } ?? "error \(code)"
    return TrainingError(
      path, "the folder cannot be made or written into (\(reason))", advice: "choose another one with \(option)")
  }

  /// Takes the folder for this process until the result is released; a killed process releases it too.
  ///
  /// - Throws: ``TrainingError`` when another process trains in it.
  func lock() throws -> FolderLock { try FolderLock(path) }

  /// Removes what a killed process left half-written, and best weights that no checkpoint knows.
  func removeLeftovers(keeping bestEpoch: Int) {
    let kept = [configuration, metrics, model, last, statistics, result]
    for file in kept { AtomicFile.removeLeftovers(of: file) }
    for name in names() where name.hasPrefix("best-") || name.hasPrefix(".best-") {
      if name != "best-\(bestEpoch).safetensors" { unlink(path + "/" + name) }
    }
  }

  private func names() -> [String] {
    guard let directory = opendir(path) else { return [] }
    defer { closedir(directory) }
    var found: [String] = []
    while let entry = readdir(directory) {
      found.append(
        withUnsafeBytes(of: entry.pointee.d_name) { bytes in
          String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
        })
    }
    return found
  }
}

/// Holds a folder for one process.
final class FolderLock {
  private let descriptor: Int32

  init(_ path: String) throws {
    descriptor = open(path, O_RDONLY | O_CLOEXEC)
    // File systems without locks let everybody in.
    guard descriptor >= 0, flock(descriptor, LOCK_EX | LOCK_NB) != 0, errno == EWOULDBLOCK else { return }
    close(descriptor)
    throw TrainingError(
      path, "another process is training in this folder", advice: "wait for it or choose another one with --output")
  }

  deinit { if descriptor >= 0 { close(descriptor) } }
}
