import ApusFormats
import ApusTensor

/// Optical recognition of handwritten digits: 1,797 gray pictures, 8x8, shipped inside the package.
///
/// The file gives 0 to 16 for every pixel (how many of 4x4 points are ink). They are stretched to bytes 0 to 255,
/// `(v * 255 + 8) / 16`, so that these pictures are like all others. The file has no test part of its own: one fifth of
/// every class is set aside, always the same samples (`split(validation: 0.2, seed: 0, stratified: true)`): 1,438
/// training samples and 359 for the test.
///
/// Source: UCI Machine Learning Repository, E. Alpaydin and C. Kaynak, 1998, https://doi.org/10.24432/C50P49,
/// CC BY 4.0; the copy in scikit-learn 1.9. See `Resources/ATTRIBUTION.md`.
public struct Digits: Sendable {
  /// The names of the classes: the digits.
  public static let classNames = (0..<10).map { String($0) }

  /// Four fifths of every class, u8 `[N, 1, 8, 8]`.
  public let train: Dataset
  /// One fifth of every class, u8 `[N, 1, 8, 8]`.
  public let test: Dataset

  /// Unpacks the pictures.
  ///
  /// - Throws: ``DataError`` or `FormatError` when the package was built from a damaged file.
  public init() throws {
    let text = try GzipFile.decompress(PackageResources.digits_csv_gz, limit: 1 << 20, file: "digits.csv.gz")
    let (pixels, labels) = try Self.parse(text)
    let count = labels.count
    let whole = try Dataset(
      name: "digits", inputs: HostArray(pixels, shape: [count, 1, 8, 8]), targets: HostArray(labels, shape: [count]),
      classNames: Self.classNames)
    let (train, test) = try whole.split(validation: 0.2, seed: 0, stratified: true)
    (self.train, self.test) = (train.renamed("digits training"), test.renamed("digits test"))
  }

  /// Lines of 64 pixels and a label.
  private static func parse(_ text: [UInt8]) throws -> (pixels: [UInt8], labels: [Int32]) {
    var pixels: [UInt8] = []
    var labels: [Int32] = []
    for line in text.split(separator: UInt8(ascii: "\n")) {
      let values = line.split(separator: UInt8(ascii: ",")).map { Int(String(decoding: $0, as: UTF8.self)) ?? -1 }
      guard values.count == 65, values.allSatisfy({ (0...16).contains($0) }) else {
        throw DataError(
          place: "digits.csv.gz", problem: "line \(labels.count + 1) is not 64 pixels and a label",
          advice: "build the package from an undamaged copy")
      }
      pixels += values[..<64].map { UInt8(($0 * 255 + 8) / 16) }
      labels.append(Int32(values[64]))
    }
    return (pixels, labels)
  }

  static func load() throws -> LoadedData {
    let digits = try Digits()
    return try LoadedData(name: "digits", train: digits.train, test: digits.test)
  }

  static var entry: DataCatalog.Entry {
    DataCatalog.Entry(
      name: "digits", summary: "handwritten digits, 1,438 + 359 gray pictures 8x8, 10 classes", places: [],
      command: "", licence: "CC BY 4.0 (UCI, E. Alpaydin and C. Kaynak)")
  }
}
