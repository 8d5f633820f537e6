/// Numbers as figures write them.
enum Numbers {
  /// Up to four significant digits, for cells.
  static func short(_ value: Double) -> String {
    guard value.isFinite else { return "\(value)" }
    if value == value.rounded(), value.magnitude < 1e6 { return String(Int(value)) }
    let magnitude = value.magnitude
    guard magnitude >= 1e-3, magnitude < 1e6 else { return "\(Float(value))" }
    let factor = magnitude >= 100 ? 1.0 : magnitude >= 10 ? 10 : magnitude >= 1 ? 100 : 1000
    return "\((value * factor).rounded() / factor)"
  }

  /// As gnuplot reads it; `NaN` for what is not finite.
  static func exact(_ value: Double) -> String {
    value.isFinite ? value.description : "NaN"
  }
}
