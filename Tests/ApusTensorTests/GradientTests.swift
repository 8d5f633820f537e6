import ApusReference
import ApusTensor
import Testing

@Test func gradientOfSquareIsTwice() {
  Execution.$override.withValue(ReferenceExecutor()) {
    let x = Tensor([1.0, -2, 3], shape: [3])
    let y = gradient(at: x) { ($0 * $0).sum() }
    #expect(y.scalars(as: Double.self) == [2, -4, 6])
    let second = gradient(at: x) { x in gradient(at: x) { ($0 * $0 * $0).sum() }.sum() }
    #expect(second.scalars(as: Double.self) == [6, -12, 18])
    let a = Tensor([1.0, 2, 3, 4, 5, 6], shape: [2, 3])
    let b = Tensor([1.0, 2], shape: [2, 1])
    let g = gradient(at: [a, b]) { (($0[0] * $0[1]).sum(squeezingAxes: 0) * 3.0).sum() }
    #expect(g[0].scalars(as: Double.self) == [3, 3, 3, 6, 6, 6])
    #expect(g[1].scalars(as: Double.self) == [18, 45])
    let m = gradient(at: a) { matmul($0, $0.transposed()).sum() }
    #expect(m.scalars(as: Double.self) == [10, 14, 18, 10, 14, 18])
  }
}
