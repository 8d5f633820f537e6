import ApusTensor

/// The text header of a `.npy` file: a Python dictionary with the keys `descr`, `fortran_order` and `shape`.
struct NPYHeader {
  var element: DiskElement
  var bigEndian: Bool
  var fortranOrder: Bool
  var extents: [Int]

  /// The header that describes a row-major array, with magic, version and padding, as numpy writes it.
  static func bytes(for type: TensorType) -> [UInt8] {
    let descriptor =
      switch type.dtype {
      case .float32: "<f4"
      case .float64: "<f8"
      case .int32: "<i4"
      case .int64: "<i8"
      case .uint8: "|u1"
      case .bool: "|b1"
      }
    let shape = type.shape
    let tuple = shape.rank == 1 ? "(\(shape[0]),)" : "(" + shape.map(String.init).joined(separator: ", ") + ")"
    var text = "{'descr': '\(descriptor)', 'fortran_order': False, 'shape': \(tuple), }"
    // Room for the first extent to grow to 21 digits in place, then zeros up to a multiple of 64, as numpy does.
    if shape.rank > 0 { text += String(repeating: " ", count: 21 - String(shape[0]).count) }
    let unpadded = 10 + text.utf8.count + 1
    text += String(repeating: " ", count: (64 - unpadded % 64) % 64) + "\n"
    let length = text.utf8.count
    return [0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59, 1, 0, UInt8(length & 0xff), UInt8(length >> 8)] + Array(text.utf8)
  }

  /// Reads the header's text (after magic, version and length).
  ///
  /// - Throws: ``FormatError`` when it is not such a dictionary or its element type is not readable.
  init(parsing text: UnsafeRawBufferPointer, file: String) throws {
    var scanner = PythonLiteralScanner(text: text, file: file)
    var descriptor: String?
    var order: Bool?
    var shape: [Int]?
    try scanner.expect("{")
    while !scanner.skip("}") {
      let key = try scanner.string()
      try scanner.expect(":")
      switch key {
      case "descr" where scanner.next == UInt8(ascii: "["):
        throw FormatError(
          file: file, problem: "holds records (a structured array)", advice: "save each field as an array of its own")
      case "descr" where descriptor == nil: descriptor = try scanner.string()
      case "fortran_order" where order == nil: order = try scanner.truth()
      case "shape" where shape == nil: shape = try scanner.integers()
      default: throw FormatError.corrupt(file, "has the unexpected header entry '\(key.prefix(40))'")
      }
      if !scanner.skip(",") {
        try scanner.expect("}")
        break
      }
    }
    try scanner.expectEnd()
    guard let descriptor, let order, let shape else {
      throw FormatError.corrupt(file, "its header lacks descr, fortran_order or shape")
    }
    (element, bigEndian) = try Self.element(descriptor, file: file)
    fortranOrder = order
    extents = shape
  }

  private static func element(_ descriptor: String, file: String) throws -> (DiskElement, bigEndian: Bool) {
    let order = descriptor.first
    let code = order.map { "<>|=".contains($0) } == true ? String(descriptor.dropFirst()) : descriptor
    let element: DiskElement? =
      switch code {
      case "b1", "?": .bool
      case "u1", "B": .uint8
      case "i1", "b": .int8
      case "u2": .uint16
      case "i2": .int16
      case "u4": .uint32
      case "i4": .int32
      case "u8": .uint64
      case "i8": .int64
      case "f2": .float16
      case "f4": .float32
      case "f8": .float64
      default: nil
      }
    guard let element else {
      throw FormatError(
        file: file, problem: "holds elements of type '\(descriptor.prefix(40))', which Apus cannot read",
        advice: "save it as float32, float64, int32, int64, uint8 or bool")
    }
    return (element, order == ">")
  }
}

/// Reads the few Python literals that a `.npy` header is made of.
private struct PythonLiteralScanner {
  let text: UnsafeRawBufferPointer
  let file: String
  var position = 0

  init(text: UnsafeRawBufferPointer, file: String) {
    self.text = text
    self.file = file
  }

  /// The next byte that is not white space.
  var next: UInt8? {
    mutating get {
      while position < text.count, [0x20, 0x09, 0x0a, 0x0d].contains(text[position]) { position += 1 }
      return position < text.count ? text[position] : nil
    }
  }

  private func failure() -> FormatError {
    FormatError.corrupt(file, "its header cannot be understood at byte \(position)")
  }

  mutating func skip(_ character: Unicode.Scalar) -> Bool {
    guard next == UInt8(ascii: character) else { return false }
    position += 1
    return true
  }

  mutating func expect(_ character: Unicode.Scalar) throws {
    guard skip(character) else { throw failure() }
  }

  mutating func expectEnd() throws {
    guard next == nil else { throw failure() }
  }

  mutating func string() throws -> String {
    guard let quote = next, quote == UInt8(ascii: "'") || quote == UInt8(ascii: "\"") else { throw failure() }
    position += 1
    let start = position
    while position < text.count, text[position] != quote { position += 1 }
    guard position < text.count else { throw failure() }
    defer { position += 1 }
    return String(decoding: text[start..<position], as: UTF8.self)
  }

  mutating func truth() throws -> Bool {
    for (word, value) in [("True", true), ("False", false)] {
      _ = next
      if text.dropFirst(position).starts(with: word.utf8) {
        position += word.utf8.count
        return value
      }
    }
    throw failure()
  }

  mutating func integers() throws -> [Int] {
    try expect("(")
    var values: [Int] = []
    while !skip(")") {
      values.append(try integer())
      guard values.count <= 64 else { throw failure() }
      if !skip(",") {
        try expect(")")
        break
      }
    }
    return values
  }

  private mutating func integer() throws -> Int {
    let negative = skip("-")
    guard let first = next, (0x30...0x39).contains(first) else { throw failure() }
    var value = 0
    while position < text.count, (0x30...0x39).contains(text[position]) {
      let (scaled, overflow1) = value.multipliedReportingOverflow(by: 10)
      let (sum, overflow2) = scaled.addingReportingOverflow(Int(text[position] - 0x30))
      guard !overflow1, !overflow2 else { throw failure() }
      value = sum
      position += 1
    }
    _ = skip("L")  // Python 2 wrote long integers so.
    return negative ? -value : value
  }
}
