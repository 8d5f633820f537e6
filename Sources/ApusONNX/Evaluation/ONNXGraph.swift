import ApusNN
import ApusTensor

/// A node that can be recorded.
struct ONNXNode: Sendable {
  let operation: String
  let name: String
  /// Names of values; an empty one stands for an input that is left out.
  let inputs: [String]
  let outputs: [String]
  let attributes: [String: ONNXAttributeProto]
  /// Graphs inside the node, by the attribute that holds them.
  let graphs: [String: ONNXGraph]
  let opset: Int
  let implementation: Operator

  /// For sentences: `the node 'conv1' (Conv)`.
  var label: String {
    let name = name.isEmpty ? outputs.first { !$0.isEmpty } ?? "" : name
    return "the node '\(name.prefix(80))' (\(operation.prefix(40)))"
  }
}

/// Nodes in order, what they begin with, and what they give.
struct ONNXGraph: Sendable {
  var inputs: [String]
  var outputs: [String]
  var nodes: [ONNXNode]
  /// Values that are known.
  var constants: [String: ONNXValue]
  /// Values that are learnt.
  var parameters: [(name: String, parameter: Parameter, element: ONNXElement)]
}
