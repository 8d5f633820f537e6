import ApusTensor
import Testing

@testable import ApusFormats

@Suite struct SafeTensorsTests {
  static let metadata = ["made by": "Python \"safetensors\" \n é"]

  @Test(arguments: [true, false])
  func readsPythonFiles(mapped: Bool) throws {
    let file = try SafeTensors(contentsOf: golden("python.safetensors"), mapped: mapped)
    #expect(file.metadata == Self.metadata)
    #expect(file.names == ["steps", "bias", "empty", "weight", "labels", "bytes", "mask"])
    #expect(file.type(of: "weight") == TensorType([2, 3], .float32))
    #expect(file.type(of: "absent") == nil)
    #expect(try file.array("weight").scalars(as: Float.self) == [0, 1, 2, 3, 4, 5])
    #expect(try file.array("bias").scalars(as: Double.self) == [0, 1, 2])
    #expect(try file.array("steps").scalars(as: Int64.self) == [7])
    #expect(try file.array("steps").shape == [])
    #expect(try file.array("labels").scalars(as: Int32.self) == [0, 1, 2])
    #expect(try file.array("bytes").scalars(as: UInt8.self) == [0, 1, 2, 3, 4])
    #expect(try file.array("mask").scalars(as: Bool.self) == [false, true, false, true, false, true])
    #expect(try file.array("empty").shape == [0, 2])
    #expect(message { _ = try file.array("absent") }.contains("choose one of: steps, bias"))
  }

  @Test func mappedTensorsOutliveTheFile() throws {
    try withFolder { folder in
      let path = folder + "/a.safetensors"
      let values = (0..<10_000).map { Float($0) }
      try SafeTensors.write(["a": HostArray(values, shape: [100, 100])], to: path)
      var file: SafeTensors? = try SafeTensors(contentsOf: path)
      let array = try #require(try file?.array("a"))
      let again = try #require(try file?.array("a"))
      #expect(array.storage.pointer == again.storage.pointer, "not copied")
      file = nil
      try SafeTensors.write(["a": HostArray([Float](repeating: 0, count: 10_000), shape: [10_000])], to: path)
      #expect(array.scalars(as: Float.self) == values)
    }
  }

  @Test func widensNarrowTypes() throws {
    let file = try SafeTensors(contentsOf: golden("narrow.safetensors"))
    let singles = try NPY.read(from: golden("halves_f4.npy")).scalars(as: Float.self)
    #expect(try file.array("half").scalars(as: Float.self).map(\.bitPattern) == singles.map(\.bitPattern))
    #expect(try file.array("small").scalars(as: Int32.self) == [-128, 127])
    #expect(try file.array("short").scalars(as: Int32.self) == [-32768, 32767])
    #expect(try file.array("unsigned").scalars(as: Int64.self) == [0, 4_294_967_295])
    #expect(file.type(of: "unsigned")?.dtype == .int64)
    let brain = try SafeTensors(contentsOf: golden("brain.safetensors")).array("brain")
    let values = brain.scalars(as: Float.self)
    #expect(values[0] == 1 && values[1] == -2.5 && abs(values[2] / 3e38 - 1) < 0.01)
  }

  @Test func writesTheBytesOfPython() throws {
    try withFolder { folder in
      let path = folder + "/a.safetensors"
      let file = try SafeTensors(contentsOf: golden("python.safetensors"))
      try SafeTensors.write(try file.arrays(), metadata: file.metadata, to: path)
      #expect(try fileBytes(path) == fileBytes(golden("python.safetensors")))
      try SafeTensors.write([:], to: path)
      #expect(try fileBytes(path) == [8, 0, 0, 0, 0, 0, 0, 0] + Array("{}      ".utf8))
      #expect(try SafeTensors(contentsOf: path).names.isEmpty)
      let reserved = ["__metadata__": HostArray([Float(1)], shape: [1])]
      #expect(message { try SafeTensors.write(reserved, to: path) }.contains("reserves the name"))
    }
  }

  private func read(_ header: String, data: Int, length: Int? = nil) throws {
    let size = UInt64(truncatingIfNeeded: length ?? header.utf8.count).littleEndian
    let bytes = withUnsafeBytes(of: size) { Array($0) } + Array(header.utf8) + [UInt8](repeating: 0, count: data)
    _ = try SafeTensors(storage(bytes), file: "x")
  }

