/// The activation of the hidden layers of a network, chosen by name: a function, or slopes that are learnt.
///
/// ```swift
/// let activation = try HiddenActivation.named("prelu:0.1")     // .learntSlope(0.1)
/// ```
public enum HiddenActivation: Sendable {
  /// A function.
  case function(Activation)
  /// ``PReLU`` with one slope a layer that starts at this value.
  case learntSlope(Double)
  /// ``PReLU`` with a slope for each unit, or channel of a picture, that start at this value.
  case learntSlopes(Double)

  /// Every name that ``named(_:)`` knows.
  public static let names: [String] = choices.map(\.name)

  /// The activation with a name; as ``Activation/named(_:)``, and `prelu` or `prelu-per-channel` with the first slope as in
  /// `prelu:0.1`.
  ///
  /// - Throws: ``SettingError`` when there is no such name or a number is impossible.
  public static func named(_ text: String) throws(SettingError) -> HiddenActivation {
    try NamedChoice.find(text, among: choices, kind: "activation")
  }

  private static let choices: [NamedChoice<HiddenActivation>] =
    Activation.choices.map { $0.map { .function($0) } } + [
      .init("prelu", .any("first slope")) { .learntSlope($0.first ?? 0.25) },
      .init("prelu-per-channel", .any("first slope")) { .learntSlopes($0.first ?? 0.25) },
    ]
}
