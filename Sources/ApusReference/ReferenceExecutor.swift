import ApusTensor

/// Computes graphs node by node with the operations' own plain loops: the oracle for every compiled plan.
///
/// It knows no compiler pass, no fusion and no layout; it is slow and meant to be obviously right.
public final class ReferenceExecutor: Executor {
  /// An executor without state.
  public init() {}

  /// Evaluates the graph behind the tensors, inputs first.
  public func realize(_ tensors: [Tensor], consuming consumed: [Tensor], keepingGraph: Bool) {
    for node in Self.pendingNodes(of: tensors) {
      let inputs = node.inputs.map { input -> HostView in
        let array = hostArray(of: input)
        return HostView(type: array.type, pointer: array.storage.pointer)
      }
      let storages = (0..<node.outputCount).map { Storage(byteCount: node.type(of: $0).byteCount) }
      let outputs = storages.enumerated().map { HostView(type: node.type(of: $0), pointer: $1.pointer) }
      node.operation.evaluate(inputs, outputs)
      for (output, storage) in storages.enumerated() {
        node.store(StoredValue(storage: storage), output: output, keepingInputs: true)
      }
    }
    if !keepingGraph { for tensor in tensors { tensor.node.dropInputs() } }
  }

  /// The elements of a computed tensor; the reference knows only the plain layout.
  public func hostArray(of tensor: Tensor) -> HostArray {
    guard let value = tensor.node.value(of: tensor.output) else {
      preconditionFailure("a tensor was read before it was computed")
    }
    precondition(value.layout.isPlain, "the reference executor reads plain layouts only")
    return HostArray(type: tensor.type, storage: value.storage)
  }

  private static func pendingNodes(of tensors: [Tensor]) -> [Node] {
    var order: [Node] = []
    var seen: Set<ObjectIdentifier> = []
    var stack: [(node: Node, next: Int)] = tensors.map { ($0.node, 0) }
    while let (node, next) = stack.popLast() {
      if next == 0 {
        guard !node.hasValues, seen.insert(ObjectIdentifier(node)).inserted else { continue }
      }
      if next < node.inputs.count {
        stack.append((node, next + 1))
        stack.append((node.inputs[next].node, 0))
      } else {
        order.append(node)
      }
    }
    return order
  }
}
