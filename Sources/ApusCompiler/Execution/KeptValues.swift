import ApusTensor

/// What a plan computes from parameters alone, kept from replay to replay for as long as the parameters stay.
final class KeptValues {
  /// Computes the values.
  let program: Program
  /// The slots of the data it reads.
  let slots: [Int]
  private let scalarSlots: [Int]
  /// The values, in the order of the program's roots; empty until computed.
  private(set) var storages: [Storage] = []
  private var sources: [Source] = []
  private var scalars: [Double] = []

  /// Memory that was read; it may be gone by now.
  private struct Source {
    weak var storage: Storage?
  }

  init(_ graph: Graph, backend: any Backend) {
    program = Program(graph, backend: backend)
    slots = graph.nodes.compactMap { ($0.operation as? GraphInput)?.slot }
    scalarSlots = graph.nodes.compactMap { ($0.operation as? BoundScalar)?.slot }
  }

  /// Whether the values stand for this data still.
  func isCurrent(_ leaves: [Tensor], scalars given: [Double]) -> Bool {
    guard !storages.isEmpty else { return false }
    for (position, slot) in slots.enumerated() {
      guard let storage = leaves[slot].node.value(of: leaves[slot].output)?.storage,
        storage === sources[position].storage
      else { return false }
    }
    return scalarSlots.enumerated().allSatisfy { scalars[$0] == given[$1] }
  }

  /// Computes the values anew.
  func compute(
    _ leaves: [Tensor], inputs: UnsafePointer<UnsafeMutableRawPointer>, scalars given: [Double],
    arena: UnsafeMutableRawPointer
  ) {
    drop()
    let made = program.memory.resultBytes.map { Storage(byteCount: $0) }
    withUnsafeTemporaryAllocation(of: UnsafeMutableRawPointer.self, capacity: made.count + 1) { pointers in
      guard let base = pointers.baseAddress else { return }
      for (number, storage) in made.enumerated() { (base + number).initialize(to: storage.pointer) }
      program.run(inputs: inputs, scalars: given, results: base, arena: arena)
    }
    storages = program.memory.rootPlaces.map { place in
      guard case .result(let number) = place else { preconditionFailure("a kept value is not a result") }
      return made[number]
    }
    sources = slots.map { Source(storage: leaves[$0].node.value(of: leaves[$0].output)?.storage) }
    scalars = scalarSlots.map { given[$0] }
  }

  /// Forgets the values: the parameters are about to change.
  func drop() {
    storages = []
    sources = []
  }
}
