import ApusFormats
import ApusTensor
import Testing

@testable import ApusData

/// The folder of pictures that Pillow made.
let pictureFixtures =
  "/" + #filePath.split(separator: "/").dropLast().joined(separator: "/") + "/Fixtures/pictures/"

@Suite struct PictureFileTests {
  private let golden: [String: HostArray]

  init() throws { golden = try NPZ.read(from: pictureFixtures + "pictures.npz", only: nil) }

  private func expected(_ name: String) throws -> (shape: Shape, values: [UInt8]) {
    let array = try #require(golden[name], "\(name)")
    return (array.shape, array.scalars(as: UInt8.self))
  }

  @Test(arguments: ["baseline", "progressive", "full", "gray", "cmyk"] + (2...8).map { "turned\($0)" }, [1, 3])
  func readsJPEGsAsPillowDoes(name: String, channels: Int) throws {
    let image = try Pictures.read(from: pictureFixtures + name + ".jpg", channels: channels)
    let (shape, values) = try expected("\(name).jpg \(channels)")
    #expect(image.shape == shape)
    // Other versions of libjpeg-turbo may round a sample in another way.
    let differences = zip(image.scalars(as: UInt8.self), values).map { abs(Int($0) - Int($1)) }
    #expect(differences.max() ?? 9 <= 1 && differences.reduce(0, +) <= values.count / 50)
    #expect(Set(values).count > 20)
  }

  @Test(arguments: [(20, 20), (16, 28), (64, 64), (33, 33), (33, 45), (7, 50), (1, 1), (40, 9)], [1, 3])
  func resizesAndCropsAsTorchvisionDoes(size: (height: Int, width: Int), channels: Int) throws {
    let form = try PictureForm(channels: channels, height: size.height, width: size.width)
    let path = pictureFixtures + "photo.png"
    let (shape, values) = try expected("photo.png \(size.height)x\(size.width) \(channels)")
    let image = try Pictures.read(from: path, as: form)
    #expect(image.shape == shape)
    // Colour becomes gray before the resizing, as in Pillow.
    #expect(image.scalars(as: UInt8.self) == values)
  }

  @Test func largeJPEGsAreReducedWhileTheyAreDecoded() throws {
    let form = try PictureForm(channels: 3, height: 24, width: 24)
    let image = try Pictures.read(from: pictureFixtures + "large.jpg", as: form).scalars(as: UInt8.self)
    let differences = zip(image, try expected("large.jpg 24x24 3").values).map { abs(Int($0) - Int($1)) }
    #expect(differences.max() ?? 99 <= 6)
    #expect(differences.reduce(0, +) < differences.count)
  }

  private func decode(_ bytes: [UInt8]) throws {
    let storage = Storage(byteCount: bytes.count)
    UnsafeMutableRawBufferPointer(start: storage.pointer, count: bytes.count).copyBytes(from: bytes)
    let file = try PictureFile(storage, path: "x.jpg")
    _ = try file.decoded(channels: 3)
  }

  private func bytes(_ name: String) throws -> [UInt8] {
    try FileBytes.read(pictureFixtures + name).withBytes { Array($0) }
  }

  @Test(arguments: ["baseline.jpg", "progressive.jpg", "cmyk.jpg"])
  func damagedJPEGsAreRefusedWithoutCrashing(name: String) throws {
    let whole = try bytes(name)
    var generator = PhiloxGenerator(seed: 5, stream: 0)
    // The last bytes hold only the end mark.
    for count in stride(from: 0, to: whole.count - 16, by: 7) {
      #expect(throws: DataError.self, "\(count) of \(whole.count) bytes") { try decode(Array(whole[..<count])) }
    }
    for _ in 0..<600 {
      var damaged = whole
      for _ in 0...Int.random(in: 0..<3, using: &generator) {
        damaged[.random(in: 0..<damaged.count, using: &generator)] = .random(in: 0...255, using: &generator)
      }
      do { try decode(damaged) } catch is DataError {}
    }
  }

