/// A side of a panel: what it shows, its scale, range and ticks.
public struct Axis: Sendable, Hashable {
  /// How numbers become lengths.
  public enum Scale: Sendable, Hashable {
    /// Equal steps are equal lengths.
    case linear
    /// Equal factors are equal lengths; numbers that are not positive are left out.
    case logarithmic
  }

  /// A mark with a text.
  public struct Tick: Sendable, Hashable {
    /// Where it is.
    public var place: Double
    /// What it says.
    public var label: String

    /// A mark with a text.
    public init(_ place: Double, _ label: String) {
      self.place = place
      self.label = label
    }
  }

  /// What the axis shows; empty for nothing.
  public var label: String
  /// How numbers become lengths.
  public var scale: Scale
  /// The lower end; nil is chosen by the data.
  public var lower: Double?
  /// The upper end; nil is chosen by the data.
  public var upper: Double?
  /// The marks; nil chooses them, an empty array makes none.
  public var ticks: [Tick]?
  /// Whether chosen marks are whole numbers, as for epochs.
  public var isWhole: Bool

  /// An axis.
  ///
  /// - Precondition: finite ends, the lower below the upper, and positive ones with a logarithmic scale.
  public init(
    _ label: String = "", scale: Scale = .linear, from lower: Double? = nil, to upper: Double? = nil,
    ticks: [Tick]? = nil, isWhole: Bool = false
  ) {
    for end in [lower, upper].compactMap({ $0 }) {
      precondition(end.isFinite, "an axis cannot end at \(end)")
      precondition(scale == .linear || end > 0, "a logarithmic axis cannot end at \(end)")
    }
    if let lower, let upper { precondition(lower < upper, "an axis cannot go from \(lower) to \(upper)") }
    (self.label, self.scale, self.lower, self.upper) = (label, scale, lower, upper)
    (self.ticks, self.isWhole) = (ticks, isWhole)
  }

  /// An axis of names at 0, 1, 2...
  public static func categories(_ names: [String], label: String = "") -> Axis {
    Axis(label, ticks: names.enumerated().map { Tick(Double($0.offset), $0.element) })
  }
}
