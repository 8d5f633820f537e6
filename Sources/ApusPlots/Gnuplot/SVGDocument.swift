/// What is done to gnuplot's SVG: a title for readers of the screen, the fonts of the screen, sharp pixels, and nothing
/// that shows nothing. ``element(_:idPrefix:)`` puts such a document into a page.
public enum SVGDocument {
  /// A document of ``Figure/svg()`` as an element of HTML, whose marks have names of their own among several figures.
  public static func element(_ document: String, idPrefix: String) -> String {
    let pieces = document.split(separator: "<", omittingEmptySubsequences: false).map(Piece.init)
    guard let start = pieces.firstIndex(where: { $0.tag.hasPrefix("svg") }) else { return document }
    let renamed = pieces[start...].map { piece in
      var piece = piece
      piece.tag = piece.tag.replacing("gpPt", with: "\(idPrefix)gpPt")
      return piece.text
    }
    return "<" + renamed.joined(separator: "<")
  }

  /// The fonts, the first that is there.
  static let fonts = "system-ui, -apple-system, 'Segoe UI', Roboto, 'DejaVu Sans', sans-serif"

  /// The document with a title. Only mark-up is touched, never the texts between.
  static func tidied(_ document: String, title: String) -> String {
    var pieces = document.split(separator: "<", omittingEmptySubsequences: false).map(Piece.init)
    pieces = withoutDefinitions(pieces)
    pieces = pieces.compactMap(changed)
    if let first = pieces.firstIndex(where: { $0.tag == "title>" }) {
      pieces[first].rest = Substring(escaped(title.isEmpty ? "Figure" : title))
    }
    return withoutEmptyGroups(pieces).map(\.text).joined(separator: "<")
  }

  /// A tag without its `<`, and the text up to the next one.
  private struct Piece {
    var tag: String
    var rest: Substring

    init(_ text: Substring) {
      guard let end = text.firstIndex(of: ">") else {
        (tag, rest) = ("", text)
        return
      }
      tag = String(text[...end])
      rest = text[text.index(after: end)...]
    }

    var isBlank: Bool { rest.allSatisfy(\.isWhitespace) }
    var text: String { tag + rest }
  }

  /// Of gnuplot's marks only the filled circle is ever used.
  private static func withoutDefinitions(_ pieces: [Piece]) -> [Piece] {
    guard let start = pieces.firstIndex(where: { $0.tag == "defs>" }),
      let end = pieces.firstIndex(where: { $0.tag == "/defs>" }), start < end
    else { return pieces }
    let isUsed = pieces[end...].contains { $0.tag.hasPrefix("use ") }
    let kept = pieces[start...end].filter { piece in
      isUsed && ["id='gpPt5'", "id='gpPt6'"].contains { piece.tag.contains($0) } || piece.tag.hasSuffix("defs>")
    }
    return Array(pieces[..<start] + kept + pieces[(end + 1)...])
  }

  private static func changed(_ piece: Piece) -> Piece? {
    var piece = piece
    // gnuplot leaves `>` in texts, and `]]>` may not stand in XML.
    if piece.rest.contains(">") { piece.rest = Substring(piece.rest.replacing(">", with: "&gt;")) }
    if piece.tag == "desc>" || piece.tag == "/desc>" { return nil }
    if piece.tag.hasPrefix("path"), piece.isBlank, let start = piece.tag.firstRange(of: "d='") {
      let drawing = piece.tag[start.upperBound...]
      if !drawing.contains(where: { "LlhvCczZ".contains($0) }) { return nil }
    }
    if piece.tag.hasPrefix("image") {
      piece.tag = piece.tag.replacing("image ", with: "image style='image-rendering:pixelated' ", maxReplacements: 1)
    } else {
      piece.tag = piece.tag.replacing("font-family=\"\(GnuplotScript.svgFont)\"", with: "font-family=\"\(fonts)\"")
      piece.tag = withPlainColors(piece.tag)
    }
    if piece.tag.hasPrefix("g id=\"gnuplot_") { piece.tag = "g>" }
    return piece
  }

  /// `rgb(  0, 114, 178)` as `#0072b2`, so that style sheets can name it.
  private static func withPlainColors(_ tag: String) -> String {
    var result = ""
    var left = tag[...]
    while let start = left.firstRange(of: "rgb("), let end = left[start.upperBound...].firstIndex(of: ")") {
      let parts = left[start.upperBound..<end].split(separator: ",").compactMap { part in
        UInt8(part.filter { $0 != " " })
      }
      guard parts.count == 3 else { break }
      result += left[..<start.lowerBound] + Color(red: parts[0], green: parts[1], blue: parts[2]).hexadecimal
      left = left[left.index(after: end)...]
    }
    return result + left
  }

  private static func withoutEmptyGroups(_ pieces: [Piece]) -> [Piece] {
    var kept: [Piece] = []
    for piece in pieces {
      if piece.tag == "/g>", let last = kept.last, last.tag.hasPrefix("g"), last.tag != "g>", last.isBlank {
        kept.removeLast()
      } else {
        kept.append(piece)
      }
    }
    return kept
  }

  /// Text as it stands between tags.
  static func escaped(_ text: String) -> String {
    text.unicodeScalars.reduce(into: "") { result, scalar in
      switch scalar {
      case "&": result += "&amp;"
      case "<": result += "&lt;"
      case ">": result += "&gt;"
      default: result += GnuplotText.isShown(scalar) ? String(scalar) : ""
      }
    }
  }
}
