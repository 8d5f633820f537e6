import Apus

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

extension Double {
  /// The number with three significant digits: `0.0342`, `1.25`, `1.25e-07`, `3.1e+06`.
  var short: String {
    guard isFinite else { return "\(self)" }
    guard self != 0 else { return "0" }
    let exponent = Int(floor(log10(magnitude)))
    if exponent >= -4, exponent < 5 { return Rounding.text(self, max(2 - exponent, 0)) }
    let mantissa = Rounding.text(self / pow(10, Double(exponent)), 2)
    let (sign, digits) = (exponent < 0 ? "-" : "+", String(abs(exponent)))
    return mantissa + "e" + sign + (digits.count < 2 ? "0" : "") + digits
  }

  /// The number as per cent with one digit: `97.2 %`.
  var percent: String { Rounding.text(self * 100, 1) + " %" }
}

extension Collection<Double> {
  /// The arithmetic mean; NaN for no numbers.
  var mean: Double { reduce(0, +) / Double(count) }

  /// The standard deviation of the population.
  var deviation: Double {
    let center = mean
    return map { ($0 - center) * ($0 - center) }.mean.squareRoot()
  }

  /// The largest magnitude; 0 for no numbers.
  var largestMagnitude: Double { map(\.magnitude).max() ?? 0 }
}
