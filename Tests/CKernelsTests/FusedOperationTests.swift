// SPDX-License-Identifier: Apache-2.0
//
// Every operation of fused programs against libm and plain Swift, in both compute types.
import CKernels
import Foundation
import Testing

/// How close a result must be: exactly the same, or within so many units in the last place of the double result.
private enum Accuracy {
  case exact
  case ulps(Double)
}

private struct Operation: Sendable, CustomTestStringConvertible {
  let op: apus_op
  let name: String
  let arity: Int
  let accuracy: Accuracy
  let function: @Sendable (Double, Double, Double) -> Double
  var testDescription: String { name }

  init(
    _ op: apus_op, _ name: String, _ arity: Int, _ accuracy: Accuracy,
    _ function: @escaping @Sendable (Double, Double, Double) -> Double
  ) {
    (self.op, self.name, self.arity, self.accuracy, self.function) = (op, name, arity, accuracy, function)
  }
}

private func bit(_ condition: Bool) -> Double { condition ? 1 : 0 }

private let operations: [Operation] = [
  .init(APUS_OP_COPY, "copy", 1, .exact) { a, _, _ in a },
  .init(APUS_OP_NEG, "neg", 1, .exact) { a, _, _ in -a },
  .init(APUS_OP_ABS, "abs", 1, .exact) { a, _, _ in a.magnitude },
  .init(APUS_OP_SIGN, "sign", 1, .exact) { a, _, _ in a.isNaN ? a : a > 0 ? 1 : a < 0 ? -1 : 0 },
  .init(APUS_OP_EXP, "exp", 1, .ulps(1.01)) { a, _, _ in exp(a) },
  .init(APUS_OP_EXPM1, "expm1", 1, .ulps(1.01)) { a, _, _ in expm1(a) },
  .init(APUS_OP_LOG, "log", 1, .ulps(1.01)) { a, _, _ in log(a) },
  .init(APUS_OP_LOG1P, "log1p", 1, .ulps(1.01)) { a, _, _ in log1p(a) },
  .init(APUS_OP_SQRT, "sqrt", 1, .ulps(0.5001)) { a, _, _ in a.squareRoot() },
  .init(APUS_OP_RSQRT, "rsqrt", 1, .ulps(1.6)) { a, _, _ in 1 / a.squareRoot() },
  .init(APUS_OP_RECIPROCAL, "reciprocal", 1, .ulps(0.5001)) { a, _, _ in 1 / a },
  .init(APUS_OP_SIN, "sin", 1, .ulps(1.01)) { a, _, _ in sin(a) },
  .init(APUS_OP_COS, "cos", 1, .ulps(1.01)) { a, _, _ in cos(a) },
  .init(APUS_OP_TAN, "tan", 1, .ulps(1.01)) { a, _, _ in tan(a) },
  .init(APUS_OP_TANH, "tanh", 1, .ulps(1.01)) { a, _, _ in tanh(a) },
  .init(APUS_OP_SIGMOID, "sigmoid", 1, .ulps(2.5)) { a, _, _ in a >= 0 ? 1 / (1 + exp(-a)) : exp(a) / (1 + exp(a)) },
  .init(APUS_OP_ATAN, "atan", 1, .ulps(1.01)) { a, _, _ in atan(a) },
  .init(APUS_OP_ERF, "erf", 1, .ulps(1.01)) { a, _, _ in erf(a) },
  .init(APUS_OP_ERFC, "erfc", 1, .ulps(1.6)) { a, _, _ in erfc(a) },
  .init(APUS_OP_FLOOR, "floor", 1, .exact) { a, _, _ in a.rounded(.down) },
  .init(APUS_OP_CEIL, "ceil", 1, .exact) { a, _, _ in a.rounded(.up) },
  .init(APUS_OP_ROUND, "round", 1, .exact) { a, _, _ in a.rounded(.toNearestOrEven) },
  .init(APUS_OP_RELU, "relu", 1, .exact) { a, _, _ in a <= 0 ? 0 : a },
  .init(APUS_OP_SQUARE, "square", 1, .ulps(0.5001)) { a, _, _ in a * a },
  .init(APUS_OP_NOT, "not", 1, .exact) { a, _, _ in bit(a == 0) },
  .init(APUS_OP_ISNAN, "isnan", 1, .exact) { a, _, _ in bit(a.isNaN) },
  .init(APUS_OP_ISFINITE, "isfinite", 1, .exact) { a, _, _ in bit(a.isFinite) },
  .init(APUS_OP_ADD, "add", 2, .ulps(0.5001)) { a, b, _ in a + b },
  .init(APUS_OP_SUB, "sub", 2, .ulps(0.5001)) { a, b, _ in a - b },
  .init(APUS_OP_MUL, "mul", 2, .ulps(0.5001)) { a, b, _ in a * b },
  .init(APUS_OP_DIV, "div", 2, .ulps(0.5001)) { a, b, _ in a / b },
  .init(APUS_OP_MAX, "max", 2, .exact) { a, b, _ in a.isNaN || b.isNaN ? .nan : max(a, b) },
  .init(APUS_OP_MIN, "min", 2, .exact) { a, b, _ in a.isNaN || b.isNaN ? .nan : min(a, b) },
  .init(APUS_OP_POW, "pow", 2, .ulps(1.01)) { a, b, _ in pow(a, b) },
  .init(APUS_OP_ATAN2, "atan2", 2, .ulps(1.01)) { a, b, _ in atan2(a, b) },
  .init(APUS_OP_REM, "rem", 2, .exact) { a, b, _ in fmod(a, b) },
  .init(APUS_OP_LT, "lt", 2, .exact) { a, b, _ in bit(a < b) },
  .init(APUS_OP_LE, "le", 2, .exact) { a, b, _ in bit(a <= b) },
  .init(APUS_OP_GT, "gt", 2, .exact) { a, b, _ in bit(a > b) },
  .init(APUS_OP_GE, "ge", 2, .exact) { a, b, _ in bit(a >= b) },
  .init(APUS_OP_EQ, "eq", 2, .exact) { a, b, _ in bit(a == b) },
  .init(APUS_OP_NE, "ne", 2, .exact) { a, b, _ in bit(a != b) },
  .init(APUS_OP_AND, "and", 2, .exact) { a, b, _ in bit(a != 0 && b != 0) },
  .init(APUS_OP_OR, "or", 2, .exact) { a, b, _ in bit(a != 0 || b != 0) },
  .init(APUS_OP_XOR, "xor", 2, .exact) { a, b, _ in bit((a != 0) != (b != 0)) },
  .init(APUS_OP_SELECT, "select", 3, .exact) { a, b, c in a != 0 ? b : c },
  .init(APUS_OP_MULADD, "muladd", 3, .ulps(1e9)) { a, b, c in a * b + c },  // exact bits: see its own test
  .init(APUS_OP_SUBMUL, "submul", 3, .ulps(1e9)) { a, b, c in c - a * b },
]

