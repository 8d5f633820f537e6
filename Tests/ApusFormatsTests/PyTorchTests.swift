import ApusTensor
import Testing

@testable import ApusFormats

@Suite struct PyTorchTests {
  private static let ramp: [Double] = [0, 1, 2, 3, 4, 5]

  @Test(arguments: ["torch_zip.pth", "torch_legacy.pth"])
  func readsBothForms(name: String) throws {
    let file = try PyTorchFile(contentsOf: golden(name))
    let types: [(String, DType)] = [
      ("f32", .float32), ("f64", .float64), ("f16", .float32), ("bf16", .float32), ("i64", .int64), ("i32", .int32),
      ("i16", .int32), ("i8", .int32), ("u8", .uint8), ("bool", .bool),
    ]
    for (name, dtype) in types {
      let array = try file.array("model.\(name)")
      #expect(array.type == TensorType([2, 3], dtype), "\(name)")
      #expect(file.type(of: "model.\(name)") == array.type)
      let values: [Double] = dtype == .bool ? [0, 1, 1, 1, 1, 1] : Self.ramp
      #expect(array.scalars(as: Double.self) == values)
    }
    // Parts of one storage, with offsets, gaps and swapped axes.
    #expect(try file.array("shared.0").scalars(as: Float.self) == [4, 5, 6, 7, 8, 9])
    #expect(try file.array("shared.1").scalars(as: Float.self) == [1, 4, 7, 10, 13, 16, 19])
    let swapped = try file.array("shared.2")
    #expect(swapped.shape == [6, 4])
    let expected = (0..<24).map { (place: Int) -> Float in Float(place % 4 * 6 + place / 4) }
    #expect(swapped.scalars(as: Float.self) == expected)
    #expect(try file.array("parameter").scalars(as: Float.self) == [0.5, 0.5])
    #expect(try file.array("empty").type == TensorType([0, 4], .float32))
    #expect(try file.array("scalar").type == TensorType([], .float32))
    #expect(try file.array("repeated").scalars(as: Float.self) == [7, 7, 7, 7, 7, 7])
    let metadata: [String: String] = [
      "epoch": "12", "rate": "0.25", "note": "größer", "done": "true", "size.0": "2", "size.1": "3",
    ]
    #expect(file.metadata == metadata)
    #expect(file.names.first == "model.f32" && file.names.count == 17)
    #expect(message { _ = try file.array("model") }.contains("choose one of: model.f32, model.f64"))
  }

  @Test func readsTypesWithoutStoragesOfTheirOwn() throws {
    let file = try PyTorchFile(contentsOf: golden("torch_untyped.pth"))
    for (name, dtype) in [("u16", DType.int32), ("u32", .int64), ("u64", .int64)] {
      #expect(try file.array(name).type == TensorType([2, 3], dtype))
      #expect(try file.array(name).scalars(as: Double.self) == Self.ramp)
    }
    #expect(try file.array("f8").scalars(as: Float.self) == [0.5, -1.5, 448])
    #expect(try file.array("f8e5").scalars(as: Float.self) == [0.5, -1.5, 57344])
  }

  @Test func readsStateDictionaries() throws {
    let file = try PyTorchFile(contentsOf: golden("torch_state.pth"))
    #expect(file.names == ["weight", "bias", "running_mean", "running_var", "num_batches_tracked"])
  }

