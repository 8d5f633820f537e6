import Apus

/// What the command says about files of tensors.
enum FileTexts {
  /// The tensors of a file in columns, their sum, the text beside them.
  static func listing(_ listing: TensorListing) -> String {
    var lines = columns(listing.tensors)
    lines += listing.metadata.sorted { $0.key < $1.key }.prefix(50).map { key, value in
      "\(key.onOneLine) = \(String(value.prefix(200)).onOneLine)\(value.count > 200 ? "..." : "")"
    }
    lines.append(
      "\(listing.format): \(listing.tensors.count) tensors, \(listing.elementCount) elements, \(listing.byteCount) bytes"
    )
    return lines.joined(separator: "\n")
  }

  private static func columns(_ entries: [TensorListing.Entry]) -> [String] {
    let width = entries.reduce(0) { max($0, $1.name.count) }
    return entries.map { entry in
      let name = entry.name + String(repeating: " ", count: width - entry.name.count)
      return "\(name.onOneLine)  \(entry.type) [\(entry.shape.map(String.init).joined(separator: ", "))]"
    }
  }

  /// A network: what it learns in columns, its operators, what it takes and gives.
  static func listing(_ listing: ONNXListing) -> String {
    func port(_ kind: String, _ port: ONNXListing.Port) -> String {
      let shape = port.shape.map { "[" + $0.map { $0.map(String.init) ?? "any" }.joined(separator: ", ") + "]" }
      return "\(kind) \(port.name): \(port.type ?? "no tensor") \(shape ?? "of any shape")"
    }
    var lines = columns(listing.tensors)
    lines += listing.inputs.map { port("input", $0) } + listing.outputs.map { port("output", $0) }
    let operators = listing.operators.sorted { ($1.value, $0.key) < ($0.value, $1.key) }
    lines.append("operators: " + operators.map { "\($0.value) \($0.key)" }.joined(separator: ", "))
    lines.append("onnx, version \(listing.opset): \(listing.tensors.count) tensors, \(listing.elementCount) elements")
    return lines.joined(separator: "\n")
  }

  /// What was exported: shapes and operators.
  static func export(_ report: ONNXModel.ExportReport) -> String {
    func shape(_ extents: [Int?]) -> String {
      "[" + extents.map { $0.map(String.init) ?? "any" }.joined(separator: ", ") + "]"
    }
    let nodes = report.operators.values.reduce(0, +)
    return "\(shape(report.inputShape)) -> \(shape(report.outputShape)): \(nodes) nodes, \(report.elementCount) "
      + "elements, written to \(report.file)"
  }
}
