/// How the rows of a table become samples for a forecast; what is nil takes the usual value.
public struct SeriesConfiguration: Sendable, Hashable, Codable {
  /// Rows that a forecast looks back on.
  public var window: Int?
  /// Rows that are forecast.
  public var horizon: Int?

  /// A configuration.
  public init(window: Int? = nil, horizon: Int? = nil) { (self.window, self.horizon) = (window, horizon) }

  /// The configuration with every blank filled in: 28 rows back, 1 row ahead.
  ///
  /// - Throws: ``DataError`` when a number is impossible.
  public func completed() throws -> SeriesConfiguration {
    let full = SeriesConfiguration(window: window ?? 28, horizon: horizon ?? 1)
    for (option, value) in [("--window", full.window ?? 0), ("--horizon", full.horizon ?? 0)] {
      guard (1...1_000_000).contains(value) else {
        throw DataError(place: option, problem: "cannot be \(value)", advice: "choose a whole number from 1 to 1000000")
      }
    }
    return full
  }
}
