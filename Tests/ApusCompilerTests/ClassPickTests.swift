import Apus
import Testing

@testable import ApusCPU
@testable import ApusCompiler
@testable import ApusTensor

/// Picking a class in each row by its label: the kernel beside the reference loops, and labels of no class.
@Suite struct ClassPickTests {
  /// The losses of rows and their gradient, by the kernel.
  private static func losses(of logits: [Float], _ labels: [Int32], classes: Int) -> (values: [Float], picked: [Float])
  {
    let executor = PlanExecutor(backend: CPUBackend(options: CPUOptions(threads: 1)))
    return Execution.$override.withValue(executor) {
      let rows = Tensor(HostArray(logits, shape: [labels.count, classes]))
      let places = Tensor(HostArray(labels, shape: [labels.count, 1]))
      let picked = Tensor.record(GatherElements(axis: 1), [rows, places])
      let spread = Tensor.record(ScatterAddElements(axis: 1, shape: rows.shape), [picked * 2, places])
      return (picked.scalars(as: Float.self), spread.scalars(as: Float.self))
    }
  }

  @Test func firstAndLastClass() {
    let found = Self.losses(of: [1, 2, 3, 4, 5, 6], [2, 0], classes: 3)
    #expect(found.values == [3, 4])
    #expect(found.picked == [0, 0, 6, 8, 0, 0])
  }

  @Test func labelsOfNoClassStopTheProgramWithASentence() async throws {
    let above = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      _ = Self.losses(of: [1, 2, 3, 4, 5, 6], [2, 3], classes: 3)
    }
    let below = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      _ = Self.losses(of: [1, 2, 3, 4, 5, 6], [-1, 0], classes: 3)
    }
    for (result, index) in [(above, "3"), (below, "-1")] {
      let text = String(decoding: try #require(result).standardErrorContent, as: UTF8.self)
      #expect(text.contains("gather_elements: the index \(index) is outside 0..<3"), "\(text)")
    }
  }

  @Test func packedOperandsOfTwoTypesHaveTwoKeys() {
    func key(_ dtype: DType) -> PlanKey {
      var key = PlanKey()
      PackedOperand(isTransposed: false, n: 3, k: 4, dtype: dtype).encode(into: &key)
      return key
    }
    #expect(key(.float32) == key(.float32) && key(.float32) != key(.float64))
  }
}
