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
    [Digits.entry, FashionMNIST.entry(folders), MNIST.entry(folders)] + CIFAR.allCases.map { $0.entry(folders) }
      + NamedTable.allCases.map { $0.entry(folders) } + NamedPairs.allCases.map { $0.entry(folders) }
  }

  /// What a path can lead to, a line for each.
  public static let pathForms = [
    "a .csv file, with --target and other options for its columns", "an .npz file with x_train and y_train",
    "a folder with the four IDX files, or with the .bin files of CIFAR-10 or CIFAR-100",
    "a folder of PNG and JPEG pictures with a folder for each class, or with such folders in train, validation and test",
    "a folder of WAV sounds with a folder for each class, or with such folders in train, validation and test",
    "a folder with pictures in images and masks of their pixels' classes in masks, or with such in train and so on",
    "a text in UTF-8 (.txt, .txt.gz) or a folder of such, for charlm and wordlm",
    "lines of a class, a tab and a text for textclassifier, of a source, a tab and a target for seq2seq",
  ]

  /// A data set by its name, or by the path of a CSV file (``CSVDataset``), an `.npz` file (``NPZDataset``), a folder
  /// with the four IDX files (``IDXFolder``) a folder of pictures (``ImageFolder``, ``SegmentationFolder``) or of sounds (``SoundFolder``).
  ///
  /// - Parameters:
  ///   - images: how pictures in files are read.
  ///   - form: what pictures in files are brought to, of a saved run; nil decides by options and pictures.
  ///   - sound: what sounds in files are brought to, of a saved run; nil decides by the sounds.
  ///   - check: how many of the pictures are looked at now.
  ///   - csv: how a CSV file, or a named table, is read; of an `.npz` file only the kind of the targets counts.
  ///   - schema: what the columns of a CSV file mean, of a saved run; nil finds it out.
  /// - Throws: ``DataError`` when the name is unknown (with the nearest names), the data set is not there (with the
  ///   command that gets it) or does not fit together; `FormatError` when a file is damaged.
  public static func load(
    _ nameOrPath: String, in folders: DataFolders = .standard, csv: CSVOptions = CSVOptions(),
    schema: TableSchema? = nil, images: ImageOptions = .usual, form: PictureForm? = nil,
    sound: SoundForm? = nil, check: ImageFolder.Check = .all
  ) throws -> LoadedData {
    let data = try load(nameOrPath, folders, csv, schema, images, form, sound, check)
    guard images == .usual || data.form != nil else {
      throw DataError(
        place: nameOrPath, problem: "is no folder of pictures, so that their size and channels cannot be chosen",
        advice: "leave such options out, or give a folder of PNG and JPEG files")
    }
    return data
  }

  /// Whether a path is that of a folder of pictures, whose size and channels can be chosen.
  public static func holdsPictures(_ path: String, in folders: DataFolders = .standard) -> Bool {
    !entries(in: folders).contains { $0.name == path.lowercased() } && DataFolders.kind(path) == .folder
      && !IDXFolder.isBegun(path) && CIFAR.recognized(in: path) == nil
      && (SegmentationFolder.recognizes(path) || ImageFolder.recognizes(path))
  }

  private static func load(
    _ nameOrPath: String, _ folders: DataFolders, _ csv: CSVOptions, _ schema: TableSchema?, _ images: ImageOptions,
    _ form: PictureForm?, _ sound: SoundForm?, _ check: ImageFolder.Check
  ) throws -> LoadedData {
    if let table = NamedTable(rawValue: nameOrPath.lowercased()) {
      return try table.load(in: folders, options: csv, schema: schema)
    }
    if NamedPairs(rawValue: nameOrPath.lowercased()) != nil {
      throw DataError(
        place: nameOrPath, problem: "holds pairs of texts", advice: "train seq2seq on it")
    }
    if CSVDataset.recognizes(nameOrPath), DataFolders.kind(nameOrPath) == .file {
      return try CSVDataset.load(nameOrPath, options: csv, schema: schema)
    }
    let data = try loadArrays(nameOrPath, folders, csv.kind, sound) {
      SegmentationFolder.recognizes(nameOrPath)
        ? try SegmentationFolder.load(nameOrPath, options: images, form: form, check: check)
        : try ImageFolder.load(nameOrPath, options: images, form: form, check: check)
    }
    var kindOnly = CSVOptions()
    kindOnly.kind = data.train.classCount > 0 && csv.kind == .classification ? .classification : nil
    kindOnly.kind = data.train.classCount == 0 && csv.kind == .regression ? .regression : kindOnly.kind
    var untyped = csv
    untyped.kind = nil
    if untyped == CSVOptions(), csv != kindOnly {
      let (has, needs) = data.train.classCount > 0 ? ("classes", "numbers") : ("numbers", "classes")
      throw DataError(
        place: nameOrPath, problem: "has \(has) for targets, and the task needs \(needs)",
        advice: "leave --task out, or give other data")
    }
    guard csv == kindOnly else {
      throw DataError(
        place: nameOrPath, problem: "is no table, so that columns, targets and missing values cannot be chosen",
        advice: "leave such options out, or give a CSV file")
    }
    return data
  }

  private static func loadArrays(
    _ nameOrPath: String, _ folders: DataFolders, _ kind: TargetKind?, _ sound: SoundForm?,
    _ pictures: () throws -> LoadedData
  ) throws -> LoadedData {
    if let data = try CIFAR.load(nameOrPath.lowercased(), in: folders) { return data }
    switch nameOrPath.lowercased() {
    case "digits": return try Digits.load()
    case "fashion-mnist": return try FashionMNIST.load(in: folders)
    case "mnist": return try MNIST.load(in: folders)
    default: break
    }
    switch DataFolders.kind(nameOrPath) {
    case .folder: return try loadFolder(nameOrPath, sound, pictures)
    case .file: return try loadFile(nameOrPath, kind)
    case .nothing: throw unknown(nameOrPath, in: folders)
    }
  }

  private static func loadFolder(
    _ path: String, _ sound: SoundForm?, _ pictures: () throws -> LoadedData
  ) throws -> LoadedData {
    if IDXFolder.isBegun(path) { return try IDXFolder.load(path) }
    if let cifar = CIFAR.recognized(in: path) { return try cifar.load(path) }
    if SegmentationFolder.recognizes(path) || ImageFolder.recognizes(path) { return try pictures() }
    if SoundFolder.recognizes(path) { return try SoundFolder.load(path, form: sound) }
    throw DataError(
      place: path,
      problem: "lacks train-images-idx3-ubyte (or .gz), and its folders hold no PNG or JPEG pictures and no WAV sounds",
      advice: "put the four IDX files of a data set there, or a folder of pictures or sounds for each class")
  }

  private static func loadFile(_ path: String, _ kind: TargetKind?) throws -> LoadedData {
    if [".txt", ".text", ".md", ".txt.gz"].contains(where: { path.lowercased().hasSuffix($0) }) {
      throw DataError(
        place: path, problem: "is a text, not samples of numbers",
        advice: "train charlm or wordlm on it, or textclassifier or seq2seq on lines with tabs")
    }
    let known = [".npy", ".gz", "-ubyte", ".safetensors", ".png", ".jpg", ".jpeg"]
    if let suffix = known.first(where: { path.lowercased().hasSuffix($0) }) {
      throw DataError(
        place: path, problem: "a \(suffix) file is not a data set",
        advice: "give \(pathForms.joined(separator: ", or "))")
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
        + "choose one of: \(names.joined(separator: ", ")), or the path of a .csv file, .npz file, IDX folder or folder "
        + "of pictures or sounds")
  }
}
