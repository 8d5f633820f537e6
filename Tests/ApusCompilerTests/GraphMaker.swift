import Testing

@testable import ApusCompiler
@testable import ApusTensor

/// Graphs written by hand, as the capture would make them.
struct GraphMaker {
  var graph = Graph()

  mutating func input(_ shape: Shape, _ dtype: DType = .float32) -> ValueID {
    let type = TensorType(shape, dtype)
    graph.inputTypes.append(type)
    return graph.append(GraphInput(slot: graph.inputTypes.count - 1), [], [type])
  }

  mutating func scalar(_ value: Double) -> ValueID {
    graph.append(ScalarConstant(value: value, dtype: .float32), [], [TensorType([], .float32)])
  }

  mutating func apply(_ operation: any Primitive, _ inputs: ValueID...) -> ValueID {
    do {
      let types = try operation.resultTypes(inputs.map { graph.type(of: $0) })
      return graph.append(operation, inputs, types)
    } catch {
      Issue.record("\(operation.name): \(error)")
      return inputs[0]
    }
  }
}
