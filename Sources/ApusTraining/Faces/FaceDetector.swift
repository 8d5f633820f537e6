import ApusData
import ApusModels
import ApusNN
import ApusTensor

/// Finds faces in pictures with three networks one after the other (``FaceNet``): the first looks at all squares of the
/// picture in many sizes, the second and third look again at those that may hold a face, and the third also finds eyes,
/// nose and mouth.
///
/// With the weights of the PyPI package facenet-pytorch it finds what that package's `MTCNN` finds.
///
/// ```swift
/// let detector = try FaceDetector(weights: "pretrained")     // a folder with pnet.pt, rnet.pt and onet.pt
/// for face in detector.faces(in: try Pictures.read(from: "photo.jpg", channels: 3)) { print(face.box) }
/// ```
/// Reference: Joint face detection and alignment using multitask cascaded convolutional networks; Zhang, Zhang, Li, Qiao; 2016.
public struct FaceDetector {
  /// A face in a picture.
  public struct Face: Sendable, Hashable, Encodable {
    /// Left, top, right and bottom border in pixels; a face at the edge may reach beyond it.
    public let box: [Double]
    /// How probably it is a face.
    public let probability: Double
    /// x and y of the left and the right eye, the nose, the left and the right corner of the mouth, as seen in the picture.
    public let landmarks: [[Double]]
  }

  /// The networks, in the order in which they are asked.
  public let networks: [FaceNet]
  /// The side in pixels of the smallest face that is looked for.
  public let smallest: Int
  /// How probable a face must be for each network.
  public let thresholds: [Double]

  /// How much smaller the picture is in each next size.
  private static let factor = 0.709
  /// Squares that a network is asked about at once.
  private static let batchSize = 128

  /// A detector of three networks.
  ///
  /// - Throws: ``TrainingError`` when a number is impossible.
  public init(networks: [FaceNet], smallest: Int = 20, thresholds: [Double] = [0.6, 0.7, 0.7]) throws {
    precondition(networks.map(\.stage) == FaceNet.Stage.allCases, "a detector takes the three networks in their order")
    guard (12...4096).contains(smallest) else {
      throw TrainingError.impossible("--smallest", smallest, "a whole number of pixels from 12 to 4096")
    }
    guard thresholds.count == 3, thresholds.allSatisfy({ $0 > 0 && $0 < 1 }) else {
      throw TrainingError.impossible(
        "--thresholds", thresholds.map { "\($0)" }.joined(separator: ","), "three numbers above 0 and below 1")
    }
    (self.networks, self.smallest, self.thresholds) = (networks, smallest, thresholds)
  }

  /// A detector with the weights `pnet`, `rnet` and `onet` of a folder, which end in `.pt`.
  ///
  /// - Throws: `FormatError` or `RestoreError` when a file cannot be read or does not fit, ``TrainingError`` when a number is
  ///   impossible.
  public init(weights folder: String, smallest: Int = 20, thresholds: [Double] = [0.6, 0.7, 0.7]) throws {
    let networks = FaceNet.Stage.allCases.map { FaceNet($0) }
    try self.init(networks: networks, smallest: smallest, thresholds: thresholds)
    for (network, name) in zip(networks, ["pnet", "rnet", "onet"]) { try network.load(from: "\(folder)/\(name).pt") }
  }

  /// The faces in a picture u8 `[3, height, width]`, largest first.
  public func faces(in picture: HostArray) -> [Face] {
    precondition(
      picture.dtype == .uint8 && picture.shape.rank == 3 && picture.shape[0] == 3,
      "a picture is u8 [3, height, width], not \(picture.type)")
    var boxes = FaceBox.best(of: proposals(picture), sharing: 0.7).map { $0.moved(border: 0).squared }
    boxes = FaceBox.best(of: judged(boxes, picture, by: 1), sharing: 0.7).map { $0.moved(border: 1).squared }
    let found = judged(boxes, picture, by: 2).map { box in
      var face = box.moved(border: 1)
      let (width, height) = (box.right - box.left + 1, box.bottom - box.top + 1)
      face.landmarks =
        (0..<5).map { width * box.landmarks[$0] + box.left - 1 }
        + (5..<10).map { height * box.landmarks[$0] + box.top - 1 }
      return face
    }
    let faces = FaceBox.best(of: found, sharing: 0.7, .ofSmaller).map { face in
      Face(
        box: [face.left, face.top, face.right, face.bottom].map(Double.init), probability: Double(face.score),
        landmarks: (0..<5).map { [Double(face.landmarks[$0]), Double(face.landmarks[$0 + 5])] })
    }
    func area(_ face: Face) -> Double { (face.box[2] - face.box[0]) * (face.box[3] - face.box[1]) }
    return faces.sorted { area($0) > area($1) }
  }

