import FoundationEssentials

/// JSON as the files of a run and the command use it: keys in order, numbers that read back to the same bits.
public enum JSON {
  /// A value as JSON in one line.
  ///
  /// - Throws: `EncodingError`.
  public static func text(_ value: some Encodable) throws -> String {
    String(decoding: try encoder([.sortedKeys, .withoutEscapingSlashes]).encode(value), as: UTF8.self)
  }

  /// A report for other programs as JSON in one line, with keys in snake_case.
  ///
  /// - Throws: `EncodingError`.
  public static func report(_ value: some Encodable) throws -> String {
    let encoder = encoder([.sortedKeys, .withoutEscapingSlashes])
    encoder.keyEncodingStrategy = .convertToSnakeCase
    return String(decoding: try encoder.encode(value), as: UTF8.self)
  }

  /// A value as JSON for people to read, with a newline at the end.
  ///
  /// - Throws: `EncodingError`.
  public static func readable(_ value: some Encodable) throws -> String {
    let encoder = encoder([.sortedKeys, .withoutEscapingSlashes, .prettyPrinted])
    return String(decoding: try encoder.encode(value), as: UTF8.self) + "\n"
  }

  /// A value from JSON.
  ///
  /// - Throws: `DecodingError`.
  public static func decode<Value: Decodable>(_ type: Value.Type, _ text: String) throws -> Value {
    try decoder().decode(type, from: Data(text.utf8))
  }

  /// What ``report(_:)`` made JSON of.
  ///
  /// - Throws: `DecodingError`.
  public static func decodeReport<Value: Decodable>(_ type: Value.Type, _ text: String) throws -> Value {
    let decoder = decoder()
    decoder.keyDecodingStrategy = .convertFromSnakeCase
    return try decoder.decode(type, from: Data(text.utf8))
  }

  private static func decoder() -> JSONDecoder {
    let decoder = JSONDecoder()
    decoder.nonConformingFloatDecodingStrategy = .convertFromString(
      positiveInfinity: "inf", negativeInfinity: "-inf", nan: "nan")
    return decoder
  }

  private static func encoder(_ formatting: JSONEncoder.OutputFormatting) -> JSONEncoder {
    let encoder = JSONEncoder()
    encoder.nonConformingFloatEncodingStrategy = .convertToString(
      positiveInfinity: "inf", negativeInfinity: "-inf", nan: "nan")
    encoder.outputFormatting = formatting
    return encoder
  }
}
