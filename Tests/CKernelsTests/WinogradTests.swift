// SPDX-License-Identifier: Apache-2.0
//
// Winograd's convolution against nested loops in double.
import CKernels
import Testing

private struct Problem: Sendable, CustomTestStringConvertible {
  var name: String
  var batch: Int, channels: (Int, Int), input: (Int, Int), pad: (low: (Int, Int), high: (Int, Int))
  var testDescription: String { name }

  var output: (Int, Int) { (input.0 + pad.low.0 + pad.high.0 - 2, input.1 + pad.low.1 + pad.high.1 - 2) }
  var inputShape: [Int] { [batch, channels.0, input.0, input.1] }
  var outputShape: [Int] { [batch, channels.1, output.0, output.1] }

  func c(reversed: Bool, relu: Bool) -> apus_winograd {
    apus_winograd(
      batch: Int64(batch), in_channels: Int64(channels.0), in_height: Int64(input.0), in_width: Int64(input.1),
      out_channels: Int64(channels.1), out_height: Int64(output.0), out_width: Int64(output.1),
      pad_top: Int64(pad.low.0), pad_left: Int64(pad.low.1), relu: relu ? 1 : 0,
      out_step: Int64(reversed ? 9 : channels.0 * 9), in_step: Int64(reversed ? channels.1 * 9 : 9),
      reversed: reversed ? 1 : 0, prepared: 0)
  }

  /// Where the weight of a tap lies: reversed problems read the weights of the convolution whose gradient they are.
  func weight(_ o: Int, _ c: Int, _ tap: Int, reversed: Bool) -> Int {
    reversed ? (c * channels.1 + o) * 9 + 8 - tap : (o * channels.0 + c) * 9 + tap
  }

  func forEachProduct(reversed: Bool, _ body: (_ source: Int, _ weight: Int, _ destination: Int) -> Void) {
    for n in 0..<batch {
      for o in 0..<channels.1 {
        for y in 0..<output.0 {
          for x in 0..<output.1 {
            let destination = place(0, channels.1, output.0, output.1, n, o, y, x)
            for c in 0..<channels.0 {
              for tap in 0..<9 {
                let (row, column) = (y - pad.low.0 + tap / 3, x - pad.low.1 + tap % 3)
                guard (0..<input.0).contains(row), (0..<input.1).contains(column) else { continue }
                body(
                  place(0, channels.0, input.0, input.1, n, c, row, column),
                  weight(o, c, tap, reversed: reversed), destination)
              }
            }
          }
        }
      }
    }
  }
}

private let problems: [Problem] = [
  .init(name: "whole tiles", batch: 2, channels: (16, 32), input: (8, 8), pad: ((1, 1), (1, 1))),
  .init(name: "odd sizes", batch: 3, channels: (20, 13), input: (7, 11), pad: ((1, 1), (1, 1))),
  .init(name: "no padding", batch: 1, channels: (5, 40), input: (9, 6), pad: ((0, 0), (0, 0))),
  .init(name: "uneven padding", batch: 1, channels: (33, 7), input: (6, 14), pad: ((2, 0), (1, 2))),
  .init(name: "several groups", batch: 1, channels: (8, 8), input: (61, 62), pad: ((1, 1), (1, 1))),
  .init(name: "one pixel", batch: 1, channels: (1, 1), input: (1, 1), pad: ((1, 1), (1, 1))),
]

