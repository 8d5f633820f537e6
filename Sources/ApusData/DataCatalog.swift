import ApusFormats

/// The data sets that can be named, and opening data by name or path.
public enum DataCatalog {
  /// A data set that can be named.
  public struct Entry: Sendable, Hashable {
    /// Its name.
    public let name: String
    /// What it is, in a line.
    public let summary: String
    /// The folders it is looked for in, in that order; empty when it is shipped inside the package.
    public let places: [String]
    /// The command that gets it; empty when it is shipped inside the package.
    public let command: String
    /// Its licence.
    public let licence: String
    /// The folder it was found in; nil when it was not, or is shipped inside the package.
    public let found: String?

    /// Whether it can be loaded.
    public var isAvailable: Bool { found != nil || places.isEmpty }

    init(name: String, summary: String, places: [String], command: String, licence: String) {
      self.name = name
      self.summary = summary
      self.places = places
      self.command = command
      self.licence = licence
      found = places.first { IDXFolder.isPresent($0) }
    }

    func missing() -> DataError {
      DataError(
        place: name, problem: "the data set was not found in \(places.joined(separator: ", "))",
        advice: "get it with: \(command)")
    }
  }

  /// Every data set that can be named, looked for now.
  public static func entries(in folders: DataFolders = .standard) -> [Entry] {
    [Digits.entry, FashionMNIST.entry(folders), MNIST.entry(folders)]
  }

  /// A data set by its name, or by the path of an `.npz` file (``NPZDataset``) or of a folder with the four IDX files
  /// (``IDXFolder``).
  ///
  /// - Throws: ``DataError`` when the name is unknown (with the nearest names), the data set is not there (with the
  ///   command that gets it) or does not fit together; `FormatError` when a file is damaged.
  public static func load(_ nameOrPath: String, in folders: DataFolders = .standard) throws -> LoadedData {
    switch nameOrPath.lowercased() {
    case "digits": return try Digits.load()
    case "fashion-mnist": return try FashionMNIST.load(in: folders)
    case "mnist": return try MNIST.load(in: folders)
    default: break
    }
    switch DataFolders.kind(nameOrPath) {
    case .folder: return try IDXFolder.load(nameOrPath)
    case .file: return try loadFile(nameOrPath)
    case .nothing: throw unknown(nameOrPath, in: folders)
    }
  }

  private static func loadFile(_ path: String) throws -> LoadedData {
    let known = [".npy", ".gz", "-ubyte", ".safetensors", ".csv", ".png"]
    if let suffix = known.first(where: { path.lowercased().hasSuffix($0) }) {
      throw DataError(
        place: path, problem: "a \(suffix) file is not a data set",
        advice: "give an .npz file with x_train and y_train, or a folder with the four IDX files")
    }
    return try NPZDataset.load(path)
  }

  private static func unknown(_ name: String, in folders: DataFolders) -> DataError {
    let names = entries(in: folders).map(\.name)
    if name.contains("/") || name.hasSuffix(".npz") {
      return DataError(
        place: name, problem: "there is no such file or folder",
        advice: "check the path, or choose one of: \(names.joined(separator: ", "))")
    }
    let nearest = NearestNames.of(name, among: names)
    let meant = nearest.isEmpty ? "" : "did you mean \(nearest.joined(separator: " or "))? "
    return DataError(
      place: name.isEmpty ? "(no name)" : name, problem: "there is no data set of this name",
      advice: meant + "choose one of: \(names.joined(separator: ", ")), or the path of an .npz file or IDX folder")
  }
}
