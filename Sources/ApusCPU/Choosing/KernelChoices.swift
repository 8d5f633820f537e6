import ApusFormats
import ApusTensor
import CKernels
import COneDNN
import Foundation

/// The file in which choices of kernels are kept: a line of text for each, of the machine, the problem and the way.
///
/// Whatever lies there may be of another program or damaged: it is either a whole list of choices or nothing.
struct KernelChoices: Equatable {
  /// A choice of a machine.
  struct Key: Hashable {
    var machine: String
    var problem: String
  }

  private(set) var ways: [Key: String] = [:]
  /// The oldest first.
  private var order: [Key] = []

  /// To be raised when kernels change, so that what was measured before is measured again.
  private static let header = "apus kernel choices 1"
  private static let mostBytes = 1 << 20
  private static let mostFields = 400
  /// The oldest go when there are more.
  static let mostChoices = 3000

  init() {}

  /// Adds a choice, the newest.
  mutating func set(_ key: Key, _ way: String) {
    if ways.updateValue(way, forKey: key) != nil { order.removeAll { $0 == key } }
    order.append(key)
    for old in order.prefix(max(order.count - Self.mostChoices, 0)) { ways[old] = nil }
    order.removeFirst(max(order.count - Self.mostChoices, 0))
  }

  // MARK: Text

  /// Reads a list of choices.
  ///
  /// - Throws: ``FormatError`` that says what is wrong with it.
  init(text: String, file: String) throws {
    func corrupt(_ problem: String) -> FormatError {
      FormatError(file: file, problem: problem, advice: "delete the file; kernels are measured again")
    }
    let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
    guard lines.first.map(String.init) == Self.header else {
      throw corrupt("does not begin with '\(Self.header)', so it is no list of kernel choices of this version")
    }
    guard lines.count >= 2, lines.last == "" else { throw corrupt("ends within a line") }
    guard lines.count <= Self.mostChoices + 2 else { throw corrupt("has more than \(Self.mostChoices) choices") }
    for (number, line) in lines.enumerated().dropFirst().dropLast() {
      let fields = line.split(separator: "\t", omittingEmptySubsequences: false)
      let isPlain = line.utf8.count <= Self.mostFields && line.utf8.allSatisfy { $0 == 9 || $0 >= 32 && $0 < 127 }
      guard fields.count == 3, isPlain, fields.allSatisfy({ !$0.isEmpty }) else {
        throw corrupt("line \(number + 1) is no choice of a kernel")
      }
      set(Key(machine: String(fields[0]), problem: String(fields[1])), String(fields[2]))
    }
  }

  /// The list as text.
  var text: String {
    order.reduce(into: Self.header + "\n") { text, key in
      text += "\(key.machine)\t\(key.problem)\t\(ways[key] ?? "")\n"
    }
  }

  // MARK: Files

  /// The choices in a file; none where there is no file yet.
  ///
  /// - Throws: ``FormatError`` when the file cannot be read or is no list of choices.
  static func read(_ path: String) throws -> KernelChoices {
    guard FileManager.default.fileExists(atPath: path) else { return KernelChoices() }
    let (bytes, size) = try FileBytes.readStart(path, count: mostBytes)
    guard size <= mostBytes else {
      throw FormatError(
        file: path, problem: "has \(size) bytes, more than a list of kernel choices can have",
        advice: "delete the file; kernels are measured again")
    }
    let text = String(decoding: UnsafeRawBufferPointer(start: bytes.pointer, count: size), as: UTF8.self)
    return try KernelChoices(text: text, file: path)
  }

  /// Writes the choices, in one step and with the folders on the way.
  ///
  /// - Throws: ``FormatError`` when the file cannot be written.
  func write(_ path: String) throws {
    let folder = path.split(separator: "/", omittingEmptySubsequences: false).dropLast().joined(separator: "/")
    if !folder.isEmpty { try? FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true) }
    try AtomicFile.write(text, to: path)
  }

  /// Where the choices are kept: the file that `APUS_KERNEL_CHOICES` names, nowhere if that is `off`, else
  /// `apus/kernel-choices.txt` in the user's folder for such things.
  static func standardPath(_ environment: [String: String] = ProcessInfo.processInfo.environment) -> String? {
    func value(_ name: String) -> String? { environment[name].flatMap { $0.isEmpty ? nil : $0 } }
    if let path = value("APUS_KERNEL_CHOICES") { return path == "off" ? nil : path }
    guard let folder = value("XDG_CACHE_HOME") ?? value("HOME").map({ $0 + "/.cache" }) else { return nil }
    return folder + "/apus/kernel-choices.txt"
  }

  /// What times depend on besides the problem: the processor, the kernels' instruction set and the library.
  static let machine: String = {
    var processor = "unknown"
    if let text = try? String(contentsOfFile: "/proc/cpuinfo", encoding: .utf8) {
      let start = text.prefix { $0 != "\n" } + "\n" + text.split(separator: "\n").prefix(6).joined(separator: "\n")
      let names = ["vendor_id", "cpu family", "model"]
      let fields = start.split(separator: "\n").map {
        $0.split(separator: ":").map { $0.trimmingCharacters(in: .whitespaces) }
      }
      let found = names.compactMap { name in fields.first { $0.count == 2 && $0[0] == name }?[1] }
      if found.count == names.count { processor = found.joined(separator: "-") }
    }
    let version = dnnl_version().map { "\($0.pointee.major).\($0.pointee.minor).\($0.pointee.patch)" } ?? "unknown"
    let library = "oneDNN \(version) \(dnnl_get_effective_cpu_isa().rawValue)"
    return "\(processor) \(apus_instruction_set().map { String(cString: $0) } ?? "unknown") \(library)"
  }()
}