@Suite struct WinogradTests {
  @Test(arguments: problems, [false, true]) fileprivate func bothDirections(_ p: Problem, reversed: Bool) {
    var random = Randomness(71)
    let source: [Float] = random.values(p.inputShape.reduce(1, *))
    let gradient: [Float] = random.values(p.outputShape.reduce(1, *))
    let weights: [Float] = random.values(p.channels.0 * p.channels.1 * 9), bias: [Float] = random.values(p.channels.1)
    let pixels = p.output.0 * p.output.1
    var output = gradient.indices.map { Double(bias[$0 / pixels % p.channels.1]) }
    var weightsGradient = weights.map { _ in 0.0 }, biasGradient = bias.map { _ in 0.0 }
    p.forEachProduct(reversed: reversed) { s, w, d in
      output[d] += Double(source[s]) * Double(weights[w])
      weightsGradient[w] += Double(gradient[d]) * Double(source[s])
    }
    for (i, x) in gradient.enumerated() { biasGradient[i / pixels % p.channels.1] += Double(x) }
    // 1e-4 of the root mean square of a sum of as many products of values of variance 1/3 (Numerics.md): the
    // roundings that the transforms' large numbers cost differ between machines with and without fused sums.
    let forwardError = 1e-4 / 3 * Float(9 * p.channels.0).squareRoot()
    let backwardError = 1e-4 / 3 * Float(p.batch * pixels).squareRoot()

    let block = Int(apus_winograd_block())
    let added: [Float] = random.values(gradient.count)
    for (relu, adds) in [(false, false), (true, false), (true, true)] {
      var problem = p.c(reversed: reversed, relu: relu)
      let sums = adds ? zip(output, added).map { $0 + Double($1) } : output
      let expected = sums.map { Float(relu ? max($0, 0) : $0) }
      var first: [[Float]] = []
      for threads in threadCounts {
        let x = Memory(laidOut(source, block, p.inputShape)), w = Memory(weights), b = Memory(bias)
        let y = Memory(laidOut(expected, block, p.outputShape).map { _ in Float.nan })
        let dy = Memory(laidOut(gradient, block, p.outputShape))
        let dw = Memory(weights.map { _ in Float.nan }), db = Memory(bias.map { _ in Float.nan })
        func floats(_ memory: Memory) -> UnsafeMutablePointer<Float> {
          memory.base.assumingMemoryBound(to: Float.self)
        }
        let scratch = Memory([UInt8](repeating: 7, count: Int(apus_winograd_scratch(&problem, Int32(threads)))))
        let other = Memory(laidOut(added, block, p.outputShape))
        apus_winograd_forward(
          &problem, floats(x), floats(w), floats(b), adds ? floats(other) : nil, floats(y), scratch.base, Int32(threads)
        )
        // The same bits from weights transformed beforehand, over the added values themselves.
        let transformed = Memory([Float](repeating: .nan, count: Int(apus_winograd_weight_floats(&problem))))
        apus_winograd_prepare(&problem, floats(w), floats(transformed), Int32(threads))
        problem.prepared = 1
        let less = Memory([UInt8](repeating: 7, count: Int(apus_winograd_scratch(&problem, Int32(threads)))))
        let again = adds ? other : Memory(laidOut(expected, block, p.outputShape).map { _ in Float.nan })
        apus_winograd_forward(
          &problem, floats(x), floats(transformed), floats(b), adds ? floats(other) : nil, floats(again), less.base,
          Int32(threads))
        problem.prepared = 0
        #expect(identical(again.read(Float.self), y.read(Float.self)))
        #expect([transformed, less, again].allSatisfy { $0.isIntact })
        let backward = Memory([UInt8](repeating: 7, count: Int(apus_winograd_weights_scratch(&problem))))
        apus_winograd_backward_weights(
          &problem, floats(x), floats(dy), floats(dw), floats(db), backward.base, Int32(threads))
        #expect([y, dw, db, scratch, backward].allSatisfy { $0.isIntact })
        let results = [y.read(Float.self), dw.read(Float.self), db.read(Float.self)]
        if first.isEmpty { first = results }
        #expect(zip(results, first).allSatisfy { identical($0, $1) })
      }
      #expect(mismatches(first[0], laidOut(expected, block, p.outputShape), absolute: forwardError) == 0)
      #expect(mismatches(first[1], weightsGradient.map { Float($0) }, absolute: backwardError) == 0)
      #expect(mismatches(first[2], biasGradient.map { Float($0) }, absolute: backwardError) == 0)
    }
  }

  @Test func withoutBias() {
    let p = problems[0]
    var problem = p.c(reversed: false, relu: false)
    let source = [Float](repeating: 1, count: p.inputShape.reduce(1, *))
    let weights = [Float](repeating: 0.5, count: p.channels.0 * p.channels.1 * 9)
    let block = Int(apus_winograd_block())
    let x = Memory(laidOut(source, block, p.inputShape)), w = Memory(weights)
    let y = Memory([Float](repeating: .nan, count: p.outputShape.reduce(1, *)))
    let scratch = Memory([UInt8](repeating: 7, count: Int(apus_winograd_scratch(&problem, 1))))
    apus_winograd_forward(
      &problem, x.base.assumingMemoryBound(to: Float.self), w.base.assumingMemoryBound(to: Float.self), nil, nil,
      y.base.assumingMemoryBound(to: Float.self), scratch.base, 1)
    // In the middle of the image every tap counts: 16 channels of 9 halves.
    let middle = y.read(Float.self)[place(block, p.channels.1, 8, 8, 1, 3, 4, 4)]
    #expect(abs(middle - 72) < 1e-3)
  }
}
