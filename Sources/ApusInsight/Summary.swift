import ApusNN
import ApusTensor
import ApusTraining

/// A model layer by layer: what comes out, how many numbers are learnt, how much is computed.
///
/// The rows come from the graph that the model records for an input of the given shape, so they are right for any
/// module: an operation belongs to the layer whose parameters it takes.
///
/// ```swift
/// print(try summary(LeNet5(), inputShape: [1, 1, 28, 28]))
/// ```
public struct ModelSummary: Sendable, Hashable, Encodable {
  /// A layer, or an operation without parameters that changes the shape.
  public struct Row: Sendable, Hashable, Encodable {
    /// The path of the layer in the model; of an operation without parameters, its name.
    public let name: String
    /// The type of the layer, or `operation`.
    public let type: String
    /// The shape of what comes out.
    public let outputShape: [Int]
    /// Learnt numbers.
    public let parameters: Int
    /// Multiplications with an addition, of products and convolutions, for the whole input.
    public let multiplyAdds: Int
  }

  /// The model, as the code that builds it where it says so.
  public let model: String
  /// The shape of the input, the batch first.
  public let inputShape: [Int]
  /// The rows in the order of computation.
  public let layers: [Row]
  /// Learnt numbers of the whole model.
  public let parameters: Int
  /// Multiplications with an addition of the whole model.
  public let multiplyAdds: Int
}

/// A model layer by layer, for an input of the given shape, the batch first; nothing is computed.
///
/// - Throws: `ShapeError` when the model cannot take such an input.
public func summary(_ model: some Layer, inputShape: Shape) throws -> ModelSummary {
  let listed = model.parameters
  let input = Tensor(
    HostArray(type: TensorType(inputShape, .float32)) { $0.initializeMemory(as: UInt8.self, repeating: 0) })
  let rows = try Diagnostics.dryRun {
    let output = withInference { model(input) }
    var rows = RowMaker(model: model, parameters: listed)
    for step in RecordedGraph(outputs: [output], input: input, parameters: listed).steps { rows.add(step) }
    return rows.rows
  }
  return ModelSummary(
    model: (model as? any CustomStringConvertible)?.description ?? "\(type(of: model))", inputShape: Array(inputShape),
    layers: rows, parameters: model.parameterCount, multiplyAdds: rows.reduce(0) { $0 + $1.multiplyAdds })
}

/// Turns operations into rows.
private struct RowMaker {
  private var types: [String: String] = [:]
  private var counts: [String: Int] = [:]
  private var counted: Set<String> = []
  private(set) var rows: [ModelSummary.Row] = []

  init(model: some Module, parameters: [NamedParameter]) {
    for (name, module) in model.modules { types[name] = "\(type(of: module))" }
    for named in parameters where named.parameter.role != .state {
      counts[RecordedGraph.layer(of: named.name), default: 0] += named.parameter.count
    }
  }

  mutating func add(_ step: RecordedGraph.Step) {
    let shape = Array(step.node.type.shape)
    let work = Self.multiplyAdds(step.node)
    if let parameter = step.parameters.first {
      let layer = RecordedGraph.layer(of: parameter)
      let isSame = rows.last?.name == layer
      let before = isSame ? rows.removeLast() : nil
      let parameters = counted.insert(layer).inserted ? counts[layer] ?? 0 : before?.parameters ?? 0
      rows.append(
        ModelSummary.Row(
          name: layer, type: types[layer] ?? "Module", outputShape: shape, parameters: parameters,
          multiplyAdds: work + (before?.multiplyAdds ?? 0)))
    } else if work > 0 || Array(step.node.inputs.first?.shape ?? []) != shape {
      rows.append(
        ModelSummary.Row(
          name: step.node.operation.name, type: "operation", outputShape: shape, parameters: 0, multiplyAdds: work))
    }
  }

  private static func multiplyAdds(_ node: Node) -> Int {
    let outputs = node.type.shape.elementCount
    if let product = node.operation as? MatMul {
      return outputs * product.extents(node.inputs[0].shape, node.inputs[1].shape).k
    }
    if node.operation is Convolution {
      let kernel = node.inputs[1].shape
      return outputs * (kernel.elementCount / max(kernel[0], 1))
    }
    return 0
  }
}

extension ModelSummary: CustomStringConvertible {
  /// A table with totals.
  public var description: String {
    var table: [[String]] = [["layer", "type", "output", "parameters", "multiply-adds"]]
    for row in layers {
      let shape = "[" + row.outputShape.map(String.init).joined(separator: ", ") + "]"
      table.append([row.name, row.type, shape, Self.grouped(row.parameters), Self.grouped(row.multiplyAdds)])
    }
    table.append(["total", "", "", Self.grouped(parameters), Self.grouped(multiplyAdds)])
    let widths = (0..<5).map { column in table.map { $0[column].count }.max() ?? 0 }
    let lines = table.map { row in
      row.enumerated().map { column, text in
        let space = String(repeating: " ", count: widths[column] - text.count)
        return column < 3 ? text + space : space + text
      }.joined(separator: "  ")
    }
    return ([model] + lines).joined(separator: "\n")
  }

  static func grouped(_ number: Int) -> String {
    var text = String(number)
    var position = text.count - 3
    while position > 0 {
      text.insert(",", at: text.index(text.startIndex, offsetBy: position))
      position -= 3
    }
    return text
  }
}
