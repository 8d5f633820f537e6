// SPDX-License-Identifier: Apache-2.0
//
// Fused programs beyond single operations: layouts, conversions, sharing of memory, threads.
import CKernels
import Testing

@Suite struct FusedProgramTests {
  /// relu(a * s + b) - a, with a scalar on either side, over every size and thread count.
  @Test(arguments: sizes) func chain(size: Int) {
    var random = Randomness(1)
    let a: [Float] = random.values(size), b: [Float] = random.values(size)
    let program = Program(
      APUS_F32,
      [
        (APUS_OP_MUL, 4, 2, 0, 0), (APUS_OP_ADD, 4, 4, 1, 0), (APUS_OP_RELU, 5, 4, 0, 0), (APUS_OP_SUB, 5, 5, 0, 0),
        (APUS_OP_DIV, 5, 5, 3, 0),
      ],
      inputs: [APUS_F32, APUS_F32], scalars: 2, temps: 2, outputs: [5], extents: [size])
    let expected = (0..<size).map { i in (max(0.75 * a[i] + b[i], 0) - a[i]) / 3 }
    for threads in threadCounts {
      let (x, y, z) = (Memory(a), Memory(b), Memory(a.map { _ in Float(-9) }))
      program.run([x, y], [z], scalars: [Float(0.75), 3], threads: threads)
      #expect(identical(z.read(Float.self), expected))
      #expect(z.isIntact)
    }
  }

  @Test func nothingAndOneElement() {
    let add: [(op: apus_op, dst: Int, a: Int, b: Int, c: Int)] = [(APUS_OP_ADD, 1, 0, 0, 0)]
    let out = Memory([Double(7)])
    let x = Memory([Double(2.5)])
    Program(APUS_F64, add, inputs: [APUS_F64], temps: 1, outputs: [1], extents: [3, 0]).run([x], [out])
    #expect(out.read(Double.self) == [7])
    Program(APUS_F64, add, inputs: [APUS_F64], temps: 1, outputs: [1], extents: []).run([x], [out], threads: 2)
    #expect(out.read(Double.self) == [5])
  }

  /// Broadcast, transposed, reversed and sliced inputs, for inner extents below, at and above the tile.
  @Test(arguments: [[3, 5, 7], [2, 3, 512], [4, 1, 1300], [61, 9, 2], [1, 2000, 1]]) func strides(extents: [Int]) {
    let (n, m, k) = (extents[0], extents[1], extents[2])
    var random = Randomness(2)
    let layouts: [[Int]] = [
      [m * k, k, 1], [0, 0, 1], [0, 1, 0], [1, 0, 0], [1, n, n * m], [m * k, -k, -1], [2 * m * k, 2 * k, 2], [0, 0, 0],
      [m * (k + 3), k + 3, 1],
    ]
    for (index, layout) in layouts.enumerated() {
      let lowest = zip(extents, layout).reduce(0) { $0 + min(0, $1.1 * ($1.0 - 1)) }
      let highest = zip(extents, layout).reduce(0) { $0 + max(0, $1.1 * ($1.0 - 1)) }
      let source: [Float] = random.values(highest - lowest + 1), other: [Float] = random.values(n * m * k)
      let memory = Memory(source), plain = Memory(other)
      let program = Program(
        APUS_F32, [(APUS_OP_SUB, 2, 1, 0, 0)], inputs: [APUS_F32, APUS_F32], temps: 1, outputs: [2], extents: extents,
        strides: [layout, layouts[0]])
      var expected: [Float] = []
      for i in 0..<n {
        for j in 0..<m {
          for l in 0..<k {
            expected.append(
              other[(i * m + j) * k + l] - source[-lowest + i * layout[0] + j * layout[1] + l * layout[2]])
          }
        }
      }
      for threads in threadCounts {
        let result = Memory([Float](repeating: 0, count: n * m * k))
        program.run([memory, plain], [result], offsets: [-lowest * 4, 0], threads: threads)
        #expect(identical(result.read(Float.self), expected), "layout \(index), \(threads) threads")
        #expect(result.isIntact)
      }
    }
  }

