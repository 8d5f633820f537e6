import Apus
import Foundation
import FoundationXML
import Testing

/// A folder that lives as long as the value.
final class TemporaryFolder {
  let path = NSTemporaryDirectory() + "apus-insight-" + UUID().uuidString
  init() throws { try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true) }
  deinit { try? FileManager.default.removeItem(atPath: path) }
  func file(_ name: String) -> String { path + "/" + name }
  func text(_ name: String) throws -> String { try String(contentsOfFile: file(name), encoding: .utf8) }
  func names(_ folder: String) -> [String] {
    (try? FileManager.default.contentsOfDirectory(atPath: file(folder)))?.sorted() ?? []
  }
}

/// A small run on the digits that are part of the program.
func makeRun(in folder: TemporaryFolder, _ name: String = "run", epochs: Int = 3) throws -> String {
  var request = TrainingRequest(model: "mlp", data: "digits")
  request.modelOptions.hidden = [12]
  (request.epochs, request.seed, request.output) = (epochs, 4, folder.file(name))
  _ = try TrainingJob(request).run(progress: nil)
  return folder.file(name)
}

/// The texts of an SVG document.
func texts(ofSVG document: String) throws -> [String] {
  let reader = TextReader()
  let parser = XMLParser(data: Data(document.utf8))
  parser.delegate = reader
  let isWhole = parser.parse()
  try #require(isWhole, "not well-formed: \(document.prefix(200))")
  return reader.texts
}

private final class TextReader: NSObject, XMLParserDelegate {
  var texts: [String] = []
  private var isInText = false

  func parser(
    _: XMLParser, didStartElement name: String, namespaceURI _: String?, qualifiedName _: String?,
    attributes _: [String: String]
  ) {
    if name == "text" {
      isInText = true
      texts.append("")
    }
  }
  func parser(_: XMLParser, foundCharacters more: String) { if isInText { texts[texts.count - 1] += more } }
  func parser(_: XMLParser, didEndElement name: String, namespaceURI _: String?, qualifiedName _: String?) {
    if name == "text" { isInText = false }
  }
}
