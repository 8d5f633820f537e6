import ApusFormats
import ApusTensor

/// CIFAR-10 and CIFAR-100: 50,000 + 10,000 colour pictures of things and animals, 32x32, in 10 or 100 classes.
///
/// Their binary files are `data_batch_1.bin` to `data_batch_5.bin` and `test_batch.bin`, or `train.bin` and `test.bin`; names
/// of the classes are in `batches.meta.txt` or `fine_label_names.txt` if they are there. A record is a label (of CIFAR-100
/// a coarse label, which is passed over, and a fine one) and 3072 bytes: red, green, blue, each row after row.
///
/// Reference: Learning Multiple Layers of Features from Tiny Images; Krizhevsky; 2009;
/// https://www.cs.toronto.edu/~kriz/cifar.html
public enum CIFAR: String, Sendable, CaseIterable {
  /// Ten classes.
  case cifar10
  /// A hundred classes.
  case cifar100

  private static let pixelCount = 3 * 32 * 32

  private var labelBytes: Int { self == .cifar10 ? 1 : 2 }
  private var classCount: Int { self == .cifar10 ? 10 : 100 }
  private var trainFiles: [String] { self == .cifar10 ? (1...5).map { "data_batch_\($0).bin" } : ["train.bin"] }
  private var testFile: String { self == .cifar10 ? "test_batch.bin" : "test.bin" }
  private var namesFile: String { self == .cifar10 ? "batches.meta.txt" : "fine_label_names.txt" }
  private var usualNames: [String] {
    self == .cifar10
      ? ["airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck"]
      : (0..<100).map { String($0) }
  }

  /// Which of the two a folder holds; nil when it has no file that either begins with.
  public static func recognized(in folder: String) -> CIFAR? {
    allCases.first { DataFolders.kind("\(folder)/\($0.trainFiles[0])") == .file }
  }

  /// The pictures of a folder, u8 `[N, 3, 32, 32]`, in memory.
  ///
  /// Files of the training part that are missing are left out, but for the first; so is the test part.
  ///
  /// - Throws: ``DataError`` when a file is cut short or a label is none; `FormatError` when one cannot be read.
  public func load(_ folder: String, name: String? = nil) throws -> LoadedData {
    let name = name ?? folder
    let names = try classNames(folder)
    func part(_ files: [String], _ title: String) throws -> Dataset? {
      let found = files.map { "\(folder)/\($0)" }.filter { DataFolders.kind($0) == .file }
      guard !found.isEmpty else { return nil }
      var (labels, pixels): ([Int32], [UInt8]) = ([], [])
      for path in found { try read(path, &labels, &pixels) }
      return try Dataset(
        name: "\(name) \(title)", inputs: HostArray(pixels, shape: [labels.count, 3, 32, 32]),
        targets: HostArray(labels, shape: [labels.count]), classNames: names)
    }
    guard let train = try part(trainFiles, "training") else {
      throw DataError(
        place: folder, problem: "lacks \(trainFiles[0])", advice: "put the .bin files of the data set there")
    }
    return try LoadedData(name: name, train: train, test: try part([testFile], "test"))
  }

  private func read(_ path: String, _ labels: inout [Int32], _ pixels: inout [UInt8]) throws {
    let record = labelBytes + Self.pixelCount
    try FileBytes.read(path).withBytes { bytes in
      guard !bytes.isEmpty, bytes.count % record == 0 else {
        throw DataError(
          place: path, problem: "has \(bytes.count) bytes, not a number of records of \(record)",
          advice: "get the file again")
      }
      for start in stride(from: 0, to: bytes.count, by: record) {
        let label = Int(bytes[start + labelBytes - 1])
        guard label < classCount else {
          throw DataError(
            place: path, problem: "the label of record \(start / record) is \(label), not one of \(classCount) classes",
            advice: "get the file again")
        }
        labels.append(Int32(label))
        pixels.append(contentsOf: bytes[start + labelBytes..<start + record])
      }
    }
  }

  private func classNames(_ folder: String) throws -> [String] {
    let path = "\(folder)/\(namesFile)"
    guard DataFolders.kind(path) == .file else { return usualNames }
    let text = try FileBytes.read(path).withBytes { String(decoding: $0.prefix(1 << 16), as: UTF8.self) }
    let names = text.split(whereSeparator: \.isNewline).map { $0.filter { $0 != " " } }.filter { !$0.isEmpty }
    guard names.count == classCount, Set(names).count == classCount else {
      throw DataError(
        place: path, problem: "names \(names.count) classes, not \(classCount)", advice: "get the file again")
    }
    return names
  }

  static func load(_ name: String, in folders: DataFolders) throws -> LoadedData? {
    guard let kind = CIFAR(rawValue: name.filter { $0 != "-" }) else { return nil }
    let entry = kind.entry(folders)
    guard let found = entry.found else { throw entry.missing() }
    return try kind.load(found, name: kind.rawValue)
  }

  func entry(_ folders: DataFolders) -> DataCatalog.Entry {
    let archive = self == .cifar10 ? "cifar-10-binary.tar.gz" : "cifar-100-binary.tar.gz"
    return DataCatalog.Entry(
      name: rawValue, summary: "things and animals, 50,000 + 10,000 colour pictures 32x32, \(classCount) classes",
      places: folders.candidates(rawValue),
      command: "tar -xzf \(archive) --strip-components 1 -C \(folders.candidates(rawValue).last ?? rawValue) with the "
        + "archive of https://www.cs.toronto.edu/~kriz/cifar.html",
      licence: "none stated (A. Krizhevsky)", isPresent: { Self.recognized(in: $0) == self })
  }
}
