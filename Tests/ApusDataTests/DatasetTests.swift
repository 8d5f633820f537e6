import ApusTensor
import Testing

@testable import ApusData

@Suite struct DatasetTests {
  @Test func describesItself() throws {
    let data = try sample(7, [2, 3])
    #expect(data.count == 7 && data.sampleShape == [2, 3] && data.classCount == 3)
    #expect(data.labels == [0, 1, 2, 0, 1, 2, 0])
    #expect(data.classCounts == [3, 2, 2])
    let subset = data.subset([6, 0, 6], name: "part")
    #expect(subset.name == "part" && data.subset([1]).name == "sample")
    let last = (36..<42).map { Float($0) }
    #expect(subset.inputs.scalars(as: Float.self) == last + [0, 1, 2, 3, 4, 5] + last)
    #expect(subset.labels == [0, 0, 0] && subset.inputs.shape == [3, 2, 3])
    #expect(data.renamed("x").name == "x")
  }

  @Test func refusesWhatDoesNotFit() {
    func make(_ inputs: Shape, _ labels: [Int32], classes: Int = 2) throws {
      let values = [Float](repeating: 0, count: inputs.elementCount)
      _ = try Dataset(
        name: "d", inputs: HostArray(values, shape: inputs), targets: HostArray(labels, shape: [labels.count]),
        classNames: (0..<classes).map { "\($0)" })
    }
    #expect(message { try make([3, 2], [0, 1]) }.contains("3 inputs but 2 targets"))
    #expect(message { try make([0, 2], []) }.contains("no samples"))
    #expect(message { try make([], [0]) }.contains("no samples"))
    #expect(message { try make([2, 2], [0, 2]) }.contains("label 1 is 2, outside 0..<2"))
    #expect(message { try make([2, 2], [-1, 0]) }.contains("label 0 is -1"))
    let wide = HostArray([Int64(0), 0], shape: [2])
    let inputs = HostArray([Float(0), 0], shape: [2])
    #expect(message { _ = try Dataset(name: "d", inputs: inputs, targets: wide, classNames: ["a"]) }.contains("i64"))
  }

  @Test func acceptsTargetsThatAreNoClasses() throws {
    let data = try Dataset(
      name: "r", inputs: HostArray([Float(1), 2, 3], shape: [3]),
      targets: HostArray([Float](repeating: 0, count: 6), shape: [3, 2]), classNames: [])
    #expect(data.labels.isEmpty && data.classCounts.isEmpty && data.sampleShape == [])
    #expect(try data.batch([2, 1]).targets.shape == [2, 2])
    #expect(try data.split(validation: 0.34, seed: 1).validation.count == 1)
  }

  @Test(arguments: [0.1, 0.25, 0.5, 0.9])
  func splitsEveryClassAlike(fraction: Double) throws {
    let data = try sample(90)
    let (training, validation) = try data.split(validation: fraction, seed: 3)
    #expect(training.count + validation.count == 90)
    #expect(validation.classCounts == [Int](repeating: Int((30 * fraction).rounded()), count: 3))
    let all = (training.inputs.scalars(as: Float.self) + validation.inputs.scalars(as: Float.self)).sorted()
    #expect(all == data.inputs.scalars(as: Float.self))
    #expect(validation.inputs.scalars(as: Float.self) == validation.inputs.scalars(as: Float.self).sorted())
    let again = try data.split(validation: fraction, seed: 3).validation
    #expect(again.inputs.scalars(as: Float.self) == validation.inputs.scalars(as: Float.self))
    let other = try data.split(validation: fraction, seed: 4).validation
    #expect(other.inputs.scalars(as: Float.self) != validation.inputs.scalars(as: Float.self))
    let plain = try data.split(validation: fraction, seed: 3, stratified: false).validation
    #expect(plain.count == Int((90 * fraction).rounded()))
    #expect(plain.inputs.scalars(as: Float.self) != validation.inputs.scalars(as: Float.self))
  }

  @Test func refusesSplitsThatLeaveNothing() throws {
    let data = try sample(90)
    for fraction in [0, 1, -0.5, 2, Double.nan, .infinity] {
      #expect(message { _ = try data.split(validation: fraction, seed: 0) }.contains("between 0 and 1"))
    }
    let one = try sample(1)
    #expect(message { _ = try one.split(validation: 0.5, seed: 0) }.contains("leaves one part empty"))
    // A class with two samples keeps one on each side, however small the fraction.
    let (training, validation) = try sample(6).split(validation: 0.01, seed: 0)
    #expect(training.classCounts == [1, 1, 1] && validation.classCounts == [1, 1, 1])
  }
}
