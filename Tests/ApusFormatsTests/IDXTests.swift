import ApusTensor
import Testing

@testable import ApusFormats

@Suite struct IDXTests {
  @Test(arguments: [
    ("ramp_8.idx", DType.uint8), ("ramp_9.idx", .int32), ("ramp_11.idx", .int32), ("ramp_12.idx", .int32),
    ("ramp_13.idx", .float32), ("ramp_14.idx", .float64), ("ramp_8.idx.gz", .uint8), ("members_13.idx.gz", .float32),
  ])
  func readsEveryElementType(name: String, dtype: DType) throws {
    let array = try IDX.read(from: golden(name))
    #expect(array.type == TensorType([2, 3], dtype))
    #expect(array.scalars(as: Double.self) == [0, 1, 2, 3, 4, 5])
  }

  @Test func refusesHostileHeaders() {
    func read(_ bytes: [UInt8]) throws { _ = try IDX.decode(storage(bytes), file: "x") }
    #expect(message { try read([]) }.contains("is empty"))
    #expect(message { try read([0, 0, 7, 1, 0, 0, 0, 0]) }.contains("not an IDX file"))
    #expect(message { try read([0, 0, 8, 9]) }.contains("not an IDX file"))
    #expect(message { try read([0, 0, 8, 2, 0, 0, 0]) }.contains("ends inside its header"))
    #expect(message { try read([0, 0, 8, 1, 0, 0, 0, 2, 1]) }.contains("1 bytes of data where the shape [2] needs 2"))
    let huge: [UInt8] = [0, 0, 14, 8] + [UInt8](repeating: 0xff, count: 32)
    #expect(message { try read(huge) }.contains("impossible shape"))
  }

  @Test func refusesWhatCompressedBytesCannotHold() throws {
    // The header of a small compressed file claims 4 GiB.
    let claim = compressed([0, 0, 8, 1, 0xff, 0xff, 0xff, 0xff, 1, 2, 3])
    #expect(message { _ = try IDX.decode(storage(claim), file: "x") }.contains("more than"))
    let longer = compressed([0, 0, 8, 1, 0, 0, 0, 2, 1, 2, 3])
    #expect(message { _ = try IDX.decode(storage(longer), file: "x") }.contains("holds more data"))
    let shorter = compressed([0, 0, 8, 1, 0, 0, 0, 9, 1, 2, 3])
    #expect(message { _ = try IDX.decode(storage(shorter), file: "x") }.contains("ends after 3 of 9 bytes"))
    #expect(message { try Expansion.check(claimed: 1 << 30, compressed: 2 << 20, file: "x") }.contains("bomb"))
  }

  @Test func survivesDamage() throws {
    for name in ["ramp_11.idx", "ramp_8.idx.gz", "members_13.idx.gz"] {
      attack(try fileBytes(golden(name))) { _ = try IDX.decode(storage($0), file: "x") }
    }
  }

  @Test func decompressesWithinALimit() throws {
    let path = golden("members_13.idx.gz")
    #expect(try GzipFile.decompress(contentsOf: path, limit: 36) == fileBytes(golden("ramp_13.idx")))
    #expect(message { _ = try GzipFile.decompress(contentsOf: path, limit: 35) }.contains("more than the 35 bytes"))
    let content = compressed([1, 2, 3])
    #expect(try GzipFile.decompress(content + [0, 0], limit: 9, file: "x") == [1, 2, 3])
    let longer = content + [5]
    #expect(message { _ = try GzipFile.decompress(longer, limit: 9, file: "x") }.contains("after its compressed"))
    var damaged = content
    damaged[damaged.count - 6] ^= 1
    #expect(message { _ = try GzipFile.decompress(damaged, limit: 9, file: "x") }.contains("damaged"))
    #expect(message { _ = try GzipFile.decompress([1, 2], limit: 9, file: "x") }.contains("not a gzip file"))
  }

  /// A gzip file of one stored block.
  private func compressed(_ bytes: [UInt8]) -> [UInt8] {
    var crc: UInt32 = 0xffff_ffff
    for byte in bytes {
      crc ^= UInt32(byte)
      for _ in 0..<8 { crc = crc & 1 == 1 ? crc >> 1 ^ 0xedb8_8320 : crc >> 1 }
    }
    let count = UInt16(bytes.count)
    func little(_ value: UInt32) -> [UInt8] { (0..<4).map { UInt8(truncatingIfNeeded: value >> (8 * $0)) } }
    let block = [1, UInt8(count & 255), UInt8(count >> 8), UInt8(~count & 255), UInt8(~count >> 8)] + bytes
    return [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255] + block + little(~crc) + little(UInt32(count))
  }
}
