import ApusReference
import ApusTensor
import Testing

@Test func tensorsPrintInAlignedColumns() {
  Execution.$override.withValue(ReferenceExecutor()) {
    let x: Tensor = [[1, 2.5, 3], [4, -5, 6]]
    #expect("\(x)" == "f32[2, 3]\n[[ 1.0,  2.5,  3.0],\n [ 4.0, -5.0,  6.0]]")
    #expect("\(Tensor([Int32(1), -20, 300]))" == "i32[3]\n[  1, -20, 300]")
    #expect("\(Tensor([true, false]))" == "bool[2]\n[ true, false]")
    #expect("\(Tensor(2.5))" == "f64[]\n2.5")
    #expect("\(Tensor([1.0, .nan, -.infinity]))" == "f64[3]\n[   1,  nan, -inf]")
    #expect("\(Tensor([1e-9, 1.0]))" == "f64[2]\n[1.0000e-09, 1.0000e+00]")
    #expect("\(Tensor([1.0 / 3, 2]))" == "f64[2]\n[0.3333, 2.0000]")
    #expect("\(Tensor.zeros([0, 3]))" == "f32[0, 3]\n[]")
    #expect("\(Tensor([1.0, 2, 3, 4], shape: [2, 1, 2]))" == "f64[2, 1, 2]\n[[[1, 2]],\n\n [[3, 4]]]")
  }
}

@Test func longTensorsPrintTheirEnds() {
  Execution.$override.withValue(ReferenceExecutor()) {
    #expect("\(Tensor.arange(1001, dtype: .int64))" == "i64[1001]\n[   0,    1,    2, ...,  998,  999, 1000]")
    let lines = "\(Tensor.arange(10000).reshaped(to: [100, 100]))".split(separator: "\n")
    #expect(lines.count == 8)
    #expect(lines[4].contains("..."))
    #expect(!"\(Tensor.arange(1000))".contains("..."))
  }
}
