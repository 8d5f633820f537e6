/// The structure of a graph as a sequence of words: equal keys mean the same plan can be replayed.
///
/// A key holds operations, attributes, shapes, element types and topology, never data.
public struct PlanKey: Hashable, Sendable {
  package var words: ContiguousArray<Int> = []
  package var digest: UInt64 = 0xcbf2_9ce4_8422_2325

  package init() {}

  /// Adds one word.
  @inline(__always)
  public mutating func add(_ word: Int) {
    words.append(word)
    digest = (digest ^ UInt64(bitPattern: Int64(word))) &* 0x9E37_79B9_7F4A_7C15
    digest ^= digest >> 29
  }

  /// Adds a truth value.
  public mutating func add(_ flag: Bool) { add(flag ? 1 : 0) }

  /// Adds a number by its bits.
  public mutating func add(_ number: Double) { add(Int(bitPattern: UInt(number.bitPattern))) }

  /// Adds a list of words with its length.
  public mutating func add(_ list: some Collection<Int>) {
    add(list.count)
    for word in list { add(word) }
  }

  /// Adds a tensor type.
  public mutating func add(_ type: TensorType) {
    add(Int(type.dtype.rawValue))
    add(type.shape.rank)
    for axis in 0..<type.shape.rank { add(type.shape[axis]) }
  }

  package mutating func removeAll() {
    words.removeAll(keepingCapacity: true)
    digest = 0xcbf2_9ce4_8422_2325
  }

  /// Whether two keys hold the same words.
  public static func == (a: PlanKey, b: PlanKey) -> Bool { a.digest == b.digest && a.words == b.words }
  /// Feeds the digest, which already depends on every word.
  public func hash(into hasher: inout Hasher) { hasher.combine(digest) }
}
