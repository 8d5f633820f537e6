import ApusTensor
import Foundation
import Testing

@testable import ApusData

@Suite struct NormalizationTests {
  private static let shapes: [Shape] = [[], [5], [4, 3], [3, 2, 4], [2, 3, 2, 2]]

  private func values(_ count: Int) -> [Double] {
    var generator = PhiloxGenerator(seed: 11, stream: 0)
    return (0..<count).map { _ in Double(generator.next() % 256) }
  }

  private func data(_ shape: Shape, _ dtype: DType) throws -> Dataset {
    let full = Shape([6] + Array(shape))
    let numbers = values(full.elementCount)
    let inputs =
      switch dtype {
      case .uint8: HostArray(numbers.map { UInt8($0) }, shape: full)
      case .float32: HostArray(numbers.map { Float($0) }, shape: full)
      case .float64: HostArray(numbers, shape: full)
      case .int32: HostArray(numbers.map { Int32($0) }, shape: full)
      case .int64: HostArray(numbers.map { Int64($0) }, shape: full)
      case .bool: HostArray(numbers.map { $0 > 100 }, shape: full)
      }
    return try Dataset(
      name: "d", inputs: inputs, targets: HostArray([Int32](repeating: 0, count: 6), shape: [6]), classNames: ["a"])
  }

  /// The group of every element of a sample, by plain index arithmetic.
  private func groups(_ shape: Shape, _ grouping: Normalization.Grouping) -> [Int] {
    (0..<shape.elementCount).map { index in
      guard shape.rank > 0 else { return 0 }
      switch grouping {
      case .whole, .symbols: return 0
      case .channels: return index / shape.rowMajorStrides[0]
      case .features: return index % shape[shape.rank - 1]
      }
    }
  }

  @Test(arguments: DType.allCases, [Normalization.Grouping.whole, .channels, .features])
  func agreesWithPlainLoops(dtype: DType, grouping: Normalization.Grouping) throws {
    for shape in Self.shapes {
      let data = try data(shape, dtype)
      let scale = dtype == .uint8 ? 1.0 / 255 : 1
      let numbers = data.inputs.scalars(as: Double.self).map { $0 * scale }
      let groups = groups(shape, grouping)
      let groupCount = (groups.max() ?? 0) + 1
      let normalization = try Normalization(fitting: data, grouping: grouping)
      #expect(normalization.mean.count == groupCount && normalization.fits(shape))
      #expect(normalization.grouping == grouping)
      var expected = numbers
      for group in 0..<groupCount {
        let places = numbers.indices.filter { groups[$0 % groups.count] == group }
        let mean = places.reduce(0) { $0 + numbers[$1] } / Double(places.count)
        let variance = places.reduce(0) { $0 + (numbers[$1] - mean) * (numbers[$1] - mean) } / Double(places.count)
        #expect(abs(Double(normalization.mean[group]) - mean) <= 1e-6 * max(abs(mean), 1))
        for place in places { expected[place] = (numbers[place] - mean) / variance.squareRoot() }
      }
      let result = normalization.applied(to: data.inputs)
      #expect(result.type == TensorType(data.inputs.shape, .float32))
      for (a, b) in zip(result.scalars(as: Double.self), expected) { #expect(abs(a - b) < 1e-4) }
      let batch = try data.batch([3, 1], normalization: normalization)
      let size = shape.elementCount
      let rows = result.scalars(as: Float.self)
      #expect(batch.inputs.scalars(as: Float.self) == Array(rows[3 * size..<4 * size] + rows[size..<2 * size]))
    }
  }

  @Test func choosesTheGroupingByTheRank() throws {
    let expected: [Normalization.Grouping] = [.whole, .features, .whole, .channels, .channels]
    for (shape, grouping) in zip(Self.shapes, expected) {
      #expect(try Normalization(fitting: try data(shape, .float32)).grouping == grouping)
    }
  }

  @Test func handlesConstantColumns() throws {
    let inputs = HostArray([0.1, 7, 0.1, 8, 0.1, 9], shape: [3, 2])
    let data = try Dataset(
      name: "c", inputs: inputs, targets: HostArray([Int32](repeating: 0, count: 3), shape: [3]), classNames: ["a"])
    let normalization = try Normalization(fitting: data)
    #expect(normalization.deviation[0] == 1)
    let result = normalization.applied(to: inputs).scalars(as: Float.self)
    #expect([result[0], result[2], result[4]].allSatisfy { abs($0) < 1e-6 })
    let black = try Dataset(
      name: "b", inputs: HostArray([UInt8](repeating: 9, count: 8), shape: [2, 1, 2, 2]),
      targets: HostArray([Int32(0), 0], shape: [2]), classNames: ["a"])
    #expect(try Normalization(fitting: black).deviation == [1])
  }

  @Test func keepsSmallDifferencesOfLargeNumbers() throws {
    let inputs = HostArray([Int64(1_700_000_000_000), 1_700_000_000_001], shape: [2, 1])
    let data = try Dataset(
      name: "t", inputs: inputs, targets: HostArray([Int32(0), 0], shape: [2]), classNames: ["a"])
    let normalization = try Normalization(fitting: data)
    let result = normalization.applied(to: inputs).scalars(as: Float.self)
    #expect(abs(result[1] - result[0] - 2) < 1e-3)
  }

  @Test func refusesValuesThatAreNotFinite() throws {
    for bad in [Float.nan, .infinity, -.infinity] {
      let data = try Dataset(
        name: "n", inputs: HostArray([0, 1, 2, bad, 4, 5], shape: [3, 2]),
        targets: HostArray([Int32](repeating: 0, count: 3), shape: [3]), classNames: ["a"])
      #expect(message { _ = try Normalization(fitting: data) }.contains("n: input 1 holds a value that is not finite"))
    }
    let large = try Dataset(
      name: "l", inputs: HostArray([1e300, -1e300], shape: [2, 1]), targets: HostArray([Int32(0), 0], shape: [2]),
      classNames: ["a"])
    #expect(message { _ = try Normalization(fitting: large) }.contains("too large"))
  }

  @Test func isSavedWithoutLoss() throws {
    let normalization = try Normalization(fitting: try data([3, 2, 4], .uint8))
    let text = try JSONEncoder().encode(normalization)
    #expect(try JSONDecoder().decode(Normalization.self, from: text) == normalization)
    let bytes = Normalization.scaleOnly(.uint8).applied(to: HostArray([UInt8(0), 51, 255], shape: [3, 1]))
    #expect(zip(bytes.scalars(as: Float.self), [0, 0.2, 1]).allSatisfy { abs($0 - $1) < 1e-7 })
    #expect(Normalization.scaleOnly(.float32).scale == 1)
    for (mean, deviation) in [("[0]", "[]"), ("[]", "[]"), ("[0]", "[0]"), ("[1e99]", "[1]")] {
      let text = "{\"grouping\":\"whole\",\"scale\":1,\"mean\":\(mean),\"deviation\":\(deviation)}"
      #expect(throws: DecodingError.self) { try JSONDecoder().decode(Normalization.self, from: Data(text.utf8)) }
    }
    let published = Normalization(grouping: .channels, scale: 1 / 255, mean: [0.5, 0.4, 0.3], deviation: [1, 2, 3])
    #expect(published.fits([3, 8, 8]) && !published.fits([1, 8, 8]) && !published.fits([4]))
  }
}
