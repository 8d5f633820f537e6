import ApusFormats
import ApusTraining

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// Where and how a run was made: `environment.json`.
public struct RunEnvironment: Sendable, Hashable, Codable {
  /// The command line.
  public var command: String
  /// The version of Apus.
  public var apus = ApusVersion.current
  /// The version of the compiler that built it.
  public var swift = RunEnvironment.compiler
  /// Threads that computed; nil when that is not known.
  public var threads: Int?
  /// The processor, as it calls itself.
  public var processor = Machine.processor
  /// Processors that the system has.
  public var processors = Machine.processors
  /// Memory of the machine, in GB; 0 where the system does not say.
  public var memory = Machine.gigabytes
  /// The operating system.
  public var system = Machine.system

  /// This machine, now.
  ///
  /// - Parameter arguments: the command line, the program first.
  public init(arguments: [String], threads: Int?) {
    command = arguments.map(Self.quoted).joined(separator: " ")
    self.threads = threads
  }

  /// Writes the environment into a run's folder. A run that was begun before keeps the command that began it.
  ///
  /// - Throws: `FormatError` when the file cannot be written.
  public func write(to run: RunFolder) throws {
    guard try Self.stored(run) == nil else { return }
    try AtomicFile.write(JSON.readable(self), to: Self.path(run))
  }

  /// The environment of a run; where none was written, this machine and a command that asks for the same.
  static func read(_ run: RunFolder, _ configuration: RunConfiguration) throws -> RunEnvironment {
    if let stored = try stored(run) { return stored }
    let arguments = [
      "apus", "train", configuration.model.name, "--data", configuration.data, "--epochs", "\(configuration.epochs)",
      "--batch-size", "\(configuration.batchSize)", "--seed", "\(configuration.seed)",
    ]
    return RunEnvironment(arguments: arguments, threads: nil)
  }

  private static func path(_ run: RunFolder) -> String { run.path + "/environment.json" }

  private static func stored(_ run: RunFolder) throws -> RunEnvironment? {
    guard access(path(run), F_OK) == 0 else { return nil }
    let text = try FileBytes.read(path(run)).withBytes { String(decoding: $0, as: UTF8.self) }
    guard let found = try? JSON.decode(RunEnvironment.self, text) else {
      throw TrainingError(
        path(run), "is damaged or was not written by this program", advice: "delete it and make the report again")
    }
    return found
  }

  /// A word as a shell reads it as one.
  private static func quoted(_ word: String) -> String {
    let isPlain =
      !word.isEmpty && word.allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber) || "-_./,=:+@%".contains($0) }
    return isPlain
      ? word : "'" + word.split(separator: "'", omittingEmptySubsequences: false).joined(separator: "'\\''") + "'"
  }

  private static var compiler: String {
    #if swift(>=6.4)
      "6.4 or later"
    #elseif swift(>=6.3)
      "6.3"
    #else
      "before 6.3"
    #endif
  }
}

/// The machine this program runs on.
enum Machine {
  /// The processor, as it calls itself.
  static var processor: String {
    value("model name", in: "/proc/cpuinfo") ?? "unknown"
  }

  /// Processors that the system has.
  static var processors: Int { Int(sysconf(Int32(_SC_NPROCESSORS_ONLN))) }

  /// Memory of the machine, in GB; 0 where the system does not say.
  static var gigabytes: Double {
    let kilobytes = value("MemTotal", in: "/proc/meminfo").flatMap { $0.split(separator: " ").first }
      .flatMap { Double($0) }
    return ((kilobytes ?? 0) / 1_048_576 * 10).rounded() / 10
  }

  /// The operating system.
  static var system: String {
    if let name = value("PRETTY_NAME", in: "/etc/os-release") { return name }
    var names = utsname()
    guard uname(&names) == 0 else { return "unknown" }
    return withUnsafeBytes(of: names.sysname) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
  }

  /// The value of the first line `name: value` or `name="value"`.
  private static func value(_ name: String, in file: String) -> String? {
    for line in text(file).split(separator: "\n") where line.hasPrefix(name) {
      guard let mark = line.firstIndex(where: { $0 == ":" || $0 == "=" }) else { continue }
      let value = line[line.index(after: mark)...].drop { $0 == " " || $0 == "\"" }
      return String(value.hasSuffix("\"") ? value.dropLast() : value)
    }
    return nil
  }

  /// The beginning of a file; files of the system have no size, so it is read in one piece.
  private static func text(_ file: String) -> String {
    let descriptor = open(file, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { return "" }
    defer { close(descriptor) }
    let bytes = [UInt8](unsafeUninitializedCapacity: 1 << 14) { buffer, count in
      count = max(read(descriptor, buffer.baseAddress, buffer.count), 0)
    }
    return String(decoding: bytes, as: UTF8.self)
  }
}
