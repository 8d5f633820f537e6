import ApusTensor
import Testing

@testable import ApusNN

/// Layers that disturb their input in training: whole channels dropped, noise added.
@Suite struct NoiseTests {
  @Test(arguments: [[400, 25, 4, 2], [400, 25]] as [Shape]) func spatialDropoutDropsWholeChannels(shape: Shape) {
    withExecutor {
      let positions = shape.elementCount / 10_000
      let x = Tensor.ones(shape)
      for probability in [0.2, 0.7] {
        let y = withRandomSeed(3) { withTraining { SpatialDropout(probability)(x) } }.scalars(as: Double.self)
        var kept = 0
        for channel in 0..<10_000 {
          let values = Set(y[(channel * positions)..<((channel + 1) * positions)])
          #expect(values.count == 1)
          if values != [0] {
            kept += 1
            #expect(abs((values.first ?? 0) - 1 / (1 - probability)) < 1e-5)
          }
        }
        // The share of 10,000 channels lies within five standard deviations.
        let deviation = (probability * (1 - probability) / 10_000).squareRoot()
        #expect(abs(Double(kept) / 10_000 - (1 - probability)) < 5 * deviation)
      }
    }
  }

  @Test func spatialDropoutPassesGradientsWhereChannelsPass() {
    withExecutor {
      let x = Tensor.ones([4, 5, 3])
      func y(_ x: Tensor) -> Tensor { withRandomSeed(1) { withTraining { SpatialDropout(0.4)(x) } } }
      #expect(gradient(at: x) { y($0).sum() }.scalars(as: Float.self) == y(x).scalars(as: Float.self))
      #expect(SpatialDropout(0.4)(x).isIdentical(to: x))
      #expect(withTraining { SpatialDropout(0)(x) }.isIdentical(to: x))
    }
  }

  @Test(arguments: [DType.float32, .float64]) func noiseHasItsMoments(dtype: DType) {
    withExecutor {
      let x = Tensor(repeating: 2, shape: [500, 400], dtype: dtype)
      let layer = GaussianNoise(0.3)
      func noisy(_ step: Int) -> [Double] {
        withRandomSeed(5, step: step) { withTraining { layer(x) } }.scalars(as: Double.self)
      }
      let y = noisy(1)
      let mean = y.reduce(0, +) / 200_000
      let variance = y.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / 200_000
      #expect(abs(mean - 2) < 5 * 0.3 / 200_000.0.squareRoot())
      #expect(abs(variance / 0.09 - 1) < 5 * (2 / 200_000.0).squareRoot())
      #expect(noisy(1) == y && noisy(2) != y)
      #expect(layer(x).isIdentical(to: x))
      #expect(withTraining { GaussianNoise(0)(x) }.isIdentical(to: x))
      let slope = gradient(at: x) { x in withTraining { (layer(x) * 3).sum() } }
      #expect(slope.scalars(as: Double.self).allSatisfy { $0 == 3 })
    }
  }

  @Test func mistakesAreNamed() {
    func message(_ body: () -> Any) -> String {
      do {
        _ = try Diagnostics.dryRun(body)
        return ""
      } catch { return "\(error)" }
    }
    for wrong in [-0.1, 1, 2, Double.nan] {
      #expect(message { SpatialDropout(wrong) }.contains("the probability must be at least 0 and below 1"))
    }
    for wrong in [-0.1, Double.infinity, .nan] {
      #expect(message { GaussianNoise(wrong) }.contains("the standard deviation must be a number of at least 0"))
    }
    #expect(message { SpatialDropout(0.5)(Tensor.zeros([3])) }.contains("it must be [N, C, ...]"))
    #expect("\(SpatialDropout(0.3)) \(GaussianNoise(0.2))" == "SpatialDropout(0.3) GaussianNoise(0.2)")
  }
}
