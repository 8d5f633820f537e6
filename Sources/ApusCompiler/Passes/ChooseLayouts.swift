import ApusTensor

/// Decides how every value lies in memory and inserts the reorders that remain.
///
/// Going through the graph in order, each operation says which layouts it works in, given those of its inputs;
/// elementwise programs take over a blocked layout from any of their inputs. Data that an operation wants in a
/// lasting layout (weights, optimizer state) is given to the plan in that layout and returned in it, so that it is not
/// reordered step by step.
package enum ChooseLayouts {
  package static func run(_ graph: Graph, backend: any Backend) -> Graph {
    var state = State(backend: backend)
    let lasts = graph.lastingNodes()
    let result = graph.rebuilt { builder, index in
      var node = graph.nodes[index]
      node.lastingInputs = Set(node.inputs.indices.filter { lasts[node.inputs[$0].node] })
      let inputs = node.inputs.map { builder.mapped($0) }
      let choice = state.choice(for: node, inputs: inputs, in: builder.result)
      var operands: [ValueID] = []
      for (position, input) in inputs.enumerated() {
        let wanted = choice?.inputs[position] ?? .plain
        operands.append(
          state.value(input, in: wanted, lasting: choice?.lasting.contains(position) ?? false, builder: &builder))
      }
      let layouts = choice?.outputs ?? []
      let made = builder.append(
        node.operation, operands, node.types, layouts: layouts.allSatisfy(\.isPlain) ? [] : layouts)
      for output in node.types.indices {
        builder.replace(ValueID(index, output), by: ValueID(made.node, output))
      }
    }
    return result.removingDeadNodes()
  }

  private struct Reordered: Hashable {
    var value: ValueID
    var layout: Layout
  }

  private struct State {
    let backend: any Backend
    var reordered: [Reordered: ValueID] = [:]
    /// Inputs that an operation has read as plain, and can no longer be given in another layout.
    var readAsPlain: Set<Int> = []

    init(backend: any Backend) { self.backend = backend }

    func choice(for node: Graph.Node, inputs: [ValueID], in graph: Graph) -> LayoutChoice? {
      let types = inputs.map { graph.type(of: $0) }
      let layouts = inputs.map { graph.layout(of: $0) }
      if let fused = node.operation as? FusedElementwise {
        return elementwise(fused, types, layouts, inputs, in: graph)
      }
      return backend.layouts(for: node, inputTypes: types, inputLayouts: layouts)
    }

    private func elementwise(
      _ fused: FusedElementwise, _ types: [TensorType], _ layouts: [Layout], _ inputs: [ValueID], in graph: Graph
    ) -> LayoutChoice? {
      let candidates = layouts.indices.filter { !layouts[$0].isPlain && types[$0].shape == fused.shape }
      // Data given in a lasting layout decides: an updated weight must come back as it was given.
      guard
        let blocked = candidates.first(where: { graph.nodes[inputs[$0].node].operation is GraphInput })
          ?? candidates.first
      else { return nil }
      let layout = layouts[blocked]
      for (position, type) in types.enumerated() where type.shape != fused.shape && type.shape.elementCount != 1 {
        // A broadcast operand is read plain, block by block: it must not need padding.
        if !layout.order.isEmpty || layout.isPadded(fused.shape) || !layouts[position].isPlain { return nil }
      }
      if layout.isPadded(fused.shape) {
        var constants: [Int: Double] = [:]
        for (position, input) in inputs.enumerated() {
          if let scalar = graph.nodes[input.node].operation as? ScalarConstant { constants[position] = scalar.value }
        }
        guard fused.program.preservesZeros(shape: fused.shape, constants: constants, outputs: fused.outputs) else {
          return nil
        }
      }
      let wanted = types.map { $0.shape == fused.shape ? layout : Layout.plain }
      return LayoutChoice(
        inputs: wanted, outputs: fused.outputs.map { _ in layout }, lasting: Set(types.indices))
    }

    mutating func value(
      _ value: ValueID, in wanted: Layout, lasting: Bool, builder: inout Rebuilder
    ) -> ValueID {
      let current = builder.result.layout(of: value)
      if current == wanted {
        if wanted.isPlain { readAsPlain.insert(value.node) }
        return value
      }
      if lasting, let input = builder.result.nodes[value.node].operation as? GraphInput,
        current.isPlain, !readAsPlain.contains(value.node)
      {
        builder.result.inputLayouts[input.slot] = wanted
        builder.result.nodes[value.node].layouts = [wanted]
        return value
      }
      let key = Reordered(value: value, layout: wanted)
      if let known = reordered[key] { return known }
      // A reorder of a reorder goes back to the first value when that already lies right.
      if let reorder = builder.result.nodes[value.node].operation as? Reorder, reorder.from == wanted {
        return builder.result.nodes[value.node].inputs[0]
      }
      let made = builder.append(
        Reorder(from: current, to: wanted), [value], [builder.result.type(of: value)], layouts: [wanted])
      reordered[key] = made
      return made
    }
  }
}
