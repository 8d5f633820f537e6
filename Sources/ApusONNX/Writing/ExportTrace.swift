import ApusNN
import ApusTensor

/// An extent of a traced tensor.
enum TracedExtent: Equatable {
  case fixed(Int)
  /// So many times the number of samples.
  case batch(Int)
}

/// What a network computes, recorded for two numbers of samples: what differs between the two follows the batch.
struct ExportTrace {
  /// An operation, as recorded for the first and the second number of samples.
  struct Step {
    let node: Node
    let twin: Node
  }

  private static let batches = (2, 3)

  /// Operations that depend on the input or on the number of samples, in order.
  private(set) var steps: [Step] = []
  /// The input and the output of the first recording.
  let input: Tensor
  let output: Tensor
  /// Extents of the output.
  let outputExtents: [TracedExtent]
  private(set) var uses: [ObjectIdentifier: Int] = [:]
  private var emitted: Set<ObjectIdentifier> = []
  private var twins: [ObjectIdentifier: Node] = [:]

  /// Records a network.
  ///
  /// - Throws: `ShapeError` when the network does not take such samples, ``OperatorError`` when its structure depends on
  ///   their number.
  init(_ model: any Layer, sampleShape: [Int], dtype: DType) throws {
    func record(_ batch: Int) throws -> (input: Tensor, output: Tensor, nodes: [Node]) {
      let type = TensorType(Shape([batch] + sampleShape), dtype)
      let input = Tensor(HostArray(type: type) { $0.initializeMemory(as: UInt8.self, repeating: 0) })
      let recorded = try Diagnostics.dryRun { withInference { model(input) } }
      let output = ScanUnrolling.unrolled(recorded)
      return (input, output, Self.pending(output))
    }
    let first = try record(Self.batches.0)
    let second = try record(Self.batches.1)
    guard first.nodes.count == second.nodes.count else {
      throw OperatorError("computes other things for \(Self.batches.0) samples than for \(Self.batches.1)")
    }
    (input, output) = (first.input, first.output)
    outputExtents = try Self.extents(first.output.shape, second.output.shape)
    twins[ObjectIdentifier(first.input.node)] = second.input.node
    var fixed: Set<ObjectIdentifier> = []
    for (node, twin) in zip(first.nodes, second.nodes) {
      guard type(of: node.operation) == type(of: twin.operation), node.inputs.count == twin.inputs.count else {
        throw OperatorError("computes other things for \(Self.batches.0) samples than for \(Self.batches.1)")
      }
      let identifier = ObjectIdentifier(node)
      twins[identifier] = twin
      if let scalar = node.operation as? ScalarConstant, let other = twin.operation as? ScalarConstant {
        guard scalar.value == other.value || scalar.value.isNaN && other.value.isNaN else {
          throw OperatorError("computes with a number that depends on the number of samples")
        }
      }
      // Whatever depends on neither the input nor the batch is a constant.
      let isFixed =
        (0..<node.outputCount).allSatisfy { node.type(of: $0) == twin.type(of: $0) }
        && node.inputs.allSatisfy {
          $0.node !== first.input.node && ($0.node.hasValues || fixed.contains(ObjectIdentifier($0.node)))
        }
      if isFixed {
        fixed.insert(identifier)
      } else {
        steps.append(Step(node: node, twin: twin))
        emitted.insert(identifier)
        for (own, other) in zip(node.inputs, twin.inputs) {
          uses[ObjectIdentifier(own.node), default: 0] += 1
          guard own.node.hasValues, own.node !== first.input.node else { continue }
          guard own.type == other.type else {
            throw OperatorError("takes data whose shape depends on the number of samples")
          }
        }
      }
    }
    uses[ObjectIdentifier(output.node), default: 0] += 1
  }

  /// Whether a tensor depends on neither the input nor the number of samples.
  func isConstant(_ tensor: Tensor) -> Bool {
    tensor.node !== input.node && !emitted.contains(ObjectIdentifier(tensor.node))
  }

  /// How often the results of a node are taken.
  func useCount(_ tensor: Tensor) -> Int { uses[ObjectIdentifier(tensor.node)] ?? 0 }