  /// The squares of 12x12 pixels, in all sizes of the picture, that the first network takes for faces.
  private func proposals(_ picture: HostArray) -> [FaceBox] {
    let (height, width) = (picture.shape[1], picture.shape[2])
    var (scale, side) = (12 / Double(smallest), Double(min(height, width)) * 12 / Double(smallest))
    var boxes: [FaceBox] = []
    while side >= 12 {
      let size = (height: Int(Double(height) * scale + 1), width: Int(Double(width) * scale + 1))
      let input = Self.resized(picture, rows: 0..<height, columns: 0..<width, size.height, size.width)
      let answers = withInference {
        networks[0](Tensor(HostArray(input, shape: [1, 3, size.height, size.width])))
      }.hostArray()
      boxes += FaceBox.best(of: squares(answers, Float(scale)), sharing: 0.5)
      scale *= Self.factor
      side *= Self.factor
    }
    return boxes
  }

  /// The squares whose answers in `[1, 6, rows, columns]` are those of faces.
  private func squares(_ answers: HostArray, _ scale: Float) -> [FaceBox] {
    let (rows, columns) = (answers.shape[2], answers.shape[3])
    let (values, count) = (answers.scalars(as: Float.self), rows * columns)
    return (0..<count).compactMap { place in
      let score = Self.probability(values[place], values[count + place])
      guard score >= Float(thresholds[0]) else { return nil }
      let (x, y) = (Float(2 * (place % columns)), Float(2 * (place / columns)))
      return FaceBox(
        left: ((x + 1) / scale).rounded(.down), top: ((y + 1) / scale).rounded(.down),
        right: ((x + 12) / scale).rounded(.down), bottom: ((y + 12) / scale).rounded(.down), score: score,
        offsets: (2..<6).map { values[$0 * count + place] })
    }
  }

  /// The boxes that a later network takes for faces, with what it says about them.
  private func judged(_ boxes: [FaceBox], _ picture: HostArray, by number: Int) -> [FaceBox] {
    let (network, side) = (networks[number], networks[number].stage.side)
    let inside = boxes.compactMap { box in
      box.pixels(height: picture.shape[1], width: picture.shape[2]).map { (box: box, pixels: $0) }
    }
    var found: [FaceBox] = []
    for start in stride(from: 0, to: inside.count, by: Self.batchSize) {
      let part = inside[start..<min(start + Self.batchSize, inside.count)]
      let inputs = part.flatMap { Self.resized(picture, rows: $0.pixels.rows, columns: $0.pixels.columns, side, side) }
      let values = withInference {
        network(Tensor(HostArray(inputs, shape: [part.count, 3, side, side])))
      }.scalars(as: Float.self)
      let outputs = network.stage.outputs
      for (row, entry) in part.enumerated() {
        let answer = Array(values[row * outputs..<(row + 1) * outputs])
        let score = Self.probability(answer[0], answer[1])
        guard score > Float(thresholds[number]) else { continue }
        var box = entry.box
        (box.score, box.offsets, box.landmarks) = (score, Array(answer[2..<6]), Array(answer[6...]))
        found.append(box)
      }
    }
    return found
  }

  /// The second of two classes, by their logits. In single precision sure answers are equal, and the first of them counts.
  private static func probability(_ none: Float, _ face: Float) -> Float {
    let other = Float(exponential(-Double(abs(face - none))))
    return (face > none ? 1 : other) / (1 + other)
  }

  /// A part of a picture brought to another size, each pixel the mean of those it covers (``AdaptiveAveragePool2D``), as the
  /// networks expect them: `(x - 127.5) / 128`.
  static func resized(
    _ picture: HostArray, rows: Range<Int>, columns: Range<Int>, _ height: Int, _ width: Int
  ) -> [Float] {
    func windows(_ range: Range<Int>, _ count: Int) -> [Range<Int>] {
      (0..<count).map { place in
        range.lowerBound + place * range.count / count..<range.lowerBound + ((place + 1) * range.count + count - 1)
          / count
      }
    }
    let (below, across) = (windows(rows, height), windows(columns, width))
    let (planeHeight, planeWidth) = (picture.shape[1], picture.shape[2])
    return picture.withUnsafeBytes { bytes in
      [Float](unsafeUninitializedCapacity: 3 * height * width) { target, count in
        for channel in 0..<3 {
          for rows in below {
            for columns in across {
              var sum = 0
              for row in rows {
                let start = (channel * planeHeight + row) * planeWidth
                for column in columns { sum += Int(bytes[start + column]) }
              }
              let mean = Float(sum) / Float(rows.count) / Float(columns.count)
              target[count] = (mean - 127.5) * 0.0078125
              count += 1
            }
          }
        }
      }
    }
  }
}
