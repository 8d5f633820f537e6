/// What may stand in a list that is written as a tensor: numbers, or lists of the same.
///
/// Not `Tensor` itself: were a number alone a tensor, `1 - x` with `x` a `Double` and `t * 2` with `t` a tensor would
/// both have two meanings.
public struct TensorLiteral: Sendable, ExpressibleByIntegerLiteral, ExpressibleByFloatLiteral,
  ExpressibleByArrayLiteral
{
  fileprivate var scalars: [Float]
  fileprivate var shape: Shape

  /// A number.
  public init(integerLiteral value: Int) { self.init(floatLiteral: Double(value)) }

  /// A number.
  public init(floatLiteral value: Double) {
    scalars = [Float(value)]
    shape = []
  }

  /// A list of literals of one shape.
  ///
  /// - Precondition: all elements have one shape.
  public init(arrayLiteral elements: TensorLiteral...) { self.init(elements) }

  fileprivate init(_ elements: [TensorLiteral]) {
    let inner = elements.first?.shape ?? []
    for element in elements where element.shape != inner {
      fatalError("a tensor literal holds lists of different shapes, \(inner) and \(element.shape); make all rows equal")
    }
    scalars = elements.flatMap(\.scalars)
    shape = Shape([elements.count] + Array(inner))
  }
}

extension Tensor: ExpressibleByArrayLiteral {
  /// A tensor of type f32 written as a list, nested as deep as it has axes: `let x: Tensor = [[1, 2], [3, 4]]`.
  ///
  /// The values are data: other numbers never change a plan.
  ///
  /// - Precondition: all rows have one shape.
  public init(arrayLiteral elements: TensorLiteral...) {
    let literal = TensorLiteral(elements)
    self.init(literal.scalars, shape: literal.shape)
  }
}
