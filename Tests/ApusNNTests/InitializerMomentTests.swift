import ApusTensor
import Foundation
import Testing

@testable import ApusNN

/// A million draws of each initializer against its formulas.
@Suite struct InitializerMomentTests {
  /// What a distribution promises: mean, variance, largest deviation, share within one standard deviation, kurtosis.
  struct Promise: Sendable, CustomTestStringConvertible {
    var initializer: Initializer
    var mean = 0.0
    var variance: Double
    var largest: Double
    var shareWithinOne: Double
    var kurtosis: Double
    var testDescription: String { "\(initializer)" }

    static func uniform(_ initializer: Initializer, variance: Double, mean: Double = 0) -> Promise {
      Promise(
        initializer: initializer, mean: mean, variance: variance, largest: (3 * variance).squareRoot(),
        shareWithinOne: 1 / 3.0.squareRoot(), kurtosis: 1.8)
    }
    static func normal(_ initializer: Initializer, variance: Double, mean: Double = 0) -> Promise {
      Promise(
        initializer: initializer, mean: mean, variance: variance, largest: 5.8 * variance.squareRoot(),
        shareWithinOne: erf(0.5.squareRoot()), kurtosis: 3)
    }
    /// Moments between -bound and bound by numerical integration of the density, not by the code's formula.
    static func truncated(
      _ initializer: Initializer, deviation: Double? = nil, variance: Double? = nil, bound: Double, mean: Double = 0
    ) -> Promise {
      func moment(_ power: Int, below limit: Double) -> Double {
        let steps = 20_000
        return (0..<steps).reduce(0) { sum, step in
          let z = (Double(step) + 0.5) / Double(steps) * limit
          return sum + Foundation.pow(z, Double(power)) * exp(-z * z / 2) * limit / Double(steps)
        }
      }
      let mass = moment(0, below: bound)
      let second = moment(2, below: bound) / mass
      let spread = variance ?? second * (deviation ?? 1) * (deviation ?? 1)
      return Promise(
        initializer: initializer, mean: mean, variance: spread, largest: bound * (spread / second).squareRoot(),
        shareWithinOne: moment(0, below: second.squareRoot()) / mass,
        kurtosis: moment(4, below: bound) / mass / (second * second))
    }
  }

  /// A weight of 1000 outputs with 100 inputs of 2x5: fan in 1000, fan out 10,000.
  static let shape: Shape = [1000, 100, 2, 5]
  static let promises: [Promise] = {
    let (fanIn, fanOut) = (1000.0, 10_000.0)
    return [
      .uniform(.uniform(-0.5...0.1), variance: 0.36 / 12, mean: -0.2),
      .uniform(.torchDefault, variance: 1 / (3 * fanIn)),
      .uniform(.glorotUniform, variance: 2 / (fanIn + fanOut)),
      .uniform(.glorotUniform(gain: 1.5), variance: 4.5 / (fanIn + fanOut)),
      .uniform(.heUniform, variance: 2 / fanIn), .uniform(.heUniform(mode: .fanOut), variance: 2 / fanOut),
      .uniform(.heUniform(mode: .fanAverage, gain: 0.5), variance: 0.5 / (fanIn + fanOut)),
      .uniform(.lecunUniform, variance: 1 / fanIn),
      .normal(.normal(mean: 0.7, standardDeviation: 0.2), variance: 0.04, mean: 0.7),
      .normal(.glorotNormal, variance: 2 / (fanIn + fanOut)),
      .normal(.glorotNormal(gain: 2.0.squareRoot()), variance: 4 / (fanIn + fanOut)),
      .normal(.heNormal, variance: 2 / fanIn), .normal(.heNormal(mode: .fanOut, gain: 3), variance: 9 / fanOut),
      .normal(.lecunNormal, variance: 1 / fanIn),
      .normal(.varianceScaling(0.3, mode: .fanOut, distribution: .normal), variance: 0.3 / fanOut),
      .uniform(.varianceScaling(5, mode: .fanAverage, distribution: .uniform), variance: 10 / (fanIn + fanOut)),
      .truncated(.varianceScaling(3), variance: 3 / fanIn, bound: 2),
      .truncated(.truncatedNormal(mean: -1, standardDeviation: 0.3), deviation: 0.3, bound: 2, mean: -1),
      .truncated(.truncatedNormal(standardDeviation: 0.3, bounds: 0.7), deviation: 0.3, bound: 0.7),
    ]
  }()

  @Test(arguments: promises) func momentsAreTheFormulas(promise: Promise) {
    let count = Double(Self.shape.elementCount)
    let values = withRandomSeed(11) {
      promise.initializer(Self.shape, dtype: .float64).hostArray().scalars(as: Double.self)
    }
    var (first, second, fourth, within, largest) = (0.0, 0.0, 0.0, 0.0, 0.0)
    let unit = promise.variance.squareRoot()
    values.withUnsafeBufferPointer { values in
      for value in values {
        let z = (value - promise.mean) / unit
        first += z
        second += z * z
        fourth += z * z * z * z
        if Swift.abs(z) < 1 { within += 1 }
        largest = Swift.max(largest, Swift.abs(z))
      }
    }
    // Five standard deviations of each estimate.
    #expect(Swift.abs(first / count) < 5 / count.squareRoot())
    #expect(Swift.abs(second / count - 1) < 5 * ((promise.kurtosis - 1) / count).squareRoot())
    #expect(Swift.abs(fourth / count - promise.kurtosis) < 5 * (100 / count).squareRoot())
    let spread = (promise.shareWithinOne * (1 - promise.shareWithinOne) / count).squareRoot()
    #expect(Swift.abs(within / count - promise.shareWithinOne) < 5 * spread)
    let bound = promise.largest / unit
    #expect(largest <= bound * (1 + 1e-9) && largest > bound * 0.8)
  }

