import ApusFormats
import ApusTensor
import Synchronization

/// A folder of sounds with a folder for each class: `words/yes/*.wav`, `words/no/*.wav`; or with such folders for each
/// part: `words/train/yes/*.wav`, `words/validation/...` (or `val`, `valid`), `words/test/...`.
///
/// Classes are named by their folders, in the order of the names. All sounds have the sample rate of the first one, and
/// become sequences (``SoundForm``) as long as the longest sound of the training part: f32 `[N, steps, bands * channels]`.
/// Sounds keep their channels where all of the training part have as many, and are mixed down to one where they do not.
public enum SoundFolder {
  /// Whether a folder, or one that it holds, has files named as sounds.
  public static func recognizes(_ folder: String) -> Bool {
    FolderListing.search(folder) { $0.kind == .file && isNamedAsSound($0.name) }
  }

  /// The sounds below a folder.
  ///
  /// - Parameter form: what they are brought to, of a saved run; nil decides by the sounds of the training part.
  /// - Throws: ``DataError`` or `FormatError` when there are no sounds of two classes, or a file is bad.
  public static func load(_ folder: String, form known: SoundForm? = nil) throws -> LoadedData {
    let parts = try PartFolders(folder)
    var files: [PartFolders.Name: LabelledFiles] = [:]
    var classNames: [String] = []
    for name in PartFolders.Name.allCases {
      guard let path = parts.all[name] else { continue }
      let classes = try classFolders(path)
      if name == .train {
        classNames = try ClassFolder.trainingClasses(classes, of: "sounds", in: path, folder, example: ("yes", "no"))
      }
      files[name] = try LabelledFiles(classes, classes: classNames, of: "sounds")
    }
    let form = try known ?? form(of: files[.train]?.paths ?? [])
    func dataset(_ name: PartFolders.Name) throws -> Dataset? {
      guard let part = files[name] else { return nil }
      return try Dataset(
        name: parts.title(name, folder), inputs: sequences(part.paths, form, folder),
        targets: HostArray(part.labels, shape: [part.labels.count]), classNames: classNames)
    }
    guard let train = try dataset(.train) else { throw PartFolders.missing(folder) }
    return try LoadedData(
      name: folder, train: train, validation: try dataset(.validation), test: try dataset(.test), sound: form)
  }

  private static func isNamedAsSound(_ name: String) -> Bool {
    [".wav", ".wave"].contains { name.lowercased().hasSuffix($0) }
  }

  /// The class folders of a part with their files.
  private static func classFolders(_ folder: String) throws -> [ClassFolder] {
    var found: [ClassFolder] = []
    for entry in try FolderListing(folder).entries {
      if entry.kind == .file, isNamedAsSound(entry.name) {
        throw DataError(
          place: entry.path, problem: "this sound lies in no class folder",
          advice: "move it into the folder of its class")
      }
      guard case .folder = entry.kind else { continue }
      let files = try FilesBelow(entry.path)
      if let problem = files.problems.first { throw problem }
      if let other = files.paths.first(where: { !isNamedAsSound($0) }) {
        throw DataError(
          place: other, problem: "does not end in .wav, as the sounds of a class do",
          advice: "remove it, or convert it to an uncompressed WAV file")
      }
      guard !files.paths.isEmpty else {
        throw DataError(
          place: entry.path, problem: "this class folder holds no files", advice: "put WAV files there or remove it")
      }
      found.append(ClassFolder(name: entry.name, path: entry.path, files: files))
    }
    return found
  }

  /// What sounds become: the longest decides.
  private static func form(of paths: [String]) throws -> SoundForm {
    let sounds = try inParallel(paths) { path in
      let sound = try WAV(contentsOf: path)
      return (rate: sound.sampleRate, channels: sound.channels, frames: sound.samples.shape[0])
    }
    guard let first = sounds.first else {
      throw DataError(place: "the training part", problem: "holds no sounds", advice: "put WAV files there")
    }
    return try SoundForm(
      sampleRate: first.rate, channels: sounds.allSatisfy { $0.channels == first.channels } ? first.channels : 1,
      steps: SoundForm.steps(frames: sounds.map(\.frames).max() ?? 1, sampleRate: first.rate))
  }

  /// The sequences of sounds, f32 `[N, steps, bands * channels]`.
  private static func sequences(_ paths: [String], _ form: SoundForm, _ folder: String) throws -> HostArray {
    let size = form.shape.elementCount
    guard paths.count * size <= 1 << 29 else {
      throw DataError(
        place: folder, problem: "its \(paths.count) sounds of \(form.steps) pieces would take more than 2 GiB",
        advice: "give shorter or fewer sounds")
    }
    let rows = try inParallel(paths) { try form.sequence(contentsOf: $0).scalars(as: Float.self) }
    return HostArray(rows.flatMap { $0 }, shape: Shape([paths.count] + Array(form.shape)))
  }

  /// What a function makes of each path, by several threads.
  ///
  /// - Throws: what it throws for the first path that it fails for.
  private static func inParallel<Result: Sendable>(
    _ paths: [String], _ body: @escaping @Sendable (String) throws -> Result
  ) throws -> [Result] {
    let results = Mutex([Swift.Result<Result, any Error>?](repeating: nil, count: paths.count))
    ParallelLoop.run(paths.count) { index in
      let result = Swift.Result { try body(paths[index]) }
      results.withLock { $0[index] = result }
    }
    return try results.withLock { $0 }.compactMap { try $0?.get() }
  }
}
