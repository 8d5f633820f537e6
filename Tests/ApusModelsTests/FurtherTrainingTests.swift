import ApusNN
import ApusOptimizers
import ApusTensor
import GoldenFiles
import Testing

/// Ten steps of a small convolutional network as PyTorch takes them, with settings that are not the usual ones.
@Suite struct FurtherTrainingTests {
  private struct Network: Layer {
    var conv = Conv2D(2, 4, kernel: 3)
    var norm: (any Layer)?
    var act: any Layer
    var dense = Dense(36, 3)

    func callAsFunction(_ x: Tensor) -> Tensor {
      let h = conv(x)
      return dense(act(norm.map { $0(h) } ?? h).flattened(from: 1))
    }
  }

  private func norm(_ name: String) throws -> (any Layer)? {
    switch name {
    case "batch": return BatchNorm(4, momentum: 0.3, epsilon: 1e-2)
    case "batch_plain": return BatchNorm(4, momentum: 0.05, epsilon: 1e-3, affine: false)
    case "layer": return LayerNorm([4, 3, 3], epsilon: 1e-2)
    case "group": return GroupNorm(groups: 2, 4, epsilon: 1e-2)
    case "instance": return InstanceNorm(4, epsilon: 1e-2, affine: true)
    case "local": return try HiddenNormalization.named("local:3,0.9,0.6,2").layer(features: 4, isImage: true)
    case "local_alexnet":
      return try HiddenNormalization.named("local-alexnet:3,0.9,0.6").layer(features: 4, isImage: true)
    default:
      #expect(name == "none")
      return nil
    }
  }

  private func activation(_ name: String) throws -> any Layer {
    if name == "prelu" { return PReLU(4, initial: 0.1) }
    return ActivationLayer(try .named(name == "hard_threshold" ? "hard-threshold:0.25" : name))
  }

  private func loss(_ name: String, _ x: Tensor, _ t: Tensor) throws -> Tensor {
    let weights = Tensor([0.5, 1, 2]).cast(to: x.dtype)
    switch name {
    case "cross_entropy":
      return crossEntropy(x, t, labelSmoothing: 0.2, classWeights: weights, ignoredIndex: 1, reduction: .sum)
    case "nll": return negativeLogLikelihood(logSoftmax(x, axis: 1), t, classWeights: weights)
    case "multi_margin":
      return multiMargin(x, t, margin: 0.7, power: 2, classWeights: weights, reduction: .sum)
    case "bce": return binaryCrossEntropy(sigmoid(x), t)
    case "bce_logits":
      return binaryCrossEntropy(
        logits: x, t, weights: weights, positiveWeights: weights.flipped(axes: [0]), reduction: .sum)
    case "hinge": return hinge(x, t * 2 - 1)
    case "squared_hinge": return hinge(x, t * 2 - 1, isSquared: true)
    case "mse": return meanSquaredError(x, t, reduction: .sum)
    case "l1": return meanAbsoluteError(x, t, reduction: .sum)
    case "huber": return huber(x, t, delta: 0.4, reduction: .sum)
    case "smooth_l1": return smoothL1(x, t, beta: 0.2, reduction: .sum)
    case "gaussian_nll":
      return gaussianNegativeLogLikelihood(
        x[0..., 0..<1], variance: softplus(x[0..., 1..<2]), t[0..., 0..<1], isFull: true, epsilon: 1e-3)
    default:
      #expect(name == "kl_div")
      return klDivergence(logSoftmax(x, axis: 1), softmax(t, axis: 1))
    }
  }

  @Test(arguments: [DType.float32, .float64]) func tenStepsEqualPyTorch(dtype: DType) throws {
    let cases = try GoldenFile("further_training", dtype).cases
    #expect(cases.count == 26)
    for golden in cases {
      try withExecutor {
        func option(_ name: String) -> String { golden.options[name]?.text ?? "" }
        let model = Network(norm: try norm(option("norm")), act: try activation(option("activation")))
        model.convert(to: dtype)
        #expect(model.trainableParameters.map(\.name) == golden.parameters, "\(golden.name)")
        var values: [String: Tensor] = [:]
        for name in golden.parameters { values[name] = try golden.tensor(name) }
        try model.restore(ModelSnapshot(values), options: .allowingMissing)
        let (input, target) = (try golden.tensor("input"), try golden.tensor("target"))
        let optimizer = SGD(learningRate: 0.004, momentum: 0.8, dampening: 0.1, weightDecay: 0.01)
        var losses: [Double] = []
        for _ in 0..<10 {
          var failure: (any Error)?
          let (value, gradients) = valueWithGradient(of: model) {
            do { return try loss(option("loss"), model(input), target) } catch {
              failure = error
              return input.sum()
            }
          }
          if let failure { throw failure }
          optimizer.update(model, along: gradients)
          losses.append(value.item())
        }
        // Ten steps add up ten roundings.
        let limit = 3 * tolerance(dtype)
        let lossError = difference(Tensor(losses), try golden.array("losses"))
        #expect(lossError <= limit, "\(golden.name): the losses are off by \(lossError)")
        for named in model.parameters {
          let error = difference(named.parameter.value, try golden.array("final." + named.name))
          #expect(error <= limit, "\(golden.name) \(named.name) is off by \(error)")
        }
      }
    }
  }
}
