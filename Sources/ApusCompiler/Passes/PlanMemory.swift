import ApusTensor

/// Where each value of a graph lies: in the data given, in the results returned, or at an offset of one arena.
package struct MemoryPlan: Sendable {
  /// The place of a buffer.
  package enum Place: Sendable, Equatable {
    /// Memory of the data in this slot.
    case input(Int)
    /// The cell of a scalar bound at replay.
    case scalar(Int)
    /// The cell of a constant.
    case constant(Int)
    /// Memory of a result, allocated for each replay; results that are one buffer share the number.
    case result(Int)
    /// An offset in bytes into the arena.
    case arena(Int)
  }

  /// The place of each output of each node.
  package var places: [[Place]] = []
  /// The offset of each node's scratch memory.
  package var scratch: [Int] = []
  /// Bytes of the arena.
  package var arenaBytes = 0
  /// Bytes all values would take if none shared memory; for reports.
  package var bytesWithoutReuse = 0
  /// Values of the constants, by cell.
  package var constants: [(value: Double, dtype: DType)] = []
  /// The buffer of each root.
  package var rootPlaces: [Place] = []
  /// Bytes of each result buffer.
  package var resultBytes: [Int] = []
  /// Results that may be written over the data of an input slot, if the caller gives that data up.
  package var takeovers: [(result: Int, slot: Int)] = []
}

/// Assigns memory by liveness: a buffer is taken when its value is made and given back after its last use.
///
/// Views (reshapes of plain values) share the buffer of what they view; an operation may write over an input that
/// nobody reads later; results are written where the caller will keep them.
package enum PlanMemory {
  private static let alignment = 64

  package static func run(_ graph: Graph, kernels: [Kernel?]) -> MemoryPlan {
    var planner = Planner(graph, kernels: kernels)
    return planner.run()
  }

  /// Whether a node only views its input.
  package static func isView(_ node: Graph.Node, in graph: Graph) -> Bool {
    node.operation is Reshape && graph.layout(of: node.inputs[0]).isPlain && node.layouts.isEmpty
  }

  private struct Buffer {
    var bytes = 0
    var lastUse = -1
    var place: MemoryPlan.Place?
  }

  private struct Planner {
    let graph: Graph
    let kernels: [Kernel?]
    var bufferOf: [[Int]] = []
    var buffers: [Buffer] = []
    var plan = MemoryPlan()
    var free = FreeList()

    init(_ graph: Graph, kernels: [Kernel?]) {
      self.graph = graph
      self.kernels = kernels
    }

    mutating func run() -> MemoryPlan {
      assignBuffers()
      assignResults()
      plan.scratch = [Int](repeating: 0, count: graph.nodes.count)
      for index in graph.nodes.indices { place(index) }
      plan.places = bufferOf.map { $0.map { buffers[$0].place ?? .arena(0) } }
      plan.rootPlaces = graph.roots.map { plan.places[$0.node][$0.output] }
      plan.arenaBytes = free.highest
      return plan
    }

    private mutating func assignBuffers() {
      for (index, node) in graph.nodes.enumerated() {
        for input in node.inputs { buffers[bufferOf[input.node][input.output]].lastUse = index }
        if PlanMemory.isView(node, in: graph) {
          bufferOf.append([bufferOf[node.inputs[0].node][node.inputs[0].output]])
          continue
        }
        var list: [Int] = []
        for (output, type) in node.types.enumerated() {
          let bytes = graph.layout(of: ValueID(index, output)).storedCount(type.shape) * type.dtype.byteCount
          var buffer = Buffer(bytes: bytes, lastUse: index)
          switch node.operation {
          case let input as GraphInput: buffer.place = .input(input.slot)
          case let scalar as BoundScalar: buffer.place = .scalar(scalar.slot)
          case let scalar as ScalarConstant:
            buffer.place = .constant(plan.constants.count)
            plan.constants.append((scalar.value, scalar.dtype))
          default: plan.bytesWithoutReuse += bytes
          }
          list.append(buffers.count)
          buffers.append(buffer)
        }
        bufferOf.append(list)
      }
    }

    private mutating func assignResults() {
      for root in graph.roots {
        let buffer = bufferOf[root.node][root.output]
        if buffers[buffer].place == nil {
          buffers[buffer].place = .result(plan.resultBytes.count)
          plan.resultBytes.append(buffers[buffer].bytes)
        }
      }
    }

    private mutating func place(_ index: Int) {
      let node = graph.nodes[index]
      guard let kernel = kernels[index] else { return }
      for (output, buffer) in bufferOf[index].enumerated() where buffers[buffer].place == nil {
        if let offset = offsetToOverwrite(node, kernel, output: output, at: index, bytes: buffers[buffer].bytes) {
          buffers[buffer].place = .arena(offset)
        } else {
          buffers[buffer].place = .arena(free.take(rounded(buffers[buffer].bytes)))
        }
      }
      for (output, buffer) in bufferOf[index].enumerated() { noteTakeover(node, kernel, output, buffer, at: index) }
      if kernel.scratchBytes > 0 {
        plan.scratch[index] = free.take(rounded(kernel.scratchBytes))
        free.give(plan.scratch[index], rounded(kernel.scratchBytes))
      }
      // Give back what was used here for the last time, unless an output has taken it over.
      var released: Set<Int> = []
      let outputs = Set(bufferOf[index])
      let inputs = Set(node.inputs.map { bufferOf[$0.node][$0.output] })
      for buffer in inputs.union(outputs) where buffers[buffer].lastUse == index && released.insert(buffer).inserted {
        guard case .arena(let offset) = buffers[buffer].place else { continue }
        if !outputs.contains(buffer), outputs.contains(where: { buffers[$0].place == .arena(offset) }) { continue }
        free.give(offset, rounded(buffers[buffer].bytes))
      }
    }

    private mutating func noteTakeover(
      _ node: Graph.Node, _ kernel: Kernel, _ output: Int, _ buffer: Int, at index: Int
    ) {
      guard case .result(let result) = buffers[buffer].place else { return }
      for pair in kernel.inPlace where pair.output == output {
        let source = node.inputs[pair.input]
        let input = bufferOf[source.node][source.output]
        guard case .input(let slot) = buffers[input].place, buffers[input].lastUse == index,
          buffers[input].bytes == buffers[buffer].bytes,
          graph.layout(of: source) == graph.layout(of: ValueID(index, output)),
          !plan.takeovers.contains(where: { $0.slot == slot || $0.result == result }),
          !graph.roots.contains(where: { bufferOf[$0.node][$0.output] == input })
        else { continue }
        plan.takeovers.append((result, slot))
      }
    }

    private func offsetToOverwrite(
      _ node: Graph.Node, _ kernel: Kernel, output: Int, at index: Int, bytes: Int
    ) -> Int? {
      for pair in kernel.inPlace where pair.output == output {
        let source = node.inputs[pair.input]
        let buffer = bufferOf[source.node][source.output]
        guard buffers[buffer].lastUse == index, buffers[buffer].bytes == bytes,
          case .arena(let offset) = buffers[buffer].place,
          !bufferOf[index].contains(where: { buffers[$0].place == .arena(offset) })
        else { continue }
        return offset
      }
      return nil
    }

    private func rounded(_ bytes: Int) -> Int {
      (max(bytes, 1) + PlanMemory.alignment - 1) / PlanMemory.alignment * PlanMemory.alignment
    }
  }
}

