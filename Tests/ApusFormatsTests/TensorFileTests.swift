import ApusTensor
import Testing

@testable import ApusFormats

@Suite struct TensorFileTests {
  @Test(arguments: ["a.safetensors", "a.pth", "a.pt", "a.npz"])
  func everyFormatHoldsTheSame(name: String) throws {
    try withFolder { folder in
      let arrays = [
        "w": HostArray([Float(0.1), .infinity, -0.0], shape: [3]), "n": HostArray([Int64.max], shape: [1]),
      ]
      try TensorFile.write(arrays, metadata: ["epoch": "3"], to: "\(folder)/\(name)")
      let file = try TensorFile(contentsOf: "\(folder)/\(name)")
      #expect(Set(file.names) == ["w", "n"])
      for (name, array) in try file.arrays() {
        #expect(file.type(of: name) == array.type)
        #expect(array.withUnsafeBytes { Array($0) } == arrays[name]?.withUnsafeBytes { Array($0) })
      }
      #expect(file.metadata == (file.format == .safetensors ? ["epoch": "3"] : [:]))
      #expect(message { _ = try file.array("x") }.contains("holds no tensor 'x'"))
      let listing = try TensorListing(contentsOf: "\(folder)/\(name)")
      #expect(listing.elementCount == 4 && listing.byteCount == 20)
    }
  }

  @Test func oneArrayFiles() throws {
    try withFolder { folder in
      let array = HostArray([Int32(4)], shape: [1])
      try TensorFile.write(["x": array], to: folder + "/a.npy")
      #expect(try TensorFile(contentsOf: folder + "/a.npy").array("tensor").scalars(as: Int32.self) == [4])
      #expect(
        message { try TensorFile.write(["x": array, "y": array], to: folder + "/a.npy") }.contains("2 tensors"))
    }
  }

  @Test func namesAreChecked() {
    #expect(message { _ = try TensorFile(contentsOf: "weights.h6") }.contains("unknown extension .h6"))
    #expect(message { _ = try TensorFile(contentsOf: "weights") }.contains("no extension; name a file of tensors"))
    #expect(message { _ = try TensorFile(contentsOf: "no.npz") }.contains("no such file"))
  }

  @Test func smallFloatsOfSafetensors() throws {
    // Eight-bit floats: 0.5, -1.5, the largest, NaN in each of the two forms; powers of two.
    let header = """
      {"a":{"dtype":"F8_E4M3","shape":[4],"data_offsets":[0,4]},\
      "b":{"dtype":"F8_E5M2","shape":[4],"data_offsets":[4,8]},\
      "c":{"dtype":"F8_E8M0","shape":[3],"data_offsets":[8,11]}}
      """
    var bytes = [UInt8(header.utf8.count), 0, 0, 0, 0, 0, 0, 0] + Array(header.utf8)
    bytes += [0x30, 0xbc, 0x7e, 0x01, 0x38, 0xbe, 0x7b, 0x01, 127, 130, 0]
    let file = try SafeTensors(storage(bytes), file: "f8")
    #expect(try file.array("a").scalars(as: Float.self) == [0.5, -1.5, 448, 0x1p-9])
    #expect(try file.array("b").scalars(as: Float.self) == [0.5, -1.5, 57344, 0x1p-16])
    #expect(try file.array("c").scalars(as: Float.self) == [1, 8, 0x1p-127])
  }
}
