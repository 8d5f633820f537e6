import ApusTensor

/// Fashion-MNIST: 60,000 + 10,000 gray pictures of clothes, 28x28, in ten classes.
///
/// It is the Debian package dataset-fashion-mnist, or the same four files in one of ``DataFolders``.
///
/// Reference: Fashion-MNIST: a Novel Image Dataset for Benchmarking Machine Learning Algorithms; Xiao, Rasul, Vollgraf;
/// 2017; https://arxiv.org/abs/1708.07747
public struct FashionMNIST: Sendable {
  /// The names of the classes.
  public static let classNames = [
    "T-shirt/top", "Trouser", "Pullover", "Dress", "Coat", "Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot",
  ]

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
      name: "fashion-mnist", summary: "clothes, 60,000 + 10,000 gray pictures 28x28, 10 classes",
      places: folders.candidates("fashion-mnist", others: ["/usr/share/datasets/fashion-mnist"]),
      command: "sudo apt-get install dataset-fashion-mnist", licence: "MIT")
  }
}
