import ApusTensor
import Foundation
import Testing

@testable import ApusData

@Suite struct PreparationTests {
  private func random(_ shape: Shape, seed: UInt64, scale: Float = 1) -> HostArray {
    var generator = PhiloxGenerator(seed: seed, stream: 0)
    return HostArray(
      (0..<shape.elementCount).map { _ in Float(Int64(generator.next() % 20001) - 10_000) / 1000 * scale + scale },
      shape: shape)
  }

  private func regression(_ targets: HostArray) throws -> Dataset {
    try Dataset(
      name: "r", inputs: HostArray([Float](repeating: 0, count: targets.shape[0]), shape: [targets.shape[0], 1]),
      targets: targets, classNames: [])
  }

  @Test(arguments: NormalizationMethod.allCases, [Normalization.Grouping.whole, .channels, .features])
  func normalizationHasAnInverse(method: NormalizationMethod, grouping: Normalization.Grouping) throws {
    for shape in [[7, 5], [6, 3, 4, 2]] as [Shape] {
      let inputs = random(shape, seed: 4, scale: 30)
      let data = try Dataset(
        name: "d", inputs: inputs, targets: HostArray([Int32](repeating: 0, count: shape[0]), shape: [shape[0]]),
        classNames: ["a"])
      let normalization = try Normalization(fitting: data, by: method, grouping: grouping)
      let applied = normalization.applied(to: inputs)
      let back = normalization.inverted(applied).scalars(as: Double.self)
      for (a, b) in zip(back, inputs.scalars(as: Double.self)) { #expect(abs(a - b) < 3e-4) }
      let values = applied.scalars(as: Float.self)
      switch method {
      case .standard: #expect(abs(values.reduce(0, +)) < 1e-3 && values != inputs.scalars(as: Float.self))
      case .minmax: #expect(abs((values.min() ?? 9)) < 1e-6 && abs((values.max() ?? 9) - 1) < 1e-5)
      case .none: #expect(values == inputs.scalars(as: Float.self))
      }
    }
  }

  @Test func minmaxTakesEveryColumnToTheUnitInterval() throws {
    let inputs = HostArray([Float(1), 7, -10, 3, 7, 30, 2, 7, 10], shape: [3, 3])
    let data = try Dataset(
      name: "d", inputs: inputs, targets: HostArray([Int32(0), 0, 0], shape: [3]), classNames: ["a"])
    let normalization = try Normalization(fitting: data, by: .minmax)
    #expect(normalization.applied(to: inputs).scalars(as: Float.self) == [0, 0, 0, 1, 0, 1, 0.5, 0, 0.5])
    let bytes = try Dataset(
      name: "b", inputs: HostArray([UInt8(51), 102, 153, 255], shape: [4, 1]),
      targets: HostArray([Int32(0), 0, 0, 0], shape: [4]), classNames: ["a"])
    let scaled = try Normalization(fitting: bytes, by: .minmax).applied(to: bytes.inputs).scalars(as: Float.self)
    for (a, b) in zip(scaled, [0, 0.25, 0.5, 1] as [Float]) { #expect(abs(a - b) < 1e-6) }
    let bad = try Dataset(
      name: "n", inputs: HostArray([Float.nan, 1], shape: [2, 1]), targets: HostArray([Int32(0), 0], shape: [2]),
      classNames: ["a"])
    #expect(message { _ = try Normalization(fitting: bad, by: .none) }.contains("not finite"))
  }

  @Test func targetScalingHasAnInverse() throws {
    let targets = HostArray([Float(25), 1, 100, 1, 346, 1, 152, 1], shape: [4, 2])
    let data = try regression(targets)
    let standard = try #require(try TargetScaling(fitting: data, by: .standard))
    let scaled = standard.applied(to: targets).scalars(as: Double.self)
    let first = stride(from: 0, to: 8, by: 2).map { scaled[$0] }
    #expect(abs(first.reduce(0, +)) < 1e-6 && abs(first.reduce(0) { $0 + $1 * $1 } / 4 - 1) < 1e-6)
    #expect(standard.factor[1] == 1 && scaled[1] == 0)
    for method in [NormalizationMethod.standard, .minmax] {
      let scaling = try #require(try TargetScaling(fitting: data, by: method))
      let back = scaling.inverted(scaling.applied(to: targets)).scalars(as: Float.self)
      for (a, b) in zip(back, targets.scalars(as: Float.self)) { #expect(abs(a - b) <= 1e-6 * abs(b)) }
      let coded = try JSONEncoder().encode(scaling)
      #expect(try JSONDecoder().decode(TargetScaling.self, from: coded) == scaling)
    }
    let minmax = try #require(try TargetScaling(fitting: data, by: .minmax))
    #expect(minmax.shift == [25, 1] && minmax.factor == [321, 1])
    #expect(try TargetScaling(fitting: data, by: .none) == nil)
    #expect(message { _ = try TargetScaling(fitting: try sample(3)) }.contains("has classes as targets"))
    let bad = try regression(HostArray([Float(1), .infinity], shape: [2, 1]))
    #expect(message { _ = try TargetScaling(fitting: bad) }.contains("target 1 holds a value that is not finite"))
  }

  @Test func preparationsAreSavedAndFit() throws {
    let data = try regression(random([9, 2], seed: 2))
    let preparation = try Preparation(fitting: data, by: .minmax, targetsBy: .standard)
    let coded = try JSONEncoder().encode(preparation)
    #expect(try JSONDecoder().decode(Preparation.self, from: coded) == preparation)
    let wider = try regression(random([9, 3], seed: 2))
    #expect(preparation.fits(data) && !preparation.fits(wider))
    let classes = try Preparation(fitting: try sample(6))
    #expect(classes.targetScaling == nil)
    #expect(!classes.fits(try sample(6, [4])))
  }

  @Test(arguments: [2, 3, 5, 10])
  func foldsAreDisjointExhaustiveAndEven(count: Int) throws {
    let data = try sample(103, [1], classes: 4)
    for stratified in [true, false] {
      let folds = try data.folds(count, seed: 7, stratified: stratified)
      #expect(folds.count == count)
      let all = folds.flatMap { $0.validation.inputs.scalars(as: Float.self) }.sorted()
      #expect(all == data.inputs.scalars(as: Float.self))
      let sizes = folds.map(\.validation.count)
      #expect(sizes.max()! - sizes.min()! <= 1)
      for fold in folds {
        let (training, validation) = (fold.training.inputs.scalars(as: Float.self), fold.validation.inputs)
        #expect(Set(training).isDisjoint(with: validation.scalars(as: Float.self)))
        #expect(training == training.sorted() && training.count + validation.shape[0] == 103)
      }
      guard stratified else { continue }
      for label in 0..<4 {
        let numbers = folds.map { $0.validation.classCounts[label] }
        #expect(numbers.max()! - numbers.min()! <= 1)
      }
    }
    let first = try data.folds(count, seed: 7)[0].validation.inputs.scalars(as: Float.self)
    #expect(try data.folds(count, seed: 7)[0].validation.inputs.scalars(as: Float.self) == first)
    #expect(try data.folds(count, seed: 8)[0].validation.inputs.scalars(as: Float.self) != first)
    for bad in [-1, 0, 1, 104] {
      #expect(message { _ = try data.folds(bad, seed: 0) }.contains("103 samples cannot be made into \(bad) folds"))
    }
    #expect(try sample(3).folds(3, seed: 0).allSatisfy { $0.validation.count == 1 })
  }

  @Test func splitsIntoThreeParts() throws {
    let data = try sample(200, [1], classes: 2)
    for stratified in [true, false] {
      let parts = try data.split(validation: 0.2, test: 0.3, seed: 5, stratified: stratified)
      #expect(parts.training.count == 100 && parts.validation.count == 40 && parts.test.count == 60)
      let all = [parts.training, parts.validation, parts.test].flatMap { $0.inputs.scalars(as: Float.self) }
      #expect(all.sorted() == data.inputs.scalars(as: Float.self))
      guard stratified else { continue }
      #expect(parts.test.classCounts == [30, 30] && parts.validation.classCounts == [20, 20])
    }
    // Test and validation parts of the same seed are not the same samples.
    let test = try data.split(test: 0.3, seed: 5).test.inputs.scalars(as: Float.self)
    #expect(try data.split(validation: 0.3, seed: 5).validation.inputs.scalars(as: Float.self) != test)
    for (validation, test) in [(0.5, 0.5), (0, 0.1), (0.1, 0), (0.9, 0.2), (Double.nan, 0.1)] {
      #expect(
        message { _ = try data.split(validation: validation, test: test, seed: 0) }.contains("less than 1 in sum"))
    }
  }
}
