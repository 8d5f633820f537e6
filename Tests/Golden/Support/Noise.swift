import ApusTensor

/// The numbers of `Tests/Golden/golden/architectures.py`, which stand for weights too large to keep.
public enum Noise {
  private static let table: [Float] = {
    var x: UInt32 = 1
    return (0..<65521).map { _ in
      x = 1_664_525 &* x &+ 1_013_904_223
      return Float(x >> 8) / 8_388_608 - 1
    }
  }()

  /// The 32-bit FNV-1a hash of a text.
  public static func hash(_ text: String) -> UInt32 {
    var value: UInt32 = 0x811C_9DC5
    for byte in text.utf8 { value = (value ^ UInt32(byte)) &* 0x0100_0193 }
    return value
  }

  /// The numbers of the table from the place that the hash of the name says, round and round, each changed
  /// in the same way.
  public static func values(_ name: String, _ shape: Shape, _ change: (Float) -> Float = { $0 }) -> HostArray {
    let start = Int(hash(name)) % table.count
    let count = shape.elementCount
    // Only as much of the table as is needed, which for small parameters is little.
    let part = (0..<min(count, table.count)).map { change(table[(start + $0) % table.count]) }
    return HostArray(type: TensorType(shape, .float32)) { bytes in
      part.withUnsafeBytes { piece in
        var offset = 0
        while offset < bytes.count {
          let size = min(piece.count, bytes.count - offset)
          UnsafeMutableRawBufferPointer(rebasing: bytes[offset..<offset + size])
            .copyMemory(from: UnsafeRawBufferPointer(rebasing: piece[0..<size]))
          offset += size
        }
      }
    }
  }
}
