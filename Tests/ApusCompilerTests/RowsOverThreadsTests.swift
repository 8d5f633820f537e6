import Apus
import Testing

@testable import ApusCPU
@testable import ApusCompiler
@testable import ApusTensor

/// Loops whose rows are divided over threads, beside the same on one thread; the numbers of rows do not divide evenly.
@Suite struct RowsOverThreadsTests {
  private func results(_ layer: some Layer, _ x: Tensor, threads: Int) -> [[Float]] {
    let executor = PlanExecutor(backend: CPUBackend(options: CPUOptions(threads: threads)))
    return Execution.$override.withValue(executor) {
      let gradients = valueWithGradient(of: layer) {
        let y = layer(x)
        return ((y * (y + 0.3)).sum(), [y])
      }
      let tensors = [gradients.value] + gradients.auxiliary + gradients.entries.compactMap(\.tensor)
      realize(tensors)
      return tensors.map { $0.scalars(as: Float.self) }
    }
  }

  private func check(_ layer: some Layer, _ x: Tensor, _ comment: Comment) {
    let expected = results(layer, x, threads: 1)
    for threads in [2, 3] {
      for (found, wanted) in zip(results(layer, x, threads: threads), expected) {
        let size = wanted.map(abs).max() ?? 0
        let furthest = zip(found, wanted).map { abs($0 - $1) }.max() ?? 0
        #expect(found.count == wanted.count && furthest <= 1e-5 * (size + 0.1), "\(threads) threads: \(comment)")
      }
    }
  }

  @Test func everyCellInBothDirections() {
    withRandomSeed(17) {
      let x = Tensor.randomNormal([7, 21, 40])
      realize(x)
      check(LSTM(40, 72), x, "LSTM")
      check(LSTM(40, 72, layers: 2, bidirectional: true), x, "two layers, both directions")
      check(LSTM(40, 128), x, "LSTM whose units threads share")
      check(LSTM(40, 128, layers: 2, bidirectional: true), x[0..<1], "the same of one sequence")
      check(GRU(40, 72), x, "GRU")
      check(RNN(40, 120), x, "RNN")
    }
  }

  @Test func bodiesAreResizedOnlyWhereRowsGoByThemselves() {
    func body(_ step: @escaping (Tensor, Tensor) -> Tensor) -> RecordedFunction? {
      let (h, x) = (Tensor.randomNormal([6, 4]), Tensor.randomNormal([3, 6, 4]))
      let (last, _) = scan([h], over: [x]) { (carry: [step($0[0], $1[0])], outputs: []) }
      let scan = last[0].node.operation as? Scan
      return scan?.body.resized(from: 6, to: 2, moving: 2)
    }
    let (w, b, all) = (Tensor.randomNormal([4, 4]), Tensor.randomNormal([4]), Tensor.randomNormal([6, 4]))
    #expect(body { tanh($1 + matmul($0, w) + b) }?.type(of: 0).shape == [2, 4])
    #expect(body { relu($0.sliced(axis: 1, from: 1, count: 2).sum(alongAxes: [1]) + $1) } == nil)
    #expect(body { $0 + $1 - $1.mean(alongAxes: [0]) } == nil)  // over the rows
    #expect(body { $0 + $1 * all } == nil)  // something from outside for each row
    #expect(body { $0.sliced(axis: 0, from: 1, count: 1) + $1 } == nil)  // one row for all
    #expect(body { matmul($0.transposed(), $1).sum() + $0 } == nil)
  }
}