  private func one(dtype: String = "F32", shape: String = "[2]", offsets: String = "[0,8]") -> String {
    "{\"a\":{\"dtype\":\"\(dtype)\",\"shape\":\(shape),\"data_offsets\":\(offsets)}}"
  }

  @Test func refusesInconsistentHeaders() throws {
    try read(one(), data: 8)
    #expect(message { try read(one(dtype: "F4"), data: 8) }.contains("type F4"))
    #expect(message { try read(one(), data: 9) }.contains("1 bytes that belong to no tensor"))
    #expect(message { try read(one(), data: 7) }.contains("outside the file"))
    #expect(message { try read(one(offsets: "[8,16]"), data: 16) }.contains("leaves a hole"))
    #expect(message { try read(one(offsets: "[8,0]"), data: 8) }.contains("outside the file"))
    #expect(message { try read(one(shape: "[3]"), data: 8) }.contains("needs 12"))
    #expect(message { try read(one(shape: "[-2]"), data: 8) }.contains("lacks a valid dtype, shape"))
    #expect(message { try read(one(shape: "[4611686018427387904,4]"), data: 8) }.contains("impossible shape"))
    #expect(message { try read(one(shape: "[18446744073709551616]"), data: 8) }.contains("beyond 2^63"))
    #expect(message { try read(one(shape: "[1,1,1,1,1,1,1,1,2]"), data: 8) }.contains("9 axes"))
    #expect(message { try read(one(), data: 8, length: 1 << 40) }.contains("header of"))
    #expect(message { try read(one(), data: 8, length: -1) }.contains("header of"))
    let two = "{\"a\":{\"dtype\":\"U8\",\"shape\":[4],\"data_offsets\":[0,4]},"
    let overlap = two + "\"b\":{\"dtype\":\"U8\",\"shape\":[4],\"data_offsets\":[2,6]}}"
    #expect(message { try read(overlap, data: 6) }.contains("'b' overlaps another"))
    let twice = two + "\"a\":{\"dtype\":\"U8\",\"shape\":[4],\"data_offsets\":[4,8]}}"
    #expect(message { try read(twice, data: 8) }.contains("'a' twice"))
    #expect(message { try read("{\"__metadata__\":{\"a\":1}}", data: 0) }.contains("is not text"))
    #expect(message { try read("{\"a\":" + String(repeating: "[", count: 100_000), data: 0) }.contains("too deeply"))
    #expect(message { try read("{\"a\":null}", data: 0) }.contains("lacks a valid dtype"))
    #expect(message { try read("{\"\\ud800x\":null}", data: 0) }.contains("not valid JSON"))
  }

  @Test func refusesOtherTruthValues() throws {
    let header = Array(one(dtype: "BOOL", offsets: "[0,2]").utf8)
    let bytes = [UInt8(header.count), 0, 0, 0, 0, 0, 0, 0] + header + [1, 2]
    let file = try SafeTensors(storage(bytes), file: "x")
    #expect(message { _ = try file.array("a") }.contains("truth value 1 is 2"))
  }

  @Test func readsEveryEscape() throws {
    let text = #"{"__metadata__":{"\u00e9\ud83d\ude00\/\b\f\n\r\t\\\"":"\u0041"} , "a" : {"dtype":"U8","shape":[],"#
    let header = Array((text + #""data_offsets":[0,1]} }   "#).utf8)
    let bytes = [UInt8(header.count), 0, 0, 0, 0, 0, 0, 0] + header + [1]
    let file = try SafeTensors(storage(bytes), file: "x")
    #expect(file.metadata == ["é😀/\u{8}\u{c}\n\r\t\\\"": "A"])
    try withFolder { folder in
      try SafeTensors.write([:], metadata: ["\u{1}é😀/\u{8}\u{c}\n\r\t\\\"": "A"], to: folder + "/m")
      #expect(try SafeTensors(contentsOf: folder + "/m").metadata == ["\u{1}é😀/\u{8}\u{c}\n\r\t\\\"": "A"])
    }
  }

  @Test func survivesDamage() throws {
    for name in ["python", "narrow"] {
      attack(try fileBytes(golden("\(name).safetensors"))) {
        _ = try SafeTensors(storage($0), file: "x").arrays()
      }
    }
  }
}
