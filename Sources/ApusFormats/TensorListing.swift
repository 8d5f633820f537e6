import ApusTensor

/// What a file of tensors holds, for people and for JSON.
public struct TensorListing: Sendable, Encodable {
  /// One tensor.
  public struct Entry: Sendable, Encodable {
    /// The name.
    public let name: String
    /// The element type it is read as.
    public let type: String
    /// The extents.
    public let shape: [Int]
    /// Bytes in memory.
    public let byteCount: Int

    private enum CodingKeys: String, CodingKey {
      case name, type, shape
      case byteCount = "bytes"
    }

    /// An entry for a tensor.
    package init(_ name: String, _ type: TensorType) {
      self.name = name
      self.type = type.dtype.description
      shape = Array(type.shape)
      byteCount = type.byteCount
    }
  }

  /// The file.
  public let file: String
  /// Its format.
  public let format: String
  /// The tensors, in the order of the file.
  public let tensors: [Entry]
  /// Elements of all tensors.
  public let elementCount: Int
  /// Bytes of all tensors in memory.
  public let byteCount: Int
  /// What the file says beside its tensors.
  public let metadata: [String: String]

  private enum CodingKeys: String, CodingKey {
    case file, format, tensors, metadata
    case elementCount = "elements"
    case byteCount = "bytes"
  }

  /// Lists a file of tensors; see ``TensorFile``.
  ///
  /// - Throws: ``FormatError`` when the file is missing or damaged, or its extension is unknown.
  public init(contentsOf path: String) throws {
    let opened = try TensorFile(contentsOf: path)
    file = path
    format = opened.format.rawValue
    metadata = opened.metadata
    tensors = opened.names.compactMap { name in
      opened.type(of: name).map { Entry(name, $0) }
    }
    elementCount = tensors.reduce(0) { $0 + $1.shape.reduce(1, *) }
    byteCount = tensors.reduce(0) { $0 + $1.byteCount }
  }
}
