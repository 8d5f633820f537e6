import ApusFormats
import ApusNN
import ApusTensor

/// What an operator sees of its node: inputs, attributes, the version of the operators.
struct OperatorContext {
  let node: ONNXNode
  /// The version of the node's operators.
  let opset: Int
  let inputs: [ONNXValue?]
  /// Records a graph inside the node, in the sight of everything outside.
  let run: (ONNXGraph, [ONNXValue]) throws -> [ONNXValue]
  /// New values of states, to be given to their parameters after the node.
  let updates: StateUpdates

  // MARK: Inputs

  /// The value of an input that the operator cannot do without.
  func value(_ position: Int) throws -> ONNXValue {
    guard let value = optionalValue(position) else { throw OperatorError("lacks its input \(position)") }
    return value
  }

  /// The value of an input, or nil where none is given.
  func optionalValue(_ position: Int) -> ONNXValue? { position < inputs.count ? inputs[position] : nil }

  /// A tensor that the operator cannot do without.
  func tensor(_ position: Int) throws -> Tensor {
    guard let tensor = try value(position).tensor else { throw OperatorError("its input \(position) is no tensor") }
    return tensor
  }

  /// A tensor, or nil where none is given.
  func optional(_ position: Int) throws -> Tensor? {
    guard let value = optionalValue(position) else { return nil }
    guard let tensor = value.tensor else { throw OperatorError("its input \(position) is no tensor") }
    return tensor
  }

  /// All inputs as tensors.
  func tensors() throws -> [Tensor] { try inputs.indices.map { try tensor($0) } }

  /// A list of tensors.
  func sequence(_ position: Int) throws -> [Tensor] {
    guard case .sequence(let tensors) = try value(position).content else {
      throw OperatorError("its input \(position) is no sequence")
    }
    return tensors
  }

  /// The elements of an input that must be known while recording, such as a shape; nil where none is given.
  func optionalArray(_ position: Int) throws -> HostArray? {
    guard let value = optionalValue(position) else { return nil }
    guard let tensor = value.tensor else { throw OperatorError("its input \(position) is no tensor") }
    guard value.isConstant else {
      throw OperatorError(
        "its input \(position) is computed from the data; Apus must know it before anything is computed")
    }
    guard tensor.count <= 1 << 24 else { throw OperatorError("its input \(position) is too large to be a setting") }
    return tensor.hostArray()
  }

  /// Whole numbers that must be known while recording.
  func optionalIntegers(_ position: Int) throws -> [Int]? {
    try optionalArray(position)?.scalars(as: Int64.self).map { Int($0) }
  }

  /// Whole numbers that must be known while recording and given.
  func integers(_ position: Int) throws -> [Int] {
    guard let numbers = try optionalIntegers(position) else { throw OperatorError("lacks its input \(position)") }
    return numbers
  }

  /// Numbers that must be known while recording.
  func optionalNumbers(_ position: Int) throws -> [Double]? {
    try optionalArray(position)?.scalars(as: Double.self)
  }

  // MARK: Attributes

  /// Whether the node sets an attribute.
  func has(_ name: String) -> Bool { node.attributes[name] != nil }

  /// A whole number.
  func int(_ name: String, _ usual: Int) -> Int { node.attributes[name].map { Int($0.i) } ?? usual }

  /// Whole numbers, or nil where the node does not set them.
  func ints(_ name: String) -> [Int]? { node.attributes[name].map { $0.ints.map { Int($0) } } }

  /// A number.
  func float(_ name: String, _ usual: Double) -> Double { node.attributes[name].map { Double($0.f) } ?? usual }

  /// Numbers.
  func floats(_ name: String) -> [Double]? { node.attributes[name].map { $0.floats.map { Double($0) } } }

  /// Text.
  func string(_ name: String, _ usual: String) -> String {
    node.attributes[name].map { String(decoding: $0.s, as: UTF8.self) } ?? usual
  }

  /// Several texts.
  func strings(_ name: String) -> [String]? {
    node.attributes[name].map { $0.strings.map { String(decoding: $0, as: UTF8.self) } }
  }

  // MARK: Shapes

  /// An axis counted from 0, from one that may count from the end.
  func axis(_ axis: Int, rank: Int) throws -> Int {
    let position = axis < 0 ? axis + rank : axis
    guard position >= 0, position < rank else { throw OperatorError("there is no axis \(axis) in \(rank) axes") }
    return position
  }

  /// A shape from extents that a file names.
  func shape(_ extents: [Int]) throws -> Shape {
    guard extents.count <= Shape.maximumRank else {
      throw OperatorError("a tensor of \(extents.count) axes; Apus has at most \(Shape.maximumRank)")
    }
    var product = 1
    for extent in extents {
      guard extent >= 0 else { throw OperatorError("the extent \(extent) is negative") }
      let (next, overflow) = product.multipliedReportingOverflow(by: max(extent, 1))
      guard !overflow, next <= 1 << 36 else { throw OperatorError("the shape \(extents) is too large") }
      product = next
    }
    return Shape(extents)
  }

  /// The number of results that somebody uses or could use.
  var outputCount: Int { node.outputs.count }

  /// Whether the result with this number has a name.
  func wants(_ output: Int) -> Bool { output < node.outputs.count && !node.outputs[output].isEmpty }
}

/// New values of states that operators computed.
final class StateUpdates {
  private(set) var list: [(parameter: Parameter, value: Tensor)] = []
  func add(_ parameter: Parameter, _ value: Tensor) { list.append((parameter, value)) }
  func apply() {
    for update in list { update.parameter.value = update.value }
    list = []
  }
}
