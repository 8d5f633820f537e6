import ApusTensor

extension Operators {
  /// Shapes, and tensors made of nothing but them.
  static let shapes: [String: Operator] = [
    "Shape": .tensor { context in
      let extents = Array(try context.tensor(0).shape)
      func clamped(_ place: Int) -> Int { min(max(place < 0 ? place + extents.count : place, 0), extents.count) }
      let start = clamped(context.int("start", 0))
      let end = clamped(context.int("end", extents.count))
      return Tensor(extents[start..<max(start, end)].map { Int64($0) })
    }.constant,
    "Size": .tensor { Tensor([Int64(try $0.tensor(0).count)], shape: []) }.constant,
    "Constant": Operator { try constant($0) }.constant,
    "ConstantOfShape": Operator { context in
      let shape = try context.shape(try context.integers(0))
      guard let value = context.node.attributes["value"] else { return [ONNXValue(Tensor.zeros(shape))] }
      let (array, element) = try value.t.array(file: "value", folder: ".")
      guard array.shape.elementCount == 1 else { throw OperatorError("its value is no single number") }
      let single = Tensor(array).reshaped(to: [Int](repeating: 1, count: shape.rank))
      return [ONNXValue(single.broadcast(to: shape), element: element)]
    },
    "Reshape": .tensor { context in
      let x = try context.tensor(0)
      var extents = try context.opset < 5 ? context.ints("shape") ?? [] : context.integers(1)
      if context.int("allowzero", 0) == 0 {
        for (axis, extent) in extents.enumerated() where extent == 0 {
          guard axis < x.rank else { throw OperatorError("keeps axis \(axis) of \(x.shape)") }
          extents[axis] = x.shape[axis]
        }
      }
      if let place = extents.firstIndex(of: -1) {
        extents[place] = 1
        let known = try context.shape(extents).elementCount
        guard known > 0, x.count % known == 0 else {
          throw OperatorError("cannot give \(x.shape) the shape \(extents)")
        }
        extents[place] = x.count / known
      }
      return x.reshaped(to: try context.shape(extents))
    },
    "Flatten": .tensor { context in
      let x = try context.tensor(0)
      let named = context.int("axis", 1)
      let axis = named < 0 ? named + x.rank : named
      guard axis >= 0, axis <= x.rank else { throw OperatorError("there is no axis \(named) in \(x.shape)") }
      return x.reshaped(
        to: [x.shape.prefix(axis).reduce(1, *), x.shape.dropFirst(axis).reduce(1, *)] as Shape)
    },
    "Squeeze": .tensor { context in
      let x = try context.tensor(0)
      guard let named = try context.ints("axes") ?? context.optionalIntegers(1) else { return x.squeezingShape() }
      let axes = try named.map { try context.axis($0, rank: x.rank) }
      guard axes.allSatisfy({ x.shape[$0] == 1 }) else {
        throw OperatorError("cannot drop the axes \(axes) of \(x.shape)")
      }
      return x.reshaped(to: x.shape.removing(axes: axes))
    },
    "Unsqueeze": .tensor { context in
      let x = try context.tensor(0)
      let named = try context.ints("axes") ?? context.integers(1)
      let rank = x.rank + named.count
      let axes = Set(try named.map { try context.axis($0, rank: rank) })
      guard axes.count == named.count else { throw OperatorError("names an axis twice: \(named)") }
      var rest = Array(x.shape)
      return x.reshaped(to: try context.shape((0..<rank).map { axes.contains($0) ? 1 : rest.removeFirst() }))
    },
    "Expand": .tensor { context in
      let x = try context.tensor(0)
      let wanted = try context.shape(try context.integers(1))
      guard let shape = x.shape.broadcast(with: wanted) else {
        throw OperatorError("cannot expand \(x.shape) to \(wanted)")
      }
      return x.broadcast(to: shape)
    },
    "EyeLike": Operator { context in
      let value = try context.value(0)
      let x = try context.tensor(0)
      guard x.rank == 2 else { throw OperatorError("needs a matrix, got \(x.shape)") }
      let element =
        context.has("dtype")
        ? try ONNXElement.readable(Int32(truncatingIfNeeded: context.int("dtype", 1))).0 : value.element
      let rows = Tensor.record(Iota(shape: [x.shape[0], 1], axis: 0, dtype: .int64), [])
      let columns = Tensor.record(Iota(shape: [1, x.shape[1]], axis: 1, dtype: .int64), [])
      let eye = (rows + Double(context.int("k", 0))) .== columns
      return [ONNXValue(eye.cast(to: element.dtype ?? .float32), element: element)]
    }.constant,
    "Range": Operator { context in
      guard let start = try context.optionalNumbers(0)?.first, let end = try context.optionalNumbers(1)?.first,
        let step = try context.optionalNumbers(2)?.first, step != 0, (end - start).isFinite
      else { throw OperatorError("needs a start, an end and a step other than 0") }
      let count = max(((end - start) / step).rounded(.up), 0)
      guard count <= 0x1p30 else { throw OperatorError("counts \(count) numbers") }
      let value = try context.value(0)
      let dtype = try context.tensor(0).dtype
      let numbers = Tensor((0..<Int(count)).map { (place: Int) -> Double in start + Double(place) * step })
      return [ONNXValue(numbers.cast(to: dtype), element: value.element)]
    },
  ]

  private static func constant(_ context: OperatorContext) throws -> [ONNXValue] {
    for (name, attribute) in context.node.attributes {
      switch name {
      case "value":
        let (array, element) = try attribute.t.array(file: "the constant", folder: ".")
        return [ONNXValue(Tensor(array), element: element)]
      case "value_float": return [ONNXValue(Tensor([attribute.f], shape: []))]
      case "value_floats": return [ONNXValue(Tensor(attribute.floats))]
      case "value_int": return [ONNXValue(Tensor([attribute.i], shape: []))]
      case "value_ints": return [ONNXValue(Tensor(attribute.ints))]
      default: throw OperatorError("constants of the kind '\(name.prefix(40))' are not supported")
      }
    }
    throw OperatorError("has no value")
  }
}
