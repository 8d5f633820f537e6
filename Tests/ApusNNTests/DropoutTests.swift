import ApusTensor
import Testing

@testable import ApusNN

@Suite struct DropoutTests {
  @Test func expectationStays() {
    withExecutor {
      let x = Tensor.ones([200, 200])
      for probability in [0.2, 0.5, 0.9] {
        let y = withRandomSeed(3) { withTraining { Dropout(probability)(x) } }.scalars(as: Double.self)
        let kept = y.filter { $0 != 0 }
        // The mean of 40,000 elements lies within five standard deviations.
        let deviation = (probability / (1 - probability) / 40_000).squareRoot()
        #expect(abs(y.reduce(0, +) / 40_000 - 1) < 5 * deviation)
        #expect(kept.allSatisfy { abs($0 - 1 / (1 - probability)) < 1e-5 })
      }
    }
  }

  @Test func gradientPassesWhereElementsPass() {
    withExecutor {
      let x = Parameter(Tensor.ones([50]))
      struct Holder: Module { var x: Parameter }
      let gradients = withRandomSeed(1) {
        valueWithGradient(of: Holder(x: x)) {
          let y = Dropout(0.4)(x.value)
          return (y.sum(), [y])
        }
      }
      #expect(gradients["x"]?.scalars(as: Float.self) == gradients.auxiliary[0].scalars(as: Float.self))
    }
  }

  @Test func inferenceAndProbabilityZeroAreTheIdentity() {
    let x = Tensor.ones([4])
    #expect(Dropout(0.5)(x).isIdentical(to: x))
    #expect(withTraining { Dropout(0)(x) }.isIdentical(to: x))
  }

  @Test(arguments: [-0.1, 1, 2, Double.nan]) func probabilityIsChecked(probability: Double) {
    let error = #expect(throws: ShapeError.self) { try Diagnostics.dryRun { Dropout(probability) } }
    #expect(error?.message == "Dropout(\(probability)): the probability must be at least 0 and below 1")
  }

  @Test func stepsDiffer() {
    withExecutor {
      let x = Tensor.ones([100])
      func drop(_ step: Int) -> [Float] {
        withRandomSeed(5, step: step) { withTraining { Dropout(0.5)(x) } }.scalars(as: Float.self)
      }
      #expect(drop(1) == drop(1))
      #expect(drop(1) != drop(2))
    }
  }
}
