#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// `exp(x) / sum(exp(x))` along an axis, or its logarithm; the largest element is subtracted first, so that nothing
/// overflows. A line of only -infinity, or with a +infinity or NaN, gives NaN.
package struct Softmax: Primitive {
  package var axis: Int
  package var isLog: Bool

  package init(axis: Int, isLog: Bool) {
    self.axis = axis
    self.isLog = isLog
  }

  package var name: String { isLog ? "log_softmax" : "softmax" }

  package func encode(into key: inout PlanKey) {
    key.add(axis)
    key.add(isLog)
  }

  package func resultTypes(_ inputs: [TensorType]) throws(ShapeError) -> [TensorType] {
    guard inputs[0].dtype.isFloatingPoint else { throw ShapeError("is not defined for \(inputs[0].dtype)") }
    guard axis >= 0, axis < inputs[0].shape.rank else { throw ShapeError("\(inputs[0].shape) has no axis \(axis)") }
    return [inputs[0]]
  }

  package func gradient(_ context: GradientContext) -> [Tensor?] {
    [Tensor.record(SoftmaxBackward(axis: axis, isLog: isLog), [context.outputs[0], context.outputGradient])]
  }

  package func evaluate(_ inputs: [HostView], _ outputs: [HostView]) {
    let x = inputs[0].doubles()
    var y = x
    for line in Lines.of(inputs[0].shape, axis: axis) {
      let largest = line.reduce(-Double.infinity) { BinaryFunction.maximum($0, x[$1]) }
      let sum = line.reduce(0) { $0 + exp(x[$1] - largest) }
      for index in line { y[index] = isLog ? x[index] - largest - log(sum) : exp(x[index] - largest) / sum }
    }
    outputs[0].store(y)
  }
}

/// The gradient of ``Softmax``: inputs its result `y` and the gradient `g` of the result. `y * (g - sum(y * g))`, or
/// for the logarithm `g - exp(y) * sum(g)`.
package struct SoftmaxBackward: Primitive {
  package var axis: Int
  package var isLog: Bool

  package init(axis: Int, isLog: Bool) {
    self.axis = axis
    self.isLog = isLog
  }

  package var name: String { isLog ? "log_softmax_backward" : "softmax_backward" }

  package func encode(into key: inout PlanKey) {
    key.add(axis)
    key.add(isLog)
  }

  package func resultTypes(_ inputs: [TensorType]) throws(ShapeError) -> [TensorType] {
    guard inputs[0].dtype.isFloatingPoint, inputs[0] == inputs[1] else {
      throw ShapeError("the result and its gradient must have one floating-point type")
    }
    guard axis >= 0, axis < inputs[0].shape.rank else { throw ShapeError("\(inputs[0].shape) has no axis \(axis)") }
    return [inputs[0]]
  }

  package func gradient(_ context: GradientContext) -> [Tensor?] {
    FormulaGradient.rule(context) { inputs in
      let (y, g) = (inputs[0], inputs[1])
      if isLog { return [g - exp(y) * g.sum(alongAxes: axis)] }
      return [y * (g - (y * g).sum(alongAxes: axis))]
    }
  }

  package func evaluate(_ inputs: [HostView], _ outputs: [HostView]) {
    let (y, g) = (inputs[0].doubles(), inputs[1].doubles())
    var gx = y
    for line in Lines.of(inputs[0].shape, axis: axis) {
      let sum = line.reduce(0) { $0 + (isLog ? g[$1] : y[$1] * g[$1]) }
      for index in line { gx[index] = isLog ? g[index] - exp(y[index]) * sum : y[index] * (g[index] - sum) }
    }
    outputs[0].store(gx)
  }
}
