/// Numbers as people read them.
public enum Rounding {
  /// A number with a fixed count of digits behind the point: `0.2871`.
  public static func text(_ value: Double, _ digits: Int) -> String {
    guard value.isFinite, value.magnitude < 1e15 else { return "\(value)" }
    var factor = 1.0
    for _ in 0..<digits { factor *= 10 }
    let scaled = (value.magnitude * factor).rounded()
    let whole = (scaled / factor).rounded(.down)
    let rest = String(Int(scaled - whole * factor))
    let sign = value < 0 && scaled > 0 ? "-" : ""
    let fraction = String(repeating: "0", count: max(digits - rest.count, 0)) + rest
    return sign + String(Int(whole)) + (digits > 0 ? "." + fraction : "")
  }

  /// A duration: `8 s`, `1:05`, `2:03:07`.
  public static func duration(_ seconds: Double) -> String {
    guard seconds.isFinite, seconds >= 0, seconds < 1e9 else { return "?" }
    let whole = Int(seconds.rounded())
    func two(_ number: Int) -> String { (number < 10 ? "0" : "") + String(number) }
    if whole < 60 { return "\(whole) s" }
    if whole < 3600 { return "\(whole / 60):\(two(whole % 60))" }
    return "\(whole / 3600):\(two(whole / 60 % 60)):\(two(whole % 60))"
  }

  /// A rate: `52300` or `3.1`.
  static func rate(_ value: Double) -> String { text(value, value < 100 ? 1 : 0) }
}
