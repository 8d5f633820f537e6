import ApusTraining

/// Text and tables as HTML.
enum HTML {
  /// Text as it stands between tags and in quoted attributes.
  static func escaped(_ text: String) -> String {
    var result = ""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "&": result += "&amp;"
      case "<": result += "&lt;"
      case ">": result += "&gt;"
      case "\"": result += "&quot;"
      case "'": result += "&#39;"
      default:
        let isControl = scalar.value < 0x20 && scalar != "\n" && scalar != "\t" || (0x7f...0x9f).contains(scalar.value)
        if !isControl { result.unicodeScalars.append(scalar) }
      }
    }
    return result
  }

  /// A number in a few figures: `0.9689`, `60,914`, `3.7e+09`.
  static func number(_ value: Double) -> String {
    switch value.magnitude {
    case ..<10: return Rounding.text(value, 4)
    case ..<1000: return Rounding.text(value, 2)
    case ..<1e8: return ModelSummary.grouped(Int(value.rounded()))
    default: return "\(Float(value))"
    }
  }

  /// A table; columns from `numbers` on are aligned as numbers.
  static func table(_ header: [String], _ rows: [[String]], numbers: Int, total: Bool = false) -> String {
    func cells(_ texts: [String], _ tag: String) -> String {
      texts.enumerated().map { column, text in
        let style = column >= numbers ? " class=\"number\"" : ""
        return "<\(tag)\(style)>\(escaped(text))</\(tag)>"
      }.joined()
    }
    let head = header.isEmpty ? "" : "<thead><tr>\(cells(header, "th"))</tr></thead>\n"
    let body = rows.enumerated().map { number, row in
      let style = total && number == rows.count - 1 ? " class=\"total\"" : ""
      return "<tr\(style)>\(cells(row, "td"))</tr>"
    }
    return "<div class=\"scroll\"><table>\n\(head)<tbody>\n\(body.joined(separator: "\n"))\n</tbody></table></div>\n"
  }

  /// A table of names and values.
  static func facts(_ rows: [[String]]) -> String {
    let lines = rows.map { row in
      "<tr>" + row.map { "<td>\(escaped($0))</td>" }.joined() + "</tr>"
    }
    return "<table class=\"facts\">\n<tbody>\n\(lines.joined(separator: "\n"))\n</tbody></table>\n"
  }

  /// A section with a heading; nothing without content.
  static func section(_ title: String, _ content: String) -> String {
    content.isEmpty ? "" : "<section>\n<h2>\(escaped(title))</h2>\n\(content)</section>\n"
  }
}
