import ApusCompiler
import ApusTensor

/// A tensor as it lies in memory. In channel blocks of `b`, `[N, C, H, W]` lies like a plain
/// `[N, ceil(C / b), H, W, b]`, so that operations that move whole blocks are plain ones with an axis more.
struct StoredTensor {
  /// Extents in memory.
  let extents: [Int]
  /// Channels in a block; 0 in the plain layout.
  private let block: Int

  /// - Precondition: the plain layout, or channel blocks.
  init(_ shape: Shape, _ layout: Layout) {
    block = layout.channelBlock
    extents =
      block == 0
      ? Array(shape) : Array(shape.prefix(1)) + [(shape[1] + block - 1) / block] + Array(shape.dropFirst(2)) + [block]
  }

  var shape: Shape { Shape(extents) }

  /// The first positions of a part, axis by axis, in memory; a part begins with a whole block.
  func starts(_ starts: [Int]) -> [Int] {
    block == 0 ? starts : [starts[0], starts[1] / block] + starts.dropFirst(2) + [0]
  }

  /// The steps of a part, axis by axis, in memory.
  func steps(_ steps: [Int]) -> [Int] { block == 0 ? steps : steps + [1] }
}

/// Which operations that move elements leave images in channel blocks.
enum ChannelBlocks {
  /// The choice for slices, their gradients, padding and joining, when the blocks of the images stay whole.
  static func layouts(_ node: Graph.Node, _ inputTypes: [TensorType], _ inputLayouts: [Layout]) -> LayoutChoice? {
    guard inputTypes.allSatisfy({ $0.dtype == .float32 && $0.shape.rank == 4 }) else { return nil }
    // The layout of most elements: that of the others is changed.
    var elements: [Layout: Int] = [:]
    for (type, layout) in zip(inputTypes, inputLayouts) { elements[layout, default: 0] += type.shape.elementCount }
    let layout = inputLayouts.filter { $0.channelBlock > 0 }.max { elements[$0, default: 0] < elements[$1, default: 0] }
    guard let layout, elements[layout, default: 0] >= elements[.plain, default: 0],
      keepsBlocks(node, inputTypes, layout.channelBlock)
    else { return nil }
    return LayoutChoice(inputs: inputTypes.map { _ in layout }, outputs: [layout])
  }

  private static func keepsBlocks(_ node: Graph.Node, _ inputTypes: [TensorType], _ block: Int) -> Bool {
    func isWhole(from start: Int, count: Int, of channels: Int, step: Int) -> Bool {
      step == 1 && start % block == 0 && (count % block == 0 || start + count == channels)
    }
    let channels = inputTypes[0].shape[1]
    switch node.operation {
    case let slice as Slice:
      return isWhole(from: slice.starts[1], count: slice.counts[1], of: channels, step: slice.steps[1])
    case let unslice as Unslice:
      return isWhole(from: unslice.starts[1], count: channels, of: unslice.shape[1], step: unslice.steps[1])
    case let pad as Pad:
      return pad.low[1] % block == 0 && (pad.high[1] == 0 || channels % block == 0)
        && (pad.value == 0 || node.types[0].shape[1] % block == 0)
    case let joined as Concatenate:
      return joined.axis != 1 || inputTypes.dropLast().allSatisfy { $0.shape[1] % block == 0 }
    default: return false
    }
  }
}
