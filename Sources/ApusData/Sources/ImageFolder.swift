import ApusFormats
import ApusTensor

/// A folder of pictures with a folder for each class: `photos/cat/*.jpg`, `photos/dog/*.png`; or with such folders for
/// each part: `photos/train/cat/*.jpg`, `photos/validation/...` (or `val`, `valid`), `photos/test/...`.
///
/// Classes are named by their folders, in the order of the names. Pictures are PNG and JPEG files, also in folders inside a
/// class folder. All become one form (``ImageOptions``, ``PictureForm``), u8 `[N, channels, height, width]`. They are
/// decoded when a batch needs them; where all decoded pictures take at most 1 GiB they are kept. Hidden files, and files
/// that stand beside the class folders and are no pictures, are passed over; whatever else is no usable picture is refused
/// or left out, as asked.
public enum ImageFolder {
  /// How much is looked at before a training begins.
  public enum Check: Sendable {
    /// Every picture is decoded once, so that a bad file is found now.
    case all
    /// A file is looked at when it is needed.
    case whenNeeded
  }

  /// Whether a folder, or one that it holds, has files named as pictures.
  public static func recognizes(_ folder: String) -> Bool {
    FolderListing.search(folder) { $0.kind == .file && isNamedAsPicture($0.name) }
  }

  /// The pictures below a folder.
  ///
  /// - Parameters:
  ///   - form: what they are brought to, of a saved run; nil decides by options and pictures.
  ///   - check: what is looked at now; bad files that are to be left out are always looked for.
  /// - Throws: ``DataError`` or `FormatError` when there are no pictures of two classes, or a file is bad.
  public static func load(
    _ folder: String, options: ImageOptions = .usual, form: PictureForm? = nil, check: Check = .all
  ) throws -> LoadedData {
    try load(folder, options: options, form: form, check: check, cacheBytes: PictureFiles.usualCache)
  }

  static func load(
    _ folder: String, options: ImageOptions, form: PictureForm?, check: Check, cacheBytes: Int
  ) throws -> LoadedData {
    var reading = PictureReading(bad: options.bad)
    let parts = try PartFolders(folder)
    var files: [PartFolders.Name: LabelledFiles] = [:]
    var classNames: [String] = []
    for name in PartFolders.Name.allCases {
      guard let path = parts.all[name] else { continue }
      let classes = try classFolders(path, &reading)
      if name == .train {
        classNames = try ClassFolder.trainingClasses(classes, of: "pictures", in: path, folder, example: ("cat", "dog"))
      }
      files[name] = try LabelledFiles(classes, classes: classNames, of: "pictures")
      for problem in classes.flatMap(\.files.problems) { try reading.note(problem) }
    }
    let form = try reading.form(of: PartFolders.Name.allCases.flatMap { files[$0]?.paths ?? [] }, options, known: form)
    func dataset(_ name: PartFolders.Name) throws -> Dataset? {
      guard let labelled = files[name] else { return nil }
      let kept = try reading.checked(labelled.paths, form: form, check: check, cacheBytes: cacheBytes)
      guard !kept.samples.isEmpty else {
        throw DataError(
          place: parts.all[name] ?? folder, problem: "holds no pictures that can be used",
          advice: "put PNG or JPEG files into the folders of the classes")
      }
      let labels = kept.samples.map { labelled.labels[Int($0)] }
      return Dataset(
        unchecked: parts.title(name, folder), SampleRows(kept.files, kept.samples),
        SampleRows(HostArray(labels, shape: [labels.count])), classNames)
    }
    guard let train = try dataset(.train) else { throw PartFolders.missing(folder) }
    return try LoadedData(
      name: folder, train: train, validation: try dataset(.validation), test: try dataset(.test), form: form,
      skipped: reading.skipped)
  }

  /// The class folders of a part that hold files.
  private static func classFolders(_ folder: String, _ reading: inout PictureReading) throws -> [ClassFolder] {
    var found: [ClassFolder] = []
    for entry in try FolderListing(folder).entries {
      switch entry.kind {
      case .folder:
        let files = try FilesBelow(entry.path)
        if files.paths.isEmpty, files.problems.isEmpty {
          try reading.note(
            DataError(
              place: entry.path, problem: "this class folder holds no files",
              advice: "put pictures there or remove it"))
        } else {
          found.append(ClassFolder(name: entry.name, path: entry.path, files: files))
        }
      case .file where isNamedAsPicture(entry.name):
        try reading.note(
          DataError(
            place: entry.path, problem: "this picture lies in no class folder",
            advice: "move it into the folder of its class"))
      case .nameless:
        try reading.note(
          DataError(place: entry.path, problem: "has a name that is not valid UTF-8", advice: "rename it"))
      default: break
      }
    }
    return found
  }

