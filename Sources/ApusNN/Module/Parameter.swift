import ApusTensor
import Synchronization

/// A named box for a value that a network learns or keeps: an identity, a current value, and what it is for.
///
/// Layers store parameters; copying a layer copies the reference, so both copies share the value. Inside
/// ``valueWithGradient(of:_:)`` reading ``value`` notes that the graph uses the parameter.
///
/// ```swift
/// struct Scale: Layer {
///   var factor = Parameter(Tensor.ones([10]), role: .scale)
///   func callAsFunction(_ x: Tensor) -> Tensor { x * factor.value }
/// }
/// ```
/// Thread safety: a lock guards the value, so parameters may be read anywhere; a training step (read, gradient, update)
/// is not one transaction, so let one task train a model at a time.
public final class Parameter: Sendable {
  /// What a parameter is for; penalties act on weights only, and optimizers may decay by role.
  public enum Role: String, Sendable, Hashable, CaseIterable, Codable {
    /// A matrix or kernel that multiplies inputs.
    case weight
    /// A term that is added.
    case bias
    /// A factor of a normalisation or an activation.
    case scale
    /// A value that the forward pass keeps, such as running statistics; never trained.
    case state
  }

  private struct Content {
    var value: Tensor
    var isTrainable: Bool
    var name: String?
  }

  /// What the parameter is for.
  public let role: Role
  /// Whether it is a table that is trained row by row: gradients are of the rows that ``rows(at:)`` looked up, and an
  /// update touches only these. A loss cannot read such a parameter as a whole.
  public let isSparse: Bool
  private let content: Mutex<Content>

  /// A parameter with a start value. One with the role `state` is not trainable.
  public init(_ value: Tensor, role: Role = .weight, isSparse: Bool = false) {
    self.role = role
    self.isSparse = isSparse
    value.node.noteLasting()
    content = Mutex(Content(value: value, isTrainable: role != .state, name: nil))
  }

  /// The current value. A new one must have the same shape and element type.
  public var value: Tensor {
    get {
      if let recorder = ParameterRecorder.current { return recorder.read(self) }
      return stored
    }
    set {
      let old = stored.type
      guard newValue.type == old else {
        _ = Diagnostics.fail(
          ShapeError("the parameter \(label) is \(old); it cannot become \(newValue.type)"), like: old)
        return
      }
      // What a dry run records means nothing after it.
      if Diagnostics.isDryRun { return }
      ParameterRecorder.current?.noteAssignment(to: self)
      replace(newValue)
    }
  }

  /// The rows of the value, its slices along the first axis, at numbers `[...]`: `[..., width]` of a table
  /// `[count, width]`.
  ///
  /// - Precondition: the numbers are i32 or i64 and lie in `0..<count`.
  public func rows(at numbers: Tensor) -> Tensor {
    guard isSparse, let recorder = ParameterRecorder.current else { return value.gathered(at: numbers) }
    let found = recorder.rows(of: self, at: numbers.flattened().cast(to: .int64))
    return found.reshaped(to: Shape(Array(numbers.shape) + Array(shape.dropFirst())))
  }

  /// Whether gradients are taken and optimizers change the value; false freezes it. A state is never trainable.
  public var isTrainable: Bool {
    get { content.withLock(\.isTrainable) }
    set { content.withLock { $0.isTrainable = newValue && role != .state } }
  }

  /// The path by which the last walk over a model found the parameter, such as `conv1.weight`.
  public var name: String? { content.withLock(\.name) }

  /// Shape and element type.
  public var type: TensorType { stored.type }
  /// Extents along the axes.
  public var shape: Shape { stored.shape }
  /// The number of elements.
  public var count: Int { stored.count }

  /// The value, without noting its use.
  package var stored: Tensor { content.withLock(\.value) }

  /// Gives the parameter the path it was found by.
  package func noteName(_ name: String) { content.withLock { if $0.name != name { $0.name = name } } }

  /// Replaces the value by one that may have another element type; not inside a gradient.
  package func replace(_ value: Tensor) {
    value.node.noteLasting()
    content.withLock { $0.value = value }
  }

  /// The name, or what can be said about a parameter without one.
  package var label: String { name.map { "'\($0)'" } ?? "(a \(role.rawValue) of shape \(shape), not yet named)" }
}

extension Parameter: Hashable {
  /// Whether two references are the same parameter.
  public static func == (a: Parameter, b: Parameter) -> Bool { a === b }
  /// Feeds the identity.
  public func hash(into hasher: inout Hasher) { hasher.combine(ObjectIdentifier(self)) }
}
