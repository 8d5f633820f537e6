import ApusTensor
import Foundation
import Testing

@testable import ApusFormats

/// The values of a fixture.
private func ramp(_ count: Int) -> [Double] { (0..<count).map { Double($0 * 7 % 23 - 11) / 4 } }

@Suite struct HDF5Tests {
  @Test(arguments: [("groups_old.h5", 20), ("groups_new.h5", 6)])
  func readsGroupsOfBothForms(_ name: String, _ layers: Int) throws {
    let arrays = Dictionary(uniqueKeysWithValues: try HDF5.read(from: golden(name)).map { ($0.name, $0.array) })
    #expect(arrays.count == 8 + layers + 4)
    for (type, dtype) in [
      ("f4", DType.float32), ("f4be", .float32), ("f8", .float64), ("f2", .float32), ("i4", .int32), ("i8", .int64),
      ("i2", .int32), ("u1", .uint8),
    ] {
      let array = try #require(arrays["model_weights/types/" + type])
      #expect(array.dtype == dtype && array.shape == [3, 4], "\(type)")
      guard type != "u1" else { continue }
      let expected = ramp(12).map { type.hasPrefix("i") ? $0.rounded(.towardZero) : $0 }
      #expect(array.scalars(as: Double.self) == expected, "\(type)")
    }
    for index in 0..<layers {
      let array = try #require(arrays["model_weights/dense_\(index)/kernel:0"])
      #expect(array.shape == [2, index + 1] && array.scalars(as: Double.self) == ramp(2 * index + 2))
    }
    // A second name is the same array, listed once, under whichever comes first.
    #expect((arrays["alias"] ?? arrays["scalar"])?.scalars(as: Float.self) == [2.5])
    #expect(arrays["truth"]?.scalars(as: Bool.self) == [true, false, true])
    #expect(arrays["empty"]?.shape == [0, 3] && arrays["never"]?.scalars(as: Float.self) == [0, 0, 0, 0])
  }

  @Test func readsWhatKerasSaves() throws {
    let expected = [[3, 3, 1, 2], [2], [2], [2], [2], [2], [72, 3], [3]]
    for name in ["keras.weights.h5", "keras.keras", "keras_legacy.h5"] {
      let file = try TensorFile(contentsOf: golden(name))
      let arrays = try file.names.map { try file.array($0) }.filter { $0.dtype == .float32 && $0.shape.rank > 0 }
      for shape in expected { #expect(arrays.contains { Array($0.shape) == shape }, "\(name): \(shape)") }
      let model = arrays.filter { array in expected.contains(Array(array.shape)) }
      for array in model { #expect(array.scalars(as: Double.self) == ramp(array.shape.elementCount), "\(name)") }
    }
    let names = try TensorFile(contentsOf: golden("keras.weights.h5")).names
    #expect(names.contains("layers/conv2d/vars/0") && names.contains("layers/batch_normalization/vars/3"))
  }

  @Test func readsWhatItWrites() throws {
    let folder = NSTemporaryDirectory() + "apus-hdf5-" + UUID().uuidString
    defer { try? FileManager.default.removeItem(atPath: folder) }
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    var arrays: [String: HostArray] = [
      "a": HostArray([1.5, -2] as [Float], shape: [2]), "b/c": HostArray([1, 2, 3] as [Int64], shape: [3, 1]),
      "b/d/e": HostArray([3.25] as [Double], shape: []), "b/d/f": HostArray([true, false], shape: [2]),
      "b/g": HostArray([7, 8] as [UInt8], shape: [1, 2]), "h": HostArray([-5] as [Int32], shape: [1]),
      "i": HostArray([] as [Float], shape: [0, 4]),
    ]
    for index in 0..<200 { arrays["many/w\(index)"] = HostArray([Float(index)], shape: [1]) }
    try TensorFile.write(arrays, to: folder + "/x.h5")
    let found = try TensorFile(contentsOf: folder + "/x.h5").arrays()
    #expect(Set(found.keys) == Set(arrays.keys))
    for (name, array) in arrays {
      #expect(found[name]?.type == array.type, "\(name)")
      #expect(found[name]?.scalars(as: Double.self) == array.scalars(as: Double.self), "\(name)")
    }
    for bad in [["a": arrays["a"]!, "a/b": arrays["h"]!], ["": arrays["a"]!], ["a//b": arrays["a"]!]] {
      #expect(message { try HDF5.write(bad, to: folder + "/y.h5") }.contains("cannot hold a tensor called"))
    }
    #expect(message { try TensorFile.write(arrays, to: folder + "/y.keras") }.contains("name it .weights.h5"))
  }

  @Test func refusesWithOneSentence() throws {
    #expect(message { _ = try HDF5.read(from: golden("chunks.h5")) }.contains("'packed' keeps its elements in chunks"))
    #expect(message { _ = try HDF5.read(from: golden("stored.npz")) }.contains("is not an HDF5 file"))
    // A group inside itself is listed once.
    #expect(try HDF5.read(from: golden("cycle.h5")).map(\.name) == ["a/b"])
  }

  /// Files cut short anywhere, and files with a byte changed anywhere, give arrays or a sentence; never more memory than a
  /// small multiple of the file.
  @Test(arguments: ["groups_old.h5", "groups_new.h5", "keras.weights.h5"]) func damagedFilesAreSafe(
    _ name: String
  ) throws {
    let bytes = Array(try Data(contentsOf: URL(fileURLWithPath: golden(name))))
    attack(bytes, detects: false, rounds: 2000) { bytes in
      let found = try HDF5.decode(storage(bytes), file: "x")
      #expect(found.reduce(0) { $0 + $1.array.type.byteCount } <= 8 * max(bytes.count, 1 << 16))
    }
  }
}
