import ApusTensor

extension Operators {
  /// Functions of pairs of elements, and of several.
  static let arithmetic: [String: Operator] = [
    "Add": .pair(+),
    "Sub": .pair(-),
    "Mul": .pair(*),
    "Div": .pair(/),
    "Pow": .tensor { context in
      let (x, y) = (try context.tensor(0), try context.tensor(1))
      let kind: DType = x.dtype.isFloatingPoint ? x.dtype : .float64
      return pow(x.cast(to: kind), y.cast(to: kind)).cast(to: x.dtype)
    },
    "Mod": .tensor { context in
      let (x, y) = (try context.tensor(0), try context.tensor(1))
      if context.int("fmod", 0) == 1 {
        return x.remainder(dividingBy: y)
      }
      let rest = x.remainder(dividingBy: y)
      // The rest has the sign of the divisor.
      let isOther = (rest .!= 0) .&& (x.dtype == .uint8 ? rest .!= rest : (rest .< 0).exclusiveOr(y .< 0))
      return `where`(isOther, rest + y, rest)
    },
    "Max": .several { max($0, $1) },
    "Min": .several { min($0, $1) },
    "Sum": .several(+),
    "Mean": .tensor { context in
      let terms = try context.tensors()
      guard let first = terms.first else { throw OperatorError("has no inputs") }
      return terms.dropFirst().reduce(first, +) / Double(terms.count)
    },
    "PRelu": .tensor { context in
      let x = try context.tensor(0)
      var slope = try context.tensor(1)
      // Before version 7 one slope for each channel, without the axes behind.
      if context.opset < 7, slope.rank == 1, slope.count > 1, x.rank >= 2 {
        slope = slope.reshaped(to: Shape([slope.count] + [Int](repeating: 1, count: x.rank - 2)))
      }
      return `where`(x .< 0, x * slope, x)
    },
    "BitShift": .tensor { context in
      let (x, y) = (try context.tensor(0), try context.tensor(1))
      let factor = pow(2, y.cast(to: .float64))
      let shifted =
        context.string("direction", "") == "LEFT"
        ? x.cast(to: .float64) * factor : floor(x.cast(to: .float64) / factor)
      guard let bounds = try context.value(0).element.bounds else { return shifted.cast(to: x.dtype) }
      let range = bounds.1 + 1
      return (shifted - floor(shifted / range) * range).cast(to: x.dtype)
    },
    "BitwiseAnd": .bits { $0 * $1 },
    "BitwiseOr": .bits { max($0, $1) },
    "BitwiseXor": .bits { abs($0 - $1) },
    "BitwiseNot": .tensor { context in
      let value = try context.value(0)
      let x = try context.tensor(0)
      switch value.element {
      case .uint8, .uint16, .uint32: return (value.element.bounds?.1 ?? 0) - x.cast(to: .float64).cast(to: x.dtype)
      case .int8, .int16, .int32, .int64: return -1 - x
      default: throw OperatorError("is not defined for \(value.element)")
      }
    },
  ]
}

extension Operator {
  /// A function of two tensors with the broadcasting of old versions: `axis` says where the second one begins.
  static func pair(_ function: @escaping @Sendable (Tensor, Tensor) -> Tensor) -> Operator {
    tensor { context in
      let (x, y) = (try context.tensor(0), try context.tensor(1))
      guard context.opset < 7, context.has("axis") else { return function(x, y) }
      let axis = try context.axis(context.int("axis", 0), rank: max(x.rank, 1))
      let missing = x.rank - axis - y.rank
      guard missing >= 0 else { throw OperatorError("its second input has too many axes") }
      return function(x, y.reshaped(to: try context.shape(Array(y.shape) + [Int](repeating: 1, count: missing))))
    }
  }

  /// A function of any number of tensors.
  static func several(_ function: @escaping @Sendable (Tensor, Tensor) -> Tensor) -> Operator {
    tensor { context in
      let terms = try context.tensors()
      guard let first = terms.first else { throw OperatorError("has no inputs") }
      return terms.dropFirst().reduce(first, function)
    }
  }

  /// A function of the bits of two whole numbers, which it sees as 0 and 1.
  static func bits(_ function: @escaping @Sendable (Tensor, Tensor) -> Tensor) -> Operator {
    tensor { context in
      let (x, y) = (try context.tensor(0), try context.tensor(1))
      let element = try context.value(0).element
      let width =
        switch element {
        case .uint8, .int8: 8
        case .uint16, .int16: 16
        case .uint32, .int32: 32
        default: 63
        }
      guard x.dtype.isInteger, y.dtype == x.dtype else { throw OperatorError("needs two tensors of whole numbers") }
      // Numbers as sums of powers of two; negative ones by their complement, whose last bit is the sign.
      func halves(_ rest: Tensor) -> (bit: Tensor, rest: Tensor) {
        let half = rest.flooredQuotient(dividingBy: Tensor(repeating: 2, shape: [], dtype: .int64))
        return (rest - half * 2, half)
      }
      var (a, b) = (x.cast(to: .int64), y.cast(to: .int64))
      var result = Tensor(repeating: 0, shape: [], dtype: .int64)
      var weight = 1.0
      for _ in 0..<width {
        let (p, q) = (halves(a), halves(b))
        result = result + function(p.bit, q.bit) * weight
        (a, b, weight) = (p.rest, q.rest, weight * 2)
      }
      let isSigned = [.int8, .int16, .int32].contains(element)
      let sign = isSigned || width == 63 ? function(abs(a), abs(b)) : Tensor(repeating: 0, shape: [], dtype: .int64)
      let range = width == 63 ? Tensor(repeating: 0x1p62, shape: [], dtype: .int64) : nil
      if let range { return (result - sign * range - sign * range).cast(to: x.dtype) }
      return isSigned
        ? `where`(result .>= weight / 2, result - weight, result).cast(to: x.dtype) : result.cast(to: x.dtype)
    }
  }
}
