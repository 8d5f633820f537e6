import ApusData
import ApusNN
import ApusTensor

extension SavedRun {
  /// Says of which class each pixel of some pictures is, and writes it as masks: PNG files of the pictures' sizes and names
  /// in a folder, which is made.
  ///
  /// A mask has the numbers of the training's masks. Pictures of another size than the model's are brought to it as
  /// `Pictures.read(from:as:)` does; each pixel takes the class of the nearest one that the model saw, and the first class
  /// where the middle was cut out.
  ///
  /// - Throws: `DataError` or `FormatError` when a file is no picture or a mask cannot be written, ``TrainingError`` when the
  ///   run gives no masks or two pictures have one name.
  public func segment(_ paths: [String], into output: String) throws -> MaskReport {
    guard task == .segmentation else {
      throw TrainingError("--output", "is for runs that give masks, and this one does not", advice: "leave it out")
    }
    let form = try pictureForm()
    let values = form.masks?.values ?? Array(0..<configuration.classNames.count)
    let masks = try PictureCopies.names(of: paths, in: output)
    let pictures = try paths.map { try FittedPicture($0, form) }
    try RunFolder(output).create()
    var reports: [MaskReport.Picture] = []
    for ((path, mask), picture) in zip(zip(paths, masks), pictures) {
      let input = configuration.normalization.applied(to: Self.batch(picture.array))
      let classes = Predictions.pixelClasses(withInference { model(Tensor(input)) }.hostArray())
      let numbers = classes.map { UInt8(values[$0]) }
      try PNG.write(picture.original(numbers, outside: UInt8(values[0])), to: mask)
      let shares = configuration.classNames.indices.map { label in
        Double(classes.count { $0 == label }) / Double(classes.count)
      }
      reports.append(
        MaskReport.Picture(
          image: path, mask: mask,
          classes: zip(configuration.classNames, shares).map { MaskReport.Share(class: $0, part: $1) }))
    }
    return MaskReport(run: folder.path, predictions: reports)
  }
}

/// The masks that were written, as `apus predict --output --json` prints it.
public struct MaskReport: Sendable, Hashable, Encodable {
  /// A class and the part of the pixels that are of it.
  public struct Share: Sendable, Hashable, Encodable {
    /// The name of the class.
    public let `class`: String
    /// Between 0 and 1.
    public let part: Double
  }

  /// A picture and its mask.
  public struct Picture: Sendable, Hashable, Encodable {
    /// The file of the picture.
    public let image: String
    /// The file of the mask.
    public let mask: String
    /// The classes of the pixels that the model saw.
    public let classes: [Share]
  }

  /// The folder of the run.
  public let run: String
  /// One entry for every picture.
  public let predictions: [Picture]
}
