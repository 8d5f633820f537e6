extension Tensor {
  /// A tensor over elements that already lie in host memory; nothing is copied.
  public init(_ array: HostArray) {
    self.init(node: Node(value: StoredValue(storage: array.storage), type: array.type))
  }

  /// A tensor with the given elements in row-major order.
  ///
  /// - Precondition: as many elements as the shape holds.
  public init<Scalar: TensorScalar>(_ scalars: [Scalar], shape: Shape) {
    self.init(HostArray(scalars, shape: shape))
  }

  /// A vector of the given elements.
  public init<Scalar: TensorScalar>(_ scalars: [Scalar]) {
    self.init(scalars, shape: [scalars.count])
  }

  /// A scalar whose value is data: changing it never changes a plan.
  public init<Scalar: TensorScalar>(_ scalar: Scalar) {
    self.init([scalar], shape: [])
  }

  /// A tensor filled with one value.
  public init(repeating value: Double, shape: Shape, dtype: DType = .float32) {
    let scalar = Tensor.scalar(value, dtype: dtype)
    self = shape.rank == 0 ? scalar : Tensor.record(Broadcast(shape: shape), [scalar])
  }

  /// A tensor of zeros.
  public static func zeros(_ shape: Shape, dtype: DType = .float32) -> Tensor {
    Tensor(repeating: 0, shape: shape, dtype: dtype)
  }

  /// A tensor of ones.
  public static func ones(_ shape: Shape, dtype: DType = .float32) -> Tensor {
    Tensor(repeating: 1, shape: shape, dtype: dtype)
  }

  /// A recorded scalar constant: special values (0, 1, 2, 1/2, -1) let the compiler simplify, others are bound at replay.
  package static func scalar(_ value: Double, dtype: DType) -> Tensor {
    Tensor(node: Node(ScalarConstant(value: value, dtype: dtype), [], types: [TensorType([], dtype)]))
  }
  /// A number that changes from step to step: bound at replay whatever its value, so it never causes a new plan.
  package static func bound(_ value: Double, like tensor: Tensor) -> Tensor {
    let number = ScalarConstant(value: value, dtype: tensor.dtype, isBound: true)
    return Tensor(node: Node(number, [], types: [TensorType([], tensor.dtype)]))
  }
}
