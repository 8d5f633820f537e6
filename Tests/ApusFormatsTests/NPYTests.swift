import ApusTensor
import Testing

@testable import ApusFormats

@Suite struct NPYTests {
  @Test(arguments: [
    ("f2", DType.float32), ("f4", .float32), ("f8", .float64), ("i1", .int32), ("i2", .int32), ("i4", .int32),
    ("i8", .int64), ("u1", .uint8), ("u2", .int32), ("u4", .int64), ("u8", .int64), ("big_f2", .float32),
    ("big_f4", .float32), ("big_f8", .float64), ("big_i2", .int32), ("big_i4", .int32), ("big_i8", .int64),
    ("big_u4", .int64),
  ])
  func readsEveryElementType(code: String, dtype: DType) throws {
    let array = try NPY.read(from: golden("ramp_\(code).npy"))
    #expect(array.dtype == dtype)
    #expect(array.shape == [2, 3])
    #expect(array.scalars(as: Double.self) == [0, 1, 2, 3, 4, 5])
  }

  @Test func readsTruthValues() throws {
    let array = try NPY.read(from: golden("ramp_b1.npy"))
    #expect(array.type == TensorType([2, 3], .bool))
    #expect(array.scalars(as: Bool.self) == [false, true, false, true, false, true])
  }

  @Test func readsEveryVersionAndRank() throws {
    for version in ["version2", "version3"] {
      #expect(try NPY.read(from: golden("\(version).npy")).scalars(as: Float.self) == [0, 1, 2, 3, 4, 5])
    }
    let scalar = try NPY.read(from: golden("scalar.npy"))
    #expect(scalar.shape == [] && scalar.scalars(as: Double.self) == [2.5])
    #expect(try NPY.read(from: golden("vector.npy")).shape == [5])
    let empty = try NPY.read(from: golden("empty.npy"))
    #expect(empty.shape == [0, 4] && empty.scalars(as: Float.self).isEmpty)
  }

  @Test func readsColumnMajorOrder() throws {
    for name in ["fortran", "fortran_u1"] {
      let array = try NPY.read(from: golden("\(name).npy"))
      #expect(array.shape == [2, 3, 4])
      #expect(array.scalars(as: Double.self) == (0..<24).map(Double.init))
    }
  }

  @Test func widensHalvesExactly() throws {
    let halves = try NPY.read(from: golden("halves.npy")).scalars(as: Float.self)
    let singles = try NPY.read(from: golden("halves_f4.npy")).scalars(as: Float.self)
    #expect(halves.map(\.bitPattern) == singles.map(\.bitPattern))
    #expect(DiskElement.single(half: 0x7e00).isNaN)
  }

  @Test func writesTheBytesOfNumpy() throws {
    try withFolder { folder in
      for name in ["ramp_f4", "ramp_f8", "ramp_i4", "ramp_i8", "ramp_u1", "ramp_b1", "scalar", "vector", "empty"] {
        let path = "\(folder)/\(name).npy"
        try NPY.write(try NPY.read(from: golden("\(name).npy")), to: path)
        #expect(try fileBytes(path) == fileBytes(golden("\(name).npy")), "\(name)")
      }
      #expect(listing(folder).count == 9)
    }
  }

  @Test func refusesWhatCannotBeHeld() {
    #expect(message { _ = try NPY.read(from: golden("complex.npy")) }.contains("'<c8'"))
    #expect(message { _ = try NPY.read(from: golden("text.npy")) }.contains("'<U1'"))
    #expect(message { _ = try NPY.read(from: golden("records.npy")) }.contains("structured"))
    #expect(message { _ = try NPY.read(from: golden("too_large_u8.npy")) }.contains("9223372036854775808"))
    let missing = message { _ = try NPY.read(from: "/nowhere/x.npy") }
    #expect(missing == "/nowhere/x.npy: cannot be read (no such file or directory); check the path")
    #expect(message { _ = try NPY.read(from: "/tmp") }.contains("is a folder"))
    #expect(message { _ = try NPY.read(from: "/dev/zero") }.contains("not a regular file"))
    #expect(message { _ = try NPY.read(from: "") }.contains("path is empty"))
    #expect(message { _ = try NPY.decode(storage([]), file: "e.npy") }.hasPrefix("e.npy: is empty"))
  }

  /// Names in a file do not break the sentence; found by `make fuzz`.
  @Test func sentencesAreOneLine() {
    let header = "{'des\n\rcr': '<f4', 'fortran_order': False, 'shape': (1,)}\n"
    let text = message { _ = try NPY.decode(storage(file(header)), file: "x") }
    #expect(text.contains("unexpected header entry") && !text.contains { $0.isNewline })
  }

  private func file(_ header: String, version: UInt8 = 1, data: Int = 0) -> [UInt8] {
    let length = header.utf8.count
    let prefix: [UInt8] = [0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59, version, 0]
    return prefix + [UInt8(length & 255), UInt8(length >> 8)] + Array(header.utf8) + [UInt8](repeating: 0, count: data)
  }

  @Test func acceptsOtherSpellingsOfTheHeader() throws {
    let text = "{\"shape\" : (2L ,3) ,'fortran_order':False,  'descr':\"f4\"}"
    let bytes = file(text, data: 24)
    #expect(try NPY.decode(storage(bytes), file: "x").shape == [2, 3])
  }

  @Test(arguments: [
    "(-1,)", "(4611686018427387904, 4)", "(9223372036854775807, 2, 0)", "(0, 4611686018427387904, 4611686018427387904)",
    "(99999999999999999999,)", "(1,1,1,1,1,1,1,1,1)", "(1000000000000,)", "(7,)", "(5,)", "(", "(,)", "6",
    "(6,), 'x': 1",
  ])
  func refusesImpossibleShapes(shape: String) {
    let bytes = file("{'descr': '<f4', 'fortran_order': False, 'shape': \(shape), }", data: 24)
    #expect(message { _ = try NPY.decode(storage(bytes), file: "x.npy") }.hasPrefix("x.npy: "))
  }

  @Test(arguments: ["{", "", "{}", "{'descr': '<f4'}", "{'descr': '<f4', 'descr': '<f4'}", "[1]", "{'descr': 4}"])
  func refusesBrokenHeaders(text: String) {
    #expect(message { _ = try NPY.decode(storage(file(text, data: 4)), file: "x.npy") }.hasPrefix("x.npy: "))
  }

  @Test func survivesDamage() throws {
    for name in ["ramp_f4", "ramp_big_i4", "fortran", "version2", "ramp_b1"] {
      attack(try fileBytes(golden("\(name).npy"))) { _ = try NPY.decode(storage($0), file: "x") }
    }
  }
}
