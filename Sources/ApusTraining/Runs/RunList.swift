import ApusFormats

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// The runs under a folder, as `apus runs --json` prints them.
public struct RunList: Sendable, Hashable, Encodable {
  /// A run that cannot be read.
  public struct Damage: Sendable, Hashable, Encodable {
    /// The folder.
    public let run: String
    /// What is wrong, in a sentence.
    public let problem: String
  }

  /// What runs can be sorted by.
  public enum Order: String, Sendable, Hashable, CaseIterable {
    /// By folder.
    case run
    /// The oldest first.
    case date
    /// The best on the validation part first.
    case validation
    /// The best on the test part first.
    case test
    /// The quickest first.
    case seconds
    /// The smallest first.
    case parameters
    /// The smallest first.
    case learningRate = "learning-rate"
    /// By model, then by data.
    case model
  }

  /// The folder that was searched.
  public let folder: String
  /// The runs.
  public let runs: [RunSummary]
  /// Runs that cannot be read.
  public let damaged: [Damage]

  /// Reads the runs in a folder and in the folders below it, up to four levels deep.
  ///
  /// - Throws: ``TrainingError`` when there is no such folder.
  public init(under folder: String, by order: Order = .date) throws {
    let root = RunFolder(folder)
    guard let first = Self.folders(in: root.path) else {
      throw TrainingError(folder, "there is no such folder", advice: "give a folder with runs, or train one first")
    }
    var found: [RunSummary] = []
    var damaged: [Damage] = []
    for path in Self.runs(in: root.path, first, depth: 4).sorted() {
      do { found.append(try RunSummary(RunFolder(path))) } catch {
        damaged.append(Damage(run: path, problem: "\(error)"))
      }
    }
    self.folder = root.path
    self.damaged = damaged
    runs = Self.sorted(found, order)
  }

  private static func sorted(_ runs: [RunSummary], _ order: Order) -> [RunSummary] {
    /// Runs with the smallest key first, those without one last; equal ones by folder, which they are sorted by already.
    func by(_ key: (RunSummary) -> Double?) -> [RunSummary] {
      runs.enumerated().sorted { a, b in
        (key(a.element) ?? .infinity, a.offset) < (key(b.element) ?? .infinity, b.offset)
      }.map(\.element)
    }
    func badness(_ value: MetricValue?) -> Double? {
      value.flatMap { $0.value.isNaN ? nil : $0.isLoss ? $0.value : -$0.value }
    }
    return switch order {
    case .run: runs
    case .date: runs.sorted { ($0.date, $0.run) < ($1.date, $1.run) }
    case .validation: by { badness($0.validation) }
    case .test: by { badness($0.test) }
    case .seconds: by(\.seconds)
    case .parameters: by { $0.parameters.map(Double.init) }
    case .learningRate: by(\.learningRate)
    case .model: runs.sorted { ($0.model, $0.data, $0.run) < ($1.model, $1.data, $1.run) }
    }
  }

  /// The folders that hold a `config.json`.
  private static func runs(in path: String, _ folders: [String], depth: Int) -> [String] {
    let below = folders.flatMap { name -> [String] in
      let inner = path + "/" + name
      return depth > 0 ? runs(in: inner, self.folders(in: inner) ?? [], depth: depth - 1) : []
    }
    return (RunFolder(path).holdsRun ? [path] : []) + below
  }

  /// The names of the folders in a folder, but for hidden ones and links; nil when it cannot be read.
  private static func folders(in path: String) -> [String]? {
    guard let directory = opendir(path) else { return nil }
    defer { closedir(directory) }
    var found: [String] = []
    while let entry = readdir(directory) {
      let name = withUnsafeBytes(of: entry.pointee.d_name) { bytes in
        String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
      }
      var status = stat()
      guard !name.hasPrefix("."), lstat(path + "/" + name, &status) == 0 else { continue }
      if status.st_mode & S_IFMT == S_IFDIR { found.append(name) }
    }
    return found
  }
}
