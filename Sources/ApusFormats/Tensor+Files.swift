import ApusTensor

extension Tensor {
  /// Writes the elements to a file, whole or not at all: `.npy` by its name, anything else as safetensors under the
  /// name `tensor`.
  ///
  /// - Throws: ``FormatError`` when the file cannot be written.
  public func save(to path: String) throws {
    if path.hasSuffix(".npy") {
      try NPY.write(hostArray(), to: path)
    } else {
      try SafeTensors.write(["tensor": hostArray()], to: path)
    }
  }

  /// Reads a tensor from a `.npy` file, or the tensor called `name` from a safetensors file.
  ///
  /// - Parameters:
  ///   - path: the file.
  ///   - name: which tensor of a safetensors file; not needed when it holds one.
  /// - Throws: ``FormatError`` when the file is missing, damaged, or has no such tensor.
  public init(contentsOf path: String, name: String? = nil) throws {
    if path.hasSuffix(".npy") {
      self.init(try NPY.read(from: path))
      return
    }
    let file = try SafeTensors(contentsOf: path, mapped: false)
    guard let chosen = name ?? (file.names.count == 1 ? file.names[0] : nil) else {
      throw FormatError(
        file: path, problem: "it holds \(file.names.count) tensors",
        advice: "say which: \(file.names.prefix(5).joined(separator: ", "))")
    }
    self.init(try file.array(chosen))
  }
}
