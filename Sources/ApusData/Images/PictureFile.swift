import ApusFormats
import ApusTensor
import CImage

/// A picture in a PNG or JPEG file: its bytes and what its head says.
struct PictureFile {
  let path: String
  let bytes: Storage
  let head: apus_picture

  /// Reads a file and looks at its head.
  ///
  /// - Throws: ``DataError`` when it holds no picture that can be used; `FormatError` when it cannot be read.
  init(_ path: String) throws {
    try self.init(try FileBytes.read(path), path: path)
  }

  init(_ bytes: Storage, path: String) throws {
    self.path = path
    self.bytes = bytes
    head = try Self.look(bytes, bytes.byteCount, path)
  }

  /// What the head of a file says, without reading all of it where that can be avoided.
  ///
  /// - Throws: as ``init(_:)``.
  static func head(of path: String) throws -> apus_picture {
    let (start, size) = try FileBytes.readStart(path, count: 1 << 16)
    if start.byteCount == size { return try look(start, size, path) }
    // A long note may stand before the picture.
    return try (try? look(start, size, path)) ?? PictureFile(path).head
  }

  private static func look(_ bytes: Storage, _ size: Int, _ path: String) throws -> apus_picture {
    var head = apus_picture()
    try bytes.withBytes { bytes in
      let source = bytes.bindMemory(to: UInt8.self)
      try checked(path) { apus_picture_look(source.baseAddress, source.count, size, &head, $0) }
    }
    return head
  }

  /// The whole picture, u8 `[channels, height, width]`.
  func decoded(channels: Int) throws -> HostArray {
    precondition(channels == 1 || channels == 3, "a picture is read with 1 or 3 channels, not \(channels)")
    let interleaved = try pixels(channels, reduction: 1)
    let count = Int(head.width) * Int(head.height)
    if channels == 1 {
      return HostArray(type: TensorType([1, Int(head.height), Int(head.width)], .uint8), storage: interleaved)
    }
    return HostArray(type: TensorType([3, Int(head.height), Int(head.width)], .uint8)) { planes in
      interleaved.withBytes { pixels in
        for pixel in 0..<count {
          for channel in 0..<3 { planes[channel * count + pixel] = pixels[3 * pixel + channel] }
        }
      }
    }
  }

  /// Brings the picture to a form, as planes of bytes.
  func decode(to form: PictureForm, _ planes: UnsafeMutableRawPointer) throws {
    var resizing = form.resizing(width: Int(head.width), height: Int(head.height))
    let reduction = reduction(resizing)
    let pixels = try pixels(form.channels, reduction: reduction)
    resizing.width = apus_picture_reduced(resizing.width, Int32(reduction))
    resizing.height = apus_picture_reduced(resizing.height, Int32(reduction))
    let status = apus_resize(
      pixels.pointer.assumingMemoryBound(to: UInt8.self), Int32(form.channels), &resizing,
      planes.assumingMemoryBound(to: UInt8.self))
    guard status == 0 else {
      throw DataError(place: path, problem: "cannot be resized for want of memory", advice: "give a smaller picture")
    }
  }

  /// By how much a JPEG's own transform makes the picture smaller, at least twice as large as wanted.
  private func reduction(_ resizing: apus_resizing) -> Int {
    guard head.kind == Int32(APUS_PICTURE_JPEG) else { return 1 }
    return [8, 4, 2].first { factor in
      Int(resizing.width) >= 2 * factor * Int(resizing.new_width)
        && Int(resizing.height) >= 2 * factor * Int(resizing.new_height)
    } ?? 1
  }

  /// Interleaved bytes; memory for decoding included.
  private func pixels(_ channels: Int, reduction: Int) throws -> Storage {
    let (width, height) = (
      apus_picture_reduced(head.width, Int32(reduction)), apus_picture_reduced(head.height, Int32(reduction))
    )
    let capacity = Int(width) * Int(height) * Int(head.bytes_per_pixel)
    let pixels = Storage(byteCount: capacity)
    var head = head
    try bytes.withBytes { bytes in
      let source = bytes.bindMemory(to: UInt8.self)
      let target = pixels.pointer.assumingMemoryBound(to: UInt8.self)
      try Self.checked(path) {
        apus_picture_decode(
          source.baseAddress, source.count, &head, Int32(channels), Int32(reduction), target, capacity, $0)
      }
    }
    return pixels
  }

