import ApusCompiler
import ApusTensor
import CKernels

/// Loops over time: the body is a program of its own, run once a step on addresses that move along the stacks.
///
/// Where every row of a batch goes through the body by itself, each thread takes some rows through the whole loop: threads
/// that share every step wait for each other twice in it, and fetch the states from each other's caches.
enum ScanKernel {
  static func kernel(_ scan: Scan, _ context: LoweringContext, backend: CPUBackend) -> Kernel {
    if let loop = LSTMLoop(scan) { return loop.kernel(context.options) }
    let loops =
      parts(scan, context.options) ?? [ScanLoop(scan, scan.body, .init(first: 0, count: 1, of: 1), backend: backend)]
    let scratch = loops.map(\.scratchBytes)
    let place = context.inputTypes.count + context.node.types.count
    return Kernel(scratchBytes: scratch.reduce(0, +)) { arguments in
      if loops.count == 1 { return loops[0].run(arguments, scratch: arguments[place]) }
      var run = Run(loops: loops, arguments: arguments, scratch: arguments[place])
      withUnsafeMutablePointer(to: &run) {
        apus_parallel(
          Int32(loops.count), Int64(loops.count),
          { context, part, _ in context?.assumingMemoryBound(to: Run.self).pointee.part(Int(part)) }, $0)
      }
    }
  }

  private struct Run {
    let loops: [ScanLoop]
    let arguments: KernelArguments
    let scratch: UnsafeMutableRawPointer

    func part(_ index: Int) {
      loops[index].run(arguments, scratch: scratch + loops[..<index].reduce(0) { $0 + $1.scratchBytes })
    }
  }

  /// Fewer multiply-adds in all steps than this are not worth a second thread.
  private static let leastWork = 2_000_000

  /// The loop for each thread's rows; nil where threads share the steps instead, or there is one.
  private static func parts(_ scan: Scan, _ options: CPUOptions) -> [ScanLoop]? {
    let moving = scan.carryCount + scan.sequenceCount
    guard !options.isDeterministic, let rows = scan.body.inputTypes.first?.shape.first, rows > 1, scan.length > 0 else {
      return nil
    }
    let count = min(options.threads, rows)
    guard count > 1 else { return nil }
    var single = options
    single.threads = 1
    let backend = CPUBackend(options: single)
    var loops: [ScanLoop] = []
    for part in 0..<count {
      let first = rows * part / count
      let size = rows * (part + 1) / count - first
      guard let body = scan.body.resized(from: rows, to: size, moving: moving) else { return nil }
      loops.append(ScanLoop(scan, body, .init(first: first, count: size, of: rows), backend: backend))
      if loops[0].work * count * scan.length < leastWork { return nil }
    }
    return loops
  }
}
