// SPDX-License-Identifier: Apache-2.0
//
// Steps of LSTM and GRU against their formulas in double, and gradients against differences of them.
import CKernels
import Foundation
import Testing

private func sigmoid(_ x: Double) -> Double { 1 / (1 + exp(-x)) }

@Suite struct RecurrentTests {
  private func check<T: BinaryFloatingPoint & KernelElement>(_ type: T.Type, units: Int, tolerance: T) {
    let rows = 5
    var random = Randomness(83)
    for gates in [4, 3] {
      let isLSTM = gates == 4
      let x: [T] = random.values(rows * gates * units, scale: 4), r: [T] = random.values(rows * gates * units, scale: 2)
      let before: [T] = random.values(rows * units, scale: 2)
      let dh: [T] = random.values(rows * units), dc: [T] = random.values(rows * units)
      var (h, c, found) = (before, before, x)
      var (dx, ds, dbefore) = (x, x, before)
      for place in before.indices {
        func at(_ values: [T], _ gate: Int) -> Double { Double(values[index(gate)]) }
        func index(_ gate: Int) -> Int { (place / units * gates + gate) * units + place % units }
        let (p, gh, gc) = (Double(before[place]), Double(dh[place]), Double(dc[place]))
        if isLSTM {
          let (i, f) = (sigmoid(at(x, 0) + at(r, 0)), sigmoid(at(x, 1) + at(r, 1)))
          let (g, o) = (tanh(at(x, 2) + at(r, 2)), sigmoid(at(x, 3) + at(r, 3)))
          let state = f * p + i * g
          let total = gc + gh * o * (1 - tanh(state) * tanh(state))
          (h[place], c[place]) = (T(o * tanh(state)), T(state))
          for (gate, value) in [i, f, g, o].enumerated() { found[index(gate)] = T(value) }
          let sums = [
            total * g * i * (1 - i), total * p * f * (1 - f), total * i * (1 - g * g), gh * tanh(state) * o * (1 - o),
          ]
          for (gate, value) in sums.enumerated() { dx[index(gate)] = T(value) }
          dbefore[place] = T(total * f)
        } else {
          let (reset, z) = (sigmoid(at(x, 0) + at(r, 0)), sigmoid(at(x, 1) + at(r, 1)))
          let n = tanh(at(x, 2) + reset * at(r, 2))
          h[place] = T(n + z * (p - n))
          for (gate, value) in [reset, z, n].enumerated() { found[index(gate)] = T(value) }
          let ofN = gh * (1 - z) * (1 - n * n)
          let sums = [ofN * at(r, 2) * reset * (1 - reset), gh * (p - n) * z * (1 - z), ofN]
          for (gate, value) in sums.enumerated() {
            dx[index(gate)] = T(value)
            ds[index(gate)] = T(gate == 2 ? value * reset : value)
          }
          dbefore[place] = T(gh * z)
        }
      }
      for threads in threadCounts {
        func empty(_ values: [T]) -> Memory { Memory(values.map { _ in T.nan }) }
        let (mx, mr, mp, mdh, mdc) = (Memory(x), Memory(r), Memory(before), Memory(dh), Memory(dc))
        let (mh, mc, mg) = (empty(h), empty(c), empty(x))
        let (mdx, mds, mdp) = (empty(x), empty(x), empty(before))
        let (n, u, t) = (Int64(rows), Int64(units), Int32(threads))
        if isLSTM {
          apus_lstm_step(T.dtype, mx.base, mr.base, mp.base, mh.base, mc.base, mg.base, n, u, t)
          apus_lstm_step_backward(
            T.dtype, mg.base, mp.base, mc.base, mdh.base, mdc.base, mdx.base, mdp.base, n, u, t)
        } else {
          apus_gru_step(T.dtype, mx.base, mr.base, mp.base, mh.base, mg.base, n, u, t)
          apus_gru_step_backward(
            T.dtype, mg.base, mr.base, mp.base, mdh.base, mdx.base, mds.base, mdp.base, n, u, t)
        }
        let pairs: [(Memory, [T])] =
          [(mh, h), (mg, found), (mdx, dx), (mdp, dbefore)] + (isLSTM ? [(mc, c)] : [(mds, ds)])
        for (memory, expected) in pairs {
          #expect(mismatches(memory.read(T.self), expected, absolute: tolerance) == 0)
          #expect(memory.isIntact)
        }
      }
    }
  }

