// SPDX-License-Identifier: Apache-2.0
import CKernels
import Testing

@Suite struct BatchNormTests {
  private struct Problem: CustomStringConvertible {
    var batch: Int, channels: Int, spatial: Int, block: Int, rectified: Bool
    var description: String { "\(batch)x\(channels)x\(spatial) block \(block) rectified \(rectified)" }
    let epsilon = 1e-3

    var storedCount: Int { batch * (block > 0 ? (channels + block - 1) / block * block : channels) * spatial }
    func place(_ n: Int, _ c: Int, _ s: Int) -> Int {
      block > 0
        ? ((n * ((channels + block - 1) / block) + c / block) * spatial + s) * block + c % block
        : (n * channels + c) * spatial + s
    }
    var places: [[Int]] {
      (0..<channels).map { c in (0..<batch).flatMap { n in (0..<spatial).map { place(n, c, $0) } } }
    }
    /// Values at the places of elements, zero in the padding.
    func fill(_ random: inout Randomness, scale: Double, offset: Double = 0) -> [Float] {
      var values = [Float](repeating: 0, count: storedCount)
      for place in places.flatMap({ $0 }) { values[place] = Float(random.value(scale) + offset) }
      return values
    }
    var c: apus_batch_norm {
      apus_batch_norm(
        batch: Int64(batch), channels: Int64(channels), spatial: Int64(spatial), block: Int32(block),
        rectified: rectified ? 1 : 0, epsilon: epsilon)
    }
  }

  @Test(arguments: [0, 8, 16], [false, true])
  func formulas(block: Int, rectified: Bool) {
    for (batch, channels, spatial) in [(1, 1, 9), (3, 6, 35), (40, 16, 8), (5, 11, 1), (2, 24, 3), (70, 3, 150)] {
      check(Problem(batch: batch, channels: channels, spatial: spatial, block: block, rectified: rectified))
    }
  }

  private func check(_ problem: Problem) {
    var random = Randomness(UInt64(problem.storedCount) + 3)
    // A mean far from 0: what loses digits when squares are summed.
    let x = problem.fill(&random, scale: 2, offset: 50), gy = problem.fill(&random, scale: 1)
    let scale: [Float] = random.values(problem.channels, scale: 2), shift: [Float] = random.values(problem.channels)
    let count = Double(problem.batch * problem.spatial)
    var (y, gx) = ([Float](repeating: 0, count: x.count), [Float](repeating: 0, count: x.count))
    var (means, variances, gscale, gshift) = ([Float](), [Float](), [Float](), [Float]())
    for (channel, places) in problem.places.enumerated() {
      let mean = places.reduce(0) { $0 + Double(x[$1]) } / count
      let variance = places.reduce(0) { $0 + (Double(x[$1]) - mean) * (Double(x[$1]) - mean) } / count
      let inverse = 1 / (variance + problem.epsilon).squareRoot()
      func normal(_ place: Int) -> Double { (Double(x[place]) - mean) * inverse }
      func value(_ place: Int) -> Double { normal(place) * Double(scale[channel]) + Double(shift[channel]) }
      func gradient(_ place: Int) -> Double { problem.rectified && value(place) <= 0 ? 0 : Double(gy[place]) }
      let sum = places.reduce(0) { $0 + gradient($1) }
      let product = places.reduce(0) { $0 + gradient($1) * normal($1) }
      for place in places {
        y[place] = Float(problem.rectified ? max(value(place), 0) : value(place))
        let centered = gradient(place) - sum / count - normal(place) * product / count
        gx[place] = Float(Double(scale[channel]) * inverse * centered)
      }
      means.append(Float(mean))
      variances.append(Float(variance))
      gscale.append(Float(product))
      gshift.append(Float(sum))
    }
    var first: [[Float]] = []
    for threads in threadCounts {
      var norm = problem.c
      let scratch = Memory([UInt8](repeating: 0, count: Int(apus_batch_norm_scratch(&norm))))
      func memory(_ values: [Float]) -> Memory { Memory(values) }
      func floats(_ memory: Memory) -> UnsafeMutablePointer<Float> { memory.base.assumingMemoryBound(to: Float.self) }
      let (mx, mg, ms, mt) = (memory(x), memory(gy), memory(scale), memory(shift))
      let (my, mgx) = (memory(y.map { _ in 7 }), memory(y.map { _ in 7 }))
      let (mm, mv, mgs, mgt) = (memory(scale), memory(scale), memory(scale), memory(scale))
      apus_batch_norm_forward(
        &norm, floats(mx), floats(ms), floats(mt), floats(my), floats(mm), floats(mv), scratch.base, Int32(threads))
      apus_batch_norm_backward(
        &norm, floats(mx), floats(mg), floats(ms), floats(mt), floats(mm), floats(mv), floats(mgx), floats(mgs),
        floats(mgt), scratch.base, Int32(threads))
      let found = [my, mm, mv, mgx, mgs, mgt].map { $0.read(Float.self) }
      let tolerance = Float(2e-5)
      for (values, expected) in zip(found, [y, means, variances, gx, gscale, gshift]) {
        #expect(mismatches(values, expected, relative: tolerance, absolute: 4e-5) == 0, "\(problem)")
      }
      for memory in [my, mm, mv, mgx, mgs, mgt, scratch] { #expect(memory.isIntact, "\(problem)") }
      // Any number of threads gives the same bits.
      if first.isEmpty { first = found }
      #expect(zip(first, found).allSatisfy { identical($0, $1) }, "\(problem)")
    }
  }
}
