import Testing

@testable import ApusTensor

@Suite struct ShapeTests {
  @Test func axesAreAddedAndRemoved() {
    let shape: Shape = [2, 3, 5]
    #expect(shape.removingFirst() == [3, 5])
    #expect((0...3).map { shape.inserting(7, at: $0) } == [[7, 2, 3, 5], [2, 7, 3, 5], [2, 3, 7, 5], [2, 3, 5, 7]])
    #expect(([4] as Shape).removingFirst() == [])
    #expect(Shape().inserting(6, at: 0) == [6])
  }

  /// There and back again is where it began; elsewhere, and once computed, it is a reshape.
  @Test func reshapingBackRecordsNothing() {
    let x = Tensor([1, 2, 3, 4, 5, 6] as [Float]).reshaped(to: [2, 3] as Shape) * 2
    let row = x.reshaped(to: [1, 6] as Shape)
    #expect(row.reshaped(to: [2, 3] as Shape).isIdentical(to: x))
    #expect(row.reshaped(to: [3, 2] as Shape).shape == [3, 2])
    realize(row)
    let again = row.reshaped(to: [2, 3] as Shape)
    #expect(!again.isIdentical(to: x))
    #expect(again.scalars(as: Float.self) == [2, 4, 6, 8, 10, 12])
    let gradients = checkGradients(at: [Tensor([0.5, -1, 2, 3] as [Double], shape: [2, 2])]) {
      ($0[0].squared().reshaped(to: [4] as Shape)).reshaped(to: [2, 2] as Shape) * $0[0]
    }
    #expect(gradients.passes, "\(gradients)")
  }
}
