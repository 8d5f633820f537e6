/// A remark in a panel.
public struct Annotation: Sendable, Hashable {
  /// Which end of a text stands at its place.
  public enum Anchor: String, Sendable, Hashable {
    /// The text begins there.
    case left
    /// The text is around it.
    case center
    /// The text ends there.
    case right
  }

  enum Form: Sendable, Hashable {
    case text(x: Double, y: Double, Anchor)
    case horizontal(at: Double)
    case vertical(at: Double)
  }

  /// What it says.
  public var text: String
  /// Its colour.
  public var color: Color
  let form: Form

  private init(_ text: String, _ color: Color, _ form: Form) {
    (self.text, self.color, self.form) = (text, color, form)
  }

  /// A text at a place of the panel's axes.
  public static func text(
    _ text: String, x: Double, y: Double, anchor: Anchor = .left, color: Color = .quiet
  ) -> Annotation {
    Annotation(text, color, .text(x: x, y: y, anchor))
  }

  /// A dashed line across the panel at a height, with a text at its right end.
  public static func horizontalLine(at y: Double, _ text: String = "", color: Color = .gray) -> Annotation {
    Annotation(text, color, .horizontal(at: y))
  }

  /// A dashed line up the panel, with a text above it.
  public static func verticalLine(at x: Double, _ text: String = "", color: Color = .gray) -> Annotation {
    Annotation(text, color, .vertical(at: x))
  }
}
