import CZlib

/// Blocks of bytes compressed in zlib's own form.
public enum ZlibBlock {
  /// The content of a block, whose size is known.
  ///
  /// - Parameters:
  ///   - count: the bytes that the block holds.
  ///   - file: the name that errors use.
  /// - Throws: ``FormatError`` when the block is damaged, or does not hold exactly so many bytes.
  public static func decompress(_ bytes: ArraySlice<UInt8>, count: Int, file: String) throws -> [UInt8] {
    guard count >= 0 else { throw FormatError.corrupt(file, "claims to hold \(count) bytes") }
    try Expansion.check(claimed: count, compressed: bytes.count, file: file)
    var written = uLongf(count)
    var status = Z_OK
    let result = [UInt8](unsafeUninitializedCapacity: max(count, 1)) { target, initialized in
      status = bytes.withUnsafeBufferPointer { source in
        guard let from = source.baseAddress, let to = target.baseAddress else { return Z_DATA_ERROR }
        return uncompress(to, &written, from, uLong(source.count))
      }
      initialized = status == Z_OK ? Int(written) : 0
    }
    guard status == Z_OK, written == uLongf(count) else {
      throw FormatError.corrupt(file, "its compressed data is damaged")
    }
    return result
  }
}
