// SPDX-License-Identifier: Apache-2.0
//
// Convolution against seven nested loops in double.
import CKernels
import Testing

/// Where an element lies in plain NCHW (block 0) or with channels in blocks.
func place(_ block: Int, _ channels: Int, _ height: Int, _ width: Int, _ n: Int, _ c: Int, _ y: Int, _ x: Int) -> Int {
  block > 0
    ? (((n * ((channels + block - 1) / block) + c / block) * height + y) * width + x) * block + c % block
    : ((n * channels + c) * height + y) * width + x
}

/// A plain NCHW array in the layout asked for, padding lanes zero.
func laidOut<T: BinaryFloatingPoint>(_ plain: [T], _ block: Int, _ shape: [Int]) -> [T] {
  let (n, c, h, w) = (shape[0], shape[1], shape[2], shape[3])
  if block == 0 { return plain }
  var result = [T](repeating: 0, count: n * ((c + block - 1) / block * block) * h * w)
  for i in 0..<n {
    for j in 0..<c {
      for y in 0..<h {
        for x in 0..<w { result[place(block, c, h, w, i, j, y, x)] = plain[place(0, c, h, w, i, j, y, x)] }
      }
    }
  }
  return result
}

private struct Geometry: Sendable, CustomTestStringConvertible {
  var name: String
  var batch: Int, channels: (Int, Int), input: (Int, Int), output: (Int, Int), kernel: (Int, Int)
  var stride = (1, 1), pad = (0, 0), dilation = (1, 1)
  var testDescription: String { name }

  func conv(sourceBlocked: Bool, destinationBlocked: Bool, relu: Bool) -> apus_conv {
    apus_conv(
      batch: Int64(batch), in_channels: Int64(channels.0), in_height: Int64(input.0), in_width: Int64(input.1),
      out_channels: Int64(channels.1), out_height: Int64(output.0), out_width: Int64(output.1),
      kernel_height: Int64(kernel.0), kernel_width: Int64(kernel.1), stride_h: Int64(stride.0),
      stride_w: Int64(stride.1), pad_top: Int64(pad.0), pad_left: Int64(pad.1), dilation_h: Int64(dilation.0),
      dilation_w: Int64(dilation.1), src_blocked: sourceBlocked ? 1 : 0, dst_blocked: destinationBlocked ? 1 : 0,
      relu: relu ? 1 : 0)
  }

  /// Calls the body for every product: image, output and input channel, tap, output pixel, input pixel.
  func forEachProduct(_ body: (_ source: Int, _ weight: Int, _ destination: Int) -> Void) {
    for n in 0..<batch {
      for o in 0..<channels.1 {
        for y in 0..<output.0 {
          for x in 0..<output.1 {
            let destination = place(0, channels.1, output.0, output.1, n, o, y, x)
            for c in 0..<channels.0 {
              for i in 0..<kernel.0 {
                for j in 0..<kernel.1 {
                  let row = y * stride.0 - pad.0 + i * dilation.0, column = x * stride.1 - pad.1 + j * dilation.1
                  guard (0..<input.0).contains(row), (0..<input.1).contains(column) else { continue }
                  body(
                    place(0, channels.0, input.0, input.1, n, c, row, column),
                    ((o * channels.0 + c) * kernel.0 + i) * kernel.1 + j, destination)
                }
              }
            }
          }
        }
      }
    }
  }
}

