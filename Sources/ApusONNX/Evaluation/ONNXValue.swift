import ApusNN
import ApusTensor

/// What a name of a graph stands for while the graph is recorded.
struct ONNXValue: Sendable {
  /// The kinds of values.
  enum Content: Sendable {
    case tensor(Tensor)
    case sequence([Tensor])
    /// An optional value that is not there.
    case none
  }

  var content: Content
  /// What the elements are called in ONNX; Apus may hold them in a wider type.
  var element: ONNXElement
  /// Whether the value depends on no input and no parameter, so that it can be read while recording.
  var isConstant = false
  /// The parameter whose value this is.
  var parameter: Parameter?

  /// A tensor, called what it is unless said otherwise.
  init(_ tensor: Tensor, element: ONNXElement? = nil, isConstant: Bool = false) {
    content = .tensor(tensor)
    self.element = element ?? ONNXElement(tensor.dtype)
    self.isConstant = isConstant
  }

  /// A list of tensors.
  init(sequence: [Tensor], element: ONNXElement, isConstant: Bool = false) {
    content = .sequence(sequence)
    self.element = element
    self.isConstant = isConstant
  }

  /// The absent optional value.
  static let absent: ONNXValue = {
    var value = ONNXValue(sequence: [], element: .float32, isConstant: true)
    value.content = .none
    return value
  }()

  /// The tensor, if it is one.
  var tensor: Tensor? {
    if case .tensor(let tensor) = content { tensor } else { nil }
  }
}