  /// The extents of a tensor.
  func extents(_ tensor: Tensor) throws -> [TracedExtent] {
    guard let twin = twins[ObjectIdentifier(tensor.node)] else { return tensor.shape.map { .fixed($0) } }
    return try Self.extents(tensor.shape, twin.type(of: tensor.output).shape)
  }

  private static func extents(_ a: Shape, _ b: Shape) throws -> [TracedExtent] {
    guard a.rank == b.rank else { throw OperatorError("gives shapes whose rank depends on the number of samples") }
    return try zip(a, b).map { x, y in
      if x == y { return .fixed(x) }
      guard x % batches.0 == 0, y == x / batches.0 * batches.1 else {
        throw OperatorError("gives \(x) elements for \(batches.0) samples and \(y) for \(batches.1)")
      }
      return .batch(x / batches.0)
    }
  }

  /// Operations that are not computed yet, inputs before users.
  private static func pending(_ output: Tensor) -> [Node] {
    var found: [Node] = []
    var seen: Set<ObjectIdentifier> = []
    var stack = [output.node]
    while let node = stack.popLast() {
      guard !node.hasValues, seen.insert(ObjectIdentifier(node)).inserted else { continue }
      found.append(node)
      stack.append(contentsOf: node.inputs.map(\.node))
    }
    return found.sorted { $0.sequence < $1.sequence }
  }
}

/// Loops over time, written out step by step, and what ONNX has no operator for, written out by its formula.
enum ScanUnrolling {
  /// The same tensor, recorded again without loops and formulas where there are any.
  static func unrolled(_ output: Tensor) -> Tensor {
    var nodes: [Node] = []
    var seen: Set<ObjectIdentifier> = []
    var stack = [output.node]
    while let node = stack.popLast() {
      guard !node.hasValues, seen.insert(ObjectIdentifier(node)).inserted else { continue }
      nodes.append(node)
      stack.append(contentsOf: node.inputs.map(\.node))
    }
    guard nodes.contains(where: { $0.operation is Scan || $0.operation is any FormulaPrimitive }) else { return output }
    var made: [ObjectIdentifier: [Tensor]] = [:]
    func mapped(_ tensor: Tensor) -> Tensor { made[ObjectIdentifier(tensor.node)]?[tensor.output] ?? tensor }
    for node in nodes.sorted(by: { $0.sequence < $1.sequence }) {
      let inputs = node.inputs.map(mapped)
      if let scan = node.operation as? Scan {
        made[ObjectIdentifier(node)] = steps(of: scan, inputs)
      } else if let step = node.operation as? any FormulaPrimitive {
        made[ObjectIdentifier(node)] = step.formula(inputs)
      } else {
        let copy = Node(node.operation, inputs, types: (0..<node.outputCount).map { node.type(of: $0) })
        made[ObjectIdentifier(node)] = (0..<node.outputCount).map { Tensor(node: copy, output: $0) }
      }
    }
    // The bodies of loops have loops and formulas too.
    return unrolled(mapped(output))
  }

  private static func steps(of scan: Scan, _ inputs: [Tensor]) -> [Tensor] {
    var carries = Array(inputs.prefix(scan.carryCount))
    let sequences = inputs[scan.carryCount..<scan.carryCount + scan.sequenceCount]
    let constants = Array(inputs.dropFirst(scan.carryCount + scan.sequenceCount))
    let stacked = scan.body.results.dropFirst(scan.carryCount)
    var outputs = stacked.map { _ in [Tensor]() }
    for count in 0..<scan.length {
      let time = scan.isReversed ? scan.length - 1 - count : count
      let slices = sequences.map { $0.sliced(axis: 0, from: time, count: 1).squeezingShape(at: [0]) }
      let values = scan.body.instantiate(carries + slices + constants)
      carries = scan.body.results.prefix(scan.carryCount).map { values[$0] }
      for (place, value) in stacked.enumerated() { outputs[place].append(values[value]) }
    }
    return carries + outputs.map { stack(scan.isReversed ? $0.reversed() : $0, axis: 0) }
  }
}
