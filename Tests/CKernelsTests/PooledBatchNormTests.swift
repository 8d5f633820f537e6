// SPDX-License-Identifier: Apache-2.0
import CKernels
import Testing

/// The pooled form beside normalising, rectifying and pooling one after the other.
@Suite struct PooledBatchNormTests {
  private struct Window {
    var size: Int64, stride: Int64, padding: Int64
    func windows(_ extent: Int64) -> Int64 { (extent + 2 * padding - size) / stride + 1 }
  }

  private func floats(_ memory: Memory) -> UnsafeMutablePointer<Float> {
    memory.base.assumingMemoryBound(to: Float.self)
  }

  @Test(arguments: [0, 8, 16])
  func equalsItsSteps(block: Int) {
    let images: [(batch: Int, channels: Int, height: Int64, width: Int64)] = [
      (3, 6, 8, 6), (1, 17, 5, 7), (9, 16, 12, 12), (2, 9, 3, 3),
    ]
    let windows = [
      Window(size: 2, stride: 2, padding: 0), Window(size: 3, stride: 2, padding: 1),
      Window(size: 3, stride: 3, padding: 0),
      Window(size: 2, stride: 1, padding: 1),
    ]
    for image in images {
      for window in windows {
        check(batch: image.batch, channels: image.channels, image.height, image.width, window, block: block)
      }
    }
  }

  private func check(
    batch: Int, channels: Int, _ height: Int64, _ width: Int64, _ window: Window, block: Int
  ) {
    let (outHeight, outWidth) = (window.windows(height), window.windows(width))
    var pool = apus_pool(
      batch: Int64(batch), channels: Int64(channels), in_height: height, in_width: width, out_height: outHeight,
      out_width: outWidth, kernel_height: window.size, kernel_width: window.size, stride_h: window.stride,
      stride_w: window.stride, pad_top: window.padding, pad_left: window.padding, pad_bottom: window.padding,
      pad_right: window.padding, dilation_h: 1, dilation_w: 1, dtype: 0, block: Int32(block), count_include_pad: 0)
    var norm = apus_batch_norm(
      batch: Int64(batch), channels: Int64(channels), spatial: height * width, block: Int32(block), rectified: 1,
      epsilon: 1e-3)
    let stored = block > 0 ? (channels + block - 1) / block * block : channels
    let (inCount, outCount) = (batch * stored * Int(height * width), batch * stored * Int(outHeight * outWidth))
    var random = Randomness(UInt64(inCount + outCount) + 7)
    func images(_ spatial: Int, _ count: Int, scale: Double, offset: Double) -> [Float] {
      var values: [Float] = random.values(count, scale: scale).map { $0 + Float(offset) }
      if block > 0 {
        for index in values.indices {
          let channel = index / (block * spatial) % (stored / block) * block + index % block
          if channel >= channels { values[index] = 0 }
        }
      }
      return values
    }
    let x = images(Int(height * width), inCount, scale: 2, offset: 5)
    let gradient = images(Int(outHeight * outWidth), outCount, scale: 1, offset: 0)
    // Some channels have a negative factor: their largest result is that of the smallest number.
    let scale = (0..<channels).map { Float($0 % 3 == 1 ? -0.7 : 1.3) + Float(random.value(0.2)) }
    let shift: [Float] = random.values(channels)
    let (mx, mg, ms, mt) = (Memory(x), Memory(gradient), Memory(scale), Memory(shift))

    let scratch = Memory([UInt8](repeating: 0, count: Int(apus_batch_norm_scratch(&norm))))
    let (y, pooled, places) = (Memory(x), Memory(gradient), Memory([Int32](repeating: 0, count: outCount)))
    let (mean, variance, spread, gx) = (Memory(scale), Memory(scale), Memory(x), Memory(x))
    let (gscale, gshift) = (Memory(scale), Memory(scale))
    apus_batch_norm_forward(
      &norm, floats(mx), floats(ms), floats(mt), floats(y), floats(mean), floats(variance), scratch.base, 1)
    let placed = places.base.assumingMemoryBound(to: Int32.self)
    apus_maxpool_forward(&pool, y.base, pooled.base, placed, 1)
    apus_maxpool_backward(&pool, mg.base, placed, spread.base, 1)
    apus_batch_norm_backward(
      &norm, floats(mx), floats(spread), floats(ms), floats(mt), floats(mean), floats(variance), floats(gx),
      floats(gscale), floats(gshift), scratch.base, 1)
    let expected = [pooled, mean, variance, gx, gscale, gshift].map { $0.read(Float.self) }

    for threads in threadCounts {
      let bytes = Int(apus_batch_norm_pooled_scratch(&norm, &pool, Int32(threads)))
      let scratch = Memory([UInt8](repeating: 0, count: bytes))
      let (pooled, most, places) = (Memory(gradient), Memory(gradient), Memory([Int32](repeating: 0, count: outCount)))
      let (mean, variance, gx, gscale, gshift) = (Memory(scale), Memory(scale), Memory(x), Memory(scale), Memory(scale))
      let placed = places.base.assumingMemoryBound(to: Int32.self)
      apus_batch_norm_pooled_forward(
        &norm, &pool, floats(mx), floats(ms), floats(mt), floats(pooled), placed, floats(most), floats(mean),
        floats(variance), scratch.base, Int32(threads))
      apus_batch_norm_pooled_backward(
        &norm, &pool, floats(mx), floats(mg), floats(ms), floats(mt), floats(mean), floats(variance), placed,
        floats(most), floats(gx), floats(gscale), floats(gshift), scratch.base, Int32(threads))
      let found = [pooled, mean, variance, gx, gscale, gshift].map { $0.read(Float.self) }
      for (values, wanted) in zip(found, expected) {
        #expect(
          mismatches(values, wanted, relative: 1e-5, absolute: 1e-5) == 0,
          "\(batch)x\(channels)x\(height)x\(width) \(window) block \(block)")
      }
      for memory in [pooled, most, places, mean, variance, gx, gscale, gshift, scratch] { #expect(memory.isIntact) }
    }
  }
}