  @Test func loadsConvert() {
    func check<T: KernelElement, C: KernelElement & BinaryFloatingPoint>(_ values: [T], as: C.Type, _ convert: (T) -> C)
    {
      for (count, stride) in [(values.count, 1), (values.count / 2, 2), (600, 0)] {
        let program = Program(
          C.dtype, [(APUS_OP_NEG, 1, 0, 0, 0)], inputs: [T.dtype], temps: 1, outputs: [1], extents: [count],
          strides: [[stride]])
        let result = Memory([C](repeating: C(), count: count))
        program.run([Memory(values)], [result])
        #expect(result.read(C.self) == (0..<count).map { -convert(values[$0 * stride]) })
      }
    }
    check([3, 0, 255, 7, 9, 1, 2, 128, 5] as [UInt8], as: Float.self) { Float($0) }
    check([3, -70_000_001, .max, .min, 0, 1, 2] as [Int32], as: Float.self) { Float($0) }
    check([3, -7, .max, .min, 1 << 53 + 1, 9] as [Int64], as: Double.self) { Double($0) }
    check([1.5, -2, .infinity, 1e-38, 5] as [Float], as: Double.self) { Double($0) }
    check([1.5, 0.1, 1e300, 1e-300, 5] as [Double], as: Float.self) { Float($0) }
  }

