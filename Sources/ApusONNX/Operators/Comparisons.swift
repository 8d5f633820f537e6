import ApusTensor

extension Operators {
  /// Comparisons, truth values, choices.
  static let comparisons: [String: Operator] = [
    "Equal": .pair { $0 .== $1 },
    "Less": .pair { $0 .< $1 },
    "LessOrEqual": .pair { $0 .<= $1 },
    "Greater": .pair { $0 .> $1 },
    "GreaterOrEqual": .pair { $0 .>= $1 },
    "And": .pair { $0 .&& $1 },
    "Or": .pair { $0 .|| $1 },
    "Xor": .pair { $0.exclusiveOr($1) },
    "Where": Operator { context in
      let result = `where`(try context.tensor(0), try context.tensor(1), try context.tensor(2))
      return [ONNXValue(result, element: try context.value(1).element)]
    },
    "Trilu": .tensor { context in
      let x = try context.tensor(0)
      let diagonal = try context.optionalIntegers(1)?.first ?? 0
      let isNumber = x.dtype != .bool
      let numbers = isNumber ? x : x.cast(to: .uint8)
      let kept =
        context.int("upper", 1) != 0
        ? numbers.upperTriangle(diagonal: diagonal) : numbers.lowerTriangle(diagonal: diagonal)
      return isNumber ? kept : kept.cast(to: .bool)
    },
  ]
}
