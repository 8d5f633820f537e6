import ApusTensor

/// What the messages of a dataset say, until all are read.
struct HDF5DatasetParts {
  /// Whether the elements are compressed or checked.
  var isFiltered = false
  private var extents: [Int]?
  private var type: (element: DiskElement, isBigEndian: Bool)?
  private var typeProblem: String?
  private var layout: Layout?

  private enum Layout {
    /// At an address of the file.
    case contiguous(Int?, Int)
    /// In the header, at a place of the file.
    case compact(Int, Int)
    case other(String)
  }

  /// The dataspace.
  mutating func readShape(_ cursor: inout HDF5Cursor) throws {
    let version = try cursor.number(1)
    let rank = try cursor.number(1)
    let flags = try cursor.number(1)
    guard version == 1 || version == 2, flags <= 3 else { throw cursor.corrupt("has a shape of an unknown form") }
    if version == 1 {
      try cursor.skip(5)
    } else if try cursor.number(1) == 2 {
      // A dataset without elements, as h5py's Empty.
      extents = [0]
      return
    }
    extents = try (0..<rank).map { _ in try cursor.length() }
  }

  /// The element type. Types that are no numbers are noted: attributes and names of Keras are not read.
  mutating func readType(_ start: HDF5Cursor, isShared: Bool, _ path: String) throws {
    var cursor = start
    guard !isShared else {
      typeProblem = "of a type that stands elsewhere in the file"
      return
    }
    let kind = try cursor.number(1)
    let bits = try cursor.number(3)
    let size = try cursor.number(4)
    switch kind & 15 {
    case 0:
      guard try cursor.number(2) == 0, try cursor.number(2) == size * 8 else {
        typeProblem = "of integers with unused bits"
        return
      }
      let elements: [Int: (signed: DiskElement, unsigned: DiskElement)] = [
        1: (.int8, .uint8), 2: (.int16, .uint16), 4: (.int32, .uint32), 8: (.int64, .uint64),
      ]
      type = elements[size].map { (bits & 8 != 0 ? $0.signed : $0.unsigned, bits & 1 != 0) }
      if type == nil { typeProblem = "of integers of \(size) bytes" }
    case 1:
      try cursor.skip(2)
      let precision = try cursor.number(2)
      let exponent = (try cursor.number(1), try cursor.number(1))
      let mantissa = (try cursor.number(1), try cursor.number(1))
      switch (size, precision, exponent.0, exponent.1, mantissa.0, mantissa.1, bits & 0x40) {
      case (2, 16, 10, 5, 0, 10, 0): type = (.float16, bits & 1 != 0)
      case (2, 16, 7, 8, 0, 7, 0): type = (.bfloat16, bits & 1 != 0)
      case (4, 32, 23, 8, 0, 23, 0): type = (.float32, bits & 1 != 0)
      case (8, 64, 52, 11, 0, 52, 0): type = (.float64, bits & 1 != 0)
      default: typeProblem = "of floating-point numbers of an unusual form (\(size) bytes)"
      }
    case 8 where size == 1 && bits & 0xffff == 2: type = (.bool, false)
    case 3, 9: typeProblem = "of text or lists"
    default: typeProblem = "of a type that is no number"
    }
  }

  /// Where the elements are.
  mutating func readLayout(_ cursor: inout HDF5Cursor, _ path: String) throws {
    let version = try cursor.number(1)
    if version == 1 || version == 2 {
      let (rank, kind) = (try cursor.number(1), try cursor.number(1))
      try cursor.skip(5)
      guard kind == 1 else {
        layout = .other(kind == 0 ? "inside an old header" : "in chunks")
        return
      }
      let address = try cursor.address()
      var size = 1
      for _ in 0..<rank { size = size.multipliedReportingOverflow(by: try cursor.number(4)).partialValue }
      layout = .contiguous(address, size)
      return
    }
    guard version == 3 || version == 4 else { throw cursor.corrupt("has elements laid out in an unknown form") }
    switch try cursor.number(1) {
    case 0:
      let size = try cursor.number(2)
      layout = .compact(cursor.position, size)
      try cursor.skip(size)
    case 1: layout = .contiguous(try cursor.address(), try cursor.length())
    case 2: layout = .other("in chunks")
    default: layout = .other("in other files")
    }
  }

  /// The dataset that the messages describe; nil when they describe none, or one of text.
  ///
  /// - Throws: ``FormatError`` when it is of a kind that cannot be read, or does not lie in the file.
  func dataset(origin: Int, _ cursor: HDF5Cursor, _ path: String) throws -> HDF5Reader.Dataset? {
    guard let extents, let layout else { return nil }
    func refuse(_ problem: String, _ advice: String) -> FormatError {
      FormatError(file: cursor.file, problem: "the dataset '\(path.prefix(80))' \(problem)", advice: advice)
    }
    guard let type else {
      // Keras keeps names beside weights.
      if typeProblem == "of text or lists" { return nil }
      throw refuse("is \(typeProblem ?? "of no type")", "save it as numbers of 1, 2, 4 or 8 bytes")
    }
    let (shape, size) = try ClaimedShape.check(
      extents, element: type.element, file: "\(cursor.file), dataset '\(path.prefix(80))'")
    let (start, stored): (Int?, Int)
    switch layout {
    case .other(let form):
      throw refuse("keeps its elements \(form), which Apus does not read", "save it without chunks and compression")
    case .compact(let place, let count): (start, stored) = (place, count)
    case .contiguous(let address, let count):
      let sum = address.map { origin.addingReportingOverflow($0) }
      guard sum.map({ !$0.overflow && $0.partialValue >= 0 }) ?? true else {
        throw refuse("lies outside the file", "get it again")
      }
      (start, stored) = (sum?.partialValue, count)
    }
    guard !isFiltered else { throw refuse("is compressed", "save it without compression") }
    guard let start else {
      return HDF5Reader.Dataset(element: type.element, isBigEndian: false, shape: shape, offset: nil)
    }
    guard stored >= size, start <= cursor.bytes.count, size <= cursor.bytes.count - start else {
      throw refuse("lies outside the file, or is cut short", "get it again")
    }
    return HDF5Reader.Dataset(
      element: type.element, isBigEndian: type.isBigEndian, shape: shape, offset: start)
  }
}