  private static func isNamedAsPicture(_ name: String) -> Bool {
    [".png", ".jpg", ".jpeg"].contains { name.lowercased().hasSuffix($0) }
  }
}

/// The folders of the parts of a data set.
struct PartFolders {
  enum Name: CaseIterable { case train, validation, test }

  let all: [Name: String]
  let train: String
  private let isDivided: Bool

  /// - Throws: `FormatError` when the folder cannot be read.
  init(_ folder: String) throws {
    let folders = try FolderListing(folder).folders
    func path(_ names: String...) -> String? {
      names.compactMap { name in folders.first { $0.name.lowercased() == name }?.path }.first
    }
    let train = path("train", "training")
    isDivided = try train.map { try !FolderListing($0).folders.isEmpty } ?? false
    guard isDivided, let train else {
      (self.train, all) = (folder, [.train: folder])
      return
    }
    var all = [Name.train: train]
    all[.validation] = path("validation", "val", "valid")
    all[.test] = path("test", "testing")
    (self.train, self.all) = (train, all)
  }

  /// What messages call a part.
  func title(_ name: Name, _ folder: String) -> String {
    isDivided ? "\(folder) \(name == .train ? "training" : "\(name)")" : folder
  }

  static func missing(_ folder: String) -> DataError {
    DataError(place: folder, problem: "has no training part", advice: "put its files into a folder called train")
  }
}

/// Reading many files of which some may be bad.
struct PictureReading {
  let bad: ImageOptions.BadImages
  /// What is wrong with files that were left out.
  private(set) var skipped: [DataError] = []
  private var badPaths: Set<String> = []

  init(bad: ImageOptions.BadImages) { self.bad = bad }

  /// Takes note of a bad file.
  ///
  /// - Throws: the problem, when bad files are refused.
  mutating func note(_ problem: DataError, others: Int = 0) throws {
    if bad == .skip {
      skipped.append(problem)
      badPaths.insert(problem.place)
      return
    }
    let more = others > 0 ? " (and \(others) more such file\(others == 1 ? "" : "s"))" : ""
    throw DataError(
      place: problem.place, problem: problem.problem + more,
      advice: problem.advice + ", or leave out bad files with --bad-images skip")
  }

  /// What pictures are brought to: the known form, else what options and the heads of all files say.
  mutating func form(of paths: [String], _ options: ImageOptions, known: PictureForm?) throws -> PictureForm {
    if let known { return known }
    if let height = options.height, let width = options.width, let channels = options.channels {
      return try PictureForm(channels: channels, height: height, width: width)
    }
    var heads: [(width: Int, height: Int, isGray: Bool)] = []
    var problems: [DataError] = []
    for path in paths {
      let problem = DataError.caught {
        let head = try PictureFile.head(of: path)
        heads.append((Int(head.width), Int(head.height), head.is_gray != 0))
      }
      if let problem { problems.append(problem) }
    }
    for problem in problems { try note(problem, others: problems.count - 1) }
    return try options.form(of: heads)
  }

  /// Whether a file has been left out.
  func isLeftOut(_ path: String) -> Bool { badPaths.contains(path) }

  /// The samples of files that are pictures.
  mutating func checked(
    _ paths: [String], form: PictureForm, check: ImageFolder.Check, cacheBytes: Int
  ) throws -> (files: PictureFiles, samples: [UInt32]) {
    let files = PictureFiles(paths, form: form, cacheBytes: cacheBytes)
    if check == .all || bad == .skip {
      let problems = files.problems().compactMap { $0 }.filter { !badPaths.contains($0.place) }
      for problem in problems { try note(problem, others: problems.count - 1) }
    }
    let samples = paths.indices.filter { !badPaths.contains(paths[$0]) }.map { UInt32($0) }
    return (files, samples)
  }
}