private let geometries: [Geometry] = [
  .init(
    name: "LeNet conv1", batch: 3, channels: (1, 6), input: (28, 28), output: (28, 28), kernel: (5, 5), pad: (2, 2)),
  .init(name: "LeNet conv2", batch: 19, channels: (6, 16), input: (14, 14), output: (10, 10), kernel: (5, 5)),
  .init(
    name: "everything odd", batch: 2, channels: (3, 20), input: (11, 13), output: (6, 5), kernel: (3, 4),
    stride: (2, 3),
    pad: (1, 2)),
  .init(
    name: "dilated", batch: 2, channels: (9, 25), input: (9, 9), output: (7, 8), kernel: (3, 2), pad: (1, 1),
    dilation: (2, 3)),
  .init(
    name: "strided 7x7", batch: 17, channels: (3, 11), input: (20, 20), output: (4, 4), kernel: (7, 7), stride: (4, 4),
    pad: (2, 1)),
  .init(
    name: "1x1 with padding", batch: 1, channels: (10, 8), input: (8, 8), output: (10, 10), kernel: (1, 1), pad: (1, 1)),
  .init(
    name: "wide kernel", batch: 2, channels: (2, 2), input: (6, 40), output: (2, 37), kernel: (3, 11), stride: (3, 1),
    pad: (1, 4)),
  .init(
    name: "strips", batch: 1, channels: (3, 9), input: (70, 90), output: (35, 45), kernel: (3, 3), stride: (2, 2),
    pad: (1, 1)),
  .init(
    name: "images in lanes, 3 channels", batch: 32, channels: (3, 9), input: (5, 8), output: (4, 7), kernel: (4, 4),
    pad: (1, 1)),
  .init(
    name: "images in lanes, 5 channels", batch: 48, channels: (5, 7), input: (6, 9), output: (4, 5), kernel: (3, 5)),
  .init(
    name: "images in lanes, 8 channels", batch: 32, channels: (8, 16), input: (6, 7), output: (6, 5), kernel: (3, 3),
    pad: (1, 0)),
  .init(name: "no image", batch: 0, channels: (2, 3), input: (4, 4), output: (3, 3), kernel: (2, 2)),
]

