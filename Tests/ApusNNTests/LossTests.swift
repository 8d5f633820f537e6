import ApusTensor
import Foundation
import Testing

@testable import ApusNN

/// What losses do apart from PyTorch's values: sequences, margins, extreme logits, impossible settings.
@Suite struct LossTests {
  private func message(_ body: () -> Tensor) -> String {
    do {
      return "\(try Diagnostics.dryRun(body).shape)"
    } catch { return "\(error)" }
  }

  @Test func sequencesAreSummedOverTheirSteps() {
    withExecutor {
      // Two sequences of 2 and 3 steps; what stands in the padding does not matter.
      let steps = Tensor([1, 2, .nan, 4, 5, 6], shape: [2, 3])
      let mask = Tensor.arange(3, dtype: .int64) .< Tensor([2, 3] as [Int64], shape: [2, 1])
      func values(_ reduction: LossReduction) -> [Double] {
        sequenceLoss(steps, mask: mask, reduction: reduction).scalars(as: Double.self)
      }
      #expect(values(.none) == [3, 15])
      #expect(values(.sum) == [18])
      #expect(values(.mean) == [9])
      let transposed = sequenceLoss(steps.transposed(), mask: mask.transposed().cast(to: .float32), timeAxis: 0)
      #expect(transposed.item() == 9)
      let gradient = gradient(at: steps) { sequenceLoss($0, mask: mask) }
      #expect(gradient.scalars(as: Double.self) == [0.5, 0.5, 0, 0.5, 0.5, 0.5])
      let whole = sequenceLoss(Tensor.ones([2, 3, 4]), reduction: .none)
      #expect(whole.shape == [2, 4] && whole.scalars(as: Double.self).allSatisfy { $0 == 3 })
      let channels = sequenceLoss(Tensor.ones([2, 3, 4]), mask: mask, reduction: .none)
      #expect(channels.scalars(as: Double.self) == [2, 2, 2, 2, 3, 3, 3, 3])
    }
    #expect(message { sequenceLoss(Tensor.zeros([3])) }.contains("must be [N, T, ...]"))
    #expect(
      message { sequenceLoss(Tensor.zeros([2, 3]), mask: Tensor.zeros([3, 2])) }.contains("it must be [2, 3]"))
  }

  @Test func hingeIsZeroBeyondTheMargin() {
    withExecutor {
      let x = Tensor([-2, -0.5, 0.25, 3] as [Double])
      let t = Tensor([-1, -1, 1, -1] as [Double])
      #expect(hinge(x, t, reduction: .none).scalars(as: Double.self) == [0, 0.5, 0.75, 4])
      #expect(hinge(x, t, isSquared: true, reduction: .sum).item() == 0.25 + 0.5625 + 16)
      #expect(hinge(x, t, margin: 0.5, reduction: .none).scalars(as: Double.self) == [0, 0, 0.25, 3.5])
      let check = checkGradients(at: x) { hinge($0, t, margin: 0.7, isSquared: true) + hinge($0, t) }
      #expect(check.passes, "\(check)")
      #expect(gradient(at: x) { hinge($0, t, reduction: .sum) }.scalars(as: Double.self) == [0, 1, -1, 1])
    }
  }

  @Test func divergenceIsZeroForTheSameDistribution() {
    withExecutor {
      let p = softmax(Tensor([0.3, -1, 2, 0, 0, 5], shape: [2, 3]))
      #expect(abs(klDivergence(log(p), p).item()) < 1e-12)
      #expect(abs(klDivergence(log(p), log(p), targetsAreLogarithms: true).item()) == 0)
      // A class that neither distribution has adds nothing.
      let impossible = Tensor([-Double.infinity, 0], shape: [1, 2])
      #expect(klDivergence(impossible, Tensor([0.0, 1], shape: [1, 2])).item() == 0)
    }
  }

  /// Logits of +-1e4 and -inf: every loss and gradient that is finite in mathematics is finite here, and right.
  @Test(arguments: [DType.float32, .float64]) func extremeLogitsStayFinite(dtype: DType) {
    withExecutor {
      let infinity = Double.infinity
      let rows = Tensor(
        [1e4, -1e4, 0, 1e4, 1e4, 1e4, -1e4, -1e4, -1e4, -infinity, 3, 3, -infinity, -infinity, 7], shape: [5, 3]
      ).cast(to: dtype)
      // Each class that is asked for is possible.
      let labels = Tensor([1, 2, 0, 1, 2] as [Int32])
      let expected = [2e4, log(3.0), log(3.0), log(2.0), 0]
      let oneHot = labels.oneHot(depth: 3, dtype: dtype)
      let forms: [(String, (Tensor) -> Tensor)] = [
        ("classes", { crossEntropy($0, labels, reduction: .none) }),
        ("probabilities", { crossEntropy($0, oneHot, reduction: .none) }),
        ("likelihood", { negativeLogLikelihood(logSoftmax($0, axis: 1), labels, reduction: .none) }),
      ]
      for (name, form) in forms {
        for (found, value) in zip(form(rows).scalars(as: Double.self), expected) {
          #expect(abs(found - value) <= 1e-6 * (1 + value), "\(name)")
        }
        let slope = gradient(at: rows) { form($0).sum() }
        let exact = (softmax(rows, axis: 1) - oneHot).scalars(as: Double.self)
        for (found, value) in zip(slope.scalars(as: Double.self), exact) {
          #expect(abs(found - value) < 1e-6, "\(name)")
        }
      }
      // An impossible class that is asked for costs infinitely much, whichever way it is asked.
      #expect(crossEntropy(rows[3..<4], Tensor([0] as [Int32])).item() == infinity)
      #expect(crossEntropy(rows[3..<4], Tensor([1, 0, 0], shape: [1, 3]).cast(to: dtype)).item() == infinity)
      for (function, sums) in [(softmax(rows, axis: 1), true), (exp(logSoftmax(rows, axis: 1)), true)] {
        let total = function.sum(squeezingAxes: 1).scalars(as: Double.self)
        #expect(total.allSatisfy { abs($0 - 1) < 1e-6 } == sums)
      }
      let logits = Tensor([-1e4, -1e4, 1e4, 1e4] as [Double]).cast(to: dtype)
      let targets = Tensor([0, 1, 0, 1] as [Double]).cast(to: dtype)
      let binary = binaryCrossEntropy(logits: logits, targets, reduction: .none)
      #expect(binary.scalars(as: Double.self) == [0, 1e4, 1e4, 0])
      let slope = gradient(at: logits) { binaryCrossEntropy(logits: $0, targets, reduction: .sum) }
      #expect(slope.scalars(as: Double.self) == [0, -1, 1, 0])
    }
  }

  @Test func gradientsByDifferences() {
    withExecutor {
      let x = Tensor([0.4, -1.2, 0.9, 0.1, 1.7, -0.3], shape: [2, 3])
      let labels = Tensor([2, 0] as [Int64])
      let soft = Tensor([0.2, 0.5, 0.3, 0, 0.1, 0.9], shape: [2, 3])
      let weights = Tensor([0.5, 1.5, 2.0])
      let losses: [(String, (Tensor) -> Tensor)] = [
        ("cross-entropy", { crossEntropy($0, labels, labelSmoothing: 0.2, classWeights: weights) }),
        ("soft", { crossEntropy($0, soft, labelSmoothing: 0.2, classWeights: weights) }),
        ("margin", { multiMargin($0, labels, margin: 0.8, power: 2, classWeights: weights, reduction: .sum) }),
        ("likelihood", { negativeLogLikelihood($0, labels, classWeights: weights, reduction: .none) }),
        ("divergence", { klDivergence($0, soft, reduction: .none) }),
        ("gaussian", { gaussianNegativeLogLikelihood($0, variance: exp($0), soft, isFull: true) }),
        ("smooth", { smoothL1($0, soft, beta: 0.4, reduction: .none) }),
      ]
      for (name, loss) in losses {
        let check = checkGradients(at: x, of: loss)
        #expect(check.passes, "\(name): \(check)")
      }
      // Targets may be learnt too, also where they are 0.
      let check = checkGradients(at: soft + 0.01) { crossEntropy(x, $0) + klDivergence(x, $0) }
      #expect(check.passes, "\(check)")
      let slope = gradient(at: soft) { crossEntropy(x, $0, reduction: .sum) }
      let expected = (-logSoftmax(x, axis: 1)).scalars(as: Double.self)
      for (found, value) in zip(slope.scalars(as: Double.self), expected) { #expect(abs(found - value) < 1e-12) }
    }
  }

  @Test func mistakesAreNamed() {
    let x = Tensor.zeros([4, 3])
    let labels = Tensor.zeros([4], dtype: .int32)
    #expect(message { smoothL1(x, x, beta: -1) }.contains("beta must be at least 0, got -1.0"))
    #expect(message { negativeLogLikelihood(x, x) }.contains("must be classes, i32 or i64 [4]"))
    #expect(message { multiMargin(x, labels, power: 3) }.contains("the power 1 or 2"))
    #expect(message { klDivergence(x, labels) }.contains("both must have one shape"))
    #expect(message { hinge(x, x, margin: .nan) }.contains("the margin must be a number"))
    #expect(
      message { gaussianNegativeLogLikelihood(x, variance: Tensor.ones([4, 2]), x) }
        .contains("must broadcast to the means"))
    #expect(message { gaussianNegativeLogLikelihood(x, variance: x, x, epsilon: 0) }.contains("must be positive"))
  }
}
