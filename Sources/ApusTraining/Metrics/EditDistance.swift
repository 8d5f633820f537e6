/// How far sequences are from what they should be: Levenshtein's distance, the least number of symbols that must be put in,
/// left out or replaced.
///
/// ```swift
/// var errors = SequenceErrors()
/// errors.add(["K", "AE", "T"], truth: ["K", "AH", "T", "S"])
/// print(errors.symbolErrorRate)     // 0.5: a sound replaced and one missing, of four
/// ```
public struct SequenceErrors: Sendable, Hashable {
  /// Symbols that must be changed, of all sequences.
  public private(set) var edits = 0
  /// Symbols of the right sequences.
  public private(set) var symbols = 0
  /// Sequences that are not exactly right.
  public private(set) var wrong = 0
  /// Sequences judged.
  public private(set) var count = 0

  /// No sequences yet.
  public init() {}

  /// Judges a sequence.
  public mutating func add(_ found: [String], truth: [String]) {
    edits += Self.distance(found, truth)
    symbols += truth.count
    wrong += found == truth ? 0 : 1
    count += 1
  }

  /// Edits of all sequences divided by the symbols of the right ones: the phoneme error of sounds, the word error of
  /// sentences. 0 without symbols.
  public var symbolErrorRate: Double { symbols == 0 ? 0 : Double(edits) / Double(symbols) }
  /// The part of the sequences that are not exactly right: the word error of pronunciations. 0 without sequences.
  public var sequenceErrorRate: Double { count == 0 ? 0 : Double(wrong) / Double(count) }

  /// Levenshtein's distance (1966).
  public static func distance<Symbol: Equatable>(_ a: [Symbol], _ b: [Symbol]) -> Int {
    var row = Array(0...b.count)
    for (i, x) in a.enumerated() {
      var diagonal = row[0]
      row[0] = i + 1
      for (j, y) in b.enumerated() {
        let above = row[j + 1]
        row[j + 1] = x == y ? diagonal : min(diagonal, above, row[j]) + 1
        diagonal = above
      }
    }
    return row[b.count]
  }
}
