import ApusTensor

/// Reading data whose size is only claimed: compressed streams and members of archives.
enum Expansion {
  /// Deflate cannot expand a byte to more than this.
  private static let deflateLimit = 1032
  /// Below this size any claim that deflate can keep is believed.
  private static let trusted = 256 << 20
  /// Above the trusted size, data that expands more than this is refused as a bomb.
  private static let plausible = 200

  /// Refuses a claimed size that the compressed bytes cannot hold, or that only a decompression bomb would claim.
  static func check(claimed: Int, compressed: Int, file: String) throws {
    let (most, overflow) = compressed.multipliedReportingOverflow(by: deflateLimit)
    guard overflow || claimed <= most + 64 else {
      throw FormatError.corrupt(
        file, "claims to hold \(claimed) bytes, more than \(compressed) compressed bytes can hold")
    }
    guard claimed <= trusted || claimed / plausible <= compressed else {
      throw FormatError(
        file: file, problem: "expands \(compressed) bytes to \(claimed), as a decompression bomb does",
        advice: "store it uncompressed if you trust it")
    }
    try FileBytes.checkFits(claimed, file)
  }

  /// Exactly `count` bytes from `read`, which fills a part of the buffer it is given and returns 0 at the end.
  ///
  /// Memory grows with what arrives, at most twice that, whatever `count` says; `stored` bytes that are in the file get theirs at
  /// once.
  static func read(
    _ count: Int, stored: Int = 0, file: String, from read: (UnsafeMutableRawBufferPointer) throws -> Int
  ) throws -> Storage {
    var storage = Storage(byteCount: min(count, max(stored, 1 << 20)))
    var done = 0
    while done < count {
      if done == storage.byteCount {
        let larger = Storage(byteCount: min(count, storage.byteCount * 2))
        larger.pointer.copyMemory(from: storage.pointer, byteCount: done)
        storage = larger
      }
      let free = UnsafeMutableRawBufferPointer(start: storage.pointer + done, count: storage.byteCount - done)
      let received = try read(free)
      guard received > 0 else {
        throw FormatError.corrupt(file, "ends after \(done) of \(count) bytes")
      }
      done += received
    }
    return storage
  }
}