  @Test(arguments: [[40, 25], [25, 40], [30, 30], [6, 4, 3, 2], [1, 7]] as [Shape], [1, 1.7])
  func orthogonalMatricesAreOrthogonal(shape: Shape, gain: Double) {
    let values = withRandomSeed(3) { Initializer.orthogonal(gain: gain)(shape).hostArray().scalars(as: Double.self) }
    let (rows, columns) = (shape[0], shape.elementCount / shape[0])
    func vector(_ index: Int) -> [Double] {
      rows <= columns
        ? Array(values[(index * columns)..<((index + 1) * columns)]) : (0..<rows).map { values[$0 * columns + index] }
    }
    for a in 0..<min(rows, columns) {
      for b in 0...a {
        let product = zip(vector(a), vector(b)).reduce(0) { $0 + $1.0 * $1.1 }
        #expect(Swift.abs(product - (a == b ? gain * gain : 0)) < 1e-5)
      }
    }
    let again = withRandomSeed(4) { Initializer.orthogonal(gain: gain)(shape).hostArray().scalars(as: Double.self) }
    #expect(again != values)
  }

  /// Uniform over all rotations: the sign of each entry is even, which a factorisation without care gets wrong.
  @Test func orthogonalMatricesPreferNoSign() {
    var positive = [0.0, 0, 0, 0]
    for seed in 0..<400 {
      let values = withRandomSeed(UInt64(seed)) { Initializer.orthogonal([2, 2]).hostArray().scalars(as: Double.self) }
      for (index, value) in values.enumerated() where value > 0 { positive[index] += 1 }
    }
    for count in positive { #expect(Swift.abs(count / 400 - 0.5) < 5 * 0.5 / 20) }
  }

  @Test func identityPassesItsInput() {
    #expect(Initializer.identity([2, 3]).hostArray().scalars(as: Double.self) == [1, 0, 0, 0, 1, 0])
    withExecutor {
      let x = Tensor((0..<36).map { Double($0) }, shape: [1, 2, 3, 6])
      let conv = Conv2D(
        2, 3, kernel: Size2D(3, 5), padding: .same, bias: false, weightInitializer: .identity, dtype: .float64)
      let y = conv(x).scalars(as: Double.self)
      #expect(Array(y[0..<36]) == (0..<36).map { Double($0) } && y[36...].allSatisfy { $0 == 0 })
    }
  }

  @Test func namesGiveTheirInitializers() throws {
    func values(_ initializer: Initializer) -> [Double] {
      withRandomSeed(5) { initializer([6, 4], dtype: .float64).hostArray().scalars(as: Double.self) }
    }
    let cases: [(String, Initializer)] = [
      ("zeros", .zeros), ("ones", .ones), ("constant:0.3", .constant(0.3)), ("uniform:0.2", .uniform(-0.2...0.2)),
      ("uniform:-0.1,0.4", .uniform(-0.1...0.4)), ("normal:0.01", .normal(standardDeviation: 0.01)),
      ("truncated-normal:0.02", .truncatedNormal(standardDeviation: 0.02)),
      ("TruncatedNormal:0.02,1.5", .truncatedNormal(standardDeviation: 0.02, bounds: 1.5)),
      ("glorot-uniform", .glorotUniform), ("xavier_uniform:2", .glorotUniform(gain: 2)),
      ("glorotNormal", .glorotNormal), ("xavier-normal:1.5", .glorotNormal(gain: 1.5)), ("he-uniform", .heUniform),
      ("kaiming-uniform:1", .heUniform(mode: .fanIn, gain: 1)), ("heNormal", .heNormal),
      ("he-normal-fan-out", .heNormal(mode: .fanOut)), ("he-uniform-fan-out:1", .heUniform(mode: .fanOut, gain: 1)),
      ("lecun-normal", .lecunNormal), ("lecun-uniform", .lecunUniform), ("variance-scaling:0.5", .varianceScaling(0.5)),
      ("orthogonal:2", .orthogonal(gain: 2)), ("identity", .identity), ("dirac", .identity),
      ("torch-default", .torchDefault), ("default", .torchDefault),
    ]
    for (name, initializer) in cases { #expect(values(try .named(name)) == values(initializer), "\(name)") }
    #expect(Initializer.all.count == Initializer.names.count - 4)
    for name in Initializer.names where !["constant", "uniform", "normal", "truncated-normal"].contains(name) {
      _ = try Initializer.named(name)
    }
  }

  @Test func mistakesAreNamed() {
    func message(_ name: String) -> String {
      do {
        return "\(try Initializer.named(name))"
      } catch { return "\(error)" }
    }
    #expect(message("he-norml").hasPrefix("there is no initializer 'he-norml'; did you mean he-normal"))
    #expect(message("normal") == "the initializer normal needs its standard deviation, for example 'normal:0.1'")
    #expect(message("normal:-1").contains("must be a number of at least 0, got '-1'"))
    #expect(message("uniform:0").contains("must be a positive number, or a lower and an upper one"))
    #expect(message("uniform:2,1").contains("got 2.0, 1.0"))
    #expect(message("truncated-normal:1,0").contains("must be at least 0.1 standard deviations"))
    #expect(message("orthogonal:0").contains("the gain of the initializer orthogonal must be a positive number"))
    #expect(message("zeros:1") == "the initializer zeros takes no numbers, got 'zeros:1'; leave them out")
    #expect(throws: ShapeError.self) { try Diagnostics.dryRun { Initializer.truncatedNormal(bounds: 0) } }
    #expect(throws: ShapeError.self) { try Diagnostics.dryRun { Initializer.varianceScaling(-1) } }
  }
}
