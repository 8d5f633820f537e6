import ApusTensor

/// The archives of named arrays of numpy (`.npz`): zip files of `.npy` members, stored or deflated, zip64 included.
public enum NPZ {
  /// The names of the arrays in a file, in the order of the archive.
  ///
  /// - Throws: ``FormatError`` when the file is missing or not an archive.
  public static func names(in path: String) throws -> [String] {
    let archive = try ZipReader(path)
    return try members(archive, path).map(\.name)
  }

  /// The arrays in a file, by name (without `.npy`).
  ///
  /// - Parameter wanted: the names to read; nil reads all. Names that the file lacks are left out of the result.
  /// - Throws: ``FormatError`` when the file is missing or damaged, or an array is of an element type that cannot be
  ///   read.
  public static func read(from path: String, only wanted: Set<String>? = nil) throws -> [String: HostArray] {
    let archive = try ZipReader(path)
    var result: [String: HostArray] = [:]
    for (name, member) in try members(archive, path) where wanted?.contains(name) ?? true {
      result[name] = try NPY.decode(try archive.read(member), file: "\(path), member \(name)")
    }
    return result
  }

  /// Writes arrays to a file, atomically; the same content gives the same bytes.
  ///
  /// - Parameter compressed: whether to deflate the members.
  /// - Throws: ``FormatError`` when the file cannot be written.
  public static func write(_ arrays: [String: HostArray], to path: String, compressed: Bool = false) throws {
    let members = arrays.sorted(by: { $0.key < $1.key }).map { name, array in
      ZipMember(name: name + ".npy", start: NPYHeader.bytes(for: array.type), array: array)
    }
    try ZipWriter.write(members, to: path, compressed: compressed)
  }

  /// The members of an archive, which must all be arrays, under their names without `.npy`.
  private static func members(_ archive: ZipReader, _ path: String) throws -> [(name: String, member: ZipReader.Member)]
  {
    try archive.members().map { member in
      guard member.name.hasSuffix(".npy") else {
        throw FormatError(
          file: path, problem: "member '\(member.name.prefix(80))' is not an array (.npy)",
          advice: "write the archive with numpy.savez or NPZ.write")
      }
      return (String(member.name.dropLast(4)), member)
    }
  }
}
