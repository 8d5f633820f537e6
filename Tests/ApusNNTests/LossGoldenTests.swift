import ApusTensor
import GoldenFiles
import Testing

@testable import ApusNN

/// Values and gradients of losses against PyTorch's, with every reduction.
@Suite struct LossGoldenTests {
  private func loss(_ golden: GoldenFile.Case, _ input: Tensor, variance: Tensor? = nil) throws -> Tensor {
    let options = golden.options
    let target = try golden.tensor("target")
    let weights = golden.has("weight") ? try golden.tensor("weight") : nil
    let named = options["reduction"]?.text ?? ""
    // PyTorch's mean over all elements is left out for divergences: it is not their mean.
    let reduction = try #require(LossReduction(rawValue: named == "batchmean" ? "mean" : named))
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
      return smoothL1(input, target, beta: beta, reduction: reduction)
    case "nll_loss":
      return negativeLogLikelihood(
        input, target, classWeights: weights, ignoredIndex: options["ignore_index"]?.integers.first,
        reduction: reduction)
    case "multi_margin_loss":
      return multiMargin(
        input, target, margin: options["margin"]?.double ?? 0, power: options["p"]?.integers.first ?? 0,
        classWeights: weights, reduction: reduction)
    case "kl_div":
      return klDivergence(
        input, target, targetsAreLogarithms: options["log_target"]?.isTrue == true, reduction: reduction)
    case "gaussian_nll_loss":
      return gaussianNegativeLogLikelihood(
        input, variance: try variance ?? golden.tensor("var"), target, isFull: options["full"]?.isTrue == true,
        epsilon: options["eps"]?.double ?? 0, reduction: reduction)
    default:
      Issue.record("no loss for \(golden.operation)")
      return input
    }
  }

  @Test(arguments: [("losses", 67), ("further_losses", 49)], [DType.float32, .float64])
  func losses(file: (subject: String, count: Int), dtype: DType) throws {
    let cases = try GoldenFile(file.subject, dtype).cases
    #expect(cases.count == file.count)
    for golden in cases {
      try withExecutor {
        let upstream = try golden.tensor("upstream.output")
        let roles = golden.has("grad.var") ? ["input", "var"] : ["input"]
        let inputs = try roles.map { try golden.tensor($0) }
        let value = try loss(golden, inputs[0])
        #expect(difference(value, try golden.array("output")) <= tolerance(dtype), "\(golden.name): the loss is off")
        var failure: (any Error)?
        let gradients = gradient(at: inputs) { x in
          do {
            return (try loss(golden, x[0], variance: x.count > 1 ? x[1] : nil) * upstream).sum()
          } catch {
            failure = error
            return x[0].sum()
          }
        }
        if let failure { throw failure }
        for (role, found) in zip(roles, gradients) {
          let error = difference(found, try golden.array("grad." + role))
          #expect(error <= tolerance(dtype), "\(golden.name): the gradient of \(role) is off by \(error)")
        }
      }
    }
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
