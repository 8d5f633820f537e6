/// An immutable array of numbers with any number of axes, recorded now and computed when it is read.
///
/// Operations on tensors check shapes at once and append to a graph; ``scalars(as:)``, printing or
/// ``realize(_:)`` compute it.
///
/// ```swift
/// let x: Tensor = [[1, 2], [3, 4]]
/// print((x * 2 + 1).sum())   // 24
/// ```
public struct Tensor: Sendable {
  package private(set) var node: Node
  package let output: Int

  package init(node: Node, output: Int = 0) {
    self.node = node
    self.output = output
  }

  /// Extents along the axes, outermost first.
  public var shape: Shape { type.shape }
  /// Type of the elements.
  public var dtype: DType { type.dtype }
  /// Shape and element type.
  public var type: TensorType { node.type(of: output) }
  /// The number of axes.
  public var rank: Int { type.shape.rank }
  /// The number of elements.
  public var count: Int { type.shape.elementCount }

  mutating func isOnlyReferenceToNode() -> Bool { isKnownUniquelyReferenced(&node) }

  /// Whether two tensors are the same recorded value (not whether their elements are equal).
  package func isIdentical(to other: Tensor) -> Bool { node === other.node && output == other.output }

  /// Appends an operation with one output to the graph.
  package static func record(_ operation: some Primitive, _ inputs: [Tensor]) -> Tensor {
    recordAll(operation, inputs)[0]
  }

  /// Appends an operation to the graph and returns its outputs.
  package static func recordAll(_ operation: some Primitive, _ inputs: [Tensor]) -> [Tensor] {
    let types: [TensorType]
    do throws(ShapeError) {
      types = try operation.resultTypes(inputs.map(\.type))
    } catch {
      let operands = inputs.map(\.type.description).joined(separator: ", ")
      let described = ShapeError("\(operation.name)(\(operands)): \(error.message)")
      return Array(repeating: Diagnostics.fail(described, like: inputs.first?.type), count: 8)
    }
    let node = Node(operation, inputs, types: types)
    let outputs = (0..<types.count).map { Tensor(node: node, output: $0) }
    if node.depth > Execution.longestPendingChain, Diagnostics.collector == nil { realize(outputs) }
    return outputs
  }
}