  @Test func storesConvert() {
    let values: [Double] = [
      0, -0.0, 0.9, -0.9, 1.5, -1.5, 255, 256, 1e10, -1e10, 1e30, -1e30, .nan, .infinity, -.infinity, 2_147_483_647.5,
      -2_147_483_648.5, 9.3e18, 127,
    ]
    func stored<T: KernelElement>(_ type: T.Type, _ dtype: apus_dtype) -> [T] {
      let out = Memory([T](repeating: T(), count: values.count))
      Program(APUS_F64, [], inputs: [APUS_F64], temps: 0, outputs: [0], outputTypes: [dtype], extents: [values.count])
        .run([Memory(values)], [out])
      #expect(out.isIntact)
      return out.read(T.self)
    }
    func saturated<T: FixedWidthInteger>(_ x: Double) -> T {
      x.isNaN ? 0 : x >= Double(T.max) ? .max : x <= Double(T.min) ? .min : T(x)
    }
    #expect(stored(Int32.self, APUS_I32) == values.map { saturated($0) })
    #expect(stored(Int64.self, APUS_I64) == values.map { saturated($0) })
    #expect(stored(UInt8.self, APUS_U8) == values.map { saturated($0) })
    #expect(stored(UInt8.self, APUS_BOOL) == values.map { $0 != 0 ? 1 : 0 })
    #expect(
      identical(stored(Float.self, APUS_F32).map { $0.isNaN ? -5 : $0 }, values.map { $0.isNaN ? -5 : Float($0) }))
  }

  /// The input is still needed after the first write to the temporary that is stored over it.
  @Test(arguments: [8, 513, 2048]) func inPlace(size: Int) {
    var random = Randomness(3)
    let a: [Float] = random.values(size)
    let program = Program(
      APUS_F32, [(APUS_OP_SQUARE, 1, 0, 0, 0), (APUS_OP_SUB, 1, 1, 0, 0)], inputs: [APUS_F32], temps: 1, outputs: [1],
      extents: [size])
    for threads in threadCounts {
      let memory = Memory(a)
      program.run([memory], [memory], threads: threads)
      #expect(identical(memory.read(Float.self), a.map { $0 * $0 - $0 }))
    }
  }

  /// Outputs that are inputs, stored over each other.
  @Test(arguments: [8, 513, 2048]) func swap(size: Int) {
    var random = Randomness(4)
    let a: [Double] = random.values(size), b: [Double] = random.values(size)
    let program = Program(
      APUS_F64, [(APUS_OP_ADD, 2, 0, 1, 0)], inputs: [APUS_F64, APUS_F64], temps: 1, outputs: [1, 0, 2],
      extents: [size])
    let (x, y, z) = (Memory(a), Memory(b), Memory(a))
    program.run([x, y], [x, y, z], threads: 2)
    #expect(x.read(Double.self) == b)
    #expect(y.read(Double.self) == a)
    #expect(z.read(Double.self) == zip(a, b).map { $0 + $1 })
  }

  @Test func constantsAndRepeatedOutputs() {
    let size = 777
    var random = Randomness(5)
    let a: [Float] = random.values(size)
    let program = Program(
      APUS_F32, [(APUS_OP_ADD, 2, 1, 1, 0), (APUS_OP_MUL, 3, 0, 2, 0)], inputs: [APUS_F32], scalars: 1, temps: 2,
      outputs: [1, 3, 3, 0], outputTypes: [APUS_F32, APUS_F32, APUS_I32, APUS_F64], extents: [size])
    let results = [
      Memory([Float](repeating: 0, count: size)), Memory([Float](repeating: 0, count: size)),
      Memory([Int32](repeating: 0, count: size)), Memory([Double](repeating: 0, count: size)),
    ]
    program.run([Memory(a)], results, scalars: [Float(20.5)], threads: 3)
    #expect(results[0].read(Float.self) == [Float](repeating: 20.5, count: size))
    #expect(results[1].read(Float.self) == a.map { $0 * 41 })
    #expect(results[2].read(Int32.self) == a.map { Int32($0 * 41) })
    #expect(results[3].read(Double.self) == a.map { Double($0) })
  }

  /// More registers than the stack arena holds.
  @Test func manyTemporaries() {
    let size = 1000, temps = 60
    var random = Randomness(6)
    let a: [Double] = random.values(size)
    var instructions: [(op: apus_op, dst: Int, a: Int, b: Int, c: Int)] = [(APUS_OP_COPY, 1, 0, 0, 0)]
    for t in 1..<temps { instructions.append((t % 2 == 0 ? APUS_OP_ADD : APUS_OP_MUL, t + 1, t, 0, 0)) }
    let program = Program(
      APUS_F64, instructions, inputs: [APUS_F64], temps: temps, outputs: [temps, 2], extents: [size])
    let results = [Memory(a), Memory(a)]
    program.run([Memory(a)], results)
    let expected = a.map { x in (1..<temps).reduce(x) { $1 % 2 == 0 ? $0 + x : $0 * x } }
    #expect(identical(results[0].read(Double.self), expected))
    #expect(identical(results[1].read(Double.self), a.map { $0 * $0 }))
  }

  /// Momentum updates of differently sized parameters in one call, in place.
  @Test(arguments: threadCounts) func runMany(threads: Int) {
    let sizes = [3, 0, 512, 1025, 40_000, 1]
    var random = Randomness(7)
    let parameters: [[Float]] = sizes.map { random.values($0) }, gradients: [[Float]] = sizes.map { random.values($0) }
    let velocities: [[Float]] = sizes.map { random.values($0) }
    let programs = sizes.map { size in
      Program(
        APUS_F32, [(APUS_OP_MULADD, 5, 1, 3, 2), (APUS_OP_MUL, 6, 5, 4, 0), (APUS_OP_SUB, 6, 0, 6, 0)],
        inputs: [APUS_F32, APUS_F32, APUS_F32], scalars: 2, temps: 2, outputs: [6, 5], extents: [size])
    }
    let p = parameters.map { Memory($0) }, g = gradients.map { Memory($0) }, v = velocities.map { Memory($0) }
    let scalars = sizes.indices.map { Memory([Float(0.9), Float($0 + 1) * 0.01]) }
    var inputs: [UnsafeMutablePointer<UnsafeMutableRawPointer?>] = [], outputs = inputs
    for i in sizes.indices {
      inputs.append(.allocate(capacity: 3))
      outputs.append(.allocate(capacity: 2))
      inputs[i].initialize(from: [p[i].base, v[i].base, g[i].base], count: 3)
      outputs[i].initialize(from: [p[i].base, v[i].base], count: 2)
    }
    defer { for pointer in inputs + outputs { pointer.deallocate() } }
    apus_fused_run_many(
      programs.map { UnsafePointer($0.fused) }, Int32(sizes.count), inputs.map { UnsafePointer($0) },
      outputs.map { UnsafePointer($0) }, scalars.map { UnsafeRawPointer($0.base) }, Int32(threads))
    for i in sizes.indices {
      let velocity = zip(velocities[i], gradients[i]).map { 0.9 * $0 + $1 }
      let rate = Float(i + 1) * 0.01
      #expect(identical(v[i].read(Float.self), velocity))
      #expect(identical(p[i].read(Float.self), zip(parameters[i], velocity).map { $0 - $1 * rate }))
      #expect(p[i].isIntact && v[i].isIntact)
    }
  }
}
