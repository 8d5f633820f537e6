import ApusTensor

/// How many inputs feed an output of a weight, and how many outputs an input feeds.
///
/// Dense `[outputs, inputs]`: the two extents. Convolution `[outputs, inputs / groups, height, width]`: fan in
/// `inputs / groups * height * width`, fan out `outputs * height * width`, as PyTorch counts.
public struct Fans: Sendable, Hashable {
  /// Inputs of an output.
  public var fanIn: Int
  /// Outputs of an input.
  public var fanOut: Int

  /// The given numbers.
  public init(fanIn: Int, fanOut: Int) {
    self.fanIn = fanIn
    self.fanOut = fanOut
  }

  /// The fans of a weight of this shape; of a vector, its extent.
  public init(of shape: Shape) {
    let field = shape.dropFirst(2).reduce(1, *)
    let first = shape.rank > 0 ? shape[0] : 1
    fanOut = first * field
    fanIn = (shape.rank > 1 ? shape[1] : first) * field
  }
}

/// How a parameter gets its first value.
///
/// Values are drawn on the host, in double precision, from the random numbers of the task (`withRandomSeed`): the same
/// seed gives the same network.
///
/// ```swift
/// let layer = Dense(784, 512, weightInitializer: .heNormal, biasInitializer: .constant(0.01))
/// let recurrent = Initializer.orthogonal(gain: 1)([64, 64])
/// ```
public struct Initializer: Sendable, CustomStringConvertible {
  /// The name with the settings that are not the usual ones, as in code: `heNormal`, `constant(0.01)`.
  public let name: String
  private let fill: Fill

  /// How values are drawn.
  private enum Fill: Sendable {
    /// All at once.
    case whole(@Sendable (_ shape: Shape, _ fans: Fans, _ random: InitialRandom) -> [Double])
    /// Each for itself, so that those of a large weight need not all be in memory in double precision.
    case parts(@Sendable (_ part: Range<Int>, _ fans: Fans, _ random: InitialRandom) -> [Double])
  }

  init(_ name: String, _ fill: @escaping @Sendable (Shape, Fans, InitialRandom) -> [Double]) {
    (self.name, self.fill) = (name, .whole(fill))
  }

  init(_ name: String, parts: @escaping @Sendable (Range<Int>, Fans, InitialRandom) -> [Double]) {
    (self.name, fill) = (name, .parts(parts))
  }

  /// The name.
  public var description: String { name }

  /// Values drawn at once; a multiple of 4.
  private static let partSize = 1 << 16

  /// A first value of a shape. In a dry run nothing is drawn: all values are 0, and take no memory.
  ///
  /// - Parameter fans: the fans of the weight the value belongs to; by default those of the shape. A bias is given
  ///   its weight's.
  public func callAsFunction(_ shape: Shape, fans: Fans? = nil, dtype: DType = .float32) -> Tensor {
    if Diagnostics.isDryRun { return Tensor(repeating: 0, shape: shape, dtype: dtype) }
    let (fans, random) = (fans ?? Fans(of: shape), InitialRandom(RandomContext.nextPhilox()))
    let count = shape.elementCount
    switch fill {
    case .whole(let fill):
      let values = fill(shape, fans, random)
      if dtype == .float32 { return Tensor(values.map { Float($0) }, shape: shape) }
      return Tensor(HostArray(values, shape: shape).converted(to: dtype))
    case .parts(let fill):
      guard dtype == .float32 else {
        return Tensor(HostArray(fill(0..<count, fans, random), shape: shape).converted(to: dtype))
      }
      return Tensor(
        HostArray(type: TensorType(shape, .float32)) { bytes in
          let target = bytes.bindMemory(to: Float.self)
          for start in stride(from: 0, to: count, by: Self.partSize) {
            let values = fill(start..<min(start + Self.partSize, count), fans, random)
            for index in values.indices { target[start + index] = Float(values[index]) }
          }
        })
    }
  }
}
