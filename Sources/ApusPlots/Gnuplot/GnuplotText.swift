/// Text as a string of gnuplot's language.
enum GnuplotText {
  /// How many characters of a line are shown.
  static let longestLine = 200

  /// A text in double quotes, where every character that could mean something to gnuplot is written as its octal number:
  /// no command, variable, escape or end of the string is left. Control characters, which SVG cannot hold, are left out.
  ///
  /// Single quotes would not do: gnuplot takes a doubled one at the beginning, or two in a row, for the end.
  static func quoted(_ text: String) -> String {
    quoted(text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline).map(String.init))
  }

  /// Lines as one string.
  static func quoted(_ lines: [String]) -> String {
    let parts = lines.map { line in
      let shown = line.count > longestLine ? String(line.prefix(longestLine - 1)) + "\u{2026}" : line
      return shown.unicodeScalars.reduce(into: "") { $0 += escaped($1) }
    }
    return "\"" + parts.joined(separator: "\\n") + "\""
  }

  /// A text at a tick, where gnuplot would put the number in place of a percent sign.
  static func quotedTick(_ text: String) -> String { quoted(text.replacing("%", with: "%%")) }

  /// Whether XML may hold a character and it is no control character.
  static func isShown(_ scalar: Unicode.Scalar) -> Bool {
    switch scalar.value {
    case 0x00...0x1f, 0x7f...0x9f, 0x2028, 0x2029, 0xfffe, 0xffff: false
    default: true
    }
  }

  private static func escaped(_ scalar: Unicode.Scalar) -> String {
    if scalar == "\t" || scalar.value == 0x0a || scalar.value == 0x0d { return " " }
    guard isShown(scalar) else { return "" }
    let isPlain = scalar.value >= 0x80 || plain.contains(scalar)
    return isPlain ? String(scalar) : "\\" + (scalar.value < 0o100 ? "0" : "") + String(scalar.value, radix: 8)
  }

  private static let plain = Set(
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789 -_.,:;()+=/".unicodeScalars)

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
