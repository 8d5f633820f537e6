import ApusTensor

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// A compiled graph: a flat array of kernels with their arguments bound into one arena.
///
/// Replaying writes the addresses of the given data and the results into the argument table and calls the kernels in
/// order: no allocation, no look-up, no dynamic dispatch but one call per kernel.
///
/// `@unchecked Sendable`: the argument table and the scalar cells are touched only inside `run`, which the owner
/// serialises (a plan runs under the graph lock, a loop's body inside its plan).
package final class Program: @unchecked Sendable {
  private struct Instruction {
    let run: @Sendable (KernelArguments) -> Void
    let arguments: KernelArguments
  }

  private struct Patch {
    let argument: Int
    let target: Int
  }

  package let graph: Graph
  package let memory: MemoryPlan
  /// Names of the instructions' operations, in order.
  package let instructionNames: [String]
  /// Types of what each instruction makes of what, for reports.
  var instructionTypes: [String] {
    graph.nodes.filter { Program.needsKernel($0, in: graph) }.map { node in
      node.inputs.map { graph.type(of: $0).shape.description }.joined(separator: " ") + " -> \(node.types[0].shape)"
    }
  }
  /// Multiply-adds of each instruction, 0 where they are not what counts.
  package let instructionWork: [Int]
  private var instructions: [Instruction] = []
  private let arguments: KernelArguments
  private let argumentCount: Int
  private var inputPatches: [Patch] = []
  private var resultPatches: [Patch] = []
  private var arenaPatches: [Patch] = []
  private var boundArena: UnsafeMutableRawPointer?
  private let cells: UnsafeMutablePointer<UInt64>
  private var scalarTypes: [DType] = []

  /// Lowers a graph that has been through the passes.
  package init(_ graph: Graph, backend: any Backend) {
    self.graph = graph
    let kernels = graph.nodes.map { node -> Kernel? in
      Program.needsKernel(node, in: graph)
        ? backend.kernel(
          for: node, inputTypes: node.inputs.map { graph.type(of: $0) },
          inputLayouts: node.inputs.map { graph.layout(of: $0) })
        : nil
    }
    memory = PlanMemory.run(graph, kernels: kernels)
    instructionNames = zip(graph.nodes, kernels).compactMap { node, kernel in kernel == nil ? nil : node.operation.name
    }
    instructionWork = zip(graph.nodes, kernels).compactMap { node, kernel in
      guard kernel != nil else { return nil }
      let inputs = node.inputs.map { graph.type(of: $0) }
      return (node.operation as? any CountsMultiplyAdds)?.multiplyAdds(inputs, node.types) ?? 0
    }
    argumentCount = zip(graph.nodes, kernels).reduce(0) { count, pair in
      pair.1 == nil ? count : count + pair.0.inputs.count + pair.0.types.count + 1
    }
    arguments = .allocate(capacity: max(argumentCount, 1))
    cells = .allocate(capacity: graph.scalarCount + memory.constants.count + 1)
    scalarTypes = [DType](repeating: .float32, count: graph.scalarCount)
    bind(kernels)
  }

  deinit {
    arguments.deallocate()
    cells.deallocate()
  }

  private static func needsKernel(_ node: Graph.Node, in graph: Graph) -> Bool {
    switch node.operation {
    case is GraphInput, is BoundScalar, is ScalarConstant: false
    default: !PlanMemory.isView(node, in: graph)
    }
  }

  private func bind(_ kernels: [Kernel?]) {
    let nowhere = UnsafeMutableRawPointer(cells)
    for (index, constant) in memory.constants.enumerated() {
      Program.write(constant.value, as: constant.dtype, to: cells + graph.scalarCount + index)
    }
    for node in graph.nodes {
      if let scalar = node.operation as? BoundScalar { scalarTypes[scalar.slot] = node.types[0].dtype }
    }
    var next = 0
    for (index, node) in graph.nodes.enumerated() {
      guard let kernel = kernels[index] else { continue }
      instructions.append(Instruction(run: kernel.run, arguments: arguments + next))
      let places = node.inputs.map { memory.places[$0.node][$0.output] } + memory.places[index]
      for place in places + [.arena(memory.scratch[index])] {
        (arguments + next).initialize(to: nowhere)
        switch place {
        case .input(let slot): inputPatches.append(Patch(argument: next, target: slot))
        case .result(let number): resultPatches.append(Patch(argument: next, target: number))
        case .arena(let offset): arenaPatches.append(Patch(argument: next, target: offset))
        case .scalar(let slot): arguments[next] = UnsafeMutableRawPointer(cells + slot)
        case .constant(let cell): arguments[next] = UnsafeMutableRawPointer(cells + graph.scalarCount + cell)
        }
        next += 1
      }
    }
  }

  private static func write(_ value: Double, as dtype: DType, to cell: UnsafeMutablePointer<UInt64>) {
    HostView(type: TensorType([], dtype), pointer: UnsafeMutableRawPointer(cell)).storeScalar(value)
  }

  /// Runs all kernels.
  ///
  /// - Parameters:
  ///   - inputs: an address for each input slot, in the layout the graph says.
  ///   - scalars: the numbers bound at replay.
  ///   - results: an address for each result buffer.
  ///   - arena: `memory.arenaBytes` bytes, 64-byte aligned.
  package func run(
    inputs: UnsafePointer<UnsafeMutableRawPointer>, scalars: [Double],
    results: UnsafePointer<UnsafeMutableRawPointer>, arena: UnsafeMutableRawPointer
  ) {
    prepare(inputs: inputs, scalars: scalars, results: results, arena: arena)
    for instruction in instructions { instruction.run(instruction.arguments) }
  }

  /// As `run`, adding the nanoseconds each instruction took to `nanoseconds`.
  package func profile(
    inputs: UnsafePointer<UnsafeMutableRawPointer>, scalars: [Double],
    results: UnsafePointer<UnsafeMutableRawPointer>, arena: UnsafeMutableRawPointer, nanoseconds: inout [UInt64]
  ) {
    prepare(inputs: inputs, scalars: scalars, results: results, arena: arena)
    var earlier = Program.now()
    for (index, instruction) in instructions.enumerated() {
      instruction.run(instruction.arguments)
      let later = Program.now()
      nanoseconds[index] += later - earlier
      earlier = later
    }
  }

  private func prepare(
    inputs: UnsafePointer<UnsafeMutableRawPointer>, scalars: [Double],
    results: UnsafePointer<UnsafeMutableRawPointer>, arena: UnsafeMutableRawPointer
  ) {
    if boundArena != arena {
      for patch in arenaPatches { arguments[patch.argument] = arena + patch.target }
      boundArena = arena
    }
    for patch in inputPatches { arguments[patch.argument] = inputs[patch.target] }
    for patch in resultPatches { arguments[patch.argument] = results[patch.target] }
    for slot in scalarTypes.indices { Program.write(scalars[slot], as: scalarTypes[slot], to: cells + slot) }
  }

  package static func now() -> UInt64 {
    var time = timespec()
    clock_gettime(CLOCK_MONOTONIC, &time)
    return UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec)
  }
}

extension HostView {
  /// Stores one number without allocating.
  func storeScalar(_ value: Double) {
    switch dtype {
    case .float32: pointer.storeBytes(of: Float(value), as: Float.self)
    case .float64: pointer.storeBytes(of: value, as: Double.self)
    case .int32: pointer.storeBytes(of: Int32(saturating: value), as: Int32.self)
    case .int64: pointer.storeBytes(of: Int64(saturating: value), as: Int64.self)
    case .uint8: pointer.storeBytes(of: UInt8(saturating: value), as: UInt8.self)
    case .bool: pointer.storeBytes(of: value != 0, as: Bool.self)
    }
  }
}