/// Free ranges of the arena, in order; the best fit is taken, neighbours are joined.
struct FreeList {
  private var ranges: [(offset: Int, bytes: Int)] = []
  private(set) var highest = 0

  mutating func take(_ bytes: Int) -> Int {
    var best: Int?
    for (index, range) in ranges.enumerated() where range.bytes >= bytes {
      if best.map({ ranges[$0].bytes > range.bytes }) ?? true { best = index }
    }
    if let best {
      let offset = ranges[best].offset
      ranges[best].offset += bytes
      ranges[best].bytes -= bytes
      if ranges[best].bytes == 0 { ranges.remove(at: best) }
      return offset
    }
    // Grow, using a free range that ends at the top.
    if let last = ranges.last, last.offset + last.bytes == highest {
      ranges.removeLast()
      highest = last.offset + bytes
      return last.offset
    }
    let offset = highest
    highest += bytes
    return offset
  }

  mutating func give(_ offset: Int, _ bytes: Int) {
    let position = ranges.firstIndex { $0.offset > offset } ?? ranges.count
    ranges.insert((offset, bytes), at: position)
    if position + 1 < ranges.count, ranges[position].offset + ranges[position].bytes == ranges[position + 1].offset {
      ranges[position].bytes += ranges[position + 1].bytes
      ranges.remove(at: position + 1)
    }
    if position > 0, ranges[position - 1].offset + ranges[position - 1].bytes == ranges[position].offset {
      ranges[position - 1].bytes += ranges[position].bytes
      ranges.remove(at: position)
    }
  }
}
