import ApusTensor

/// How an operator of ONNX is recorded in operations of Apus.
struct Operator: Sendable {
  /// From the node to its results.
  let apply: @Sendable (OperatorContext) throws -> [ONNXValue]
  /// Whether the results depend on shapes only, so that they are known while recording.
  var isAlwaysConstant = false
  /// Whether the results are drawn at random, so that they are never computed ahead.
  var isRandom = false

  /// An operator with any kind of results.
  init(_ apply: @escaping @Sendable (OperatorContext) throws -> [ONNXValue]) { self.apply = apply }

  /// An operator with one tensor as its result.
  static func tensor(_ apply: @escaping @Sendable (OperatorContext) throws -> Tensor) -> Operator {
    tensors { [try apply($0)] }
  }

  /// An operator with tensors as results, whose elements are called what the first input of the same type is.
  static func tensors(_ apply: @escaping @Sendable (OperatorContext) throws -> [Tensor]) -> Operator {
    Operator { context in
      let results = try apply(context)
      return results.map { result in
        let like = context.inputs.first { $0?.tensor?.dtype == result.dtype } ?? nil
        return ONNXValue(result, element: like?.element)
      }
    }
  }

  /// A function of one tensor.
  static func unary(_ function: @escaping @Sendable (Tensor) -> Tensor) -> Operator {
    tensor { function(try $0.tensor(0)) }
  }

  /// A function of two tensors.
  static func binary(_ function: @escaping @Sendable (Tensor, Tensor) -> Tensor) -> Operator {
    tensor { function(try $0.tensor(0), try $0.tensor(1)) }
  }

  /// The operator, drawn at random.
  var random: Operator {
    var copy = self
    copy.isRandom = true
    return copy
  }

  /// The operator, with results that depend on shapes only.
  var constant: Operator {
    var copy = self
    copy.isAlwaysConstant = true
    return copy
  }
}

/// The operators of ONNX that Apus can record, by name; one file for each family.
enum Operators {
  /// All of them.
  static let table: [String: Operator] = {
    let families = [
      functions, arithmetic, comparisons, activations, convolutions, poolings, products, normalizations, dropouts,
      reductions, shapes, movements, indexing, losses, resizing, recurrences, controls, conversions, attention, updates,
      signals, quantization, quantizedProducts,
    ]
    return families.reduce(into: [:]) { $0.merge($1) { first, _ in first } }
  }()
}
