import ApusTensor

extension Operators {
  /// Functions of each element.
  static let functions: [String: Operator] = [
    "Identity": Operator { [try $0.value(0)] },
    "Abs": .unary { $0.dtype == .uint8 ? $0 : abs($0) },
    "Neg": .unary { -$0 },
    "Exp": .unary { exp($0) },
    "Log": .unary { log($0) },
    "Sqrt": .unary { sqrt($0) },
    "Sin": .unary { sin($0) },
    "Cos": .unary { cos($0) },
    "Tan": .unary { tan($0) },
    "Asin": .unary { atan2($0, sqrt(1 - $0 * $0)) },
    "Acos": .unary { atan2(sqrt(1 - $0 * $0), $0) },
    "Atan": .unary { atan($0) },
    "Sinh": .unary { sinh($0) },
    "Cosh": .unary { cosh($0) },
    "Tanh": .unary { tanh($0) },
    "Asinh": .unary { $0.sign() * log(abs($0) + sqrt($0 * $0 + 1)) },
    "Acosh": .unary { log($0 + sqrt($0 * $0 - 1)) },
    "Atanh": .unary { (log1p($0) - log1p(-$0)) * 0.5 },
    "Erf": .unary { erf($0) },
    "Floor": .unary { floor($0) },
    "Ceil": .unary { ceil($0) },
    "Round": .unary { $0.rounded() },
    "Sign": .unary { $0.dtype == .uint8 ? ($0 .> 0).cast(to: .uint8) : $0.sign() },
    "Reciprocal": .unary { $0.reciprocal() },
    "Not": .unary { !$0 },
    "IsNaN": .unary { $0.isNaN },
    "IsInf": .tensor { context in
      let x = try context.tensor(0)
      let (above, below) = (x .== .infinity, x .== -.infinity)
      let (positive, negative) = (context.int("detect_positive", 1) != 0, context.int("detect_negative", 1) != 0)
      return positive && negative
        ? above .|| below : positive ? above : negative ? below : (above .&& below)
    },
    "Clip": .tensor { context in
      let x = try context.tensor(0)
      if context.opset < 11 {
        let y = context.has("min") ? max(x, context.float("min", 0)) : x
        return context.has("max") ? min(y, context.float("max", 0)) : y
      }
      let y = try context.optional(1).map { max(x, $0) } ?? x
      return try context.optional(2).map { min(y, $0) } ?? y
    },
  ]
}