  /// Makes an error of what C says.
  static func checked(_ file: String, _ body: (UnsafeMutablePointer<CChar>) -> Int32) throws {
    let text = withUnsafeTemporaryAllocation(of: CChar.self, capacity: 200) { buffer -> String? in
      guard let message = buffer.baseAddress else { return nil }
      message.initialize(repeating: 0, count: 200)
      return body(message) == 0 ? nil : String(cString: message)
    }
    guard let text else { return }
    throw DataError(
      place: file, problem: "the picture is damaged or of a kind that cannot be used (\(text))",
      advice: "give a PNG or JPEG file of at most \(APUS_IMAGE_MAX_PIXELS) pixels")
  }
}

extension Pictures {
  /// The picture in a PNG or JPEG file, u8 `[channels, height, width]`.
  ///
  /// Every kind of PNG is read: 1 to 16 bits, gray, colour, palette, with and without transparency, interlaced; and of
  /// JPEG baseline and progressive files, gray, colour and the four inks of printers. Sample values are kept as they are
  /// stored (no colour management); 16-bit samples are scaled to 8 bits. Transparent pixels are laid on white, as paper
  /// under ink. Colour becomes gray by the weights of ITU-R BT.601, as most image libraries do it. The picture is turned
  /// as a camera's EXIF note in a JPEG says. What a file is its content decides, not its name.
  ///
  /// ```swift
  /// let photo = try Pictures.read(from: "photo.jpg", channels: 3)
  /// ```
  /// - Parameter channels: 1 for gray, 3 for red, green, blue.
  /// - Throws: ``DataError`` when the file is damaged, no picture, or the picture is larger than 2^26 pixels;
  ///   `FormatError` when the file cannot be read.
  public static func read(from path: String, channels: Int) throws -> HostArray {
    try PictureFile(path).decoded(channels: channels)
  }

  /// The picture in a PNG or JPEG file brought to a form, u8 `[channels, height, width]`.
  ///
  /// ```swift
  /// let input = try Pictures.read(from: "photo.jpg", as: PictureForm(channels: 3, height: 224, width: 224))
  /// ```
  /// - Throws: as ``read(from:channels:)``.
  public static func read(from path: String, as form: PictureForm) throws -> HostArray {
    try FittedPicture(path, form).array
  }
}

/// A picture of a file brought to a form, and the way back to the file's pixels.
public struct FittedPicture: Sendable {
  /// The picture, u8 `[channels, height, width]` of the form.
  public let array: HostArray
  /// Columns and rows of the picture in the file.
  public let (width, height): (Int, Int)
  private let form: PictureForm

  /// Reads a PNG or JPEG file.
  ///
  /// - Throws: as `Pictures.read(from:channels:)`.
  public init(_ path: String, _ form: PictureForm) throws {
    let file = try PictureFile(path)
    array = try HostArray(type: TensorType(form.shape, .uint8)) { planes in
      guard let start = planes.baseAddress else { return }
      try file.decode(to: form, start)
    }
    (width, height) = (Int(file.head.width), Int(file.head.height))
    self.form = form
  }

  /// A plane of values of the form's pixels as the picture in the file has it, u8 `[1, height, width]`: each pixel takes
  /// the nearest value, and `outside` where the form's middle was cut out of the picture.
  ///
  /// - Precondition: as many values as the form has pixels.
  public func original(_ values: [UInt8], outside: UInt8) -> HostArray {
    precondition(values.count == form.height * form.width, "\(values.count) values are no plane of \(form.shape)")
    let resizing = form.resizing(width: width, height: height)
    func places(_ count: Int, _ new: UInt32, _ start: UInt32, _ kept: Int) -> [Int?] {
      (0..<count).map { old in
        let place = Int((Double(old) + 0.5) * Double(new) / Double(count)) - Int(start)
        return (0..<kept).contains(place) ? place : nil
      }
    }
    let columns = places(width, resizing.new_width, resizing.left, form.width)
    let rows = places(height, resizing.new_height, resizing.top, form.height)
    var pixels = [UInt8](repeating: outside, count: width * height)
    for (y, row) in rows.enumerated() {
      guard let row else { continue }
      for (x, column) in columns.enumerated() {
        if let column { pixels[y * width + x] = values[row * form.width + column] }
      }
    }
    return HostArray(pixels, shape: [1, height, width])
  }
}
