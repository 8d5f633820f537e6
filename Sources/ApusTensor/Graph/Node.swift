import Synchronization

/// One recorded operation, or a value that already exists.
///
/// Recording appends nodes; nothing is computed until a value is read. A node whose outputs all have values is a leaf
/// for every later graph.
///
/// `@unchecked Sendable`: `operation`, `type`, `otherTypes` and `depth` never change. `inputs`, `values` and the
/// scratch fields are read and written only under ``GraphLock``, except that the thread that creates the node
/// writes them before the node is shared; the checks for exclusive access that the lock makes needless are off.
public final class Node: @unchecked Sendable {
  package let operation: any Primitive
  package let type: TensorType
  package let otherTypes: [TensorType]
  @exclusivity(unchecked) package private(set) var inputs: [Tensor]
  /// The longest chain of recorded operations that ends here; values break the chain.
  package let depth: Int32
  /// Position in the order in which nodes are made: inputs always come before their users.
  package let sequence: Int
  /// Values of the outputs, once realized.
  @exclusivity(unchecked) package private(set) var value: StoredValue?
  @exclusivity(unchecked) package private(set) var otherValues: [StoredValue?]
  /// How many outputs have no value yet.
  @exclusivity(unchecked) private var missing: Int
  private let isComputed: Atomic<Bool>
  private let lasts = Atomic<Bool>(false)
  /// Scratch of the walk that collects a graph: the walk's number, and the node's index in it.
  @exclusivity(unchecked) package var visit: UInt64 = 0
  @exclusivity(unchecked) package var index: Int = 0
  /// Scratch of the reverse walk, likewise.
  @exclusivity(unchecked) var gradientWalk: UInt64 = 0
  @exclusivity(unchecked) var gradientPosition: Int = 0

  /// A node waiting to be computed.
  package init(_ operation: any Primitive, _ inputs: [Tensor], types: [TensorType]) {
    self.operation = operation
    self.inputs = inputs
    type = types[0]
    otherTypes = types.count == 1 ? [] : Array(types.dropFirst())
    otherValues = types.count == 1 ? [] : Array(repeating: nil, count: types.count - 1)
    missing = types.count
    var deepest: Int32 = 0
    for input in inputs where !input.node.hasValues { deepest = max(deepest, input.node.depth) }
    depth = deepest + 1
    isComputed = Atomic(false)
    sequence = Node.recorded.add(1, ordering: .relaxed).newValue
  }

  private static let recorded = Atomic<Int>(0)

  /// A value that exists.
  package init(value: StoredValue, type: TensorType) {
    operation = Leaf()
    inputs = []
    self.type = type
    otherTypes = []
    otherValues = []
    missing = 0
    depth = 0
    sequence = Node.recorded.add(1, ordering: .relaxed).newValue
    self.value = value
    isComputed = Atomic(true)
  }

  package var outputCount: Int { otherTypes.count + 1 }

  /// Whether every output has a value.
  package var hasValues: Bool { isComputed.load(ordering: .acquiring) }

  /// Whether the value is a parameter's: expected to be read by many graphs, so that what is computed from it alone is
  /// worth keeping.
  package var isLasting: Bool { lasts.load(ordering: .relaxed) }

  /// Says that the value is a parameter's.
  package func noteLasting() { lasts.store(true, ordering: .relaxed) }

  package func type(of output: Int) -> TensorType { output == 0 ? type : otherTypes[output - 1] }

  package func value(of output: Int) -> StoredValue? { output == 0 ? value : otherValues[output - 1] }

  /// Whether an output has a value.
  package func hasValue(of output: Int) -> Bool {
    if hasValues { return true }
    return output == 0 ? value != nil : otherValues[output - 1] != nil
  }

  /// The first input from a position on that is still to be computed and was not visited by a walk, and the position after
  /// it; unretained, because walks pass every edge of a graph in every step.
  package func pendingInput(from position: Int, notVisitedBy walk: UInt64) -> (node: Unmanaged<Node>, next: Int)? {
    inputs.withUnsafeBufferPointer { inputs in
      for index in position..<max(inputs.count, position) {
        let node = inputs[index].node
        if node.visit != walk, !node.hasValue(of: inputs[index].output) { return (.passUnretained(node), index + 1) }
      }
      return nil
    }
  }

  /// Gives an output its value; `keepingInputs` when a gradient may still walk through this node.
  package func store(_ stored: StoredValue, output: Int, keepingInputs: Bool) {
    if value(of: output) == nil { missing -= 1 }
    relocate(stored, output: output)
    guard missing == 0 else { return }
    isComputed.store(true, ordering: .releasing)
    if !keepingInputs { inputs = [] }
  }

  /// Puts the same elements into another storage, for example in another layout.
  package func relocate(_ stored: StoredValue, output: Int) {
    if output == 0 { value = stored } else { otherValues[output - 1] = stored }
  }

  /// Gives up the value, whose memory now belongs to a result; only the executor does this.
  package func consume() { value = nil }

  /// The storage of the only output, if nothing but the given number of graph edges and lists holds this value.
  ///
  /// Counts references instead of trusting the caller: one too many, wherever it comes from, only means that the
  /// storage is not reused.
  package func storageHeldOnly(by references: Int) -> Storage? {
    guard outputCount == 1, referenceCount(Unmanaged.passUnretained(self).toOpaque()) <= references else { return nil }
    // A view that was computed is a node of its own over the same storage.
    guard value?.isOnlyHolder() == true, let storage = value?.storage, storage.isOwned else { return nil }
    return storage
  }

  /// Forgets how the values were computed, once all exist.
  package func dropInputs() { if hasValues { inputs = [] } }

  // A long chain of nodes would otherwise be released recursively and overflow the stack.
  deinit {
    guard depth > 256 else { return }
    var pending = inputs
    inputs = []
    while var tensor = pending.popLast() {
      if tensor.isOnlyReferenceToNode() {
        pending.append(contentsOf: tensor.node.inputs)
        tensor.node.inputs = []
      }
    }
  }
}

/// The strong references to an object, as the runtime counts them.
@_silgen_name("swift_retainCount")
private func referenceCount(_ object: UnsafeMutableRawPointer) -> Int

/// Where the value of an output lies.
package struct StoredValue: Sendable {
  package var storage: Storage
  package var layout: Layout

  package init(storage: Storage, layout: Layout = .plain) {
    self.storage = storage
    self.layout = layout
  }

  /// Whether nothing else refers to the storage.
  mutating func isOnlyHolder() -> Bool { isKnownUniquelyReferenced(&storage) }
}

/// The operation of a node that holds a value.
struct Leaf: Primitive {
  var name: String { "leaf" }
  func resultTypes(_ inputs: [TensorType]) throws(ShapeError) -> [TensorType] {
    throw ShapeError("a leaf is not an operation")
  }
  func gradient(_ context: GradientContext) -> [Tensor?] { [] }
  func evaluate(_ inputs: [HostView], _ outputs: [HostView]) {
    fatalError("an optimizer's old state was read after the step that replaced it; take a snapshot before the step")
  }
}

/// The lock under which graphs are walked and executed: one plan runs at a time, over one arena.
package enum GraphLock {
  private static let mutex = RecursiveLock()
  package static func withLock<Result, Failure: Error>(_ body: () throws(Failure) -> Result) throws(Failure) -> Result {
    mutex.lock()
    defer { mutex.unlock() }
    return try body()
  }
}
