import ApusTensor

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// Compiles each distinct graph once and replays its plan.
///
/// `@unchecked Sendable`: all mutable state is used only under the graph lock, under which `realize` and
/// `hostArray(of:)` are called; the public statistics take the lock themselves.
public final class PlanExecutor: Executor, @unchecked Sendable {
  /// The most plans kept; the least recently used go first.
  public static let mostPlans = 256

  private final class Plan {
    let program: Program
    let kept: KeptValues?
    let inputLayouts: [Layout]
    /// Which of the data the program itself reads.
    let reads: [Bool]
    let rootLayouts: [Layout]
    var lastUse = 0
    var nanoseconds: [UInt64]
    var replays = 0

    init(_ parts: KeepLasting.Parts, backend: any Backend) {
      program = Program(parts.rest, backend: backend)
      kept = parts.kept.map { KeptValues($0, backend: backend) }
      let graph = program.graph
      inputLayouts = graph.inputTypes.indices.map { graph.inputLayouts[$0] ?? .plain }
      let slots = Set(graph.nodes.compactMap { ($0.operation as? GraphInput)?.slot })
      reads = graph.inputTypes.indices.map { slots.contains($0) }
      rootLayouts = graph.roots.map { graph.layout(of: $0) }
      nanoseconds = [UInt64](repeating: 0, count: program.instructionNames.count)
    }
  }

  private let backend: any Backend
  private let pipeline: Pipeline
  private let diagnostics: PlanDiagnostics
  private let plansOnly: Bool
  private var plans: [PlanKey: Plan] = [:]
  private var holders: [KeptValues] = []
  private var capture = GraphCapture()
  private var arena: Storage?
  private var uses = 0
  private var compiled = 0
  private var peakArenaBytes = 0
  private var reusedBuffers = 0

  /// An executor for a backend.
  ///
  /// - Parameter plansOnly: whether plans are made and nothing is computed: every result is zeros. What a step would take is
  ///   then in ``statistics``, however much that is.
  package init(
    backend: any Backend, pipeline: Pipeline = Pipeline(), diagnostics: PlanDiagnostics = .fromEnvironment(),
    plansOnly: Bool = false
  ) {
    self.backend = backend
    self.plansOnly = plansOnly
    self.pipeline = pipeline
    self.diagnostics = diagnostics
  }

  /// Computes the tensors with one plan.
  public func realize(_ tensors: [Tensor], consuming consumed: [Tensor], keepingGraph: Bool) {
    // A step that gives its parameters up has nothing to keep, and what was made of them is out of date.
    let keeps = consumed.isEmpty && !keepingGraph
    capture.collect(tensors, keepsLasting: keeps)
    backend.prepareThread()
    if !consumed.isEmpty { dropKept() }
    let plan = self.plan(for: tensors, keepsLasting: keeps)
    uses += 1
    plan.lastUse = uses
    let taken = takeovers(of: plan, consumed, keepingGraph: keepingGraph)
    replay(plan, tensors, taken, keepingGraph: keepingGraph)
    capture.clear()
  }

  private func dropKept() {
    for holder in holders { holder.drop() }
    holders = []
  }

  private func plan(for tensors: [Tensor], keepsLasting: Bool) -> Plan {
    if let plan = plans[capture.key] { return plan }
    let start = Program.now()
    let captured = capture.graph(roots: tensors, keepsLasting: keepsLasting)
    let graph = pipeline.run(captured, backend: backend) { diagnostics.passed($0, $1, number: compiled) }
    let plan = Plan(keepsLasting ? KeepLasting.run(graph) : KeepLasting.Parts(kept: nil, rest: graph), backend: backend)
    compiled += 1
    diagnostics.built(
      number: compiled, captured: captured, plan: plan.program, milliseconds: Double(Program.now() - start) / 1e6)
    if plans.count >= Self.mostPlans { evict() }
    plans[capture.key] = plan
    return plan
  }

