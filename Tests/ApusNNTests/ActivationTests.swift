import ApusTensor
import Foundation
import Testing

@testable import ApusNN

@Suite struct ActivationTests {
  private let x = Tensor([-2, -0.7, -0.1, 0, 0.2, 0.6, 1.5] as [Double])

  @Test func namesWithSettingsGiveTheirFunctions() throws {
    try withExecutor {
      let cases: [(String, String, (Tensor) -> Tensor)] = [
        ("leaky-relu", "leakyReLU", { leakyReLU($0) }),
        ("leakyReLU:0.2", "leakyReLU(slope: 0.2)", { leakyReLU($0, slope: 0.2) }),
        ("LEAKY_RELU: 0.2", "leakyReLU(slope: 0.2)", { leakyReLU($0, slope: 0.2) }),
        ("rrelu:0.1,0.5", "rReLU(lower: 0.1, upper: 0.5)", { leakyReLU($0, slope: 0.3) }),
        ("rReLU:0.2", "rReLU(lower: 0.2, upper: 0.3333333333333333)", { leakyReLU($0, slope: (0.2 + 1.0 / 3) / 2) }),
        ("elu:0.5", "elu(alpha: 0.5)", { elu($0, alpha: 0.5) }),
        ("celu:0.5", "celu(alpha: 0.5)", { celu($0, alpha: 0.5) }),
        ("softplus:3", "softplus(beta: 3)", { softplus($0, beta: 3) }),
        ("hard-tanh:-0.5,0.3", "hardTanh(lower: -0.5, upper: 0.3)", { hardTanh($0, -0.5...0.3) }),
        ("hard-shrink:0.65", "hardShrink(limit: 0.65)", { hardShrink($0, limit: 0.65) }),
        ("soft-shrink:0.15", "softShrink(limit: 0.15)", { softShrink($0, limit: 0.15) }),
        ("hard-threshold:0.2", "hardThreshold(beta: 0.2)", { hardThreshold($0, beta: 0.2) }),
        ("step", "hardThreshold", { hardThreshold($0) }), ("swish", "silu", { silu($0) }),
        ("linear", "identity", { $0 }), ("scaledTanh", "scaledTanh", { tanh($0 * (2.0 / 3)) * 1.7159 }),
        ("geluTanh", "geluTanh", { gelu($0, usesTanh: true) }), ("atan", "arctan", { atan($0) }),
      ]
      for (name, code, function) in cases {
        let activation = try Activation.named(name)
        #expect("\(activation)" == code)
        #expect(activation(x).scalars(as: Double.self) == function(x).scalars(as: Double.self), "\(name)")
        // The name it gives itself leads back to it.
        #expect("\(try Activation.named(activation.name))" == code)
      }
    }
  }

  @Test func everyNameIsFound() throws {
    #expect(Activation.all.count == Activation.names.count && Activation.all.count >= 29)
    for (name, activation) in zip(Activation.names, Activation.all) {
      #expect(try Activation.named(name).name == activation.name)
      #expect(Naming.key(name) == Naming.key(activation.name))
    }
    #expect(HiddenActivation.names == Activation.names + ["prelu", "prelu-per-channel"])
    guard case .learntSlope(0.1) = try HiddenActivation.named("PReLU:0.1") else {
      Issue.record("prelu is not found")
      return
    }
  }

