import Apus
import Testing

@Test func smallGraphRuns() {
  let x = Tensor([1.0 as Float, -2, 3], shape: [3])
  let y = gradient(at: x) { ($0 * $0).sum() }
  #expect(y.scalars(as: Float.self) == [2, -4, 6])
  let a = Tensor((0..<6).map { Float($0) }, shape: [2, 3])
  let m = matmul(a, a.transposed()) + 1
  #expect(m.scalars(as: Float.self) == [6, 15, 15, 51])
}
