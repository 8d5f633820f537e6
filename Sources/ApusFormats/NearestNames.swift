/// Finding what somebody meant to write.
public enum NearestNames {
  /// The names nearest to a misspelled one, best first; empty when none is near.
  ///
  /// - Parameter limit: the most names to give.
  public static func of(_ name: String, among names: [String], limit: Int = 3) -> [String] {
    let written = simplified(name)
    let allowed = max(2, written.count / 2)
    let scored = names.enumerated().compactMap { index, candidate -> (Int, Int, String)? in
      let other = simplified(candidate)
      let isPart = written.count >= 3 && (contains(other, written) || contains(written, other))
      let distance = isPart ? 1 : editDistance(written, other)
      return distance <= allowed ? (distance, index, candidate) : nil
    }
    return scored.sorted { ($0.0, $0.1) < ($1.0, $1.1) }.prefix(limit).map(\.2)
  }

  /// Insertions, deletions and replacements of a character, and swaps of neighbours, that turn one into the other.
  package static func editDistance(_ a: [Character], _ b: [Character]) -> Int {
    var before: [Int] = []
    var above = Array(0...b.count)
    for i in 0..<a.count {
      var row = [i + 1]
      for j in 0..<b.count {
        var best = min(above[j + 1] + 1, row[j] + 1, above[j] + (a[i] == b[j] ? 0 : 1))
        if i > 0, j > 0, a[i] == b[j - 1], a[i - 1] == b[j] { best = min(best, before[j - 1] + 1) }
        row.append(best)
      }
      (before, above) = (above, row)
    }
    return above[b.count]
  }

  private static func contains(_ whole: [Character], _ part: [Character]) -> Bool {
    !part.isEmpty && String(whole).contains(String(part))
  }

  /// Lower case letters and digits only, at most 60.
  private static func simplified(_ name: String) -> [Character] {
    Array(name.lowercased().filter { $0.isLetter || $0.isNumber }.prefix(60))
  }
}