  @Test func mistakesAreNamed() {
    func message(_ name: String) -> String {
      do {
        return "\(try Activation.named(name))"
      } catch { return "\(error)" }
    }
    #expect(message("rely").hasPrefix("there is no activation 'rely'; did you mean relu or "))
    #expect(message("quadratic").contains("choose one of: identity, relu, "))
    #expect(
      message("leaky-relu:-1") == "the slope of the activation leaky-relu must be a number of at least 0, got '-1'")
    #expect(message("elu:0") == "the alpha of the activation elu must be a positive number, got '0'")
    for wrong in ["elu:", "elu:x", "elu:nan", "elu:inf"] {
      #expect(message(wrong).contains("must be a positive number"))
    }
    #expect(message("relu:1") == "the activation relu takes no numbers, got 'relu:1'; leave them out")
    #expect(
      message("rrelu:1,2,3")
        == "the activation rrelu takes lower slope, upper slope, got 'rrelu:1,2,3'; leave the others out")
    #expect(message("rrelu:0.5,0.2").contains("must be at most the upper one"))
    #expect(message("hard-tanh:1").contains("must be below the upper one"))
  }

  /// At +-1e4 and where defined at -inf, every activation and its derivative is a number.
  @Test(arguments: [DType.float32, .float64]) func extremeValues(dtype: DType) {
    withExecutor {
      let large = Tensor([-1e4, 1e4] as [Double]).cast(to: dtype)
      for activation in Activation.all where !["softmax", "logSoftmax", "softmin"].contains(activation.name) {
        let value = activation(large).scalars(as: Double.self)
        let slope = gradient(at: large) { activation($0).sum() }.scalars(as: Double.self)
        #expect(value.allSatisfy { $0.isFinite && abs($0) <= 1.06e4 }, "\(activation)")
        #expect(slope.allSatisfy { $0.isFinite && abs($0) <= 1.06 }, "\(activation)")
      }
      let infinite = Tensor([-Double.infinity]).cast(to: dtype)
      let limits: [(Activation, Double)] = [
        (.relu, 0), (.sigmoid, 0), (.tanh, -1), (.arctan, -Double.pi / 2), (.elu(alpha: 2), -2),
        (.celu(alpha: 2), -2), (.softplus(beta: 2), 0), (.hardTanh, -1), (.hardSigmoid, 0), (.relu6, 0),
        (.hardThreshold, 0), (.logSigmoid, -Double.infinity), (.leakyReLU, -Double.infinity),
      ]
      for (activation, limit) in limits {
        let found = activation(infinite).item()
        #expect(found == limit || abs(found - limit) < 1e-6, "\(activation)")
      }
    }
  }

  @Test func thresholdsHaveNoGradient() {
    withExecutor {
      #expect(hardThreshold(x, beta: 0.2).scalars(as: Double.self) == [0, 0, 0, 0, 1, 1, 1])
      #expect(hardThreshold(x, beta: 0.2, isStrict: true).scalars(as: Double.self) == [0, 0, 0, 0, 0, 1, 1])
      let slope = gradient(at: x) { (hardThreshold($0) * 3).sum() }
      #expect(slope.scalars(as: Double.self).allSatisfy { $0 == 0 })
    }
  }

  @Test func randomSlopesAreDrawnInTrainingOnly() {
    withExecutor {
      let layer = RReLU(lower: 0.1, upper: 0.5)
      let input = Tensor(repeating: -1, shape: [200, 200], dtype: .float64)
      let slopes = withRandomSeed(4) { withTraining { -layer(input) } }.scalars(as: Double.self)
      #expect(slopes.allSatisfy { $0 >= 0.1 && $0 < 0.5 })
      // Uniform: mean 0.3, variance 0.4^2 / 12, within five standard deviations of 40,000 draws.
      let mean = slopes.reduce(0, +) / 40_000
      let variance = slopes.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / 40_000
      #expect(abs(mean - 0.3) < 5 * 0.4 / (12.0 * 40_000).squareRoot())
      #expect(abs(variance / (0.16 / 12) - 1) < 0.03)
      #expect(withRandomSeed(4) { withTraining { -layer(input) } }.scalars(as: Double.self) == slopes)
      #expect(layer(input).scalars(as: Double.self).allSatisfy { $0 == -0.3 })
      #expect(withTraining { layer(-input) }.scalars(as: Double.self).allSatisfy { $0 == 1 })
      #expect(layer.description == "RReLU(lower: 0.1, upper: 0.5)" && RReLU().description == "RReLU()")
    }
    #expect(throws: ShapeError.self) { try Diagnostics.dryRun { RReLU(lower: 0.5, upper: 0.1) } }
  }

  @Test func learntSlopesAreChecked() {
    func message(_ body: () -> Tensor) -> String {
      do {
        return "\(try Diagnostics.dryRun(body).shape)"
      } catch { return "\(error)" }
    }
    #expect(
      message { PReLU(3)(Tensor.zeros([2, 4])) } == "PReLU(3): the input is [2, 4], it must be [N, 3, ...]")
    #expect(message { PReLU()(Tensor.zeros([2, 4])) } == "[2, 4]")
    #expect(message { PReLU(0)(Tensor.zeros([2, 4])) }.contains("at least 1"))
    #expect(message { PReLU(initial: .nan)(Tensor.zeros([2, 4])) }.contains("must be a number, got nan"))
    #expect(PReLU(3, initial: 0.1).description == "PReLU(3, initial: 0.1)" && PReLU().description == "PReLU()")
    #expect(PReLU(3).parameters.map(\.name) == ["weight"] && PReLU(3).weight.role == .scale)
  }

  @Test func layersSayTheirActivationAsCode() {
    #expect("\(Dense(3, 4, activation: .leakyReLU(slope: 0.2)))" == "Dense(3, 4, activation: .leakyReLU(slope: 0.2))")
    #expect("\(ActivationLayer(.elu(alpha: 2)))" == "ActivationLayer(.elu(alpha: 2))")
    #expect("\(ActivationLayer(.leakyReLU))" == "ActivationLayer(.leakyReLU)")
  }
}
