import ApusFormats
import ApusTensor

/// A folder of pictures and masks that say of which class every pixel is: `scenes/images/a.jpg` and `scenes/masks/a.png`;
/// or with such folders for each part: `scenes/train/images`, `scenes/validation/...` (or `val`, `valid`),
/// `scenes/test/...`.
///
/// A mask has the name of its picture, but for the ending, and its size. It is a PNG of gray values or palette numbers
/// (``MaskClasses``): 0 and 255, or the number of each pixel's class, where 255 means none. The names of the classes may
/// stand in the file `classes.txt` of the folder, one a line. Pictures become one form as those of ``ImageFolder`` do, and
/// masks with them: inputs are u8 `[N, channels, height, width]`, targets i32 `[N, height, width]`.
public enum SegmentationFolder {
  static let namesFile = "classes.txt"

  /// Whether a folder, or its training part, holds the folders `images` and `masks`.
  public static func recognizes(_ folder: String) -> Bool {
    guard let parts = try? PartFolders(folder) else { return false }
    return ["images", "masks"].allSatisfy { FolderListing.identity("\(parts.train)/\($0)") != nil }
  }

  /// The pictures and masks below a folder.
  ///
  /// - Parameters:
  ///   - form: what they are brought to, of a saved run; nil decides by options and pictures.
  ///   - check: what is looked at now; bad files that are to be left out are always looked for.
  /// - Throws: ``DataError`` or `FormatError` when there are no pairs, a file is bad, or masks hold one class only.
  public static func load(
    _ folder: String, options: ImageOptions = .usual, form: PictureForm? = nil, check: ImageFolder.Check = .all
  ) throws -> LoadedData {
    try load(folder, options: options, form: form, check: check, cacheBytes: PictureFiles.usualCache)
  }

  static func load(
    _ folder: String, options: ImageOptions, form known: PictureForm?, check: ImageFolder.Check, cacheBytes: Int
  ) throws -> LoadedData {
    var reading = PictureReading(bad: options.bad)
    let parts = try PartFolders(folder)
    var pairs: [PartFolders.Name: [Pair]] = [:]
    for (name, path) in parts.all.sorted(by: { $0.value < $1.value }) { pairs[name] = try found(path, &reading) }
    var values: Set<Int> = []
    if known == nil || check == .all || options.bad == .skip {
      for name in PartFolders.Name.allCases {
        let scanned = MaskFiles.scan(pairs[name] ?? [])
        let problems = scanned.problems.compactMap { $0 }
        for problem in problems { try reading.note(problem, others: problems.count - 1) }
        values.formUnion(scanned.values)
      }
    }
    let classes = try known?.masks ?? MaskClasses(values, names: names(folder), place: folder)
    let sizes = try reading.form(
      of: PartFolders.Name.allCases.flatMap { (pairs[$0] ?? []).map(\.image) }, options, known: known)
    let form = try PictureForm(channels: sizes.channels, height: sizes.height, width: sizes.width, masks: classes)
    func dataset(_ name: PartFolders.Name) throws -> Dataset? {
      guard let part = pairs[name] else { return nil }
      let kept = try reading.checked(part.map(\.image), form: form, check: check, cacheBytes: cacheBytes)
      let samples = kept.samples.filter { !reading.isLeftOut(part[Int($0)].mask) }
      guard !samples.isEmpty else {
        throw DataError(
          place: parts.all[name] ?? folder, problem: "holds no pictures with masks that can be used",
          advice: "put pictures into the folder images and masks of the same names into masks")
      }
      let masks = MaskFiles(part.map(\.mask), form: form, classes: classes, cacheBytes: cacheBytes)
      return Dataset(
        unchecked: parts.title(name, folder), SampleRows(kept.files, samples), SampleRows(masks, samples),
        classes.names)
    }
    guard let train = try dataset(.train) else { throw PartFolders.missing(folder) }
    return try LoadedData(
      name: folder, train: train, validation: try dataset(.validation), test: try dataset(.test), form: form,
      skipped: reading.skipped)
  }

  private typealias Pair = (image: String, mask: String)

  /// The pairs of a part, in the order of their names.
  private static func found(_ folder: String, _ reading: inout PictureReading) throws -> [Pair] {
    let images = try files("\(folder)/images", &reading)
    let masks = try files("\(folder)/masks", &reading)
    for (stem, mask) in masks.sorted(by: { $0.key < $1.key }) where images[stem] == nil {
      try reading.note(
        DataError(place: mask, problem: "is a mask without a picture", advice: "add the picture to images or remove it")
      )
    }
    var pairs: [Pair] = []
    for (stem, image) in images.sorted(by: { $0.key < $1.key }) {
      guard let mask = masks[stem] else {
        try reading.note(
          DataError(place: image, problem: "has no mask", advice: "add masks/\(stem).png or remove the picture"))
        continue
      }
      pairs.append((image, mask))
    }
    return pairs
  }

  /// The files of a folder by their names without endings.
  private static func files(_ folder: String, _ reading: inout PictureReading) throws -> [String: String] {
    var found: [String: String] = [:]
    for entry in try FolderListing(folder).entries {
      guard entry.kind == .file else {
        try reading.note(
          DataError(
            place: entry.path,
            problem: entry.kind == .nameless ? "has a name that is not valid UTF-8" : "is no file", advice: "remove it")
        )
        continue
      }
      let stem = entry.name.lastIndex(of: ".").map { String(entry.name[..<$0]) } ?? entry.name
      if let other = found[stem] {
        try reading.note(
          DataError(place: entry.path, problem: "has the name of \(other)", advice: "give every file a name of its own")
        )
        continue
      }
      found[stem] = entry.path
    }
    return found
  }

  /// The names in `classes.txt`; nil when there is no such file.
  private static func names(_ folder: String) throws -> [String]? {
    let path = "\(folder)/\(namesFile)"
    guard DataFolders.kind(path) == .file else { return nil }
    let text = try FileBytes.read(path).withBytes { String(decoding: $0.prefix(1 << 16), as: UTF8.self) }
    let names = text.split(whereSeparator: \.isNewline).map { line in
      String(line.drop { $0 == " " }.reversed().drop { $0 == " " }.reversed())
    }
    guard Set(names).count == names.count, !names.isEmpty else {
      throw DataError(
        place: path, problem: "names no class or one twice", advice: "give a name of its own to each class")
    }
    return names
  }
}
