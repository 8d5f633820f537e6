import ApusTensor

/// A file of named tensors in the format that its name says: safetensors, PyTorch, npz, npy or HDF5.
///
/// ```swift
/// let file = try TensorFile(contentsOf: "resnet18.pth")
/// try TensorFile.write(try file.arrays(), to: "resnet18.safetensors")
/// ```
public struct TensorFile: Sendable {
  /// The formats.
  public enum Format: String, Sendable, CaseIterable {
    /// safetensors.
    case safetensors
    /// `torch.save`.
    case pyTorch = "pytorch"
    /// An archive of numpy.
    case npz
    /// One array of numpy.
    case npy
    /// HDF5, as Keras keeps weights in.
    case hdf5

    /// The ends of file names.
    public var extensions: [String] {
      switch self {
      case .safetensors: ["safetensors"]
      case .pyTorch: ["pth", "pt", "bin", "ckpt"]
      case .npz: ["npz"]
      case .npy: ["npy"]
      case .hdf5: ["h5", "hdf5", "keras"]
      }
    }

    /// The format that a file's name says.
    ///
    /// - Throws: ``FormatError`` that lists the known ones.
    public init(of path: String) throws {
      let end = path.split(separator: "/").last?.split(separator: ".").dropFirst().last?.lowercased() ?? ""
      guard let format = Self.allCases.first(where: { $0.extensions.contains(end) }) else {
        let known = Self.allCases.flatMap(\.extensions).map { "." + $0 }.joined(separator: ", ")
        throw FormatError(
          file: path, problem: end.isEmpty ? "has no extension" : "has the unknown extension .\(end)",
          advice: "name a file of tensors: \(known)")
      }
      self = format
    }
  }

  private enum Content: Sendable {
    case safetensors(SafeTensors)
    case pyTorch(PyTorchFile)
    case arrays([String: HostArray])
  }

  /// The format.
  public let format: Format
  /// The names of the tensors, in the order of the file.
  public let names: [String]
  /// What the file says beside its tensors.
  public let metadata: [String: String]
  private let content: Content
  private let path: String

  /// Opens a file; safetensors and HDF5 are mapped, the others read.
  ///
  /// - Throws: ``FormatError`` when the file is missing or damaged, or its extension is unknown.
  public init(contentsOf path: String) throws {
    self.path = path
    format = try Format(of: path)
    switch format {
    case .safetensors:
      let file = try SafeTensors(contentsOf: path)
      (names, metadata, content) = (file.names, file.metadata, .safetensors(file))
    case .pyTorch:
      let file = try PyTorchFile(contentsOf: path)
      (names, metadata, content) = (file.names, file.metadata, .pyTorch(file))
    case .npz: (names, metadata, content) = (try NPZ.names(in: path), [:], .arrays(try NPZ.read(from: path)))
    case .hdf5:
      let arrays = try HDF5.read(from: path)
      (names, metadata) = (arrays.map(\.name), [:])
      content = .arrays(Dictionary(arrays.map { ($0.name, $0.array) }) { first, _ in first })
    case .npy: (names, metadata, content) = (["tensor"], [:], .arrays(["tensor": try NPY.read(from: path)]))
    }
  }

  /// The shape and element type that a tensor will be read as, or nil when there is none of that name.
  public func type(of name: String) -> TensorType? {
    switch content {
    case .safetensors(let file): file.type(of: name)
    case .pyTorch(let file): file.type(of: name)
    case .arrays(let arrays): arrays[name]?.type
    }
  }

  /// A tensor's elements.
  ///
  /// - Throws: ``FormatError`` when there is no tensor of that name or its values cannot be held.
  public func array(_ name: String) throws -> HostArray {
    switch content {
    case .safetensors(let file): return try file.array(name)
    case .pyTorch(let file): return try file.array(name)
    case .arrays(let arrays):
      guard let array = arrays[name] else { throw Self.unknown(name, among: names, file: path) }
      return array
    }
  }

  /// All tensors by name.
  ///
  /// - Throws: ``FormatError`` when the values of one cannot be held.
  public func arrays() throws -> [String: HostArray] {
    var result: [String: HostArray] = [:]
    for name in names { result[name] = try array(name) }
    return result
  }

  /// Writes tensors in the format that the file's name says, atomically.
  ///
  /// - Parameter metadata: text entries; only safetensors can hold them, the other formats leave them out.
  /// - Throws: ``FormatError`` when the extension is unknown, `.npy` is to hold more than one tensor, or the file cannot
  ///   be written.
  public static func write(
    _ tensors: [String: HostArray], metadata: [String: String] = [:], to path: String
  ) throws {
    switch try Format(of: path) {
    case .safetensors: try SafeTensors.write(tensors, metadata: metadata, to: path)
    case .pyTorch: try PyTorchFile.write(tensors, to: path)
    case .npz: try NPZ.write(tensors, to: path)
    case .hdf5:
      guard !path.lowercased().hasSuffix(".keras") else {
        throw FormatError(
          file: path, problem: "would need the layers of a Keras model beside its weights",
          advice: "name it .weights.h5, and load it into the model with load_weights")
      }
      try HDF5.write(tensors, to: path)
    case .npy:
      guard tensors.count == 1, let only = tensors.first else {
        throw FormatError(
          file: path, problem: "cannot hold \(tensors.count) tensors, .npy is for one", advice: "name it .npz")
      }
      try NPY.write(only.value, to: path)
    }
  }

  /// What is said about a tensor that a file lacks.
  static func unknown(_ name: String, among names: [String], file: String) -> FormatError {
    let listed = names.prefix(8).joined(separator: ", ") + (names.count > 8 ? ", ..." : "")
    return FormatError(
      file: file, problem: "holds no tensor '\(name)'", advice: "choose one of: \(listed.isEmpty ? "none" : listed)")
  }
}
