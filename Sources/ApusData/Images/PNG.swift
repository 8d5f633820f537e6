import ApusFormats
import ApusTensor
import CImage

/// Writing pictures as PNG files; ``Pictures`` reads them.
public enum PNG {
  /// The bytes of a PNG file with a picture, u8 `[1, height, width]` or `[3, height, width]`.
  ///
  /// - Throws: ``DataError`` when the picture is empty or memory runs out.
  /// - Precondition: u8, three axes, 1 or 3 channels.
  public static func encode(_ image: HostArray) throws -> [UInt8] {
    let shape = image.shape
    precondition(
      image.dtype == .uint8 && shape.rank == 3 && (shape[0] == 1 || shape[0] == 3),
      "a picture is u8 [1 or 3, height, width], not \(image.type)")
    let (channels, height, width) = (shape[0], shape[1], shape[2])
    guard height > 0, width > 0, height <= Int(APUS_IMAGE_MAX_SIDE), width <= Int(APUS_IMAGE_MAX_SIDE) else {
      throw DataError(
        place: "PNG", problem: "a picture of \(width) x \(height) pixels cannot be written",
        advice: "use 1 to \(APUS_IMAGE_MAX_SIDE) pixels along each side")
    }
    let pixels = height * width
    let interleaved = image.withUnsafeBytes { planes in
      [UInt8](unsafeUninitializedCapacity: pixels * channels) { target, count in
        for pixel in 0..<pixels {
          for channel in 0..<channels { target[pixel * channels + channel] = planes[channel * pixels + pixel] }
        }
        count = pixels * channels
      }
    }
    var encoded: UnsafeMutablePointer<UInt8>?
    var count = 0
    try PictureFile.checked("PNG") {
      apus_png_encode(interleaved, UInt32(width), UInt32(height), Int32(channels), &encoded, &count, $0)
    }
    defer { apus_png_free(encoded) }
    return Array(UnsafeBufferPointer(start: encoded, count: count))
  }

  /// Writes a picture, u8 `[1, height, width]` or `[3, height, width]`, to a file, atomically.
  ///
  /// - Throws: ``DataError`` as ``encode(_:)``; `FormatError` when the file cannot be written.
  public static func write(_ image: HostArray, to path: String) throws {
    try AtomicFile.write(try encode(image), to: path)
  }
}
