import ApusTensor
import Testing

@testable import ApusNN

@Suite struct InitializerTests {
  private func moments(_ initializer: Initializer, _ shape: Shape) -> (mean: Double, variance: Double, largest: Double)
  {
    let values = withRandomSeed(11) { withExecutor { initializer(shape).scalars(as: Double.self) } }
    let mean = values.reduce(0, +) / Double(values.count)
    let variance = values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(values.count)
    return (mean, variance, values.map { abs($0) }.max() ?? 0)
  }

  @Test func variances() {
    // A convolution of 8 to 16 channels with 3x5 kernels, and a dense layer.
    for (shape, fanIn, fanOut) in [([16, 8, 3, 5] as Shape, 120.0, 240.0), ([60, 90], 90, 60)] {
      #expect(Fans(of: shape) == Fans(fanIn: Int(fanIn), fanOut: Int(fanOut)))
      let expected: [(Initializer, Double, Bool)] = [
        (.glorotUniform, 2 / (fanIn + fanOut), true), (.glorotNormal, 2 / (fanIn + fanOut), false),
        (.heUniform, 2 / fanIn, true), (.heNormal, 2 / fanIn, false), (.lecunUniform, 1 / fanIn, true),
        (.lecunNormal, 1 / fanIn, false), (.torchDefault, 1 / (3 * fanIn), true),
        (.uniform(-0.3...0.3), 0.03, true), (.normal(standardDeviation: 0.2), 0.04, false),
      ]
      for (initializer, variance, isUniform) in expected {
        let found = moments(initializer, shape)
        #expect(abs(found.variance / variance - 1) < 0.1, "\(initializer)")
        #expect(abs(found.mean) < 5 * (variance / Double(shape.elementCount)).squareRoot(), "\(initializer)")
        #expect((found.largest <= (3 * variance).squareRoot() * 1.000001) == isUniform, "\(initializer)")
      }
    }
  }

  @Test func seedsDecide() {
    withExecutor {
      func weights(_ seed: UInt64) -> [[Float]] {
        withRandomSeed(seed) { Sequential([Dense(5, 5), Dense(5, 5)]) }.parameters
          .map { $0.parameter.value.scalars(as: Float.self) }
      }
      #expect(weights(7) == weights(7))
      #expect(weights(7) != weights(8))
      #expect(weights(7)[0] != weights(7)[2])
    }
  }

  @Test func valuesExistWithoutAnExecutor() {
    #expect(Dense(3, 4).parameters.allSatisfy { $0.parameter.value.isRealized })
    #expect(Initializer.constant(0.25)([2]).dtype == .float32)
    #expect(Initializer.heNormal([3], dtype: .float64).dtype == .float64)
  }

  @Test func layersTakeEverySetting() {
    withExecutor {
      let dense = Dense(
        3, 2, activation: .sigmoid, weightInitializer: .constant(0.5), biasInitializer: .constant(-0.5), dtype: .float64
      )
      #expect(
        abs(dense(Tensor.ones([1, 3], dtype: .float64)).scalars(as: Double.self)[0] - 0.7310585786300049) < 1e-15)
      let conv = Conv2D(
        2, 4, kernel: Size2D(3, 2), stride: Size2D(2, 1), padding: .same, dilation: Size2D(1, 2), groups: 2,
        bias: false,
        activation: .relu, weightInitializer: .ones, dtype: .float64)
      #expect(conv(Tensor.ones([1, 2, 7, 6], dtype: .float64)).shape == [1, 4, 4, 6])
      #expect(
        conv.description
          == "Conv2D(2, 4, kernel: Size2D(3, 2), stride: Size2D(2, 1), padding: .same, dilation: Size2D(1, 2), "
          + "groups: 2, bias: false, activation: .relu)")
      #expect(conv.parameterCount == 4 * 1 * 3 * 2)
      // Same padding with an even kernel: one more below and right.
      let even = Conv2D(1, 1, kernel: 2, padding: .same, bias: false, weightInitializer: .ones)
      #expect(even(Tensor.ones([1, 1, 2, 2])).scalars(as: Float.self) == [4, 2, 2, 1])
    }
  }

  @Test func impossibleSizesAreNamed() {
    func message(_ body: () -> Any) -> String {
      do {
        _ = try Diagnostics.dryRun(body)
        return ""
      } catch { return "\(error)" }
    }
    #expect(message { Dense(0, 3) } == "Dense(0, 3): every size must be at least 1")
    #expect(message { Conv2D(3, 4, kernel: 3, groups: 2) }.contains("2 groups must divide both numbers of channels"))
    #expect(message { BatchNorm(4, momentum: 2) }.contains("momentum must be between 0 and 1, got 2.0"))
    #expect(
      message { Dense(784, 10)(Tensor.zeros([32, 100])) }
        == "Dense(784, 10): the input is [32, 100], its last axis must have 784 features, for example [N, 784]")
    #expect(
      message { Conv2D(3, 4, kernel: 3)(Tensor.zeros([2, 1, 8, 8])) }
        == "Conv2D(3, 4, kernel: 3): the input is [2, 1, 8, 8], it must be images [N, 3, H, W]")
    #expect(message { MaxPool2D(2)(Tensor.zeros([2, 1])) }.contains("it must be images [N, C, H, W]"))
    let net = Sequential { Dense(3, 4) }
    _ = net.parameters
    #expect(message { net(Tensor.zeros([1, 4])) }.hasPrefix("Dense(3, 4) ('0.weight'): the input is [1, 4]"))
  }
}
