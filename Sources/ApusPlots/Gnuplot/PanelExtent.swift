#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// How far the data of a panel reach along one axis, and the range and ticks that follow.
struct PanelExtent {
  private let axis: Axis
  private(set) var lower = Double.infinity
  private(set) var upper = -Double.infinity
  /// Whether the data fill the axis from end to end, so that no room is left beside them.
  var isTight = false

  init(_ axis: Axis) { self.axis = axis }

  /// Whether a number has a place on the axis.
  func holds(_ value: Double) -> Bool { value.isFinite && (axis.scale == .linear || value > 0) }

  /// Takes a number in.
  mutating func include(_ value: Double) {
    guard holds(value) else { return }
    lower = min(lower, value)
    upper = max(upper, value)
  }

  /// Whether there is anything to show.
  var isEmpty: Bool { lower > upper }

  /// The range, which is never empty, with a little room beside the data.
  var range: (lower: Double, upper: Double) {
    let isLogarithmic = axis.scale == .logarithmic
    var (low, high) = isEmpty ? (isLogarithmic ? (1, 10) : (0, 1)) : (lower, upper)
    if let wanted = axis.lower { (low, high) = (wanted, max(high, wanted)) }
    if let wanted = axis.upper { (low, high) = (min(axis.lower ?? low, wanted), wanted) }
    if isLogarithmic {
      let part = isTight ? 1 : pow(high / low, 0.03)
      let factor = low < high ? part : 2
      return (axis.lower ?? low / factor, axis.upper ?? high * factor)
    }
    let room = low < high ? (isTight ? 0 : (high / 2 - low / 2) * 0.06) : (low == 0 ? 0.5 : abs(low) * 0.5)
    return (axis.lower ?? low - room, axis.upper ?? high + room)
  }

  /// gnuplot's range: ends that nobody asked for are left to it where it finds rounder ones.
  func setting(isFree: Bool, fromZero: Bool = false) -> String {
    let (low, high) = range
    let isDegenerate =
      isEmpty || lower == upper || axis.lower.map { $0 >= upper } ?? false
      || axis.upper.map { $0 <= lower } ?? false
    func end(_ value: Double, _ wanted: Double?) -> String {
      isFree && !isDegenerate && wanted == nil ? "*" : Numbers.exact(value)
    }
    let start = fromZero && axis.lower == nil && axis.scale == .linear ? "0" : end(low, axis.lower)
    return "[\(start):\(end(high, axis.upper))]"
  }

  /// The distance of whole ticks.
  var wholeStep: Int {
    let length = max(min(range.upper - range.lower, 1e15), 1)
    var step = 1
    while true {
      for factor in [1, 2, 5] where length / Double(step * factor) <= 8 { return step * factor }
      step *= 10
    }
  }

  /// The distance of ticks that divides the range into at most so many parts: 1, 2 or 5 times a power of ten.
  static func step(from lower: Double, to upper: Double, most count: Int) -> Double {
    let least = upper / Double(max(count, 1)) - lower / Double(max(count, 1))
    let power = pow(10, floor(log10(least)))
    return ([1, 2, 5].map { $0 * power }.first { $0 >= least * (1 - 1e-9) }) ?? 10 * power
  }

  /// The distance of ticks whose numbers stand beside each other below a panel; the panel itself is a good two thirds of
  /// its width. gnuplot takes letters for narrower than the fonts of the screen are.
  func step(width: Int, fontSize: Int) -> Double {
    let (low, high) = range
    let first = Self.step(from: low, to: high, most: width / 58)
    let labels = [low, low / 2 + high / 2, high].map { Self.text(($0 / first).rounded() * first).count }
    let room = Int((Double((labels.max() ?? 0) * fontSize) * 0.62 + 14) / 0.7)
    return room <= 58 ? first : Self.step(from: low, to: high, most: width / room)
  }

  /// A number as gnuplot writes it at a tick.
  static func text(_ value: Double) -> String {
    var text = [CChar](repeating: 0, count: 32)
    _ = withVaList([value]) { vsnprintf(&text, text.count, "%g", $0) }
    return String(decoding: text.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }

  /// How numbers at ticks are written.
  var format: String {
    guard axis.scale == .logarithmic else { return "%g" }
    return range.lower >= 1e-4 && range.upper <= 1e5 ? "%g" : "10^{%L}"
  }
}
