import ApusFormats
import ApusTensor

/// A folder with the four files of MNIST and its relatives: pictures and labels for training and test.
///
/// The files are `train-images-idx3-ubyte`, `train-labels-idx1-ubyte`, `t10k-images-idx3-ubyte` and
/// `t10k-labels-idx1-ubyte`, each plain or with `.gz`.
public enum IDXFolder {
  private static let stems = ["train-images", "train-labels", "t10k-images", "t10k-labels"]

  /// The pictures of a folder, `[N, 1, height, width]` (or `[N, channels, height, width]` of four-axes files).
  ///
  /// - Parameter classNames: nil names the classes by their numbers.
  /// - Throws: ``DataError`` when a file is missing or pictures and labels do not fit; `FormatError` when one is
  ///   damaged.
  public static func load(_ folder: String, name: String? = nil, classNames: [String]? = nil) throws -> LoadedData {
    let name = name ?? folder
    var paths: [String] = []
    for stem in stems {
      guard let path = file(stem, in: folder) else {
        throw DataError(
          place: folder, problem: "lacks \(fileName(stem)) (or .gz)",
          advice: "put the four IDX files of the data set there")
      }
      paths.append(path)
    }
    let trainLabels = try labels(paths[1])
    let testLabels = try labels(paths[3])
    let classes = classNames ?? LabelReader.numbered((trainLabels + testLabels).max() ?? 0)
    func part(_ imagesPath: String, _ labels: [Int32], _ partName: String) throws -> Dataset {
      let targets = HostArray(labels, shape: [labels.count])
      return try Dataset(name: partName, inputs: try images(imagesPath), targets: targets, classNames: classes)
    }
    return try LoadedData(
      name: name, train: try part(paths[0], trainLabels, name + " training"),
      test: try part(paths[2], testLabels, name + " test"))
  }

  /// Whether a folder holds the four files.
  public static func isPresent(_ folder: String) -> Bool { stems.allSatisfy { file($0, in: folder) != nil } }

  /// Whether a folder holds one of the files.
  static func isBegun(_ folder: String) -> Bool { stems.contains { file($0, in: folder) != nil } }

  private static func fileName(_ stem: String) -> String {
    stem + (stem.hasSuffix("images") ? "-idx3-ubyte" : "-idx1-ubyte")
  }

  private static func file(_ stem: String, in folder: String) -> String? {
    let path = "\(folder)/\(fileName(stem))"
    return [path, path + ".gz"].first { DataFolders.kind($0) == .file }
  }

  private static func images(_ path: String) throws -> HostArray {
    let array = try IDX.read(from: path)
    let shape = array.shape
    switch shape.rank {
    case 3: return array.reshaped([shape[0], 1, shape[1], shape[2]])
    case 4: return array
    default:
      throw DataError(
        place: path, problem: "holds an array \(shape), not pictures", advice: "give an IDX file with three axes")
    }
  }

  private static func labels(_ path: String) throws -> [Int32] {
    try LabelReader.labels(in: try IDX.read(from: path), place: path)
  }
}

/// Finding one of the data sets that consist of the four IDX files.
enum KnownIDXFolder {
  static func load(
    _ entry: DataCatalog.Entry, classNames: [String]
  ) throws -> LoadedData {
    guard let folder = entry.found else { throw entry.missing() }
    return try IDXFolder.load(folder, name: entry.name, classNames: classNames)
  }
}
