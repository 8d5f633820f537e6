import ApusCompiler
import ApusTensor

/// A convolution done in one of its ways on made-up numbers, to see how long that takes.
///
/// Operands that lie otherwise than the usual way wants them are moved before and after, as the graph around would have
/// to. Only the kernels of a forward pass are free: they are parameters, which are moved once.
struct ConvolutionTrial {
  private struct Step {
    let kernel: Kernel
    let offsets: [Int]
  }

  private var steps: [Step] = []
  private let memory: TrialMemory

  /// Nil where the way cannot do the problem.
  init?(
    _ problem: ConvolutionKernel.Problem, _ way: ConvolutionWay, usual: LayoutChoice, isPrepared: Bool, threads: Int32,
    memory: TrialMemory
  ) {
    self.memory = memory
    guard let choice = ConvolutionKernel.layouts(problem, way),
      let kernel = ConvolutionKernel.kernel(problem, way, threads: threads, isPrepared: isPrepared)
    else { return nil }
    var bytes = 0
    func place(_ count: Int) -> Int {
      defer { bytes += (count + 127) / 64 * 64 }
      return bytes
    }
    func place(_ type: TensorType, _ layout: Layout) -> Int { place(layout.storedCount(type.shape) * 4) }
    let isForward = if case .forward = problem.pass { true } else { false }
    let (inputs, outputs) = problem.operands
    var offsets: [Int] = []
    for (position, type) in inputs.enumerated() {
      let (from, to) = (usual.inputs[position], choice.inputs[position])
      if isForward, position == 1, isPrepared, way == .winograd,
        let prepared = WinogradConvolution(problem, takesAnySize: true)?.preparedType
      {
        offsets.append(place(prepared.byteCount))
      } else if from == to || isForward && position == 1 {
        offsets.append(place(type, to))
      } else {
        guard let reorder = OneDNN.reorder(type, from: from, to: to) else { return nil }
        let moved = place(type, to)
        steps.append(Step(kernel: reorder, offsets: [place(type, from), moved]))
        offsets.append(moved)
      }
    }
    var after: [Step] = []
    for (position, type) in outputs.enumerated() {
      let (from, to) = (choice.outputs[position], usual.outputs[position])
      offsets.append(place(type, from))
      if from != to {
        guard let reorder = OneDNN.reorder(type, from: from, to: to) else { return nil }
        after.append(Step(kernel: reorder, offsets: [offsets[offsets.count - 1], place(type, to)]))
      }
    }
    // A sum is written over what it adds to, as plans do where they can.
    for pair in kernel.inPlace { offsets[inputs.count + pair.output] = offsets[pair.input] }
    offsets.append(place(kernel.scratchBytes))
    steps.append(Step(kernel: kernel, offsets: offsets))
    steps += after
    memory.reserve(bytes)
  }

  /// Does it once.
  func run() {
    for step in steps {
      withUnsafeTemporaryAllocation(of: UnsafeMutableRawPointer.self, capacity: step.offsets.count) { list in
        guard let base = list.baseAddress else { return }
        for (number, offset) in step.offsets.enumerated() { (base + number).initialize(to: memory.base + offset) }
        step.kernel.run(base)
      }
    }
  }
}

/// The memory in which trials compute, filled with ordinary numbers.
///
/// `@unchecked Sendable`: used only where plans are built, under the graph lock.
final class TrialMemory: @unchecked Sendable {
  private(set) var base = UnsafeMutableRawPointer.allocate(byteCount: 64, alignment: 64)
  private var byteCount = 64

  deinit { base.deallocate() }

  /// Makes room for so many bytes; what trials point to is found anew at each run.
  func reserve(_ wanted: Int) {
    guard wanted > byteCount else { return }
    resize(wanted)
    base.initializeMemory(as: Float.self, repeating: 0.5, count: byteCount / 4)
  }

  /// Gives the memory back.
  func free() {
    if byteCount > 64 { resize(64) }
  }

  private func resize(_ wanted: Int) {
    base.deallocate()
    base = .allocate(byteCount: wanted, alignment: 64)
    byteCount = wanted
  }
}
