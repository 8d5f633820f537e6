import ApusNN
import ApusTensor

/// Records a graph for given inputs.
struct Evaluator {
  private var values: [String: ONNXValue] = [:]
  private let updates = StateUpdates()

  /// The results of a graph.
  ///
  /// - Throws: ``NodeError`` at the first node that does not fit its inputs.
  static func run(_ graph: ONNXGraph, _ inputs: [ONNXValue]) throws -> [ONNXValue] {
    var evaluator = Evaluator()
    return try evaluator.run(graph, inputs)
  }

  private mutating func run(_ graph: ONNXGraph, _ inputs: [ONNXValue]) throws -> [ONNXValue] {
    values.merge(graph.constants) { $1 }
    for (name, parameter, element) in graph.parameters {
      var value = ONNXValue(parameter.value, element: element)
      value.parameter = parameter
      values[name] = value
    }
    for (name, value) in zip(graph.inputs, inputs) { values[name] = value }
    for node in graph.nodes {
      let results = try apply(node)
      for (name, result) in zip(node.outputs, results) where !name.isEmpty { values[name] = result }
    }
    return try graph.outputs.map { name in
      guard let value = values[name] else { throw NodeError(node: "the graph", message: "gives no '\(name)'") }
      return value
    }
  }

  /// The results of one node.
  mutating func apply(_ node: ONNXNode) throws -> [ONNXValue] {
    let inputs = try node.inputs.map { name -> ONNXValue? in
      if name.isEmpty { return nil }
      guard let value = values[name] else {
        throw NodeError(node: node.label, message: "reads '\(name.prefix(80))', which nothing computes before it")
      }
      if case .none = value.content, node.operation != "OptionalHasElement", node.operation != "Identity" { return nil }
      return value
    }
    let outer = self
    let context = OperatorContext(
      node: node, opset: node.opset, inputs: inputs,
      run: { graph, inputs in
        var inner = outer
        return try inner.run(graph, inputs)
      }, updates: updates)
    do {
      // Mistakes of shapes are thrown instead of trapping: a file, not a programmer, made them.
      var results = try Diagnostics.dryRun { try node.implementation.apply(context) }
      updates.apply()
      let isConstant = node.implementation.isAlwaysConstant || inputs.allSatisfy { $0?.isConstant ?? true }
      if isConstant, node.graphs.isEmpty, !node.implementation.isRandom {
        for place in results.indices { results[place].isConstant = true }
      }
      return results
    } catch let error as OperatorError {
      throw NodeError(node: node.label, message: error.message)
    } catch let error as ShapeError {
      throw NodeError(node: node.label, message: error.message)
    }
  }

  /// The results of a node whose inputs are all known.
  static func fold(_ node: ONNXNode, _ constants: [String: ONNXValue]) throws -> [ONNXValue] {
    var evaluator = Evaluator()
    evaluator.values = constants
    return try evaluator.apply(node)
  }
}

/// What is wrong at a node, in one sentence.
struct NodeError: Error, CustomStringConvertible {
  var node: String
  var message: String
  var description: String { "\(node): \(message)" }
}
