// SPDX-License-Identifier: Apache-2.0
//
// What the kernel tests share: random values, comparison, and a Swift face for fused programs.
import CKernels

/// SplitMix64: small, seedable, and not the generator under test.
struct Randomness {
  var state: UInt64
  init(_ seed: UInt64) { state = seed }

  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var z = state
    z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
    return z ^ (z >> 31)
  }

  /// Uniform in [-scale, scale).
  mutating func value(_ scale: Double = 1) -> Double {
    (Double(next() >> 11) * 0x1p-53 * 2 - 1) * scale
  }

  mutating func values<T: BinaryFloatingPoint>(_ count: Int, scale: Double = 1) -> [T] {
    (0..<count).map { _ in T(value(scale)) }
  }
}

/// Same value, or both NaN.
func same<T: BinaryFloatingPoint>(_ a: T, _ b: T) -> Bool { a == b || (a.isNaN && b.isNaN) }

/// Same bits, so that 0 and -0 differ.
func identical<T>(_ a: [T], _ b: [T]) -> Bool {
  a.count == b.count
    && a.withUnsafeBytes { x in b.withUnsafeBytes { y in x.elementsEqual(y) } }
}

/// The number of places where values are further apart than the tolerance allows.
func mismatches<T: BinaryFloatingPoint>(_ a: [T], _ b: [T], relative: T = 0, absolute: T = 0) -> Int {
  guard a.count == b.count else { return max(a.count, b.count) }
  var count = 0
  for (x, y) in zip(a, b) where !same(x, y) {
    if !((x - y).magnitude <= absolute + relative * y.magnitude) { count += 1 }
  }
  return count
}

protocol KernelElement {
  static var dtype: apus_dtype { get }
  init()
}
extension Float: KernelElement { static var dtype: apus_dtype { APUS_F32 } }
extension Double: KernelElement { static var dtype: apus_dtype { APUS_F64 } }
extension Int32: KernelElement { static var dtype: apus_dtype { APUS_I32 } }
extension Int64: KernelElement { static var dtype: apus_dtype { APUS_I64 } }
extension UInt8: KernelElement { static var dtype: apus_dtype { APUS_U8 } }

/// Memory that a test hands to C and reads back; freed with the box. The bytes after the end are watched.
final class Memory {
  static let guardByte: UInt8 = 0xA5
  let base: UnsafeMutableRawPointer
  let byteCount: Int

  init<T>(_ values: [T]) {
    byteCount = values.count * MemoryLayout<T>.stride
    base = .allocate(byteCount: byteCount + 64, alignment: 64)
    base.initializeMemory(as: UInt8.self, repeating: Memory.guardByte, count: byteCount + 64)
    values.withUnsafeBytes { base.copyMemory(from: $0.baseAddress ?? UnsafeRawPointer(base), byteCount: byteCount) }
  }

  deinit { base.deallocate() }

  func read<T>(_ type: T.Type) -> [T] {
    Array(UnsafeRawBufferPointer(start: base, count: byteCount).bindMemory(to: T.self))
  }

  /// Whether nothing was written behind the end.
  var isIntact: Bool {
    UnsafeRawBufferPointer(start: base + byteCount, count: 64).allSatisfy { $0 == Memory.guardByte }
  }
}

/// A fused program in Swift arrays, kept together with the pointers C wants.
final class Program {
  let fused: UnsafeMutablePointer<apus_fused>
  private var owned: [UnsafeMutableRawPointer] = []

  init(
    _ dtype: apus_dtype, _ instructions: [(op: apus_op, dst: Int, a: Int, b: Int, c: Int)], inputs: [apus_dtype],
    scalars: Int = 0, temps: Int, outputs: [Int], outputTypes: [apus_dtype]? = nil, extents: [Int],
    strides: [[Int]]? = nil
  ) {
    fused = .allocate(capacity: 1)
    var contiguous = [Int](repeating: 1, count: extents.count)
    for d in extents.indices.dropLast().reversed() { contiguous[d] = contiguous[d + 1] * extents[d + 1] }
    let allStrides = strides ?? inputs.map { _ in contiguous }
    var program = apus_fused()
    program.dtype = Int32(dtype.rawValue)
    program.input_count = Int32(inputs.count)
    program.scalar_count = Int32(scalars)
    program.temp_count = Int32(temps)
    program.output_count = Int32(outputs.count)
    program.instruction_count = Int32(instructions.count)
    program.rank = Int32(extents.count)
    program.instructions = keep(
      instructions.map {
        apus_instruction(
          op: UInt16($0.op.rawValue), dst: UInt16($0.dst), a: UInt16($0.a), b: UInt16($0.b), c: UInt16($0.c))
      })
    program.outputs = keep(outputs.map { UInt16($0) })
    program.input_dtypes = keep(inputs.map { Int32($0.rawValue) })
    program.output_dtypes = keep((outputTypes ?? outputs.map { _ in dtype }).map { Int32($0.rawValue) })
    program.extents = keep(extents.map { Int64($0) })
    program.strides = keep(allStrides.flatMap { $0.map { Int64($0) } })
    fused.initialize(to: program)
  }

  deinit {
    fused.deallocate()
    for memory in owned { memory.deallocate() }
  }

  private func keep<T>(_ values: [T]) -> UnsafePointer<T> {
    let memory = UnsafeMutablePointer<T>.allocate(capacity: max(values.count, 1))
    memory.initialize(from: values, count: values.count)
    owned.append(memory)
    return UnsafePointer(memory)
  }

  /// offsets: where each input's element 0 lies in its memory, in bytes.
  func run(_ inputs: [Memory], _ outputs: [Memory], offsets: [Int]? = nil, threads: Int = 1) {
    run(inputs, outputs, scalars: [Float](), offsets: offsets, threads: threads)
  }

  func run<T: BitwiseCopyable>(
    _ inputs: [Memory], _ outputs: [Memory], scalars: [T], offsets: [Int]? = nil, threads: Int = 1
  ) {
    let starts: [UnsafeMutableRawPointer?] = inputs.indices.map { inputs[$0].base + (offsets?[$0] ?? 0) }
    withExtendedLifetime((inputs, outputs)) {
      apus_fused_run(fused, starts, outputs.map { Optional($0.base) }, scalars, Int32(threads))
    }
  }

  func reduce<T: KernelElement & BitwiseCopyable>(
    _ type: T.Type, _ inputs: [Memory], _ kind: apus_reduction, _ shape: (Int, Int, Int), scalars: [T] = [],
    threads: Int = 1
  ) -> [T] {
    let output = Memory([T](repeating: T(), count: shape.0 * shape.2))
    withExtendedLifetime(inputs) {
      apus_fused_reduce(
        fused, inputs.map { Optional($0.base) }, output.base, scalars, kind, Int64(shape.0), Int64(shape.1),
        Int64(shape.2), Int32(threads))
    }
    return output.read(T.self)
  }
}

/// Sizes around the vector widths and the tile, and one of many tiles.
let sizes = [1, 7, 8, 9, 511, 512, 513, 5000]
let threadCounts = [1, 2, 3, 5]
