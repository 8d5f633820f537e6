import ApusPlots
import Foundation
import FoundationXML
import Testing

/// What a parser of XML finds in a document.
final class FoundXML: NSObject, XMLParserDelegate {
  private(set) var counts: [String: Int] = [:]
  private(set) var attributes: [[String: String]] = []
  private(set) var texts: [String] = []
  private var text: String?
  private(set) var title = ""

  /// - Throws: when the document is not well formed.
  init(_ document: String) throws {
    super.init()
    let parser = XMLParser(data: Data(document.utf8))
    parser.delegate = self
    let isWhole = parser.parse()
    try #require(isWhole, "not well-formed: \(String(describing: parser.parserError)) in \(document.prefix(300))")
  }

  func parser(
    _: XMLParser, didStartElement name: String, namespaceURI _: String?, qualifiedName _: String?,
    attributes found: [String: String]
  ) {
    counts[name, default: 0] += 1
    attributes.append(found)
    if name == "text" || name == "title" { text = "" }
  }

  func parser(_: XMLParser, foundCharacters more: String) { text? += more }

  func parser(_: XMLParser, didEndElement name: String, namespaceURI _: String?, qualifiedName _: String?) {
    if name == "text", let text { texts.append(text) }
    if name == "title", title.isEmpty, let text { title = text }
    if name == "text" || name == "title" { text = nil }
  }

  /// Marks drawn at points.
  var marks: Int { attributes.count { $0["xlink:href"]?.contains("gpPt6") == true && $0["transform"] != nil } }
}

/// A folder that lives as long as the value.
final class TemporaryFolder {
  let path = NSTemporaryDirectory() + "apus-plots-" + UUID().uuidString
  init() throws { try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true) }
  deinit { try? FileManager.default.removeItem(atPath: path) }
  func file(_ name: String) -> String { path + "/" + name }
  var names: [String] { (try? FileManager.default.contentsOfDirectory(atPath: path))?.sorted() ?? [] }
}
