import ApusFormats

/// Something that is chosen by name, with numbers behind a colon: `relu`, `leaky-relu:0.2`, `uniform:-0.1,0.1`.
///
/// Upper and lower case, hyphens and underscores do not matter: `leakyReLU`, `leaky-relu` and `LEAKY_RELU` are one name.
struct NamedChoice<Value: Sendable>: Sendable {
  /// The name as it is listed, in lower case with hyphens.
  let name: String
  /// Other names, in lower case with hyphens.
  let aliases: [String]
  /// The numbers it takes, of which none or the first ones may be given.
  let numbers: [ChoiceNumber]
  /// How many of the numbers must be given.
  let required: Int
  /// The value for the numbers that are given.
  let make: @Sendable ([Double]) throws(SettingError) -> Value

  private init(
    name: String, aliases: [String], numbers: [ChoiceNumber], required: Int,
    make: @escaping @Sendable ([Double]) throws(SettingError) -> Value
  ) {
    (self.name, self.aliases, self.numbers, self.required, self.make) = (name, aliases, numbers, required, make)
  }

  init(
    _ name: String, aliases: [String] = [], _ numbers: ChoiceNumber..., required: Int = 0,
    make: @escaping @Sendable ([Double]) throws(SettingError) -> Value
  ) {
    self.init(name: name, aliases: aliases, numbers: numbers, required: required, make: make)
  }

  /// The same choice of something made of the value.
  func map<Other>(_ transform: @escaping @Sendable (Value) -> Other) -> NamedChoice<Other> {
    NamedChoice<Other>(name: name, aliases: aliases, numbers: numbers, required: required) {
      numbers throws(SettingError) in transform(try make(numbers))
    }
  }

  /// The choice that a text names, with its numbers.
  ///
  /// - Throws: ``SettingError`` that says which names there are, or what the numbers must be.
  static func find(_ text: String, among choices: [NamedChoice], kind: String) throws(SettingError) -> Value {
    let parts = text.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
    let written = String(parts.first ?? "")
    let key = Naming.key(written)
    guard let choice = choices.first(where: { ([$0.name] + $0.aliases).contains { Naming.key($0) == key } }) else {
      throw Naming.unknown(kind, written, among: choices.map(\.name))
    }
    let given = parts.count == 1 ? [] : parts[1].split(separator: ",", omittingEmptySubsequences: false)
    guard given.count <= choice.numbers.count else {
      let takes = choice.numbers.isEmpty ? "no numbers" : choice.numbers.map(\.name).joined(separator: ", ")
      throw SettingError(
        "the \(kind) \(choice.name) takes \(takes), got '\(text)'; leave \(choice.numbers.isEmpty ? "them" : "the others") out"
      )
    }
    var values: [Double] = []
    for (number, digits) in zip(choice.numbers, given) {
      guard let value = Double(digits.filter { $0 != " " }), value.isFinite, number.admits(value) else {
        throw SettingError(
          "the \(number.name) of the \(kind) \(choice.name) must be \(number.requirement), got '\(digits)'")
      }
      values.append(value)
    }
    guard values.count >= choice.required else {
      let missing = choice.numbers.prefix(choice.required).map(\.name).joined(separator: ", ")
      throw SettingError("the \(kind) \(choice.name) needs its \(missing), for example '\(choice.name):0.1'")
    }
    return try choice.make(values)
  }
}

/// A number behind the colon of a ``NamedChoice``.
struct ChoiceNumber: Sendable {
  let name: String
  let requirement: String
  let admits: @Sendable (Double) -> Bool

  static func any(_ name: String) -> ChoiceNumber { ChoiceNumber(name: name, requirement: "a number") { _ in true } }
  static func positive(_ name: String) -> ChoiceNumber {
    ChoiceNumber(name: name, requirement: "a positive number") { $0 > 0 }
  }
  static func whole(_ name: String) -> ChoiceNumber {
    ChoiceNumber(name: name, requirement: "a whole number of at least 1") { $0 >= 1 && $0 <= 1e6 && $0 == $0.rounded() }
  }
  static func atLeastZero(_ name: String) -> ChoiceNumber {
    ChoiceNumber(name: name, requirement: "a number of at least 0") { $0 >= 0 }
  }
}

/// Names that people write.
enum Naming {
  /// Lower case letters and digits only.
  static func key(_ name: String) -> String { name.lowercased().filter { $0.isLetter || $0.isNumber } }

  /// The sentence for a name that does not exist.
  static func unknown(_ kind: String, _ name: String, among names: [String]) -> SettingError {
    let nearest = NearestNames.of(name, among: names)
    let meant = nearest.isEmpty ? "" : "did you mean \(nearest.joined(separator: " or "))? "
    return SettingError("there is no \(kind) '\(name)'; \(meant)choose one of: \(names.joined(separator: ", "))")
  }

  /// A number as short as it can be written: `0.2`, `3`.
  static func text(_ value: Double) -> String {
    value == value.rounded() && abs(value) < 1e15 ? String(Int(value)) : String(value)
  }
}
