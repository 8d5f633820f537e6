import ApusData
import ApusTensor

/// The faces in pictures, as `apus faces --json` prints them.
public struct FaceReport: Sendable, Hashable, Encodable {
  /// A picture and its faces.
  public struct Picture: Sendable, Hashable, Encodable {
    /// The file.
    public let image: String
    /// Its faces, largest first.
    public let faces: [FaceDetector.Face]
    /// The copy of the picture with frames; nil when none was asked for.
    public let framed: String?
  }

  /// One entry for every picture.
  public let pictures: [Picture]
}

extension FaceDetector {
  /// Finds the faces in PNG or JPEG files.
  ///
  /// - Parameter output: a folder, which is made, for copies of the pictures with a frame around each face and points at eyes,
  ///   nose and mouth: PNG files of the pictures' names. nil for none.
  /// - Throws: `DataError` or `FormatError` when a file is no picture or a copy cannot be written, ``TrainingError`` when two
  ///   copies have one name.
  public func report(_ paths: [String], framedInto output: String? = nil) throws -> FaceReport {
    let copies = try output.map { try PictureCopies.names(of: paths, in: $0) }
    let pictures = try paths.enumerated().map { number, path in
      let picture = try Pictures.read(from: path, channels: 3)
      let faces = faces(in: picture)
      if let copies, let output {
        try RunFolder(output).create()
        try PNG.write(Self.framed(picture, faces), to: copies[number])
      }
      return FaceReport.Picture(image: path, faces: faces, framed: copies?[number])
    }
    return FaceReport(pictures: pictures)
  }

  /// The picture with green frames and points.
  static func framed(_ picture: HostArray, _ faces: [Face]) -> HostArray {
    let (height, width) = (picture.shape[1], picture.shape[2])
    var pixels = picture.scalars(as: UInt8.self)
    let thickness = max(min(height, width) / 200, 1)
    func fill(_ left: Double, _ top: Double, _ right: Double, _ bottom: Double) {
      func range(_ low: Double, _ high: Double, _ most: Int) -> Range<Int> {
        let start = min(max(Int(low.rounded()), 0), most)
        return start..<max(start, min(Int(high.rounded()), most))
      }
      for row in range(top, bottom, height) {
        for column in range(left, right, width) {
          for (channel, value) in [UInt8](arrayLiteral: 0, 230, 60).enumerated() {
            pixels[(channel * height + row) * width + column] = value
          }
        }
      }
    }
    let edge = Double(thickness)
    for face in faces {
      let (left, top, right, bottom) = (face.box[0], face.box[1], face.box[2], face.box[3])
      fill(left, top, right, top + edge)
      fill(left, bottom - edge, right, bottom)
      fill(left, top, left + edge, bottom)
      fill(right - edge, top, right, bottom)
      for point in face.landmarks { fill(point[0] - edge, point[1] - edge, point[0] + edge, point[1] + edge) }
    }
    return HostArray(pixels, shape: picture.shape)
  }
}

/// Pictures that are written for pictures, into a folder.
enum PictureCopies {
  /// The files for pictures: PNG files of their names in a folder.
  ///
  /// - Throws: ``TrainingError`` when two pictures have one name, or a picture would be replaced.
  static func names(of paths: [String], in folder: String) throws -> [String] {
    guard !folder.isEmpty else { throw TrainingError("--output", "is empty", advice: "name a folder") }
    let copies = paths.map { "\(folder)/\(stem($0)).png" }
    if let twice = copies.indices.first(where: { copies[..<$0].contains(copies[$0]) }) {
      throw TrainingError(
        paths[twice], "has the name of another picture, so that both would get one file",
        advice: "give them in two calls, with two folders")
    }
    if let same = paths.first(where: { copies.contains($0) }) {
      throw TrainingError(same, "would be replaced", advice: "choose another folder with --output")
    }
    return copies
  }

  /// The name of a file without folders and ending.
  private static func stem(_ path: String) -> String {
    let name = path.split(separator: "/").last.map(String.init) ?? path
    return name.lastIndex(of: ".").map { String(name[..<$0]) } ?? name
  }
}
