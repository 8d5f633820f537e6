/// BLEU of a corpus (Papineni, Roukos, Ward, Zhu, 2002), with one reference for each sentence: the geometric mean of the
/// parts of the runs of one to four words that the references have too, times a penalty for being short.
///
/// ```
/// BLEU = 100 min(1, exp(1 - r / c)) exp(mean over n = 1...4 of ln p_n)
/// ```
/// c and r are the words of all translations and of all references. Equal to sacrebleu (Post, 2018) with its usual settings:
/// texts as they are, cut into words by mteval's rules ("13a"), capital letters kept, and where no run of n words is found
/// `p_n = 1 / (2^k total)` for the k-th such n.
///
/// ```swift
/// var bleu = BLEU()
/// bleu.add("The cat sat.", reference: "The cat sat down.")
/// print(bleu.score)
/// ```
public struct BLEU: Sendable, Hashable {
  private var matches = [Int](repeating: 0, count: 4)
  private var totals = [Int](repeating: 0, count: 4)
  private var length = 0
  private var referenceLength = 0

  /// No sentences yet.
  public init() {}

  /// Takes note of a translation.
  public mutating func add(_ translation: String, reference: String) {
    let (found, truth) = (Self.words(in: translation), Self.words(in: reference))
    length += found.count
    referenceLength += truth.count
    for n in 1...4 {
      let (runs, right) = (Self.runs(of: n, in: found), Self.runs(of: n, in: truth))
      matches[n - 1] += runs.reduce(0) { $0 + min($1.value, right[$1.key] ?? 0) }
      totals[n - 1] += max(found.count - n + 1, 0)
    }
  }

  /// BLEU of all sentences so far, 0 to 100.
  public var score: Double {
    guard matches.contains(where: { $0 > 0 }), !totals.contains(0) else { return 0 }
    var (smoothing, sum) = (1.0, 0.0)
    for (found, total) in zip(matches, totals) {
      if found == 0 { smoothing *= 2 }
      sum += logarithm((found == 0 ? 1 / smoothing : Double(found)) / Double(total))
    }
    let penalty = length < referenceLength ? exponential(1 - Double(referenceLength) / Double(length)) : 1
    return 100 * penalty * exponential(sum / 4)
  }

  private static func runs(of count: Int, in words: [String]) -> [ArraySlice<String>: Int] {
    guard words.count >= count else { return [:] }
    return (0...(words.count - count)).reduce(into: [:]) { $0[words[$1..<$1 + count], default: 0] += 1 }
  }

  /// A text cut into words by the rules of mteval-v13a.
  public static func words(in text: String) -> [String] {
    var scalars = Array(text.unicodeScalars)
    func replace(_ old: String, _ new: String) {
      let old = Array(old.unicodeScalars)
      var (result, place) = ([Unicode.Scalar](), 0)
      while place < scalars.count {
        if scalars[place...].starts(with: old) {
          result += Array(new.unicodeScalars)
          place += old.count
        } else {
          result.append(scalars[place])
          place += 1
        }
      }
      scalars = result
    }
    replace("<skipped>", "")
    replace("-\n", "")
    replace("\n", " ")
    for (name, character) in [("&quot;", "\""), ("&amp;", "&"), ("&lt;", "<"), ("&gt;", ">")]
    where scalars.contains("&") {
      replace(name, character)
    }
    scalars = [" "] + scalars + [" "]
    scalars = scalars.flatMap { isMark($0) ? [" ", $0, " "] : [$0] }
    // A full stop or comma is a word of its own unless digits stand on both sides; a hyphen is one after a digit.
    scalars = pairs(scalars) { !isDigit($0) && isStop($1) ? [$0, " ", $1, " "] : nil }
    scalars = pairs(scalars) { isStop($0) && !isDigit($1) ? [" ", $0, " ", $1] : nil }
    scalars = pairs(scalars) { isDigit($0) && $1 == "-" ? [$0, " ", $1, " "] : nil }
    var text = String.UnicodeScalarView()
    text.append(contentsOf: scalars)
    return String(text).split(whereSeparator: \.isWhitespace).map(String.init)
  }

  /// Replaces two neighbours from left to right, each used once.
  private static func pairs(
    _ scalars: [Unicode.Scalar], _ change: (Unicode.Scalar, Unicode.Scalar) -> [Unicode.Scalar]?
  ) -> [Unicode.Scalar] {
    var (result, place) = ([Unicode.Scalar](), 0)
    while place < scalars.count {
      if place + 1 < scalars.count, let new = change(scalars[place], scalars[place + 1]) {
        result += new
        place += 2
      } else {
        result.append(scalars[place])
        place += 1
      }
    }
    return result
  }

  private static func isStop(_ scalar: Unicode.Scalar) -> Bool { scalar == "." || scalar == "," }
  private static func isDigit(_ scalar: Unicode.Scalar) -> Bool { ("0"..."9").contains(scalar) }
  /// `{-~`, `[-backquote`, space to `&`, `(-+`, `:-@` and `/`, as mteval lists them.
  private static func isMark(_ scalar: Unicode.Scalar) -> Bool {
    let ranges: [ClosedRange<Unicode.Scalar>] = ["{"..."~", "["..."`", " "..."&", "("..."+", ":"..."@", "/"..."/"]
    return ranges.contains { $0.contains(scalar) }
  }
}
