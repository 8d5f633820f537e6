/// Names of properties as published weights spell them.
public enum ParameterNames {
  /// The torchvision-style name of a Swift property: `runningMean` becomes `running_mean`, `conv1` stays.
  ///
  /// An upper-case letter starts a new word when it follows a lower-case letter or a digit, or begins one after an
  /// acronym: `inputToHidden` gives `input_to_hidden`, `mixed5B` gives `mixed5_b`, `URLTable` gives `url_table`.
  public static func snakeCase(_ property: String) -> String {
    guard property.utf8.contains(where: { $0 >= 65 && $0 <= 90 }) else { return property }
    let letters = Array(property)
    var result = ""
    for (position, letter) in letters.enumerated() {
      guard letter.isUppercase else {
        result.append(letter)
        continue
      }
      let follows = position > 0 && letters[position - 1] != "_" && !letters[position - 1].isUppercase
      let begins =
        position > 0 && letters[position - 1].isUppercase && position + 1 < letters.count
        && letters[position + 1].isLowercase
      if follows || begins { result.append("_") }
      result += letter.lowercased()
    }
    return result
  }
}
