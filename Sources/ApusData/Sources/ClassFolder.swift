/// A folder whose files, also in folders inside it, are samples of one class, which it names.
struct ClassFolder {
  let name: String
  let path: String
  let files: FilesBelow

  /// The classes of a training part.
  ///
  /// - Parameters:
  ///   - kind: what the files are: `pictures`.
  ///   - part: the folder of the part, and `whole` that of the data set, for messages.
  ///   - example: names of two classes.
  /// - Throws: ``DataError`` when there are fewer than two.
  static func trainingClasses(
    _ folders: [ClassFolder], of kind: String, in part: String, _ whole: String, example: (String, String)
  ) throws -> [String] {
    guard folders.count >= 2 else {
      throw DataError(
        place: part,
        problem: folders.isEmpty
          ? "holds no folders of \(kind)" : "holds \(kind) of only one class, '\(folders[0].name)'",
        advice: "give a folder for each of at least two classes, such as \(whole)/\(example.0) and "
          + "\(whole)/\(example.1)")
    }
    return folders.map(\.name)
  }
}

/// Files and the number of each one's class.
struct LabelledFiles {
  private(set) var paths: [String] = []
  private(set) var labels: [Int32] = []

  /// The files of class folders.
  ///
  /// - Throws: ``DataError`` when the training part has no such class.
  init(_ folders: [ClassFolder], classes: [String], of kind: String) throws {
    for folder in folders {
      guard let label = classes.firstIndex(of: folder.name) else {
        throw DataError(
          place: folder.path, problem: "the training part has no class '\(folder.name)'",
          advice: "choose from \(classes.prefix(20).joined(separator: ", ")), or give training \(kind) of it")
      }
      paths += folder.files.paths
      labels += [Int32](repeating: Int32(label), count: folder.files.paths.count)
    }
  }
}