@Suite struct ConvTests {
  @Test(arguments: geometries, [false, true]) fileprivate func allPasses(_ g: Geometry, sourceBlocked: Bool) {
    let sourceShape = [g.batch, g.channels.0, g.input.0, g.input.1]
    let destinationShape = [g.batch, g.channels.1, g.output.0, g.output.1]
    let taps = g.kernel.0 * g.kernel.1
    var random = Randomness(41)
    let source: [Float] = random.values(sourceShape.reduce(1, *))
    let gradient: [Float] = random.values(destinationShape.reduce(1, *))
    let weights: [Float] = random.values(g.channels.1 * g.channels.0 * taps),
      bias: [Float] = random.values(g.channels.1)

    let pixels = g.output.0 * g.output.1
    var output = gradient.indices.map { Double(bias[$0 / pixels % g.channels.1]) }
    var sourceGradient = source.map { _ in 0.0 }, weightsGradient = weights.map { _ in 0.0 }
    var biasGradient = bias.map { _ in 0.0 }
    g.forEachProduct { s, w, d in
      output[d] += Double(source[s]) * Double(weights[w])
      sourceGradient[s] += Double(gradient[d]) * Double(weights[w])
      weightsGradient[w] += Double(gradient[d]) * Double(source[s])
    }
    for (i, x) in gradient.enumerated() { biasGradient[i / pixels % g.channels.1] += Double(x) }

    for destinationBlocked in [false, true] {
      let relu = destinationBlocked
      var conv = g.conv(sourceBlocked: sourceBlocked, destinationBlocked: destinationBlocked, relu: relu)
      var first: [[Float]] = []
      for threads in threadCounts {
        let x = Memory(laidOut(source, sourceBlocked ? 8 : 0, sourceShape))
        let dy = Memory(laidOut(gradient, destinationBlocked ? 8 : 0, destinationShape))
        let w = Memory(weights), b = Memory(bias)
        // Results start as NaN: everything, padding lanes too, must be written.
        let y = Memory(dy.read(Float.self).map { _ in Float.nan }),
          dx = Memory(x.read(Float.self).map { _ in Float.nan })
        let dw = Memory(weights.map { _ in Float.nan }), db = Memory(bias.map { _ in Float.nan })
        func floats(_ memory: Memory) -> UnsafeMutablePointer<Float> { memory.base.assumingMemoryBound(to: Float.self) }
        for pass in 0..<3 as Range<Int32> {
          #expect(apus_conv_supported(&conv, pass) == 1)
          let scratch = Memory([UInt8](repeating: 0xFF, count: apus_conv_scratch(&conv, pass, Int32(threads))))
          switch pass {
          case 0: apus_conv_forward(&conv, floats(x), floats(w), floats(b), floats(y), scratch.base, Int32(threads))
          case 1: apus_conv_backward_data(&conv, floats(dy), floats(w), floats(dx), scratch.base, Int32(threads))
          default:
            apus_conv_backward_weights(
              &conv, floats(x), floats(dy), floats(dw), floats(db), scratch.base, Int32(threads))
          }
          #expect(scratch.isIntact)
        }
        let results = [y, dx, dw, db].map { $0.read(Float.self) }
        #expect([y, dx, dw, db].allSatisfy { $0.isIntact })
        if first.isEmpty { first = results }
        for (got, expected) in zip(results, first) { #expect(identical(got, expected)) }
      }
      let rounded = output.map { Float(relu ? max($0, 0) : $0) }
      let sum = Float(g.channels.0 * taps), back = Float(g.channels.1 * taps), images = Float(max(g.batch * pixels, 1))
      #expect(
        mismatches(first[0], laidOut(rounded, destinationBlocked ? 8 : 0, destinationShape), absolute: 3e-7 * sum) == 0)
      #expect(
        mismatches(
          first[1], laidOut(sourceGradient.map { Float($0) }, sourceBlocked ? 8 : 0, sourceShape), absolute: 3e-7 * back
        )
          == 0)
      #expect(mismatches(first[2], weightsGradient.map { Float($0) }, absolute: 1e-7 * images) == 0)
      #expect(mismatches(first[3], biasGradient.map { Float($0) }, absolute: 1e-7 * images) == 0)
    }
  }

  /// The convolution and the pool one after the other give the same bits as both at once, forward and backward.
  @Test(arguments: [2, 3]) func pooledAtOnce(window: Int) {
    let g = Geometry(
      name: "pooled", batch: 19, channels: (2, 11), input: (11, 13), output: (10, 12), kernel: (4, 4), pad: (1, 1))
    var random = Randomness(7)
    let source = Memory(random.values(g.batch * g.channels.0 * 143) as [Float])
    let weights = Memory(random.values(g.channels.1 * g.channels.0 * 16) as [Float])
    let bias = Memory(random.values(g.channels.1) as [Float])
    var conv = g.conv(sourceBlocked: false, destinationBlocked: true, relu: true)
    let (height, width) = ((10 - window) / 2 + 1, (12 - window) / 2 + 1)
    var pool = apus_pool()
    (pool.batch, pool.channels, pool.in_height, pool.in_width) = (19, 11, 10, 12)
    (pool.out_height, pool.out_width, pool.block) = (Int64(height), Int64(width), 8)
    (pool.kernel_height, pool.kernel_width, pool.stride_h, pool.stride_w) = (Int64(window), Int64(window), 2, 2)
    (pool.dilation_h, pool.dilation_w, pool.dtype) = (1, 1, Int32(APUS_F32.rawValue))
    let (whole, part) = (19 * 16 * 120, 19 * 16 * height * width)
    let gradient = Memory(
      laidOut(random.values(19 * 11 * height * width) as [Float], 8, [19, 11, height, width]))
    func floats(_ memory: Memory) -> UnsafeMutablePointer<Float> { memory.base.assumingMemoryBound(to: Float.self) }
    func empty(_ count: Int) -> Memory { Memory([Float](repeating: .nan, count: count)) }
    func scratch(_ bytes: Int) -> Memory { Memory([UInt8](repeating: 0xFF, count: bytes)) }

    let (y, pooled, spread) = (empty(whole), empty(part), empty(whole))
    let places = Memory([Int32](repeating: -7, count: part))
    let (dw, db) = (empty(11 * 32), empty(11))
    let indices = places.base.assumingMemoryBound(to: Int32.self)
    let working = scratch(apus_conv_scratch(&conv, 0, 2))
    apus_conv_forward(&conv, floats(source), floats(weights), floats(bias), floats(y), working.base, 2)
    apus_maxpool_forward(&pool, y.base, pooled.base, indices, 2)
    apus_maxpool_backward(&pool, gradient.base, indices, spread.base, 2)
    let memory = scratch(apus_conv_scratch(&conv, 2, 2))
    apus_conv_backward_weights(&conv, floats(source), floats(spread), floats(dw), floats(db), memory.base, 2)

    for threads in threadCounts.map(Int32.init) {
      let (result, found) = (empty(part), Memory([Int32](repeating: -7, count: part)))
      let (weightGradient, biasGradient) = (empty(11 * 32), empty(11))
      let (forward, backward) = (
        scratch(apus_conv_pooled_scratch(&conv, 0, threads)), scratch(apus_conv_pooled_scratch(&conv, 2, threads))
      )
      apus_conv_forward_pooled(
        &conv, &pool, floats(source), floats(weights), floats(bias), floats(result),
        found.base.assumingMemoryBound(to: Int32.self), forward.base, threads)
      apus_conv_backward_weights_pooled(
        &conv, &pool, floats(source), floats(gradient), indices, floats(weightGradient), floats(biasGradient),
        backward.base, threads)
      #expect(identical(result.read(Float.self), pooled.read(Float.self)))
      #expect(identical(found.read(Int32.self), places.read(Int32.self)))
      #expect(identical(weightGradient.read(Float.self), dw.read(Float.self)))
      #expect(identical(biasGradient.read(Float.self), db.read(Float.self)))
      #expect(
        [working, memory, forward, backward, result, found, weightGradient, biasGradient].allSatisfy { $0.isIntact })
    }
  }

  @Test func withoutBias() {
    var conv = geometries[1].conv(sourceBlocked: false, destinationBlocked: false, relu: false)
    conv.batch = 1
    let x = [Float](repeating: 1, count: 6 * 196), w = [Float](repeating: 0.5, count: 16 * 150)
    var y = [Float](repeating: .nan, count: 1600), dw = w
    let scratch = Memory([UInt8](repeating: 0, count: apus_conv_scratch(&conv, 0, 1)))
    apus_conv_forward(&conv, x, w, nil, &y, scratch.base, 1)
    #expect(y.allSatisfy { $0 == 75 })
    let more = Memory([UInt8](repeating: 0, count: apus_conv_scratch(&conv, 2, 1)))
    apus_conv_backward_weights(&conv, x, y, &dw, nil, more.base, 1)
    #expect(dw.allSatisfy { $0 == 7500 })
  }

  @Test func refusals() {
    var conv = geometries[0].conv(sourceBlocked: false, destinationBlocked: true, relu: false)
    #expect(apus_conv_supported(&conv, 3) == 0)
    conv.stride_h = 0
    #expect(apus_conv_supported(&conv, 0) == 0)
    conv.stride_h = 1
    (conv.in_channels, conv.out_channels) = (4096, 4096)
    #expect(apus_conv_supported(&conv, 2) == 0)
  }

  /// NaN in the input reaches exactly the outputs that read it, through ReLU too.
  @Test func notANumber() {
    var conv = geometries[0].conv(sourceBlocked: false, destinationBlocked: false, relu: true)
    conv.batch = 1
    var x = [Float](repeating: 1, count: 784), y = [Float](repeating: 0, count: 6 * 784)
    x[10 * 28 + 12] = .nan
    let w = [Float](repeating: -1, count: 150)
    let scratch = Memory([UInt8](repeating: 0, count: apus_conv_scratch(&conv, 0, 1)))
    apus_conv_forward(&conv, x, w, nil, &y, scratch.base, 1)
    for i in y.indices {
      let (row, column) = (i % 784 / 28, i % 28)
      #expect(y[i].isNaN == ((8...12).contains(row) && (10...14).contains(column)))
      #expect(y[i].isNaN || y[i] == 0)
    }
  }
}
