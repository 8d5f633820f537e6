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

    init(
      name: String, summary: String, places: [String], command: String, licence: String,
      isPresent: (String) -> Bool = IDXFolder.isPresent
    ) {
      self.name = name
      self.summary = summary
      self.places = places
      self.command = command
      self.licence = licence
      found = places.first { isPresent($0) }
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
      + NamedTable.allCases.map { $0.entry(folders) }
  }

  /// A data set by its name, or by the path of a CSV file (``CSVDataset``), an `.npz` file (``NPZDataset``) or a folder
  /// with the four IDX files (``IDXFolder``).
  ///
  /// - Parameters:
  ///   - csv: how a CSV file, or a named table, is read; of an `.npz` file only the kind of the targets counts.
  ///   - schema: what the columns of a CSV file mean, of a saved run; nil finds it out.
  /// - Throws: ``DataError`` when the name is unknown (with the nearest names), the data set is not there (with the
  ///   command that gets it) or does not fit together; `FormatError` when a file is damaged.
  public static func load(
    _ nameOrPath: String, in folders: DataFolders = .standard, csv: CSVOptions = CSVOptions(),
    schema: TableSchema? = nil
  ) throws -> LoadedData {
    if let table = NamedTable(rawValue: nameOrPath.lowercased()) {
      return try table.load(in: folders, options: csv, schema: schema)
    }
    if CSVDataset.recognizes(nameOrPath), DataFolders.kind(nameOrPath) == .file {
      return try CSVDataset.load(nameOrPath, options: csv, schema: schema)
    }
    let data = try loadArrays(nameOrPath, folders, csv.kind)
    var kindOnly = CSVOptions()
    kindOnly.kind = data.train.classCount > 0 && csv.kind == .classification ? .classification : nil
    kindOnly.kind = data.train.classCount == 0 && csv.kind == .regression ? .regression : kindOnly.kind
    guard csv == kindOnly else {
      throw DataError(
        place: nameOrPath, problem: "is no table, so that columns, targets and missing values cannot be chosen",
        advice: "leave such options out, or give a CSV file")
    }
    return data
  }

  private static func loadArrays(
    _ nameOrPath: String, _ folders: DataFolders, _ kind: TargetKind?
  ) throws -> LoadedData {
    switch nameOrPath.lowercased() {
    case "digits": return try Digits.load()
    case "fashion-mnist": return try FashionMNIST.load(in: folders)
    case "mnist": return try MNIST.load(in: folders)
    default: break
    }
    switch DataFolders.kind(nameOrPath) {
    case .folder: return try IDXFolder.load(nameOrPath)
    case .file: return try loadFile(nameOrPath, kind)
    case .nothing: throw unknown(nameOrPath, in: folders)
    }
  }

  private static func loadFile(_ path: String, _ kind: TargetKind?) throws -> LoadedData {
    let known = [".npy", ".gz", "-ubyte", ".safetensors", ".png"]
    if let suffix = known.first(where: { path.lowercased().hasSuffix($0) }) {
      throw DataError(
        place: path, problem: "a \(suffix) file is not a data set",
        advice: "give a .csv file, an .npz file with x_train and y_train, or a folder with the four IDX files")
    }
    return try NPZDataset.load(path, kind: kind)
  }

  private static func unknown(_ name: String, in folders: DataFolders) -> DataError {
    let names = entries(in: folders).map(\.name)
    if name.contains("/") || name.hasSuffix(".npz") || CSVDataset.recognizes(name) {
      return DataError(
        place: name, problem: "there is no such file or folder",
        advice: "check the path, or choose one of: \(names.joined(separator: ", "))")
    }
    let nearest = NearestNames.of(name, among: names)
    let meant = nearest.isEmpty ? "" : "did you mean \(nearest.joined(separator: " or "))? "
    return DataError(
      place: name.isEmpty ? "(no name)" : name, problem: "there is no data set of this name",
      advice: meant
        + "choose one of: \(names.joined(separator: ", ")), or the path of a .csv file, .npz file or IDX folder")
  }
}
