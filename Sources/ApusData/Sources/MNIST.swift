import ApusTensor

/// MNIST: 60,000 + 10,000 gray pictures of handwritten digits, 28x28.
///
/// Its four IDX files, plain or `.gz`, are looked for in ``DataFolders``; `scripts/get-mnist` makes them.
///
/// Reference: Gradient-Based Learning Applied to Document Recognition; LeCun, Bottou, Bengio, Haffner; 1998;
/// https://doi.org/10.1109/5.726791
public struct MNIST: Sendable {
  /// The names of the classes: the digits.
  public static let classNames = (0..<10).map { String($0) }

  /// 60,000 samples, u8 `[60000, 1, 28, 28]`.
  public let train: Dataset
  /// 10,000 samples, u8 `[10000, 1, 28, 28]`.
  public let test: Dataset

  /// Reads the files.
  ///
  /// - Throws: ``DataError`` when they are not found, with the command that gets them; `FormatError` when one is
  ///   damaged.
  public init(in folders: DataFolders = .standard) throws {
    let data = try Self.load(in: folders)
    (train, test) = (data.train, data.test ?? data.train)
  }

  static func load(in folders: DataFolders) throws -> LoadedData {
    try KnownIDXFolder.load(entry(folders), classNames: classNames)
  }

  static func entry(_ folders: DataFolders) -> DataCatalog.Entry {
    DataCatalog.Entry(
      name: "mnist", summary: "handwritten digits, 60,000 + 10,000 gray pictures 28x28, 10 classes",
      places: folders.candidates("mnist"), command: "scripts/get-mnist", licence: "CC BY-SA 3.0 (Y. LeCun, C. Cortes)")
  }
}
