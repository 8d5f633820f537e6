import ApusCompiler
import ApusTensor

/// A loop, or some rows of one, with everything its steps need, so that running it allocates nothing.
///
/// A carry that is also stacked needs no place of its own: the next step reads it where it was stacked.
///
/// `@unchecked Sendable`: the address tables are used only inside `run`, which the plan serialises.
final class ScanLoop: @unchecked Sendable {
  /// Some of a batch's rows, of all that there are.
  struct Part {
    var first: Int
    var count: Int
    var of: Int

    func bytes(_ whole: Int) -> Int { whole / of * count }
    func offset(_ whole: Int) -> Int { whole / of * first }
  }

  /// A value of the body that outlives the step, and where it is wanted.
  private struct Stored {
    var value: Int
    /// Bytes of all rows, and where this loop's lie among them.
    var whole: Int
    var bytes: Int
    var offset: Int
    var carries: [Int] = []
    var stacks: [Int] = []
    /// The number the program gave its buffer.
    var result = 0
    /// Where it lies this time.
    var place: UnsafeMutableRawPointer?
  }

  private let scan: Scan
  private let program: Program
  private let part: Part
  private let sliceBytes: [Int]
  private let carryBytes: [Int]
  private let arenaBytes: Int
  private let inputs: KernelArguments
  private let results: KernelArguments
  private var stored: [Stored] = []
  /// The stored value that each carry is.
  private var source: [Int] = []
  let scratchBytes: Int

  /// - Parameters:
  ///   - scan: the loop over all rows.
  ///   - body: its body for the part's rows.
  init(_ scan: Scan, _ body: RecordedFunction, _ part: Part, backend: CPUBackend) {
    (self.scan, self.part) = (scan, part)
    let wanted = scan.body.results + scan.kept
    var positions: [Int: Int] = [:]
    for (index, value) in wanted.enumerated() {
      let whole = scan.body.type(of: value).byteCount
      let position = positions[value] ?? stored.count
      if position == stored.count {
        stored.append(Stored(value: value, whole: whole, bytes: part.bytes(whole), offset: part.offset(whole)))
        positions[value] = position
      }
      if index < scan.carryCount {
        stored[position].carries.append(index)
        source.append(position)
      } else {
        stored[position].stacks.append(index - scan.carryCount)
      }
    }
    let graph = Pipeline(choosesLayouts: false)
      .run(Graph(body, results: stored.map(\.value)).materializingRoots(), backend: backend)
    program = Program(graph.materializingRoots(), backend: backend)
    for (index, place) in program.memory.rootPlaces.enumerated() {
      guard case .result(let number) = place else { preconditionFailure("a loop's result has no buffer of its own") }
      stored[index].result = number
    }
    sliceBytes = (0..<scan.sequenceCount).map { scan.body.inputTypes[scan.carryCount + $0].byteCount }
    carryBytes = (0..<scan.carryCount).map { scan.body.inputTypes[$0].byteCount }
    arenaBytes = ScanLoop.rounded(program.memory.arenaBytes)
    scratchBytes =
      arenaBytes + stored.reduce(0) { $0 + ($1.stacks.isEmpty ? 2 * ScanLoop.rounded($1.bytes) : 0) } + 64
    inputs = .allocate(capacity: body.inputTypes.count + 1)
    results = .allocate(capacity: stored.count + 1)
  }

  deinit {
    inputs.deallocate()
    results.deallocate()
  }

  private static func rounded(_ bytes: Int) -> Int { (bytes + 63) / 64 * 64 }

  /// Multiply-adds of one step.
  var work: Int { program.instructionWork.reduce(0, +) }

  /// Runs all steps.
  ///
  /// - Parameters:
  ///   - arguments: the loop's inputs, then its outputs.
  ///   - scratch: `scratchBytes` bytes of this part's own.
  func run(_ arguments: KernelArguments, scratch: UnsafeMutableRawPointer) {
    let inputCount = scan.body.inputTypes.count
    let outputs = arguments + inputCount
    for index in 0..<inputCount { (inputs + index).initialize(to: arguments[index]) }
    for index in 0..<scan.carryCount { inputs[index] = arguments[index] + part.offset(carryBytes[index]) }
    for count in 0..<scan.length {
      let time = scan.isReversed ? scan.length - 1 - count : count
      for (index, bytes) in sliceBytes.enumerated() {
        inputs[scan.carryCount + index] = arguments[scan.carryCount + index] + time * bytes + part.offset(bytes)
      }
      // What is only carried alternates between two buffers; the last step writes the final carry.
      var buffer = scratch + arenaBytes
      for index in stored.indices {
        let value = stored[index]
        let place: UnsafeMutableRawPointer
        if let stack = value.stacks.first {
          place = outputs[scan.carryCount + stack] + time * value.whole + value.offset
        } else {
          let size = ScanLoop.rounded(value.bytes)
          place = count == scan.length - 1 ? outputs[value.carries[0]] + value.offset : buffer + count % 2 * size
          buffer += 2 * size
        }
        stored[index].place = place
        (results + value.result).initialize(to: place)
      }
      program.run(inputs: inputs, scalars: [], results: results, arena: scratch)
      for value in stored where value.stacks.count > 1 {
        guard let place = value.place else { continue }
        for stack in value.stacks.dropFirst() {
          (outputs[scan.carryCount + stack] + time * value.whole + value.offset)
            .copyMemory(from: place, byteCount: value.bytes)
        }
      }
      for index in 0..<scan.carryCount { if let place = stored[source[index]].place { inputs[index] = place } }
    }
    for index in 0..<scan.carryCount {
      let target = outputs[index] + part.offset(carryBytes[index])
      if inputs[index] != target { target.copyMemory(from: inputs[index], byteCount: part.bytes(carryBytes[index])) }
    }
  }
}