  private func evict() {
    let oldest = plans.sorted { $0.value.lastUse < $1.value.lastUse }.prefix(Self.mostPlans / 4)
    for (key, plan) in oldest {
      plans[key] = nil
      holders.removeAll { $0 === plan.kept }
    }
  }

  /// Storage of consumed inputs that results are written over, by result.
  private func takeovers(of plan: Plan, _ consumed: [Tensor], keepingGraph: Bool) -> [Int: Storage] {
    guard !consumed.isEmpty, !keepingGraph else { return [:] }
    var taken: [Int: Storage] = [:]
    let candidates = Set(consumed.map { ObjectIdentifier($0.node) })
    for (result, slot) in plan.program.memory.takeovers {
      let leaf = Unmanaged.passUnretained(capture.leaves[slot].node)
      // Held by the edges of the graph, the list of leaves and the list of the consumed.
      let references = capture.leafEdges[slot] + 2
      let storage: Storage? = leaf._withUnsafeGuaranteedRef { node in
        guard candidates.contains(ObjectIdentifier(node)), node.value(of: 0)?.layout == plan.inputLayouts[slot] else {
          return nil
        }
        return node.storageHeldOnly(by: references)
      }
      if let storage, storage.byteCount >= plan.program.memory.resultBytes[result] { taken[result] = storage }
    }
    reusedBuffers += taken.count
    return taken
  }

  private func replay(_ plan: Plan, _ tensors: [Tensor], _ taken: [Int: Storage], keepingGraph: Bool) {
    let program = plan.program
    let memory = program.memory
    let arenaBytes = max(memory.arenaBytes, plan.kept?.program.memory.arenaBytes ?? 0)
    peakArenaBytes = max(peakArenaBytes, arenaBytes)
    guard !plansOnly else { return store(plan, memory.resultBytes.map(Self.zeros), into: tensors, keepingGraph) }
    if arena.map({ $0.byteCount < arenaBytes }) ?? true {
      arena = nil
      arena = Storage(byteCount: max(arenaBytes, 64))
    }
    guard let arena else { return }
    let results = memory.resultBytes.enumerated().map { taken[$0] ?? Storage(byteCount: $1) }
    let inputCount = program.graph.inputTypes.count
    withUnsafeTemporaryAllocation(of: UnsafeMutableRawPointer.self, capacity: inputCount + results.count + 1) {
      pointers in
      guard let base = pointers.baseAddress else { return }
      let isCurrent = plan.kept?.isCurrent(capture.leaves, scalars: capture.scalars) ?? true
      for (slot, leaf) in capture.leaves.enumerated() {
        // What only kept values are made of may stay as it lies.
        let place =
          plan.reads[slot] || !isCurrent ? storage(of: leaf, in: plan.inputLayouts[slot]).pointer : arena.pointer
        (base + slot).initialize(to: place)
      }
      if let kept = plan.kept {
        if !isCurrent {
          kept.compute(capture.leaves, inputs: base, scalars: capture.scalars, arena: arena.pointer)
          if !holders.contains(where: { $0 === kept }) { holders.append(kept) }
        }
        for (number, storage) in kept.storages.enumerated() {
          (base + capture.leaves.count + number).initialize(to: storage.pointer)
        }
      }
      let resultBase = base + inputCount
      for (number, storage) in results.enumerated() { (resultBase + number).initialize(to: storage.pointer) }
      if diagnostics.profiles {
        program.profile(
          inputs: base, scalars: capture.scalars, results: resultBase, arena: arena.pointer,
          nanoseconds: &plan.nanoseconds)
      } else {
        program.run(inputs: base, scalars: capture.scalars, results: resultBase, arena: arena.pointer)
      }
    }
    plan.replays += 1
    for (result, slot) in memory.takeovers where taken[result] != nil { capture.leaves[slot].node.consume() }
    store(plan, results, into: tensors, keepingGraph)
  }

