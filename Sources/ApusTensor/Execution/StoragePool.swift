import Synchronization

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// Large blocks of memory that were given back, kept for the next request of the same size.
///
/// Each training step makes new parameters and lets the old ones go. The allocator returns blocks of this size to the
/// system at once, and the system clears every page before it hands it out again: a fifth of a VGG-16's step with one
/// image. A request that finds no block of its size gives back all that are kept, so what one phase of a program left does
/// not stay with the next.
final class StoragePool: Sendable {
  /// The pool of all storages.
  static let shared = StoragePool()

  /// Smaller blocks the allocator itself keeps.
  static let leastBytes = 1 << 20
  /// Bytes kept at most.
  let mostBytes: Int

  /// `@unchecked Sendable`: addresses of memory that nobody else uses, under the lock.
  private struct Blocks: @unchecked Sendable {
    var bySize: [Int: [UnsafeMutableRawPointer]] = [:]
    var bytes = 0

    mutating func freeAll() {
      for block in bySize.values.joined() { free(block) }
      (bySize, bytes) = ([:], 0)
    }
  }

  private let blocks = Mutex(Blocks())

  init(mostBytes: Int = 1 << 30) { self.mostBytes = mostBytes }

  deinit { blocks.withLock { $0.freeAll() } }

  /// A block of exactly this size; nil when none is kept.
  func take(_ size: Int) -> UnsafeMutableRawPointer? {
    guard size >= Self.leastBytes else { return nil }
    return blocks.withLock { blocks in
      if let block = blocks.bySize[size]?.popLast() {
        blocks.bytes -= size
        return block
      }
      blocks.freeAll()
      return nil
    }
  }

  /// Keeps a block, or frees it.
  func giveBack(_ block: UnsafeMutableRawPointer, _ size: Int) {
    let isKept =
      size >= Self.leastBytes
      && blocks.withLock { blocks in
        guard blocks.bytes + size <= mostBytes else { return false }
        blocks.bySize[size, default: []].append(block)
        blocks.bytes += size
        return true
      }
    if !isKept { free(block) }
  }

  /// Bytes kept now.
  var keptBytes: Int { blocks.withLock { $0.bytes } }
}
