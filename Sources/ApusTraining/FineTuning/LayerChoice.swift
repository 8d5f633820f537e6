/// The first layers of a network: so many of them, those up to a named one, all or none.
///
/// ```swift
/// let choice = LayerChoice("layer3")       // up to the end of layer3, whatever it is made of
/// ```
public struct LayerChoice: Sendable, Hashable, Codable, CustomStringConvertible {
  /// `all`, `none`, a number, or a layer's name or what its name begins with.
  public let description: String

  /// The choice that a text makes.
  public init(_ text: String) { description = text }

  /// All layers.
  public static let all = LayerChoice("all")
  /// No layer.
  public static let none = LayerChoice("none")

  /// Reads the text.
  public init(from decoder: any Decoder) throws {
    description = try decoder.singleValueContainer().decode(String.self)
  }

  /// Writes the text.
  public func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    try container.encode(description)
  }

  /// How many of the layers it names.
  ///
  /// - Parameter option: what errors are about, such as `--freeze`.
  /// - Throws: ``TrainingError`` that names the nearest layers when there is none of the name, or the number is impossible.
  public func count(in layers: [String], _ option: String) throws -> Int {
    switch description {
    case "all": return layers.count
    case "none": return 0
    default: break
    }
    if let number = Int(description) {
      guard number >= 0, number <= layers.count else {
        throw TrainingError.impossible(option, number, "a whole number from 0 to \(layers.count), the layers there are")
      }
      return number
    }
    let last = layers.lastIndex { $0 == description || $0.hasPrefix(description + ".") }
    guard let last, !description.isEmpty else {
      let others = layers.count > 12 ? Array(layers.prefix(6)) + ["..."] + Array(layers.suffix(6)) : layers
      throw TrainingError(
        option, "there is no layer '\(description)'",
        advice: "choose all, none, a number or one of: \(others.joined(separator: ", "))")
    }
    return last + 1
  }
}
