import Apus

/// What the command says about files of tensors.
enum FileTexts {
  /// The tensors of a file in columns, their sum, the text beside them.
  static func listing(_ listing: TensorListing) -> String {
    let width = listing.tensors.reduce(0) { max($0, $1.name.count) }
    var lines = listing.tensors.map { entry in
      let name = entry.name + String(repeating: " ", count: width - entry.name.count)
      return "\(name)  \(entry.type) [\(entry.shape.map(String.init).joined(separator: ", "))]"
    }
    lines += listing.metadata.sorted { $0.key < $1.key }.prefix(50).map { key, value in
      "\(key) = \(value.prefix(200))\(value.count > 200 ? "..." : "")"
    }
    lines.append(
      "\(listing.format): \(listing.tensors.count) tensors, \(listing.elementCount) elements, \(listing.byteCount) bytes"
    )
    return lines.joined(separator: "\n")
  }
}