  @Test func refusesObjectsByName() throws {
    #expect(
      message { _ = try PyTorchFile(contentsOf: golden("torch_module.pth")) }
        .contains("asks for 'torch.nn.modules.batchnorm.BatchNorm1d', and Apus runs no code of files"))
    #expect(
      message { _ = try PyTorchFile(contentsOf: golden("torch_complex.pth")) }.contains("'torch.ComplexFloatStorage'"))
    #expect(message { _ = try PyTorchFile(contentsOf: golden("stored.npz")) }.contains("without data.pkl"))
    #expect(message { _ = try PyTorchFile(contentsOf: golden("scalar.npy")) }.contains("not a file of torch.save"))
  }

  /// The legacy form around one pickle: what a hostile file would put there.
  private func legacy(_ program: [UInt8]) throws -> String {
    let magic: [UInt8] = [
      0x80, 2, 0x8a, 10, 0x6c, 0xfc, 0x9c, 0x46, 0xf9, 0x20, 0x6a, 0xa8, 0x50, 0x19, 0x2e, 0x80, 2, 0x4d, 0xe9, 3,
      0x2e, 0x80, 2, 0x7d, 0x2e,
    ]
    var text = ""
    try withFolder { folder in
      try put(magic + program + Array("].".utf8), folder + "/evil.pth")
      text = message { _ = try PyTorchFile(contentsOf: folder + "/evil.pth") }
    }
    return text
  }

  @Test func executesNothing() throws {
    for (program, word) in [
      ("cos\nsystem\n(X\u{4}\0\0\0true" + "tR.", "'os.system'"),
      ("c__builtin__\neval\n(X\u{1}\0\0\01tR.", "'__builtin__.eval'"),
      ("X\u{2}\0\0\0osX\u{6}\0\0\0system\u{93}.", "'os.system'"),
      ("(ios\nsystem\n.", "'os.system'"),
      ("ccollections\nOrderedDict\n)\u{81}ctorch\nload\n.", "'torch.load'"),
      ("ctorch\nFloatStorage\n)R.", "'torch.FloatStorage'"),
      ("(K\u{1}o.", "makes an object of a class"),
      ("}}b.", ""),
      ("K\u{1}}b.", "sets the inside of an object"),
    ] {
      let bytes = program.unicodeScalars.map { UInt8($0.value) }
      if word.isEmpty { continue }
      #expect(try legacy(bytes).contains(word), "\(program.debugDescription)")
    }
  }

  @Test func refusesLies() throws {
    func bytes(_ text: String) -> [UInt8] { text.unicodeScalars.map { UInt8($0.value) } }
    // A list inside itself, lists doubled forty times, lengths beyond the file, values that are not there.
    #expect(try legacy(bytes("]q\u{0}h\u{0}a.")).contains("nested without end"))
    var doubled = "]q\u{0}"
    for _ in 0..<40 { doubled += "0](h\u{0}h\u{0}eq\u{0}" }
    #expect(try legacy(bytes(doubled + ".")).contains("nested without end"))
    #expect(try legacy(bytes("X") + [0xff, 0xff, 0xff, 0x7f]).contains("claims 2147483647 bytes"))
    #expect(try legacy([0x8d] + [UInt8](repeating: 0xff, count: 8)).contains("claims 18446744073709551615 bytes"))
    #expect(try legacy(bytes("h\u{7}.")).contains("recalls the value 7"))
    #expect(try legacy(bytes("0.")).contains("takes a value that is not there"))
    #expect(try legacy(bytes("(((.")).contains("leaves 0 values"))
    #expect(try legacy(bytes("\u{ff}")).contains("unknown instruction 255"))
    let storage = "((X\u{7}\0\0\0storagectorch\nFloatStorage\nX\u{1}\0\0\00X\u{3}\0\0\0cpuK\u{4}tQ"
    func tensor(_ rest: String) -> [UInt8] { bytes("ctorch._utils\n_rebuild_tensor_v2\n" + storage + rest + "tR.") }
    for (rest, word) in [
      ("K\u{0}(K\u{5}t(K\u{1}t", "lies outside its storage of 4 elements"),
      ("K\u{3}(K\u{2}t(K\u{1}t", "lies outside its storage"),
      ("J\u{ff}\u{ff}\u{ff}\u{ff}(K\u{1}t(K\u{1}t", "lies outside its storage"),
      ("K\u{0}(J\u{ff}\u{ff}\u{ff}\u{ff}t(K\u{1}t", "impossible extent -1"),
      ("K\u{0}(K\u{2}t(J\u{ff}\u{ff}\u{ff}\u{ff}t", "strides [-1]"),
      ("K\u{0}(K\u{2}K\u{2}t(K\u{1}t", "describes a tensor that is none"),
      ("K\u{0}(J\0\0\0\u{40}t(K\0t", "repeats 4 elements"),
      ("K\u{0}(\u{8a}\u{8}\0\0\0\0\0\0\0\u{7f}t(K\0t", "impossible shape"),
    ] {
      #expect(try legacy(tensor(rest)).contains(word), "\(rest.debugDescription)")
    }
  }

  @Test func roundTrips() throws {
    try withFolder { folder in
      let arrays = [
        "conv.weight": HostArray((0..<24).map(Float.init), shape: [2, 3, 4]),
        "größe": HostArray([Int64.min, 70_000], shape: [2]), "flag": HostArray([true, false], shape: [2]),
        "none": HostArray([Double](), shape: [0, 3]), "byte": HostArray([UInt8(200)], shape: []),
        "small": HostArray([Int32(-5)], shape: [1]),
      ]
      let path = folder + "/a.pth"
      try PyTorchFile.write(arrays, to: path)
      let file = try PyTorchFile(contentsOf: path)
      #expect(Set(file.names) == Set(arrays.keys))
      for (name, array) in arrays {
        let read = try file.array(name)
        #expect(read.type == array.type)
        #expect(read.withUnsafeBytes { Array($0) } == array.withUnsafeBytes { Array($0) }, "\(name)")
      }
      let first = try fileBytes(path)
      try PyTorchFile.write(arrays, to: path)
      #expect(try fileBytes(path) == first)
      #expect(message { try PyTorchFile.write(arrays, to: "/nowhere/a.pth") }.contains("create the folder"))
    }
  }

  @Test(arguments: ["torch_state.pth", "torch_legacy.pth"])
  func survivesDamage(name: String) throws {
    try withFolder { folder in
      attack(try fileBytes(golden(name)), detects: true, rounds: 1500) {
        let path = folder + "/damaged.pth"
        try put($0, path)
        _ = try PyTorchFile(contentsOf: path).arrays()
      }
    }
  }

  @Test func archivesThatClaimTooMuchAreRefused() throws {
    // A member of 2^62 bytes in an archive of a few hundred.
    try withFolder { folder in
      var bytes = try fileBytes(golden("torch_state.pth"))
      let central = try #require(bytes.indices.dropLast(4).last { Array(bytes[$0..<$0 + 4]) == [0x50, 0x4b, 1, 2] })
      for offset in 0..<4 { bytes[central + 24 + offset] = 0xf0 }
      try put(bytes, folder + "/bomb.pth")
      let text = message { _ = try PyTorchFile(contentsOf: folder + "/bomb.pth") }
      #expect(text.contains("claims to hold") || text.contains("damaged") || text.contains("bomb"))
    }
  }
}
