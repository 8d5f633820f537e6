import ApusFormats
import ApusTensor

extension Module {
  /// Writes all parameters, states included, to a safetensors file, atomically.
  ///
  /// ```swift
  /// try model.save(to: "lenet5.safetensors")
  /// ```
  /// - Throws: `FormatError` when the file cannot be written.
  public func save(to path: String, metadata: [String: String] = [:]) throws {
    var arrays: [String: HostArray] = [:]
    let listed = parameters
    realize(listed.map { $0.parameter.stored })
    for named in listed { arrays[named.name] = named.parameter.stored.hostArray() }
    try SafeTensors.write(arrays, metadata: metadata, to: path)
  }

  /// Reads all parameters from a file of tensors, by name; see ``restore(_:options:)``.
  ///
  /// The file's name says its format: safetensors, PyTorch's (`.pth`, `.pt`), npz.
  ///
  /// ```swift
  /// try ResNet(.resNet18).load(from: "resnet18.pth")
  /// ```
  /// - Throws: `FormatError` when the file cannot be read or is damaged, ``RestoreError`` when names or shapes differ
  ///   from the model's; the model has then not changed.
  public func load(from path: String, options: RestoreOptions = []) throws {
    let arrays = try TensorFile(contentsOf: path).arrays()
    try restore(arrays, type: \.type, context: "\(path) does not fit \(type(of: self))", options) { array, dtype in
      // A copy of its own: aligned for vector kernels, and safe from whatever happens to the file.
      Tensor(array.converted(to: dtype))
    }
  }
}
