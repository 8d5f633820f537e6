import ApusTensor
import Testing

@testable import ApusData

@Suite struct PNGTests {
  private func picture(_ name: String) -> String {
    "/" + #filePath.split(separator: "/").dropLast().joined(separator: "/") + "/Fixtures/\(name).png"
  }

  private func read(_ name: String, _ channels: Int) throws -> [UInt8] {
    let image = try Pictures.read(from: picture(name), channels: channels)
    #expect(image.type == TensorType([channels, 2, 3], .uint8))
    return image.scalars(as: UInt8.self)
  }

  @Test(arguments: ["gray8", "gray16", "interlaced"])
  func readsGray(name: String) throws {
    #expect(try read(name, 1) == [0, 10, 20, 100, 200, 255])
    let plane: [UInt8] = [0, 10, 20, 100, 200, 255]
    #expect(try read(name, 3) == plane + plane + plane)
  }

  @Test func readsOtherKinds() throws {
    #expect(try read("gray1", 1) == [0, 255, 0, 255, 0, 255])
    #expect(
      try read("rgb8", 3) == [255, 0, 0, 1, 4, 250, 0, 255, 0, 2, 5, 251, 0, 0, 255, 3, 6, 252])
    // The weights of BT.601, as Pillow's convert("L") rounds them.
    #expect(try read("rgb8", 1) == [76, 150, 29, 2, 5, 251])
  }

  @Test func laysTransparentPixelsOnWhite() throws {
    #expect(
      try read("rgba8", 3) == [255, 255, 127, 255, 0, 206, 0, 255, 127, 255, 0, 206, 0, 255, 255, 255, 0, 206])
    #expect(try read("graya8", 1) == [255, 0, 177, 255, 255, 212])
    #expect(try read("palette", 3) == [255, 255, 0, 0, 255, 255, 0, 255, 0, 0, 255, 0, 0, 255, 255, 255, 255, 0])
  }

  @Test(arguments: [1, 3])
  func writesWhatItReads(channels: Int) throws {
    let values = (0..<channels * 35).map { UInt8($0 * 37 % 256) }
    let image = HostArray(values, shape: [channels, 5, 7])
    try withFolder { folder in
      try PNG.write(image, to: folder + "/a.png")
      let read = try Pictures.read(from: folder + "/a.png", channels: channels)
      #expect(read.shape == [channels, 5, 7] && read.scalars(as: UInt8.self) == values)
    }
    #expect(try PNG.encode(image) == PNG.encode(image))
    #expect(message { _ = try PNG.encode(HostArray([UInt8](), shape: [1, 0, 7])) }.contains("cannot be written"))
    #expect(message { try PNG.write(image, to: "/nowhere/a.png") }.contains("create the folder"))
  }

  private func decode(_ bytes: [UInt8]) throws {
    let storage = Storage(byteCount: bytes.count)
    UnsafeMutableRawBufferPointer(start: storage.pointer, count: bytes.count).copyBytes(from: bytes)
    _ = try PictureFile(storage, path: "x.png").decoded(channels: 3)
  }

  @Test func refusesDamageWithoutCrashing() throws {
    #expect(message { _ = try Pictures.read(from: "/nowhere/a.png", channels: 1) }.contains("no such file"))
    #expect(message { try decode([]) }.contains("the file is empty"))
    #expect(message { try decode(Array("hello, world".utf8)) }.contains("neither a PNG nor a JPEG file"))
    var generator = PhiloxGenerator(seed: 3, stream: 0)
    for channels in [1, 3] {
      let bytes = try PNG.encode(HostArray((0..<channels * 99).map { UInt8($0 % 256) }, shape: [channels, 9, 11]))
      for count in 0..<bytes.count { #expect(throws: DataError.self) { try decode(Array(bytes[..<count])) } }
      for _ in 0..<2000 {
        var damaged = bytes
        for _ in 0...Int.random(in: 0..<3, using: &generator) {
          damaged[.random(in: 0..<damaged.count, using: &generator)] = .random(in: 0...255, using: &generator)
        }
        do { try decode(damaged) } catch is DataError {}
      }
    }
  }

  @Test func refusesSizesThatTheFileCannotHold() throws {
    func claim(_ width: UInt32, _ height: UInt32) throws -> [UInt8] {
      var bytes = try PNG.encode(HostArray([UInt8(0)], shape: [1, 1, 1]))
      for shift in 0..<4 {
        bytes[19 - shift] = UInt8(truncatingIfNeeded: width >> (8 * shift))
        bytes[23 - shift] = UInt8(truncatingIfNeeded: height >> (8 * shift))
      }
      var crc = UInt32.max
      for byte in bytes[12..<29] {
        crc ^= UInt32(byte)
        for _ in 0..<8 { crc = crc & 1 == 1 ? crc >> 1 ^ 0xedb8_8320 : crc >> 1 }
      }
      for shift in 0..<4 { bytes[32 - shift] = UInt8(truncatingIfNeeded: ~crc >> (8 * shift)) }
      return bytes
    }
    #expect(message { try decode(try claim(8000, 8000)) }.contains("cannot fit in the file"))
    #expect(message { try decode(try claim(32768, 32768)) }.contains("too many pixels"))
    #expect(message { try decode(try claim(1 << 30, 1)) }.contains("x.png: the picture is damaged"))
  }
}