  @Test(arguments: [1, 3, 16, 17, 128, 130, 300]) func steps(units: Int) {
    check(Float.self, units: units, tolerance: 4e-6)
    check(Double.self, units: units, tolerance: 1e-14)
  }

  /// The gates i and g of a step are sigmoid and tanh of x: within 2.5 units in the last place, over all magnitudes.
  @Test func sigmoidAndTanh() {
    var random = Randomness(29)
    func check<T: BinaryFloatingPoint & KernelElement>(_ type: T.Type, least: Double) {
      let units = 4096
      for scale in [0.3, 3, 20, 0.9 * least] {
        let values: [T] = random.values(units, scale: scale)
        let xs = values.enumerated().map { $0 % 4 == 0 ? $1 * T(exp2(-Double($0 / 64))) : $1 }
        let x = Memory(xs + values.map { _ in 0 } + xs + values.map { _ in 0 })
        let (r, before) = (Memory([T](repeating: 0, count: 4 * units)), Memory([T](repeating: 0, count: units)))
        let (h, c, gates) = (Memory(xs), Memory(xs), Memory([T](repeating: .nan, count: 4 * units)))
        apus_lstm_step(T.dtype, x.base, r.base, before.base, h.base, c.base, gates.base, 1, Int64(units), 1)
        let found = gates.read(T.self)
        func most(_ gate: Int, _ wanted: (Double) -> Double) -> Double {
          let errors = xs.enumerated().map { place, x in
            abs(Double(found[gate * units + place]) - wanted(Double(x))) / Double(T(wanted(Double(x))).ulp)
          }
          return errors.allSatisfy(\.isFinite) ? errors.max() ?? 0 : .infinity
        }
        // What the C library is off in f64 comes on top.
        let limit = T.self == Float.self ? 2.5 : 3.5
        #expect(most(0) { $0 < 0 ? exp($0) / (1 + exp($0)) : sigmoid($0) } <= limit, "sigmoid up to \(scale)")
        #expect(most(2) { tanh($0) } <= limit, "tanh up to \(scale)")
      }
    }
    check(Float.self, least: 87)
    check(Double.self, least: 708)
  }

  @Test func sigmoidAndTanhOfWhatIsNoOrdinaryNumber() {
    func check<T: BinaryFloatingPoint & KernelElement>(_ type: T.Type) {
      let xs: [T] = [.nan, .infinity, -.infinity, 0, T(-1e4), T(1e4), .leastNonzeroMagnitude]
      let zeros = xs.map { _ in T(0) }
      let (x, r) = (Memory(xs + zeros + xs + zeros), Memory([T](repeating: 0, count: 4 * xs.count)))
      let (before, h, c, gates) = (Memory(zeros), Memory(zeros), Memory(zeros), Memory(xs + xs + xs + xs))
      apus_lstm_step(T.dtype, x.base, r.base, before.base, h.base, c.base, gates.base, 1, Int64(xs.count), 1)
      let found = gates.read(T.self)
      #expect(found[0].isNaN && found[14].isNaN)
      #expect(Array(found[15..<21]) == [1, -1, 0, -1, 1, .leastNonzeroMagnitude])
      #expect([found[1], found[3], found[5], found[6]] == [1, 0.5, 1, 0.5])
      #expect(found[2] >= 0 && found[2] < 2e-38 && found[4] == found[2])
    }
    check(Float.self)
    check(Double.self)
  }

  /// All steps at once, beside products in double and the formulas of single steps, for threads that share the units.
  @Test(arguments: [1, 2, 3, 13], [false, true]) func loops(rows: Int, isReversed: Bool) {
    checkLoop(Float.self, rows: rows, isReversed: isReversed, tolerance: 1e-5)
    checkLoop(Double.self, rows: rows, isReversed: isReversed, tolerance: 1e-13)
  }

  private func inner(_ a: [Double], _ first: Int, _ b: [Double], _ other: Int, _ count: Int) -> Double {
    a.withUnsafeBufferPointer { a in
      b.withUnsafeBufferPointer { b in
        var (sum, place) = (0.0, 0)
        while place < count {
          sum += a[first + place] * b[other + place]
          place += 1
        }
        return sum
      }
    }
  }

