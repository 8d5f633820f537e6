import ApusCompiler
import ApusTensor
import CKernels

/// A loop whose body is one step of LSTM and nothing else, as one kernel: threads share the units instead of the rows, so
/// that each keeps its part of the weights in its own cache, and no sums go through memory.
struct LSTMLoop {
  private let scan: Scan
  private let dtype: apus_dtype
  private let rows: Int
  private let units: Int
  /// What each stack holds.
  private let stacks: [Stacked]

  private enum Stacked: Hashable {
    case hBefore, cBefore, h, c, gates
  }

  /// Multiply-adds of a step for each thread that are worth waiting for the others once.
  private static let leastWork = 24_576

  /// Nil where the body is another, or the units do not fill the groups that the kernel takes.
  init?(_ scan: Scan) {
    let body = scan.body
    guard scan.carryCount == 2, scan.sequenceCount == 1, scan.length > 0, body.inputTypes.count == 4,
      body.steps.count == 2, body.steps[0].operation is PackedMatMul, body.steps[0].inputs == [0, 3],
      body.steps[1].operation is LSTMStep, body.steps[1].inputs == [2, body.steps[0].firstOutput, 1]
    else { return nil }
    let state = body.inputTypes[0]
    let first = body.steps[1].firstOutput
    let meanings: [Int: Stacked] = [0: .hBefore, 1: .cBefore, first: .h, first + 1: .c, first + 2: .gates]
    let stacks = (body.results.dropFirst(2) + scan.kept).map { meanings[$0] }
    dtype = apus_dtype(rawValue: UInt32(state.dtype.kernelCode))
    (rows, units) = (state.shape[0], state.shape[1])
    guard Array(body.results.prefix(2)) == [first, first + 1], rows > 0, units > 0,
      units % Int(apus_lstm_loop_group(dtype)) == 0,
      stacks.allSatisfy({ $0 != nil }), Set(stacks).count == stacks.count
    else { return nil }
    self.scan = scan
    self.stacks = stacks.compactMap { $0 }
  }

  func kernel(_ options: CPUOptions) -> Kernel {
    let stateBytes = rows * units * (dtype == APUS_F64 ? 8 : 4)
    let threads = Int32(max(1, min(options.threads, rows * 4 * units * units / LSTMLoop.leastWork)))
    let outputs = scan.body.inputTypes.count
    func place(_ stack: Stacked) -> Int? { stacks.firstIndex(of: stack).map { outputs + 2 + $0 } }
    let (gates, h, c) = (place(.gates), place(.h), place(.c))
    let (hBefore, cBefore) = (place(.hBefore), place(.cBefore))
    let scratch = outputs + 2 + stacks.count
    let (steps, isReversed) = (Int64(scan.length), Int32(scan.isReversed ? 1 : 0))
    let (rows, units, dtype) = (Int64(rows), Int64(units), dtype)
    return Kernel(scratchBytes: 4 * stateBytes) { arguments in
      var loop = apus_lstm_loop(
        steps: steps, rows: rows, units: units, reversed: isReversed, x: arguments[2], weights: arguments[3],
        first_h: arguments[0], first_c: arguments[1], last_h: arguments[outputs], last_c: arguments[outputs + 1],
        gates: gates.map { arguments[$0] }, h: h.map { arguments[$0] }, c: c.map { arguments[$0] },
        h_before: hBefore.map { arguments[$0] }, c_before: cBefore.map { arguments[$0] }, scratch: arguments[scratch])
      apus_lstm_loop_run(dtype, &loop, threads)
    }
  }
}
