/// The position (i64) of the largest or smallest element along an axis, which the result keeps with extent 1.
///
/// The first of equal elements wins, and the first NaN wins over every number, for both.
package struct ArgReduce: Primitive {
  package var isMax: Bool
  package var axis: Int

  package init(isMax: Bool, axis: Int) {
    self.isMax = isMax
    self.axis = axis
  }

  package var name: String { isMax ? "argmax" : "argmin" }

  package func encode(into key: inout PlanKey) {
    key.add(isMax)
    key.add(axis)
  }

  package func resultTypes(_ inputs: [TensorType]) throws(ShapeError) -> [TensorType] {
    let type = inputs[0]
    guard axis >= 0, axis < type.shape.rank else { throw ShapeError("\(type.shape) has no axis \(axis)") }
    guard type.shape[axis] > 0 else { throw ShapeError("axis \(axis) of extent 0 has no largest element") }
    guard type.dtype != .bool else { throw ShapeError("is not defined for bool; convert with cast(to:)") }
    return [TensorType(type.shape.keeping(axes: [axis]), .int64)]
  }

  package func gradient(_ context: GradientContext) -> [Tensor?] { [nil] }

  package func evaluate(_ inputs: [HostView], _ outputs: [HostView]) {
    func positions<T>(_ values: [T], _ isBetter: (T, T) -> Bool) -> [Int64] {
      Lines.of(inputs[0].shape, axis: axis).map { line in
        var best = 0
        for candidate in 1..<max(line.count, 1) where isBetter(values[line[candidate]], values[line[best]]) {
          best = candidate
        }
        return Int64(best)
      }
    }
    if inputs[0].dtype.isInteger {
      outputs[0].store(positions(inputs[0].integers()) { isMax ? $0 > $1 : $0 < $1 })
    } else {
      outputs[0].store(
        positions(inputs[0].doubles()) { a, b in
          a.isNaN ? !b.isNaN : (isMax ? a > b : a < b)
        })
    }
  }
}

/// The positions (i64) along an axis in the order of their elements: the first is that of the smallest, or of the
/// largest when descending.
///
/// Stable: equal elements keep their order. NaN is larger than every number.
package struct ArgSort: Primitive {
  package var axis: Int
  package var descending: Bool

  package init(axis: Int, descending: Bool) {
    self.axis = axis
    self.descending = descending
  }

  package var name: String { "argsort" }

  package func encode(into key: inout PlanKey) {
    key.add(axis)
    key.add(descending)
  }

  package func resultTypes(_ inputs: [TensorType]) throws(ShapeError) -> [TensorType] {
    guard axis >= 0, axis < inputs[0].shape.rank else { throw ShapeError("\(inputs[0].shape) has no axis \(axis)") }
    return [TensorType(inputs[0].shape, .int64)]
  }

  package func gradient(_ context: GradientContext) -> [Tensor?] { [nil] }

  package func evaluate(_ inputs: [HostView], _ outputs: [HostView]) {
    func order<T>(_ values: [T], _ isLess: (T, T) -> Bool) -> [Int64] {
      var result = [Int64](repeating: 0, count: values.count)
      for line in Lines.of(inputs[0].shape, axis: axis) {
        let sorted = (0..<line.count).sorted { a, b in
          let (x, y) = (values[line[a]], values[line[b]])
          if descending ? isLess(y, x) : isLess(x, y) { return true }
          if descending ? isLess(x, y) : isLess(y, x) { return false }
          return a < b
        }
        for (position, index) in sorted.enumerated() { result[line[position]] = Int64(index) }
      }
      return result
    }
    if inputs[0].dtype.isInteger {
      outputs[0].store(order(inputs[0].integers(), <))
    } else {
      outputs[0].store(order(inputs[0].doubles()) { $1.isNaN ? !$0.isNaN : $0 < $1 })
    }
  }
}

/// Running sums along an axis, from the first element on, or from the last one when `reverse`.
package struct CumulativeSum: Primitive {
  package var axis: Int
  package var reverse: Bool

  package init(axis: Int, reverse: Bool) {
    self.axis = axis
    self.reverse = reverse
  }

  package var name: String { "cumsum" }

  package func encode(into key: inout PlanKey) {
    key.add(axis)
    key.add(reverse)
  }

  package func resultTypes(_ inputs: [TensorType]) throws(ShapeError) -> [TensorType] {
    guard axis >= 0, axis < inputs[0].shape.rank else { throw ShapeError("\(inputs[0].shape) has no axis \(axis)") }
    guard inputs[0].dtype != .bool else { throw ShapeError("is not defined for bool; convert with cast(to:)") }
    return [inputs[0]]
  }

  package func gradient(_ context: GradientContext) -> [Tensor?] {
    [Tensor.record(CumulativeSum(axis: axis, reverse: !reverse), [context.outputGradient])]
  }

  package func evaluate(_ inputs: [HostView], _ outputs: [HostView]) {
    func sums<T>(_ values: [T], _ plus: (T, T) -> T) -> [T] {
      var result = values
      for line in Lines.of(inputs[0].shape, axis: axis) {
        let order = reverse ? line.reversed() : line
        for (previous, next) in zip(order, order.dropFirst()) { result[next] = plus(result[previous], result[next]) }
      }
      return result
    }
    if inputs[0].dtype.isInteger {
      outputs[0].store(sums(inputs[0].integers(), &+))
    } else {
      outputs[0].store(sums(inputs[0].doubles(), +))
    }
  }
}

/// The lines of a tensor along one axis, each as the offsets of its elements.
enum Lines {
  /// All lines, in row-major order of the other axes.
  static func of(_ shape: Shape, axis: Int) -> [[Int]] {
    let outer = shape.prefix(axis).reduce(1, *)
    let inner = shape.dropFirst(axis + 1).reduce(1, *)
    let count = shape[axis]
    return (0..<(outer * inner)).map { line in
      let base = line / inner * count * inner + line % inner
      return (0..<count).map { base + $0 * inner }
    }
  }
}