/// Mixed magnitudes, equal pairs, zeros and every special value.
private func operands<T: BinaryFloatingPoint>(_ type: T.Type, _ count: Int) -> [[T]] {
  var random = Randomness(UInt64(count) &* 77 + 5)
  var columns = (0..<3).map { _ in (0..<count).map { i in T(random.value(i % 3 == 0 ? 20 : 1.5)) } }
  for i in stride(from: 3, to: count, by: 5) { columns[1][i] = columns[0][i] }
  for i in stride(from: 1, to: count, by: 6) { columns[0][i] = columns[0][i].rounded(.down) + 0.5 }
  let special: [T] = [0, -0.0, 1, -1, .infinity, -.infinity, .nan, .leastNonzeroMagnitude, T(1e-30), 100, -100]
  for i in 0..<count where i % 4 == 2 {
    columns[0][i] = special[(i / 4) % special.count]
    columns[1][i] = special[(i / 4 / special.count) % special.count]
    columns[2][i] = special[(i / 2) % special.count]
  }
  return columns
}

private func check<T: BinaryFloatingPoint & KernelElement>(_ operation: Operation, _ type: T.Type) {
  for size in sizes {
    let values = operands(T.self, size)
    let program = Program(
      T.dtype, [(operation.op, 3, 0, 1, 2)], inputs: [T.dtype, T.dtype, T.dtype], temps: 1, outputs: [3],
      extents: [size])
    let result = Memory([T](repeating: -77, count: size))
    let inputs = values.map { Memory($0) }
    program.run(inputs, [result])
    #expect(result.isIntact)
    let got = result.read(T.self)
    var failures: [String] = []
    for i in 0..<size {
      let expected = operation.function(Double(values[0][i]), Double(values[1][i]), Double(values[2][i]))
      let rounded = T(expected)
      var fine = same(got[i], rounded)
      if case .ulps(let limit) = operation.accuracy, rounded.isFinite, got[i].isFinite {
        // libm in double is the truth; for doubles it is itself off by an ulp, erfc by some more.
        let allowed = (limit + (T.self == Double.self ? 4 : 0)) * Double(rounded.ulp)
        fine = (Double(got[i]) - expected).magnitude <= allowed
      }
      if !fine { failures.append("\(operation.name)(\(values.map { $0[i] })) = \(got[i]), expected \(rounded)") }
    }
    #expect(failures.isEmpty, "\(size): \(failures.prefix(3))")
  }
}

@Suite struct FusedOperationTests {
  @Test(arguments: operations) private func float(_ operation: Operation) { check(operation, Float.self) }
  @Test(arguments: operations) private func double(_ operation: Operation) { check(operation, Double.self) }

  @Test func everyOperationIsTested() {
    #expect(Set(operations.map(\.op.rawValue)) == Set(0..<APUS_OP_COUNT.rawValue))
  }

  /// A fused multiply-add would keep the low part of the product; two roundings lose it.
  @Test func multiplyAddRoundsTwice() {
    let x: Float = 1 + 0x1p-12
    let values: [Float] = Array(repeating: x, count: 600)
    let inputs = [
      Memory(values), Memory(values), Memory(values.map { _ in -(x * x) }), Memory(values.map { _ in x * x }),
    ]
    let program = Program(
      APUS_F32,
      [
        (APUS_OP_MULADD, 4, 0, 1, 2), (APUS_OP_MUL, 5, 0, 1, 0), (APUS_OP_ADD, 5, 5, 2, 0),
        (APUS_OP_SUBMUL, 6, 0, 1, 3),
      ],
      inputs: [APUS_F32, APUS_F32, APUS_F32, APUS_F32], temps: 3, outputs: [4, 5, 6], extents: [600])
    let results = [Memory(values), Memory(values), Memory(values)]
    program.run(inputs, results)
    for result in results { #expect(result.read(Float.self).allSatisfy { $0 == 0 }) }
    #expect((-(x * x)).addingProduct(x, x) != 0)
  }
}
