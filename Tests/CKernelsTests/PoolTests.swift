// SPDX-License-Identifier: Apache-2.0
import CKernels
import Testing

private struct Geometry: Sendable, CustomTestStringConvertible {
  var name: String
  var shape: [Int], output: (Int, Int), kernel: (Int, Int)
  var stride = (2, 2), pad = (top: 0, left: 0, bottom: 0, right: 0), dilation = (1, 1)
  var testDescription: String { name }

  func pool<T: KernelElement>(_ type: T.Type, block: Int, countPad: Bool) -> apus_pool {
    apus_pool(
      batch: Int64(shape[0]), channels: Int64(shape[1]), in_height: Int64(shape[2]), in_width: Int64(shape[3]),
      out_height: Int64(output.0), out_width: Int64(output.1), kernel_height: Int64(kernel.0),
      kernel_width: Int64(kernel.1), stride_h: Int64(stride.0), stride_w: Int64(stride.1), pad_top: Int64(pad.top),
      pad_left: Int64(pad.left), pad_bottom: Int64(pad.bottom), pad_right: Int64(pad.right),
      dilation_h: Int64(dilation.0), dilation_w: Int64(dilation.1), dtype: Int32(T.dtype.rawValue),
      block: Int32(block), count_include_pad: countPad ? 1 : 0)
  }

  /// The input pixels of every window in order, and how many positions of it the padded image has.
  func forEachWindow(_ body: (_ plane: Int, _ out: Int, _ pixels: [Int], _ positions: Int) -> Void) {
    let (height, width) = (shape[2], shape[3])
    for plane in 0..<shape[0] * shape[1] {
      for y in 0..<output.0 {
        for x in 0..<output.1 {
          var pixels: [Int] = [], positions = 0
          for i in 0..<kernel.0 {
            for j in 0..<kernel.1 {
              let row = y * stride.0 - pad.top + i * dilation.0, column = x * stride.1 - pad.left + j * dilation.1
              if row < height + pad.bottom && column < width + pad.right { positions += 1 }
              if (0..<height).contains(row) && (0..<width).contains(column) { pixels.append(row * width + column) }
            }
          }
          body(plane, (plane * output.0 + y) * output.1 + x, pixels, positions)
        }
      }
    }
  }
}

private let geometries: [Geometry] = [
  .init(name: "2x2", shape: [3, 6, 28, 28], output: (14, 14), kernel: (2, 2)),
  .init(name: "2x2 on odd sizes", shape: [2, 9, 7, 9], output: (3, 4), kernel: (2, 2)),
  .init(name: "2x2 stride 3", shape: [2, 3, 8, 8], output: (3, 3), kernel: (2, 2), stride: (3, 3)),
  .init(name: "3x3 stride 2", shape: [2, 10, 13, 11], output: (6, 5), kernel: (3, 3)),
  .init(
    name: "padded, ceiling", shape: [1, 8, 10, 9], output: (6, 5), kernel: (3, 3),
    pad: (top: 1, left: 1, bottom: 1, right: 1)),
  .init(
    name: "asymmetric", shape: [2, 5, 9, 12], output: (4, 8), kernel: (4, 2), stride: (3, 2),
    pad: (top: 2, left: 1, bottom: 3, right: 4)),
  .init(
    name: "dilated", shape: [1, 3, 12, 12], output: (5, 9), kernel: (3, 2), stride: (2, 1),
    pad: (top: 1, left: 0, bottom: 1, right: 0), dilation: (2, 3)),
  .init(name: "global", shape: [2, 4, 20, 17], output: (1, 1), kernel: (20, 17)),
  .init(name: "3x3 tiles", shape: [1, 2, 9, 9], output: (3, 3), kernel: (3, 3), stride: (3, 3)),
]

/// Ties, NaN, infinities and ordinary values.
private func pixels<T: BinaryFloatingPoint>(_ count: Int) -> [T] {
  var random = Randomness(51)
  return (0..<count).map { i in
    switch random.next() % 24 {
    case 0: T.nan
    case 1: -T.infinity
    case 2: T.infinity
    case 3...9: 0.5
    default: T(random.value())
    }
  }
}

