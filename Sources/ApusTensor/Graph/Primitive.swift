/// An operation that the engine knows by itself: it has a shape rule, a gradient rule and a reference kernel.
///
/// Everything else is a composite, a plain function of other operations. Attributes (an axis, a stride) are stored
/// properties of the conforming struct; operands are the inputs of the node. A primitive is pure: the same inputs and
/// attributes give the same outputs.
public protocol Primitive: Sendable {
  /// The name used in messages and dumps, for example `matmul`.
  var name: String { get }

  /// Adds every attribute that distinguishes two operations of this type to the key of a plan.
  func encode(into key: inout PlanKey)

  /// The types of the outputs for the given types of inputs.
  ///
  /// - Throws: ``ShapeError`` when the inputs do not fit, in words a user understands.
  func resultTypes(_ inputs: [TensorType]) throws(ShapeError) -> [TensorType]

  /// Contributions to the gradients of the inputs, in tensor operations, one per input; nil where there is none.
  ///
  /// A contribution may have the broadcast shape of the output: the engine sums it down to the input's shape.
  func gradient(_ context: GradientContext) -> [Tensor?]

  /// The oracle: computes the outputs from the inputs in plain loops, in double precision where that is exact or better.
  func evaluate(_ inputs: [HostView], _ outputs: [HostView])
}

extension Primitive {
  /// Operations without attributes add nothing.
  public func encode(into key: inout PlanKey) {}

  /// Attributes as text, for dumps: `axes=[0] keepingAxes=false`.
  package var attributeText: String {
    Mirror(reflecting: self).children.compactMap { child in
      guard let label = child.label, label != "name" else { return nil }
      if child.value is any OpaqueAttribute { return nil }
      return "\(label)=\(child.value)"
    }.joined(separator: " ")
  }
}

/// An attribute that dumps leave out, such as a closure or a nested graph.
package protocol OpaqueAttribute {}

/// What a gradient rule sees.
public struct GradientContext {
  /// The inputs of the operation.
  public let inputs: [Tensor]
  /// Its outputs.
  public let outputs: [Tensor]
  /// The gradient of the result with respect to each output; nil where an output does not contribute.
  public let outputGradients: [Tensor?]
  /// Whether the gradient of each input is wanted; rules skip work for inputs that are not.
  public let needs: [Bool]

  /// The gradient with respect to the only (or first) output; zeros when that output does not contribute.
  public var outputGradient: Tensor {
    outputGradients[0] ?? Tensor(repeating: 0, shape: outputs[0].shape, dtype: outputs[0].dtype)
  }
}

/// Elements of one operand of a reference kernel, in row-major order.
public struct HostView {
  /// Shape and element type.
  public let type: TensorType
  /// The first element.
  public let pointer: UnsafeMutableRawPointer

  /// A view of existing memory.
  public init(type: TensorType, pointer: UnsafeMutableRawPointer) {
    self.type = type
    self.pointer = pointer
  }

  /// Extents along the axes.
  public var shape: Shape { type.shape }
  /// Type of the elements.
  public var dtype: DType { type.dtype }
  /// The number of elements.
  public var count: Int { type.shape.elementCount }

  /// The elements as doubles; exact for every type but 64-bit integers beyond 2^53.
  public func doubles() -> [Double] {
    HostArray(type: type, storage: Storage(adopting: pointer, byteCount: type.byteCount) { _ in }).scalars()
  }

  /// The elements as 64-bit integers; floating-point elements truncate toward zero.
  public func integers() -> [Int64] {
    if dtype == .int64 {
      return Array(UnsafeBufferPointer(start: pointer.assumingMemoryBound(to: Int64.self), count: count))
    }
    return doubles().map { Int64(saturating: $0) }
  }

  /// Stores doubles, rounding once to the element type.
  public func store(_ values: [Double]) {
    precondition(values.count == count, "a kernel made \(values.count) values for \(type)")
    func write<Scalar: TensorScalar>(_: Scalar.Type) {
      let target = pointer.assumingMemoryBound(to: Scalar.self)
      for index in 0..<values.count { target[index] = Scalar(saturating: values[index]) }
    }
    switch dtype {
    case .float32: write(Float.self)
    case .float64: write(Double.self)
    case .int32: write(Int32.self)
    case .int64: write(Int64.self)
    case .uint8: write(UInt8.self)
    case .bool: write(Bool.self)
    }
  }

  /// Stores integers; used where doubles would lose the low bits of 64-bit integers.
  public func store(_ values: [Int64]) {
    if dtype == .int64 {
      precondition(values.count == count, "a kernel made \(values.count) values for \(type)")
      pointer.assumingMemoryBound(to: Int64.self).update(from: values, count: values.count)
    } else {
      store(values.map(Double.init))
    }
  }
}
