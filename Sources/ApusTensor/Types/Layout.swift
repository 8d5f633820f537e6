/// How the elements of a tensor lie in memory.
///
/// `plain` is row-major without padding. Other layouts reorder the axes and cut some of them into fixed inner
/// blocks, as vector kernels like them: `nChw8c` is order `[0, 1, 2, 3]` with the block (axis 1, 8). An axis that a
/// block does not divide is padded, and the padding holds zeros.
public struct Layout: Sendable, Hashable, CustomStringConvertible {
  /// An inner block of consecutive elements along one axis.
  public struct Block: Sendable, Hashable {
    /// The axis that is cut.
    public var axis: Int
    /// Elements in a block.
    public var size: Int
    /// A block of `size` elements along `axis`.
    public init(axis: Int, size: Int) {
      self.axis = axis
      self.size = size
    }
  }

  /// Axes from the outermost to the innermost; empty means the identity.
  public var order: [Int]
  /// Inner blocks from the outermost to the innermost.
  public var blocks: [Block]

  /// Row-major, no padding.
  public static let plain = Layout(order: [], blocks: [])

  /// The activation layout of image kernels: channels (axis 1) in blocks of `size`.
  public static func channelBlocked(_ size: Int) -> Layout { Layout(order: [], blocks: [Block(axis: 1, size: size)]) }

  /// A layout with the given order of axes and inner blocks.
  public init(order: [Int], blocks: [Block]) {
    self.order = order == Array(0..<order.count) ? [] : order
    self.blocks = blocks
  }

  /// Whether the layout is row-major without padding.
  public var isPlain: Bool { order.isEmpty && blocks.isEmpty }

  /// The product of the inner blocks along an axis.
  public func blockSize(along axis: Int) -> Int {
    blocks.reduce(1) { $1.axis == axis ? $0 * $1.size : $0 }
  }

  /// The extents rounded up to whole blocks.
  public func paddedShape(_ shape: Shape) -> Shape {
    var padded = shape
    for axis in 0..<shape.rank {
      let size = blockSize(along: axis)
      padded[axis] = (shape[axis] + size - 1) / size * size
    }
    return padded
  }

  /// Whether the layout adds padding to a tensor of this shape.
  public func isPadded(_ shape: Shape) -> Bool { !blocks.isEmpty && paddedShape(shape) != shape }

  /// Elements stored, padding included.
  public func storedCount(_ shape: Shape) -> Int {
    blocks.isEmpty ? shape.elementCount : paddedShape(shape).elementCount
  }

  /// For example `plain`, `abcd/8b` (axis 1 in blocks of 8).
  public var description: String {
    if isPlain { return "plain" }
    let letters = Array("abcdefgh")
    let outer = order.isEmpty ? "" : String(order.map { letters[$0] })
    return outer + "/" + blocks.map { "\($0.size)\(letters[$0.axis])" }.joined()
  }
}