@Suite struct PoolTests {
  private func check<T: BinaryFloatingPoint & KernelElement>(_ g: Geometry, _ type: T.Type, block: Int) {
    let outShape = [g.shape[0], g.shape[1], g.output.0, g.output.1], plane = g.shape[2] * g.shape[3]
    let outputs = outShape.reduce(1, *)
    let source: [T] = pixels(g.shape.reduce(1, *))
    var random = Randomness(52)
    let gradient: [T] = random.values(outputs), smooth: [T] = random.values(source.count)
    var best = [T](repeating: -.infinity, count: outputs), places = [Double](repeating: -1, count: outputs)
    var maxGradient = source.map { _ in T(0) }
    for countPad in [false, true] {
      var means = [T](repeating: 0, count: outputs), meanGradient = source.map { _ in T(0) }
      g.forEachWindow { p, out, window, positions in
        for (k, pixel) in window.enumerated() {
          let x = source[p * plane + pixel]
          if k == 0 || x > best[out] || (x.isNaN && !best[out].isNaN) { (best[out], places[out]) = (x, Double(pixel)) }
        }
        if places[out] >= 0 && !countPad { maxGradient[p * plane + Int(places[out])] += gradient[out] }
        let divisor = T(max(countPad ? positions : window.count, 1))
        means[out] = window.reduce(0) { $0 + smooth[p * plane + $1] } / divisor
        for pixel in window { meanGradient[p * plane + pixel] += gradient[out] / divisor }
      }
      var pool = g.pool(T.self, block: block, countPad: countPad)
      for threads in threadCounts {
        let x = Memory(laidOut(source, block, g.shape)), z = Memory(laidOut(smooth, block, g.shape))
        let dy = Memory(laidOut(gradient, block, outShape))
        let stored = dy.read(T.self).count
        let y = Memory([T](repeating: .nan, count: stored)), dx = Memory(x.read(T.self).map { _ in T.nan })
        let argmax = Memory([Int32](repeating: -9, count: stored)), again = Memory([T](repeating: .nan, count: stored))
        apus_maxpool_forward(&pool, x.base, y.base, argmax.base.assumingMemoryBound(to: Int32.self), Int32(threads))
        apus_maxpool_forward(&pool, x.base, again.base, nil, Int32(threads))
        apus_maxpool_backward(
          &pool, dy.base, argmax.base.assumingMemoryBound(to: Int32.self), dx.base, Int32(threads))
        #expect([y, dx, argmax, again].allSatisfy { $0.isIntact })
        let got = y.read(T.self)
        #expect(mismatches(got, laidOut(best, block, outShape)) == 0)
        #expect(mismatches(again.read(T.self), got) == 0)
        let gotPlaces = argmax.read(Int32.self)
        for c in 0..<outputs {
          let (n, channel, pixel) = (
            c / (g.output.0 * g.output.1) / g.shape[1], c / (g.output.0 * g.output.1) % g.shape[1],
            c % (g.output.0 * g.output.1)
          )
          let at = place(
            block, g.shape[1], g.output.0, g.output.1, n, channel, pixel / g.output.1, pixel % g.output.1)
          #expect(Double(gotPlaces[at]) == places[c])
        }
        #expect(identical(dx.read(T.self).map { $0 + 0 }, laidOut(maxGradient, block, g.shape)))
        apus_avgpool_forward(&pool, z.base, y.base, Int32(threads))
        apus_avgpool_backward(&pool, dy.base, dx.base, Int32(threads))
        #expect(mismatches(y.read(T.self), laidOut(means, block, outShape), absolute: 0) == 0)
        #expect(mismatches(dx.read(T.self), laidOut(meanGradient, block, g.shape), absolute: 0) == 0)
        #expect([y, dx].allSatisfy { $0.isIntact })
      }
    }
  }

  @Test(arguments: geometries) fileprivate func plainFloat(_ g: Geometry) { check(g, Float.self, block: 0) }
  @Test(arguments: geometries) fileprivate func plainDouble(_ g: Geometry) { check(g, Double.self, block: 0) }
  @Test(arguments: geometries) fileprivate func blockedFloat(_ g: Geometry) { check(g, Float.self, block: 8) }
  @Test(arguments: geometries) fileprivate func wideBlockedFloat(_ g: Geometry) { check(g, Float.self, block: 16) }
}
