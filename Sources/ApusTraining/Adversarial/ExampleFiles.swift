import ApusData
import ApusFormats
import ApusTensor

/// Writes adversarial examples: one picture of all of them, a picture each, or arrays.
struct ExampleFiles {
  /// What is written.
  enum Kind {
    /// One PNG: a row for each example, with the sample, the changed sample and their difference.
    case picture
    /// Arrays `x`, `x_adversarial` (as parts of the range, 0 to 1) and `y`.
    case arrays
    /// A folder with three PNGs for each example, in the size the network takes.
    case folder

    /// The kind that a path asks for.
    ///
    /// - Throws: ``TrainingError`` when its extension is of no such file.
    init(_ path: String) throws {
      guard !path.isEmpty else {
        throw TrainingError("--save", "is empty", advice: "name a .png file, an .npz file or a folder")
      }
      let name = path.split(separator: "/").last.map(String.init) ?? path
      if name.lowercased().hasSuffix(".png") {
        self = .picture
      } else if name.lowercased().hasSuffix(".npz") {
        self = .arrays
      } else if name.contains("."), !name.hasPrefix("."), !path.hasSuffix("/") {
        throw TrainingError("--save", "cannot write '\(path)'", advice: "name a .png file, an .npz file or a folder")
      } else {
        self = .folder
      }
    }
  }

  private static let gap = 4
  /// Between pictures, told apart from their black, gray and white.
  private static let ground: UInt8 = 190
  private static let smallestSide = 112

  private let examples: AdversarialExamples
  /// Both as parts of the range, `[K, ...]`.
  private let (originals, changed): (HostArray, HostArray)

  init(_ examples: AdversarialExamples, range: InputRange) {
    self.examples = examples
    let width = max(range.upper - range.lower, 1e-30)
    func parts(_ inputs: HostArray) -> HostArray {
      inputs.shape.elementCount == 0 ? inputs : ((Tensor(inputs) - range.lower) / width).clamped(to: 0...1).hostArray()
    }
    (originals, changed) = (parts(examples.originals), parts(examples.changed))
  }

  /// Writes what the path asks for.
  ///
  /// - Throws: ``TrainingError`` when samples are no pictures or there is no example; `FormatError` or `DataError` when
  ///   a file cannot be written.
  func write(to path: String) throws {
    let kind = try Kind(path)
    guard !examples.labels.isEmpty else {
      throw TrainingError(
        "--save", "has nothing to write: the attack turned no sample from right to wrong",
        advice: "choose a larger --epsilon or more --samples")
    }
    switch kind {
    case .arrays:
      try NPZ.write(
        [
          "x": originals, "x_adversarial": changed,
          "y": HostArray(examples.labels, shape: [examples.labels.count]),
        ], to: path)
    case .picture: try PNG.write(Self.joined(try pictures(path, isEnlarged: true), gap: Self.gap), to: path)
    case .folder:
      let rows = try pictures(path, isEnlarged: false)
      try RunFolder(path).create(option: "--save")
      for (number, row) in rows.enumerated() {
        for (name, picture) in zip(["original", "adversarial", "difference"], row) {
          try PNG.write(picture.array, to: "\(path)/\(number + 1)-\(name).png")
        }
      }
    }
  }

  /// A row of three pictures for each example.
  private func pictures(_ path: String, isEnlarged: Bool) throws -> [[Picture]] {
    let shape = Array(originals.shape.dropFirst())
    guard shape.count == 3, shape[0] == 1 || shape[0] == 3 else {
      throw TrainingError(
        path, "samples of shape \(shape) are no pictures", advice: "name an .npz file, which takes any samples")
    }
    let (a, b) = (originals.scalars(as: Float.self), changed.scalars(as: Float.self))
    let size = shape.reduce(1, *)
    let scale = !isEnlarged ? 1 : max((Self.smallestSide + shape[2] - 1) / shape[2], 1)
    return examples.labels.indices.map { number in
      let (before, after) = (a[number * size..<(number + 1) * size], b[number * size..<(number + 1) * size])
      let differences = zip(before, after).map { $1 - $0 }
      // Gray is no change, white and black the largest one of the sample.
      let largest = max(differences.map(\.magnitude).max() ?? 0, 1e-9)
      return [Array(before), Array(after), differences.map { 0.5 + 0.5 * $0 / largest }].map {
        Picture($0.map { UInt8((min(max($0, 0), 1) * 255).rounded()) }, shape, scale)
      }
    }
  }

  /// Rows of pictures of one size as one picture.
  private static func joined(_ rows: [[Picture]], gap: Int) -> HostArray {
    let (channels, height, width) = (rows[0][0].channels, rows[0][0].height, rows[0][0].width)
    let (columns, all) = (rows[0].count, rows.count)
    let (fullWidth, fullHeight) = (columns * (width + gap) + gap, all * (height + gap) + gap)
    var pixels = [UInt8](repeating: ground, count: channels * fullWidth * fullHeight)
    for (row, pictures) in rows.enumerated() {
      for (column, picture) in pictures.enumerated() {
        let (top, left) = (gap + row * (height + gap), gap + column * (width + gap))
        for channel in 0..<channels {
          for y in 0..<height {
            let from = (channel * height + y) * width
            let to = (channel * fullHeight + top + y) * fullWidth + left
            pixels.replaceSubrange(to..<to + width, with: picture.pixels[from..<from + width])
          }
        }
      }
    }
    return HostArray(pixels, shape: [channels, fullHeight, fullWidth])
  }

  /// Bytes `[channels, height, width]`.
  private struct Picture {
    let pixels: [UInt8]
    let (channels, height, width): (Int, Int, Int)
    var array: HostArray { HostArray(pixels, shape: [channels, height, width]) }

    /// A picture whose pixels become squares of `scale` by `scale`.
    init(_ values: [UInt8], _ shape: [Int], _ scale: Int) {
      (channels, height, width) = (shape[0], shape[1] * scale, shape[2] * scale)
      let (rows, columns) = (height, width)
      pixels = (0..<channels * rows * columns).map { position in
        let (plane, rest) = position.quotientAndRemainder(dividingBy: rows * columns)
        return values[(plane * shape[1] + rest / columns / scale) * shape[2] + rest % columns / scale]
      }
    }
  }
}