  private static func zeros(_ byteCount: Int) -> Storage {
    let storage = Storage(byteCount: byteCount)
    storage.pointer.initializeMemory(as: UInt8.self, repeating: 0, count: byteCount)
    return storage
  }

  private func store(_ plan: Plan, _ results: [Storage], into tensors: [Tensor], _ keepingGraph: Bool) {
    let memory = plan.program.memory
    for (position, tensor) in tensors.enumerated() {
      let stored: StoredValue
      switch memory.rootPlaces[position] {
      case .result(let number): stored = StoredValue(storage: results[number], layout: plan.rootLayouts[position])
      case .input(let slot):
        let leaf = capture.leaves[slot]
        guard let value = leaf.node.value(of: leaf.output) else { preconditionFailure("a leaf lost its value") }
        stored = value
      case .scalar(let slot): stored = Self.scalar(capture.scalars[slot], tensor.dtype)
      case .constant(let cell): stored = Self.scalar(memory.constants[cell].value, tensor.dtype)
      case .arena: preconditionFailure("a result lies in the arena")
      }
      tensor.node.store(stored, output: tensor.output, keepingInputs: keepingGraph)
    }
  }

  private static func scalar(_ value: Double, _ dtype: DType) -> StoredValue {
    let storage = Storage(byteCount: 8)
    HostView(type: TensorType([], dtype), pointer: storage.pointer).store([value])
    return StoredValue(storage: storage)
  }

  /// The storage of a leaf in the wanted layout; a leaf that lies otherwise is moved, once.
  private func storage(of leaf: Tensor, in layout: Layout) -> Storage {
    guard let value = leaf.node.value(of: leaf.output) else { preconditionFailure("a leaf lost its value") }
    if value.layout == layout { return value.storage }
    let moved = Storage(byteCount: layout.storedCount(leaf.shape) * leaf.dtype.byteCount)
    LayoutConversion.convert(
      type: leaf.type, from: value.storage.pointer, layout: value.layout, to: moved.pointer, layout: layout)
    leaf.node.relocate(StoredValue(storage: moved, layout: layout), output: leaf.output)
    return moved
  }

  /// The elements of a computed tensor in row-major order.
  public func hostArray(of tensor: Tensor) -> HostArray {
    guard let value = tensor.node.value(of: tensor.output) else {
      preconditionFailure("a tensor was read before it was computed")
    }
    if value.layout.isPlain { return HostArray(type: tensor.type, storage: value.storage) }
    let plain = Storage(byteCount: tensor.type.byteCount)
    LayoutConversion.convert(
      type: tensor.type, from: value.storage.pointer, layout: value.layout, to: plain.pointer, layout: .plain)
    return HostArray(type: tensor.type, storage: plain)
  }

  /// What the executor has done so far.
  public struct Statistics: Sendable {
    /// Plans compiled since the start.
    public var compiledPlans: Int
    /// Plans kept now.
    public var cachedPlans: Int
    /// Graphs executed.
    public var replays: Int
    /// The largest arena of any plan, in bytes.
    public var peakArenaBytes: Int
    /// Results written over memory that was given up, such as an optimizer's old state.
    public var reusedBuffers: Int
  }

  /// What the executor has done so far.
  public var statistics: Statistics {
    GraphLock.withLock {
      Statistics(
        compiledPlans: compiled, cachedPlans: plans.count, replays: uses, peakArenaBytes: peakArenaBytes,
        reusedBuffers: reusedBuffers)
    }
  }

  /// Whether instructions are measured.
  public var isProfiling: Bool { diagnostics.profiles }

  /// Where the time of the most replayed plan went, by operation; needs `APUS_PROFILE=1`.
  public func profileReport() -> String {
    GraphLock.withLock {
      guard let plan = plans.values.max(by: { $0.replays < $1.replays }), plan.replays > 0 else { return "no plan" }
      return diagnostics.profile(plan.program, plan.nanoseconds, replays: plan.replays)
    }
  }
}
