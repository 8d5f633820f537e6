import ApusTensor
import GoldenFiles
import Testing

@testable import ApusNN

private struct Pair: Module {
  var p0: Parameter
  var p1: Parameter
}

@Suite struct GradientsTests {
  @Test(arguments: [DType.float32, .float64]) func clipping(dtype: DType) throws {
    let file = try GoldenFile("optimizers", dtype)
    let cases = file.cases(of: "clip_grad_norm") + file.cases(of: "clip_grad_value")
    #expect(cases.count == 5)
    for golden in cases {
      try withExecutor {
        let tensors = ["p0": try golden.tensor("gradients.p0"), "p1": try golden.tensor("gradients.p1")]
        let model = Pair(
          p0: Parameter(Tensor.zeros([3, 4], dtype: dtype)), p1: Parameter(Tensor.zeros([5], dtype: dtype)))
        let gradients = Gradients(of: model, value: Tensor(repeating: 0, shape: [], dtype: dtype), tensors)
        let clipped: Gradients
        if golden.operation == "clip_grad_value" {
          clipped = gradients.clipped(value: golden.options["clip_value"]?.double ?? 0)
        } else {
          let orders: [String: NormOrder] = ["1": .one, "2": .two, "inf": .infinity]
          let order = try #require(orders[golden.options["norm_type"]?.text ?? ""])
          clipped = gradients.clipped(globalNorm: golden.options["max_norm"]?.double ?? 0, order: order)
          #expect(difference(gradients.globalNorm(order), try golden.array("total_norm")) <= tolerance(dtype))
        }
        for name in ["p0", "p1"] {
          let found = try #require(clipped[name])
          #expect(difference(found, try golden.array("clipped." + name)) <= tolerance(dtype), "\(golden.name)")
        }
      }
    }
  }

  @Test func clippingEachByItsNorm() {
    withExecutor {
      let model = Pair(p0: Parameter(Tensor.zeros([2])), p1: Parameter(Tensor.zeros([1])))
      let tensors = ["p0": Tensor([3, 4 as Float]), "p1": Tensor([0.5 as Float])]
      let clipped = Gradients(of: model, value: Tensor.zeros([]), tensors).clipped(norm: 1)
      let p0 = clipped["p0"]?.scalars(as: Double.self) ?? []
      #expect(abs(p0[0] - 0.6) < 1e-6 && abs(p0[1] - 0.8) < 1e-6)
      #expect(clipped["p1"]?.item() == 0.5)
    }
  }

  @Test func accumulationEqualsTheWholeBatch() {
    withExecutor {
      let layer = Dense(3, 2)
      let x = Tensor([1, 2, 3, 4, 5, 6, -1, 0, 2, 1, 1, 1] as [Float], shape: [4, 3])
      let halves = [
        Tensor([1, 2, 3, 4, 5, 6] as [Float], shape: [2, 3]), Tensor([-1, 0, 2, 1, 1, 1] as [Float], shape: [2, 3]),
      ]
      let (whole, all) = valueWithGradient(of: layer) { layer(x).squared().mean() }
      let parts = halves.map { half in
        valueWithGradient(of: layer) { layer(half).squared().mean() }.gradients.realized()
      }
      let sum = (parts[0] + parts[1]) * 0.5
      #expect(abs(sum.value.item() - whole.item()) < 1e-5)
      for name in ["weight", "bias"] {
        let (a, b) = (sum[name]?.scalars(as: Double.self) ?? [], all[name]?.scalars(as: Double.self) ?? [1])
        #expect(zip(a, b).allSatisfy { abs($0 - $1) < 1e-5 } && a.count == b.count)
      }
    }
  }

  @Test func parametersWithOneTensorHaveSeparateGradients() {
    withExecutor {
      let value = Tensor([2, 3 as Float])
      let model = Pair(p0: Parameter(value), p1: Parameter(value))
      let (_, gradients) = valueWithGradient(of: model) { (model.p0.value * model.p1.value * model.p1.value).sum() }
      #expect(gradients["p0"]?.scalars(as: Double.self) == [4, 9])
      #expect(gradients["p1"]?.scalars(as: Double.self) == [8, 18])
      #expect(gradients[model.p1]?.scalars(as: Double.self) == [8, 18])
    }
  }

  @Test func gradientsOfGradients() {
    withExecutor {
      let model = Pair(p0: Parameter(Tensor([2, 3 as Float])), p1: Parameter(Tensor([1, 1 as Float])))
      // d/dp of |d/dp sum p^3|^2 = d/dp of 9 p^4 = 36 p^3.
      let (_, outer) = valueWithGradient(of: model) {
        let (_, inner) = valueWithGradient(of: model) {
          (model.p0.value * model.p0.value * model.p0.value).sum() + model.p1.value.sum()
        }
        return (inner["p0"] ?? Tensor.zeros([2])).squared().sum()
      }
      #expect(outer["p0"]?.scalars(as: Double.self) == [288, 972])
      #expect(outer.unusedNames == ["p1"] || outer["p1"]?.scalars(as: Double.self) == [0, 0])
    }
  }

  @Test func frozenAndUnusedParameters() {
    withExecutor {
      let model = Pair(p0: Parameter(Tensor([2, 3 as Float])), p1: Parameter(Tensor([1, 1 as Float])))
      let (_, gradients) = valueWithGradient(of: model) { model.p0.value.sum() }
      #expect(gradients.unusedNames == ["p1"])
      model.p0.isTrainable = false
      let (_, frozen) = valueWithGradient(of: model) { (model.p0.value * model.p1.value).sum() }
      #expect(frozen.entries.map(\.name) == ["p1"])
      #expect(frozen["p1"]?.scalars(as: Double.self) == [2, 3])
    }
  }

  @Test func trainingModeHoldsInsideOnly() {
    withExecutor {
      let layer = Dense(1, 1)
      #expect(!Mode.isTraining)
      var modes: [Bool] = []
      _ = valueWithGradient(of: layer) {
        modes.append(Mode.isTraining)
        withInference { modes.append(Mode.isTraining) }
        return layer(Tensor.ones([1, 1])).sum()
      }
      #expect(modes == [true, false] && !Mode.isTraining)
    }
  }
}
