/// JSON of any form as names and values: `{"optimizer": {"name": "adam"}}` gives `optimizer.name` and `adam`.
public struct RunSettings: Sendable, Hashable, Decodable {
  /// The values by path; a list is one value, its elements behind commas, and what is null is left out.
  public let values: [String: String]

  private struct Key: CodingKey {
    let stringValue: String
    var intValue: Int? { nil }
    init(stringValue: String) { self.stringValue = stringValue }
    init?(intValue: Int) { nil }
  }

  /// What was asked of a run.
  ///
  /// - Throws: ``TrainingError`` when there is no run or its configuration is damaged.
  public init(_ run: RunFolder) throws {
    self = try JSON.decode(RunSettings.self, JSON.text(RunConfiguration.read(run)))
  }

  /// Reads any JSON.
  public init(from decoder: any Decoder) throws {
    if let object = try? decoder.container(keyedBy: Key.self) {
      var found: [String: String] = [:]
      for key in object.allKeys {
        for (path, value) in try object.decode(RunSettings.self, forKey: key).values {
          found[path.isEmpty ? key.stringValue : key.stringValue + "." + path] = value
        }
      }
      values = found
    } else if var list = try? decoder.unkeyedContainer() {
      var texts: [String] = []
      while !list.isAtEnd { texts.append(try list.decode(RunSettings.self).text) }
      values = ["": texts.joined(separator: ", ")]
    } else {
      let single = try decoder.singleValueContainer()
      values = single.decodeNil() ? [:] : ["": try Self.text(single)]
    }
  }

  private var text: String {
    values.sorted { $0.key < $1.key }.map { $0.key.isEmpty ? $0.value : $0.key + " " + $0.value }
      .joined(separator: ", ")
  }

  private static func text(_ value: any SingleValueDecodingContainer) throws -> String {
    if let flag = try? value.decode(Bool.self) { return flag ? "yes" : "no" }
    if let number = try? value.decode(UInt64.self) { return "\(number)" }
    if let number = try? value.decode(Double.self) { return "\(number)" }
    return try value.decode(String.self)
  }
}
