import ApusTensor

/// The arrays of an HDF5 file, as Keras keeps weights in: `.h5`, `.weights.h5`, and inside a `.keras` archive.
///
/// Read are arrays of numbers that lie in one piece, which is how Keras and h5py write them unless asked otherwise, of every
/// usual element type and either byte order, in groups of the old and the new form. They are called by their paths,
/// `layers/dense/vars/0`. Text and attributes are passed over; chunks and compression are refused with a sentence. Nothing
/// outside the file's bytes is ever read, whatever they say.
///
/// ```swift
/// let weights = try HDF5.read(from: "model.weights.h5")
/// ```
/// Written are groups of the old form, which every version of HDF5 reads.
public enum HDF5 {
  /// The arrays in a file, by path, in the order of the file's groups.
  ///
  /// - Throws: ``FormatError`` when the file is missing, damaged, or holds numbers in a form that cannot be read.
  public static func read(from path: String) throws -> [(name: String, array: HostArray)] {
    if path.lowercased().hasSuffix(".keras") {
      let archive = try ZipReader(path)
      guard let member = try archive.members().first(where: { $0.name == "model.weights.h5" }) else {
        throw FormatError(
          file: path, problem: "holds no model.weights.h5", advice: "give a file that Keras 3 saved with model.save")
      }
      return try decode(try archive.read(member), file: "\(path), member \(member.name)")
    }
    return try decode(try FileBytes.map(path), file: path)
  }

  /// The arrays in the bytes of a file, sharing their memory where possible.
  ///
  /// - Throws: ``FormatError`` when they are damaged or hold numbers in a form that cannot be read.
  package static func decode(_ storage: Storage, file: String) throws -> [(name: String, array: HostArray)] {
    let found = try storage.withBytes { try HDF5Reader($0, file: file).datasets }
    return try found.map { path, dataset in
      guard let offset = dataset.offset else {
        let type = TensorType(dataset.shape, dataset.element.dtype)
        return (path, HostArray(type: type) { $0.initializeMemory(as: UInt8.self, repeating: 0) })
      }
      return (
        path,
        try dataset.element.array(
          in: storage, offset: offset, shape: dataset.shape, bigEndian: dataset.isBigEndian,
          alignment: dataset.element.byteCount, file: "\(file), dataset '\(path)'")
      )
    }
  }

  /// Writes arrays to a file, atomically; the same content gives the same bytes.
  ///
  /// - Parameter arrays: by path; `/` stands between groups.
  /// - Throws: ``FormatError`` when a path is impossible or the file cannot be written.
  public static func write(_ arrays: [String: HostArray], to path: String) throws {
    try AtomicFile.write(try HDF5Writer.bytes(of: arrays, file: path), to: path)
  }
}
