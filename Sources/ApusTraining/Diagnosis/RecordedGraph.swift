import ApusNN
import ApusTensor

/// The recorded graph behind a network's outputs, with what each operation owes to the network's parameters.
package struct RecordedGraph {
  /// One operation that depends on the network's input.
  package struct Step {
    /// The operation's node.
    package let node: Node
    /// The paths of the parameters it takes directly, or through operations on parameters alone.
    package let parameters: [String]
  }

  /// Operations between the input and the outputs, in the order of recording.
  package let steps: [Step]

  private struct Facts {
    var dependsOnInput = false
    var parameters: [String] = []
  }

  /// Walks the pending graph behind `outputs`; `input` is the tensor the network was called with.
  package init(outputs: [Tensor], input: Tensor, parameters: [NamedParameter]) {
    let nodes = Self.pendingNodes(outputs)
    var facts: [ObjectIdentifier: Facts] = [:]
    for named in parameters {
      facts[ObjectIdentifier(named.parameter.stored.node)] = Facts(parameters: [named.name])
    }
    facts[ObjectIdentifier(input.node)] = Facts(dependsOnInput: true)
    var steps: [Step] = []
    for node in nodes where facts[ObjectIdentifier(node)] == nil {
      var own = Facts()
      for tensor in node.inputs {
        guard let found = facts[ObjectIdentifier(tensor.node)] else { continue }
        if found.dependsOnInput { own.dependsOnInput = true } else { own.parameters += found.parameters }
      }
      facts[ObjectIdentifier(node)] = own
      if own.dependsOnInput { steps.append(Step(node: node, parameters: own.parameters)) }
    }
    self.steps = steps
  }

  private static func pendingNodes(_ outputs: [Tensor]) -> [Node] {
    var found: [Node] = []
    var seen: Set<ObjectIdentifier> = []
    var stack = outputs.map(\.node)
    while let node = stack.popLast() {
      guard seen.insert(ObjectIdentifier(node)).inserted else { continue }
      found.append(node)
      if !node.hasValues { stack.append(contentsOf: node.inputs.map(\.node)) }
    }
    return found.filter { !$0.hasValues }.sorted { $0.sequence < $1.sequence }
  }

  /// The path of the layer that holds a parameter: `conv1` for `conv1.weight`.
  package static func layer(of parameter: String) -> String {
    parameter.split(separator: ".").dropLast().joined(separator: ".")
  }
}
