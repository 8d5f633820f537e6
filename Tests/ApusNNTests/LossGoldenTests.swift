import ApusTensor
import GoldenFiles
import Testing

@testable import ApusNN

/// Values and gradients of losses against PyTorch's, with every reduction.
@Suite struct LossGoldenTests {
  private func loss(_ golden: GoldenFile.Case, _ input: Tensor) throws -> Tensor? {
    let options = golden.options
    let target = try golden.tensor("target")
    let weights = golden.has("weight") ? try golden.tensor("weight") : nil
    guard let reduction = LossReduction(rawValue: options["reduction"]?.text ?? "") else { return nil }
    switch golden.operation {
    case "cross_entropy":
      let ignored = options["ignore_index"]?.integers.first ?? -100
      return crossEntropy(
        input, target, labelSmoothing: options["label_smoothing"]?.double ?? 0, classWeights: weights,
        ignoredIndex: ignored < 0 ? nil : ignored, reduction: reduction)
    case "binary_cross_entropy": return binaryCrossEntropy(input, target, weights: weights, reduction: reduction)
    case "binary_cross_entropy_with_logits":
      let positive = golden.has("pos_weight") ? try golden.tensor("pos_weight") : nil
      return binaryCrossEntropy(
        logits: input, target, weights: weights, positiveWeights: positive, reduction: reduction)
    case "mse_loss": return meanSquaredError(input, target, reduction: reduction)
    case "l1_loss": return meanAbsoluteError(input, target, reduction: reduction)
    case "huber_loss": return huber(input, target, delta: options["delta"]?.double ?? 0, reduction: reduction)
    case "smooth_l1_loss":
      let beta = options["beta"]?.double ?? 0
      return huber(input, target, delta: beta, reduction: reduction) / beta
    default: return nil
    }
  }

  @Test(arguments: [DType.float32, .float64]) func losses(dtype: DType) throws {
    var count = 0
    for golden in try GoldenFile("losses", dtype).cases {
      try withExecutor {
        guard try loss(golden, try golden.tensor("input")) != nil else { return }
        count += 1
        let upstream = try golden.tensor("upstream.output")
        let (_, gradient) = try valueWithGradientOfLoss(golden, upstream)
        let value = try #require(try loss(golden, try golden.tensor("input")))
        let valueError = difference(value, try golden.array("output"))
        let gradientError = difference(gradient, try golden.array("grad.input"))
        #expect(valueError <= tolerance(dtype), "\(golden.name): the loss is off")
        #expect(gradientError <= tolerance(dtype), "\(golden.name): the gradient is off")
      }
    }
    #expect(count == 3 * (7 + 2 + 1 + 2 + 3 + 4) + 4)
  }

  private func valueWithGradientOfLoss(_ golden: GoldenFile.Case, _ upstream: Tensor) throws -> (Tensor, Tensor) {
    var failure: (any Error)?
    let result = valueWithGradient(at: try golden.tensor("input")) { input in
      do {
        return (try #require(try loss(golden, input)) * upstream).sum()
      } catch {
        failure = error
        return input.sum()
      }
    }
    if let failure { throw failure }
    return result
  }

  @Test func crossEntropyTakesMinusInfinity() {
    withExecutor {
      let logits = Tensor([0, -Double.infinity, 1, 2, 3, -Double.infinity], shape: [2, 3])
      let labels = Tensor([2, 1] as [Int32])
      let (loss, gradient) = valueWithGradient(at: logits) { crossEntropy($0, labels) }
      #expect(loss.item().isFinite)
      #expect(gradient.scalars(as: Double.self).allSatisfy { $0.isFinite })
    }
  }

  @Test func mistakesAreNamed() {
    func message(_ body: () -> Tensor) -> String {
      do {
        _ = try Diagnostics.dryRun(body)
        return ""
      } catch {
        return "\(error)"
      }
    }
    let logits = Tensor.zeros([4, 3])
    #expect(
      message { crossEntropy(logits, Tensor.zeros([3], dtype: .int32)) }
        == "crossEntropy: the targets are i32[3]; for logits [4, 3] they must be classes, i32 or i64 [4], or "
        + "probabilities f32[4, 3]")
    #expect(message { crossEntropy(logits, logits, labelSmoothing: 2) }.contains("labelSmoothing must be between"))
    #expect(message { crossEntropy(logits, logits, classWeights: Tensor.zeros([4])) }.contains("must be f32[3]"))
    #expect(message { crossEntropy(logits, logits, ignoredIndex: 1) }.contains("ignoredIndex needs classes"))
    #expect(message { crossEntropy(Tensor.zeros([3]), logits) }.contains("must be floating-point [N, classes, ...]"))
    #expect(message { meanSquaredError(logits, Tensor.zeros([4])) }.contains("both must have one shape"))
    #expect(message { huber(logits, logits, delta: 0) }.contains("delta must be positive"))
  }
}
