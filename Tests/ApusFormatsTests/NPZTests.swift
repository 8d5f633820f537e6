import ApusTensor
import Testing

@testable import ApusFormats

@Suite struct NPZTests {
  @Test(arguments: ["stored", "deflated"])
  func readsNumpyArchives(name: String) throws {
    let path = golden("\(name).npz")
    #expect(try NPZ.names(in: path) == ["x", "labels", "mask"])
    let arrays = try NPZ.read(from: path)
    #expect(arrays["x"]?.type == TensorType([2, 3], .float32))
    #expect(arrays["x"]?.scalars(as: Float.self) == [0, 1, 2, 3, 4, 5])
    #expect(arrays["labels"]?.scalars(as: Int64.self) == [0, 1, 2])
    #expect(arrays["mask"]?.scalars(as: Bool.self) == [false, true, false, true, false, true])
    #expect(Set(try NPZ.read(from: path, only: ["labels", "absent"]).keys) == ["labels"])
  }

  @Test(arguments: [false, true])
  func writesWhatItReads(compressed: Bool) throws {
    try withFolder { folder in
      let path = folder + "/a.npz"
      let values = (0..<5000).map { Float($0 % 7) }
      let arrays = [
        "b": HostArray(values, shape: [50, 100]), "a": HostArray([Int32(-1), 2], shape: [2]),
        "none": HostArray([Double](), shape: [0, 3]),
      ]
      try NPZ.write(arrays, to: path, compressed: compressed)
      let read = try NPZ.read(from: path)
      #expect(try NPZ.names(in: path) == ["a", "b", "none"])
      #expect(read["b"]?.scalars(as: Float.self) == values)
      #expect(read["a"]?.scalars(as: Int32.self) == [-1, 2])
      #expect(read["none"]?.type == TensorType([0, 3], .float64))
      let first = try fileBytes(path)
      #expect(compressed ? first.count < 5000 : first.count > 20000)
      try NPZ.write(arrays, to: path, compressed: compressed)
      #expect(try fileBytes(path) == first)
      #expect(listing(folder) == ["a.npz"])
    }
  }

  @Test func reportsUnwritablePlaces() throws {
    let arrays = ["a": HostArray([Float(1)], shape: [1])]
    #expect(message { try NPZ.write(arrays, to: "/nowhere/a.npz") }.contains("create the folder"))
    #expect(message { try NPZ.write(arrays, to: "/dev/null") }.contains("not a regular file"))
    #expect(message { _ = try NPZ.read(from: "/nowhere/a.npz") }.contains("no such file"))
    #expect(message { _ = try NPZ.names(in: golden("ramp_f4.npy")) }.contains("not a zip archive"))
  }

  /// Names in files may hold anything; found by `make fuzz`.
  @Test func controlCharactersOfNamesAreNotPrinted() throws {
    let found = golden("control-character-in-name.npz").replacing(
      "ApusFormatsTests/Fixtures", with: "Fuzzing/corpus/npz")
    let text = message { _ = try NPZ.read(from: found) }
    #expect(text.contains("member") && text.unicodeScalars.allSatisfy { $0.value >= 32 })
    let error = FormatError(file: "a\u{1B}[2Jb\u{85}c", problem: "d\r\ne", advice: "f\u{2028}\u{7F}g \u{E9}")
    #expect(error.description == "a [2Jb c: d  e; f  g \u{E9}")
  }

  @Test func survivesDamage() throws {
    try withFolder { folder in
      for name in ["stored", "deflated"] {
        attack(try fileBytes(golden("\(name).npz")), detects: true, rounds: 1500) {
          let path = folder + "/damaged.npz"
          try put($0, path)
          _ = try NPZ.read(from: path)
        }
      }
    }
  }
}
