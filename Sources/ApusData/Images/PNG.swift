import ApusFormats
import ApusTensor
import CImage

/// Pictures in PNG files.
public enum PNG {
  /// The picture in a file, u8 `[channels, height, width]`.
  ///
  /// Every kind of PNG is read: 1 to 16 bits, gray, colour, palette, with and without transparency, interlaced. Sample
  /// values are kept as they are stored (no colour management); 16-bit samples are scaled to 8 bits. Transparent pixels
  /// are laid on white, as paper under ink. Colour becomes gray by the weights of ITU-R BT.601, as most image libraries
  /// do it.
  ///
  /// - Parameter channels: 1 for gray, 3 for red, green, blue.
  /// - Throws: ``DataError`` when the file is damaged or the picture is larger than 2^26 pixels; `FormatError` when the
  ///   file cannot be read.
  public static func read(from path: String, channels: Int) throws -> HostArray {
    try decode(try FileBytes.read(path), channels: channels, file: path)
  }

  /// The picture in the bytes of a file; see ``read(from:channels:)``.
  package static func decode(_ storage: Storage, channels: Int, file: String) throws -> HostArray {
    precondition(channels == 1 || channels == 3, "a picture is read with 1 or 3 channels, not \(channels)")
    return try storage.withBytes { bytes in
      let source = bytes.bindMemory(to: UInt8.self)
      var (width, height): (UInt32, UInt32) = (0, 0)
      try checked(file) { apus_png_size(source.baseAddress, source.count, &width, &height, $0) }
      let pixels = Int(width) * Int(height)
      let interleaved = Storage(byteCount: pixels * 4)
      try checked(file) {
        let target = interleaved.pointer.assumingMemoryBound(to: UInt8.self)
        return apus_png_decode(source.baseAddress, source.count, target, pixels * 4, $0)
      }
      let type = TensorType([channels, Int(height), Int(width)], .uint8)
      return HostArray(type: type) { planes in
        interleaved.withBytes { channels == 1 ? makeGray($0, planes, pixels) : makePlanes($0, planes, pixels) }
      }
    }
  }

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
    guard height > 0, width > 0, height <= Int(APUS_PNG_MAX_SIDE), width <= Int(APUS_PNG_MAX_SIDE) else {
      throw DataError(
        place: "PNG", problem: "a picture of \(width) x \(height) pixels cannot be written",
        advice: "use 1 to \(APUS_PNG_MAX_SIDE) pixels along each side")
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
    try checked("PNG") {
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

  private static func checked(_ file: String, _ body: (UnsafeMutablePointer<CChar>) -> Int32) throws {
    let text = withUnsafeTemporaryAllocation(of: CChar.self, capacity: 200) { buffer -> String? in
      guard let message = buffer.baseAddress else { return nil }
      message.initialize(repeating: 0, count: 200)
      return body(message) == 0 ? nil : String(cString: message)
    }
    guard let text else { return }
    throw DataError(
      place: file, problem: "the picture is damaged or of a kind that cannot be used (\(text))",
      advice: "give a PNG file of at most \(APUS_PNG_MAX_PIXELS) pixels")
  }

  /// A colour laid on white.
  @inline(__always)
  private static func onWhite(_ value: UInt8, _ alpha: UInt8) -> Int {
    (Int(value) * Int(alpha) + 255 * (255 - Int(alpha)) + 127) / 255
  }

  private static func makeGray(_ rgba: UnsafeRawBufferPointer, _ plane: UnsafeMutableRawBufferPointer, _ count: Int) {
    for pixel in 0..<count {
      let alpha = rgba[4 * pixel + 3]
      let red = onWhite(rgba[4 * pixel], alpha)
      let green = onWhite(rgba[4 * pixel + 1], alpha)
      let blue = onWhite(rgba[4 * pixel + 2], alpha)
      plane[pixel] = UInt8((19595 * red + 38470 * green + 7471 * blue + 32768) >> 16)
    }
  }

  private static func makePlanes(
    _ rgba: UnsafeRawBufferPointer, _ planes: UnsafeMutableRawBufferPointer, _ count: Int
  ) {
    for pixel in 0..<count {
      for channel in 0..<3 {
        planes[channel * count + pixel] = UInt8(onWhite(rgba[4 * pixel + channel], rgba[4 * pixel + 3]))
      }
    }
  }
}
