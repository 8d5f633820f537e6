/// Text as a string of gnuplot's language.
enum GnuplotText {
  /// How many characters of a line are shown.
  static let longestLine = 200

  /// A text in single quotes, where gnuplot knows neither commands, variables nor escapes; lines are joined by an
  /// expression. Control characters, which SVG cannot hold, are left out.
  static func quoted(_ text: String) -> String {
    quoted(text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline).map(String.init))
  }

  /// Lines as one string.
  static func quoted(_ lines: [String]) -> String {
    let parts = lines.map { line in
      let shown = line.count > longestLine ? String(line.prefix(longestLine - 1)) + "\u{2026}" : line
      return "'" + shown.unicodeScalars.reduce(into: "") { $0 += escaped($1) } + "'"
    }
    return parts.isEmpty ? "''" : parts.joined(separator: ".\"\\n\".")
  }

  private static func escaped(_ scalar: Unicode.Scalar) -> String {
    switch scalar.value {
    case 0x09, 0x0a, 0x0d: " "
    case 0x00...0x1f, 0x7f...0x9f, 0x2028, 0x2029, 0xfffe, 0xffff: ""
    case 0x27: "''"
    default: String(scalar)
    }
  }

  /// The lines of a text, broken between words where they would be wider than a width of the screen.
  static func wrapped(_ text: String, width: Int, fontSize: Int) -> [String] {
    let limit = max(Int(Double(width) / (Double(fontSize) * 0.56)), 8)
    return text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline).flatMap { line -> [String] in
      var lines = [""]
      for word in line.split(separator: " ") {
        let last = lines[lines.count - 1]
        if last.isEmpty {
          lines[lines.count - 1] = String(word)
        } else if last.count + 1 + word.count <= limit {
          lines[lines.count - 1] = last + " " + word
        } else {
          lines.append(String(word))
        }
      }
      return lines
    }
  }
}
