import ApusTensor

/// The values of all parameters of a model at one moment, by name: a value that later training does not change.
///
/// ```swift
/// let best = model.snapshot()
/// // ... training goes on and gets worse ...
/// try model.restore(best)
/// ```
/// Taking one copies nothing: it holds the immutable tensors that were the parameters' values.
public struct ModelSnapshot: Sendable {
  /// The values by path; states are included.
  public var tensors: [String: Tensor]

  /// A snapshot of the given values.
  public init(_ tensors: [String: Tensor]) { self.tensors = tensors }

  /// The value of the parameter with this path.
  public subscript(name: String) -> Tensor? { tensors[name] }
}

/// Why values do not fit a model.
///
/// The description is one sentence that names what is missing, unexpected or of another shape.
public struct RestoreError: Error, Sendable, Hashable, CustomStringConvertible {
  /// A value whose shape is not the parameter's.
  public struct Mismatch: Sendable, Hashable {
    /// The path of the parameter.
    public var name: String
    /// What the model has.
    public var expected: TensorType
    /// What was to be restored.
    public var found: TensorType
  }

  /// What was restored, and into what: `lenet5.safetensors does not fit LeNet5`.
  public var context: String
  /// Paths of parameters without a value.
  public var missing: [String] = []
  /// Names of values without a parameter.
  public var unexpected: [String] = []
  /// Values of another shape.
  public var mismatched: [Mismatch] = []

  package var isEmpty: Bool { missing.isEmpty && unexpected.isEmpty && mismatched.isEmpty }

  /// An error with nothing wrong yet.
  package init(context: String) { self.context = context }

  /// Adds a value of another shape.
  package mutating func addMismatch(_ name: String, expected: TensorType, found: TensorType) {
    mismatched.append(Mismatch(name: name, expected: expected, found: found))
  }

  /// One sentence.
  public var description: String {
    var parts: [String] = []
    if !missing.isEmpty { parts.append("it lacks \(Self.listed(missing))") }
    if !unexpected.isEmpty { parts.append("it has \(Self.listed(unexpected)), which the model has not") }
    if !mismatched.isEmpty {
      parts.append(Self.listed(mismatched.map { "\($0.name) is \($0.found) where the model has \($0.expected)" }))
    }
    return context + ": " + parts.joined(separator: "; ")
  }

  private static func listed(_ items: [String]) -> String {
    let shown = items.prefix(4).joined(separator: ", ")
    return items.count > 4 ? "\(shown) and \(items.count - 4) more" : shown
  }
}

/// What may differ between values and the model they are restored into.
public struct RestoreOptions: OptionSet, Sendable {
  /// The bits.
  public let rawValue: Int
  /// The options with these bits.
  public init(rawValue: Int) { self.rawValue = rawValue }
  /// Parameters without a value keep the one they have.
  public static let allowingMissing = RestoreOptions(rawValue: 1)
  /// Values without a parameter are left out.
  public static let allowingUnexpected = RestoreOptions(rawValue: 2)
}

extension Module {
  /// The values of all parameters, states included.
  public func snapshot() -> ModelSnapshot {
    ModelSnapshot(Dictionary(uniqueKeysWithValues: parameters.map { ($0.name, $0.parameter.stored) }))
  }

  /// Gives the parameters the values of a snapshot; floating-point values are converted to the parameters' type.
  ///
  /// Names that end in `num_batches_tracked`, which PyTorch counts and nothing uses, are passed over.
  ///
  /// - Throws: ``RestoreError``, and then nothing has changed, when names or shapes differ.
  public func restore(_ snapshot: ModelSnapshot, options: RestoreOptions = []) throws(RestoreError) {
    try restore(
      snapshot.tensors, type: \.type, context: "the snapshot does not fit \(type(of: self))", options
    ) { tensor, dtype in
      tensor.dtype == dtype ? tensor : Tensor(tensor.hostArray().converted(to: dtype))
    }
  }

  func restore<Value>(
    _ values: [String: Value], type: (Value) -> TensorType, context: String, _ options: RestoreOptions,
    tensor: (Value, DType) -> Tensor
  ) throws(RestoreError) {
    var error = RestoreError(context: context)
    var found: [(Parameter, Value)] = []
    var known: Set<String> = []
    for (name, parameter) in parameters.map({ ($0.name, $0.parameter) }) {
      known.insert(name)
      guard let value = values[name] else {
        if !options.contains(.allowingMissing) { error.missing.append(name) }
        continue
      }
      let (expected, given) = (parameter.type, type(value))
      let isConvertible = expected.dtype == given.dtype || expected.dtype.isFloatingPoint && given.dtype.isFloatingPoint
      if expected.shape == given.shape, isConvertible {
        found.append((parameter, value))
      } else {
        error.addMismatch(name, expected: expected, found: given)
      }
    }
    if !options.contains(.allowingUnexpected) {
      error.unexpected = values.keys.filter { !known.contains($0) && !$0.hasSuffix("num_batches_tracked") }.sorted()
    }
    guard error.isEmpty else { throw error }
    for (parameter, value) in found { parameter.value = tensor(value, parameter.type.dtype) }
  }
}
