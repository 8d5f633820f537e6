import Apus
import Testing

@testable import ApusTensor

/// Winograd's convolution through plans: each pass against the direct one.
@Suite struct WinogradPlanTests {
  private struct Case: Sendable, CustomTestStringConvertible {
    var name: String
    var images: Shape, weights: Shape, low: Size2D, high: Size2D
    var testDescription: String { name }
  }

  private static let cases = [
    Case(name: "same", images: [2, 40, 21, 26], weights: [33, 40, 3, 3], low: 1, high: 1),
    Case(name: "uneven", images: [3, 32, 18, 17], weights: [48, 32, 3, 3], low: Size2D(2, 0), high: Size2D(1, 2)),
  ]

  /// Result and gradients of a convolution, all read from one plan.
  private func run(_ item: Case, usesWinograd: Bool) -> [[Float]] {
    Execution.$override.withValue(
      CPUExecutor.make(options: CPUOptions(threads: 2, isDeterministic: false, usesWinograd: usesWinograd))
    ) {
      withRandomSeed(5) {
        let inputs = [
          Tensor.randomNormal(item.images), Tensor.randomNormal(item.weights), Tensor.randomNormal([item.weights[0]]),
        ]
        let geometry = ConvolutionGeometry(paddingLow: item.low, paddingHigh: item.high)
        func result(_ inputs: [Tensor]) -> Tensor {
          Tensor.record(Convolution(geometry: geometry, hasBias: true), inputs)
        }
        let weighting = Tensor.randomNormal(result(inputs).shape)
        // Without the rectifier, whose gradient jumps where the two ways differ in sign.
        let gradients = gradient(at: inputs) { (result($0) * weighting).sum() }
        return ([relu(result(inputs))] + gradients).map { $0.scalars(as: Float.self) }
      }
    }
  }

  @Test(arguments: cases) private func equalsDirect(_ item: Case) {
    let (fast, direct) = (run(item, usesWinograd: true), run(item, usesWinograd: false))
    for (a, b) in zip(fast, direct) {
      let scale = (b.reduce(0) { $0 + $1 * $1 } / Float(b.count)).squareRoot()
      let worst = zip(a, b).map { abs($0 - $1) }.max() ?? .infinity
      #expect(worst < 1e-4 * scale)
    }
    // Else the comparison would be of the direct way with itself.
    #expect(fast[0] != direct[0] && fast[1] != direct[1] && fast[2] != direct[2])
  }
}