  private func checkLoop<T: BinaryFloatingPoint & KernelElement>(
    _ type: T.Type, rows: Int, isReversed: Bool, tolerance: T
  ) {
    var random = Randomness(41)
    let group = Int(apus_lstm_loop_group(T.dtype))
    // One group, groups that threads cannot share evenly, and more terms than one pass of a product sums.
    let large = rows < 13 && !isReversed ? [(260 + group - 1) / group * group] : []
    for units in [group, 3 * group] + large {
      let (steps, size) = (units < 256 ? 3 : 2, rows * units)
      let x: [T] = random.values(steps * 4 * size, scale: 2), w: [T] = random.values(4 * units * units, scale: 0.2)
      let exact = w.map { Double($0) }
      let starts: [[T]] = [random.values(size), random.values(size)]
      var (h, c) = (starts[0].map { Double($0) }, starts[1].map { Double($0) })
      let empty = [T](repeating: .nan, count: steps * size)
      var (hs, cs, hsBefore, csBefore, gates) = (empty, empty, empty, empty, empty + empty + empty + empty)
      for step in 0..<steps {
        let time = isReversed ? steps - 1 - step : step
        let before = (h, c)
        for place in 0..<size {
          let (row, unit) = (place / units, place % units)
          let sums = (0..<4).map { gate in
            Double(x[((time * rows + row) * 4 + gate) * units + unit])
              + inner(exact, (gate * units + unit) * units, before.0, row * units, units)
          }
          let found = [sigmoid(sums[0]), sigmoid(sums[1]), tanh(sums[2]), sigmoid(sums[3])]
          c[place] = found[1] * before.1[place] + found[0] * found[2]
          h[place] = found[3] * tanh(c[place])
          for (gate, value) in found.enumerated() { gates[((time * rows + row) * 4 + gate) * units + unit] = T(value) }
          let stacked = time * size + place
          (hs[stacked], cs[stacked]) = (T(h[place]), T(c[place]))
          (hsBefore[stacked], csBefore[stacked]) = (T(before.0[place]), T(before.1[place]))
        }
      }
      let (n, k) = (Int64(4 * units), Int64(units))
      let count = T.self == Float.self ? apus_gemm_packed_count_f32(n, k) : apus_gemm_packed_count_f64(n, k)
      let (mx, mw, packed) = (Memory(x), Memory(w), Memory([T](repeating: .nan, count: Int(count))))
      if T.self == Float.self {
        apus_gemm_pack_f32(
          1, n, k, mw.base.assumingMemoryBound(to: Float.self), k, packed.base.assumingMemoryBound(to: Float.self), 1)
      } else {
        apus_gemm_pack_f64(
          1, n, k, mw.base.assumingMemoryBound(to: Double.self), k, packed.base.assumingMemoryBound(to: Double.self), 1)
      }
      let (mh0, mc0) = (Memory(starts[0]), Memory(starts[1]))
      for threads in threadCounts {
        for keeps in [true, false] {
          let (ends, stacks) = ((Memory(starts[0]), Memory(starts[1])), (0..<4).map { _ in Memory(empty) })
          let (mg, scratch) = (Memory(gates.map { _ in T.nan }), Memory([T](repeating: .nan, count: 4 * size)))
          var loop = apus_lstm_loop(
            steps: Int64(steps), rows: Int64(rows), units: k, reversed: isReversed ? 1 : 0, x: mx.base,
            weights: packed.base, first_h: mh0.base, first_c: mc0.base, last_h: ends.0.base, last_c: ends.1.base,
            gates: keeps ? mg.base : nil, h: keeps ? stacks[0].base : nil, c: keeps ? stacks[1].base : nil,
            h_before: keeps ? stacks[2].base : nil, c_before: keeps ? stacks[3].base : nil, scratch: scratch.base)
          apus_lstm_loop_run(T.dtype, &loop, Int32(threads))
          var pairs = [(ends.0, h.map { T($0) }), (ends.1, c.map { T($0) })]
          if keeps { pairs += zip([mg] + stacks, [gates, hs, cs, hsBefore, csBefore]).map { ($0, $1) } }
          for (memory, expected) in pairs {
            #expect(mismatches(memory.read(T.self), expected, absolute: tolerance) == 0, "\(units) units")
            #expect(memory.isIntact)
          }
          #expect(scratch.isIntact)
        }
      }
    }
  }
}
