import Apus
import ApusTensor
import Foundation
import Testing

/// What holds for any numbers, on random ones and on every executor.
@Suite struct PropertyTests {
  private struct Rows {
    let count = 40, classes = 7
    var logits: [[Double]]
    var labels: [Int]

    /// Random rows, moved to +-1e4 or spread over it, with impossible classes; the label of each is possible.
    init() {
      var state: UInt64 = 88_172_645_463_325_252
      func random() -> Double {
        state ^= state << 13
        state ^= state >> 7
        state ^= state << 17
        return Double(state >> 11) / 0x1p53
      }
      (logits, labels) = ([], [])
      for row in 0..<40 {
        let (scale, shift) = [(1.0, 0.0), (4, 1e4), (4, -1e4), (1e4, 0), (1e4, -5e3)][row % 5]
        // Numbers that a Float32 holds.
        var values = (0..<7).map { _ in Double(Float((random() * 2 - 1) * scale + shift)) }
        let label = Int(random() * 7)
        if row % 3 == 0 {
          for place in 0..<7 where place != label && random() < 0.4 { values[place] = -.infinity }
        }
        logits.append(values)
        labels.append(label)
      }
    }
  }

  /// Softmax, its logarithm and cross-entropy with gradients, beside the same in plain Swift with Float64.
  @Test(arguments: executors, [DType.float32, .float64])
  func softmaxAndCrossEntropyHoldAtLargeNumbers(_ executor: NamedExecutor, _ dtype: DType) {
    executor.run {
      let rows = Rows()
      let x = Tensor(rows.logits.flatMap { $0 }, shape: [40, 7]).cast(to: dtype)
      let labels = Tensor(rows.labels.map { Int32($0) })
      let soft = softmax(x).scalars(as: Double.self)
      let logarithms = logSoftmax(x).scalars(as: Double.self)
      let losses = crossEntropy(x, labels, reduction: .none).scalars(as: Double.self)
      let slopes = gradient(at: x) { crossEntropy($0, labels, reduction: .sum) }.scalars(as: Double.self)
      let limit = dtype == .float64 ? 1e-11 : 3e-6
      for (row, values) in rows.logits.enumerated() {
        let largest = values.max()!
        let sum = values.reduce(0) { $0 + exp($1 - largest) }
        for (place, value) in values.enumerated() {
          let index = row * 7 + place
          let expected = exp(value - largest) / sum
          #expect(abs(soft[index] - expected) <= limit, "row \(row)")
          #expect(abs(slopes[index] - (expected - (place == rows.labels[row] ? 1 : 0))) <= limit, "row \(row)")
          let logarithm = value - largest - log(sum)
          #expect(
            logarithms[index] == logarithm || abs(logarithms[index] - logarithm) <= limit * (1 + abs(logarithm)),
            "row \(row): \(logarithms[index]) instead of \(logarithm)")
        }
        let loss = largest + log(sum) - values[rows.labels[row]]
        #expect(abs(losses[row] - loss) <= limit * (1 + loss), "row \(row)")
        #expect(abs(soft[(row * 7)..<(row * 7 + 7)].reduce(0, +) - 1) < 10 * limit)
      }
    }
  }

  /// One-hot and the place of the largest undo each other, to the bit.
  @Test(arguments: executors) func oneHotHasAnInverse(_ executor: NamedExecutor) {
    executor.run {
      let labels = (0..<500).map { Int32($0 * 7919 % 13) }
      for dtype in [DType.float32, .float64, .int32] {
        let oneHot = Tensor(labels).oneHot(depth: 13, dtype: dtype)
        #expect(oneHot.shape == [500, 13])
        #expect(oneHot.sum(squeezingAxes: 1).scalars(as: Double.self).allSatisfy { $0 == 1 })
        #expect(oneHot.argMax(axis: 1).scalars(as: Int32.self) == labels)
      }
    }
  }

  /// Turning pictures over twice gives the same bits; once does not.
  @Test(arguments: executors) func flipsUndoThemselves(_ executor: NamedExecutor) {
    executor.run {
      let x = withRandomSeed(5) { Tensor.randomNormal([3, 2, 5, 4]) }
      let values = x.scalars(as: Float.self)
      for axes in [[3], [2], [2, 3], [0, 1, 2, 3]] {
        let once = x.flipped(axes: axes)
        #expect(once.scalars(as: Float.self) != values)
        #expect(once.flipped(axes: axes).scalars(as: Float.self) == values)
      }
    }
  }

  /// The mean of many draws is the input, and what is kept is the input times 1 / (1 - p), for each element.
  @Test(arguments: executors) func dropoutKeepsTheExpectation(_ executor: NamedExecutor) {
    executor.run {
      let x = Tensor((0..<32).map { Double($0) - 15.5 }, shape: [4, 8])
      let probability = 0.3
      var sums = [Double](repeating: 0, count: 32)
      for step in 0..<400 {
        let y = withRandomSeed(7, step: step) { withTraining { Dropout(probability)(x) } }.scalars(as: Double.self)
        for (index, value) in y.enumerated() {
          let kept = (Double(index) - 15.5) / (1 - probability)
          #expect(value == 0 || abs(value - kept) < 1e-9 * abs(kept))
          sums[index] += value
        }
      }
      // Five standard deviations of the mean of 400 draws.
      let deviation = (probability / (1 - probability) / 400).squareRoot()
      for (index, sum) in sums.enumerated() {
        let value = Double(index) - 15.5
        #expect(abs(sum / 400 - value) < 5 * deviation * abs(value))
      }
    }
  }
}