  @Test func enormousAndForeignFilesAreRefused() throws {
    var claim = try bytes("baseline.jpg")
    // The frame's head: mark, length, bits, height, width.
    let frame = try #require(claim.indices.first { claim[$0] == 0xff && claim[$0 + 1] == 0xc0 })
    claim.replaceSubrange(frame + 5..<frame + 9, with: [0xea, 0x60, 0xea, 0x60])
    #expect(message { try decode(claim) }.contains("too many pixels"))
    claim.replaceSubrange(frame + 5..<frame + 9, with: [0x1f, 0x40, 0x1f, 0x40])
    #expect(message { try decode(claim) }.contains("cannot fit in the file"))
    #expect(message { try decode([]) }.contains("the file is empty"))
    #expect(message { try decode([0xff, 0xd8, 0xff]) }.hasPrefix("x.jpg: the picture is damaged"))
    let others: [(String, [UInt8])] = [
      ("a GIF", Array("GIF89a".utf8)), ("a BMP", Array("BM1234".utf8)), ("a WebP", Array("RIFF1234WEBPVP8 ".utf8)),
      ("a TIFF", [0x49, 0x49, 0x2a, 0]), ("a HEIF", [0, 0, 0, 24] + Array("ftypheic".utf8)),
    ]
    for (name, bytes) in others {
      #expect(message { try decode(bytes) }.contains("it is \(name) file, not PNG or JPEG"))
    }
    #expect(message { try decode(Array("hello".utf8)) }.contains("neither a PNG nor a JPEG file"))
  }

  @Test func headsAreReadFromTheStartOfAFile() throws {
    try withFolder { folder in
      // A note longer than the start that is looked at stands before the picture.
      let whole = try bytes("baseline.jpg")
      let note = [UInt8](repeating: 7, count: 65_533)
      let segment: [UInt8] = [0xff, 0xed, 0xff, 0xff] + note
      try put(Array(whole[..<2]) + segment + segment + Array(whole[2...]), folder + "/long.jpg")
      let head = try PictureFile.head(of: folder + "/long.jpg")
      #expect(head.width == 45 && head.height == 33 && head.is_gray == 0)
      #expect(try PictureFile.head(of: pictureFixtures + "gray.jpg").is_gray == 1)
      let turned = try PictureFile.head(of: pictureFixtures + "turned6.jpg")
      #expect(turned.width == 6 && turned.height == 11)
    }
  }

  @Test func formsAreChecked() throws {
    #expect(message { _ = try PictureForm(channels: 2, height: 4, width: 4) }.contains("--image-channels: cannot be 2"))
    #expect(message { _ = try PictureForm(channels: 1, height: 0, width: 4) }.contains("--image-size: cannot be 0"))
    #expect(message { _ = try PictureForm(channels: 1, height: 4, width: 5000) }.contains("from 1 to 4096"))
    for text in ["", "a", "3x", "3x4x5", "-3", "0", "1e2", "4097"] {
      #expect(message { _ = try ImageOptions(size: text, channels: nil, bad: nil) }.contains("--image-size"), "\(text)")
    }
    #expect(message { _ = try ImageOptions(size: nil, channels: 4, bad: nil) }.contains("--image-channels"))
    #expect(message { _ = try ImageOptions(size: nil, channels: nil, bad: "no") }.contains("refuse or skip"))
    let options = try ImageOptions(size: "48X64", channels: 1, bad: "Skip")
    #expect(options == (try ImageOptions(height: 48, width: 64, channels: 1, bad: .skip)))
    #expect(try ImageOptions(size: "30", channels: nil, bad: nil).width == 30)
    func form(_ sizes: [(Int, Int)], gray: Bool = false) throws -> [Int] {
      Array(try ImageOptions.usual.form(of: sizes.map { (width: $0.0, height: $0.1, isGray: gray) }).shape)
    }
    #expect(try form([(20, 30), (20, 30)], gray: true) == [1, 30, 20])
    #expect(try form([(300, 300), (300, 300)]) == [3, 224, 224])
    #expect(try form([(50, 90), (80, 60), (200, 70)]) == [3, 60, 60])
  }
}
