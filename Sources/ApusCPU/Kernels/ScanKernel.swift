import ApusCompiler
import ApusTensor

/// Loops over time: the body is a program of its own, run once a step on addresses that move along the stacks.
enum ScanKernel {
  static func kernel(_ scan: Scan, _ context: LoweringContext, backend: CPUBackend) -> Kernel {
    let loop = Loop(scan, context, backend: backend)
    return Kernel(scratchBytes: loop.scratchBytes) { loop.run($0) }
  }

  /// The loop with everything its steps need, so that running it allocates nothing.
  ///
  /// `@unchecked Sendable`: the address tables are used only inside `run`, which the plan serialises.
  private final class Loop: @unchecked Sendable {
    let scan: Scan
    let program: Program
    let inputCount: Int
    let carryBytes: [Int]
    let sliceBytes: [Int]
    let outputBytes: [Int]
    let scratchBytes: Int
    private let arenaBytes: Int
    private let inputs: KernelArguments
    private let results: KernelArguments
    /// For each result of the body, the buffer number the program gave it.
    private let resultNumbers: [Int]

    init(_ scan: Scan, _ context: LoweringContext, backend: CPUBackend) {
      self.scan = scan
      let roots = scan.body.results + scan.kept
      let graph = Pipeline(choosesLayouts: false)
        .run(Graph(scan.body, results: roots).materializingRoots(), backend: backend)
      program = Program(graph.materializingRoots(), backend: backend)
      inputCount = context.inputTypes.count
      carryBytes = scan.body.results.prefix(scan.carryCount).map { scan.body.type(of: $0).byteCount }
      sliceBytes = (0..<scan.sequenceCount).map { scan.body.inputTypes[scan.carryCount + $0].byteCount }
      outputBytes = (scan.body.results.dropFirst(scan.carryCount) + scan.kept).map { scan.body.type(of: $0).byteCount }
      resultNumbers = program.memory.rootPlaces.map { place in
        guard case .result(let number) = place else { preconditionFailure("a loop's result has no buffer of its own") }
        return number
      }
      arenaBytes = Loop.rounded(program.memory.arenaBytes)
      scratchBytes = arenaBytes + 2 * carryBytes.reduce(0) { $0 + Loop.rounded($1) } + 64
      inputs = .allocate(capacity: inputCount + 1)
      results = .allocate(capacity: roots.count + 1)
    }

    deinit {
      inputs.deallocate()
      results.deallocate()
    }

    private static func rounded(_ bytes: Int) -> Int { (bytes + 63) / 64 * 64 }

    func run(_ arguments: KernelArguments) {
      let outputs = arguments + inputCount
      let scratch = outputs[scan.carryCount + outputBytes.count]
      for index in 0..<inputCount { (inputs + index).initialize(to: arguments[index]) }
      if scan.length == 0 {
        for index in 0..<scan.carryCount {
          outputs[index].copyMemory(from: arguments[index], byteCount: carryBytes[index])
        }
        return
      }
      for count in 0..<scan.length {
        let time = scan.isReversed ? scan.length - 1 - count : count
        // Carries alternate between two buffers; the last step writes the final ones.
        var buffer = scratch + arenaBytes
        for index in 0..<scan.carryCount {
          let size = Loop.rounded(carryBytes[index])
          let target = count == scan.length - 1 ? outputs[index] : buffer + (count % 2) * size
          (results + resultNumbers[index]).initialize(to: target)
          if count > 0 { inputs[index] = buffer + ((count - 1) % 2) * size }
          buffer += 2 * size
        }
        for index in 0..<scan.sequenceCount {
          inputs[scan.carryCount + index] = arguments[scan.carryCount + index] + time * sliceBytes[index]
        }
        for index in outputBytes.indices {
          (results + resultNumbers[scan.carryCount + index]).initialize(
            to: outputs[scan.carryCount + index] + time * outputBytes[index])
        }
        program.run(inputs: inputs, scalars: [], results: results, arena: scratch)
      }
    }
  }
}
