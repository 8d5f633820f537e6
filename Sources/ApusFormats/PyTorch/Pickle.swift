/// A value in a pickle, as far as files of weights use them.
///
/// Lists, tuples, dictionaries and sets are named by their place in ``Pickle/containers``: a pickle may hold one twice,
/// or inside itself.
enum PickleValue: Sendable {
  case none
  case bool(Bool)
  case integer(Int)
  /// An integer beyond 64 bits: its bytes in two's complement, the lowest first.
  case wideInteger([UInt8])
  case float(Double)
  case text(String)
  case bytes([UInt8])
  case container(Int)
  /// A function or class, `module.name`: only named, never called.
  case global(String)
  /// What a persistent identifier stood for: its place among those that were met.
  case persistent(Int)
  /// What a permitted call made: its place among those that were made.
  case made(Int)

  /// The text of a text.
  var text: String? {
    if case .text(let text) = self { text } else { nil }
  }

  /// The number of an integer.
  var integer: Int? {
    if case .integer(let number) = self { number } else { nil }
  }
}

/// A list, tuple, dictionary or set of a pickle.
enum PickleContainer: Sendable {
  case list([PickleValue])
  case tuple([PickleValue])
  case dictionary([(key: PickleValue, value: PickleValue)])
  case set([PickleValue])
}

/// What decides which functions a pickle may name and what identifiers stand for; see ``PickleReader``.
protocol PickleHost {
  /// The result of calling `function`, which the pickle names, with arguments.
  ///
  /// - Throws: ``FormatError`` for every function that is not permitted.
  mutating func call(
    _ function: String, _ arguments: [PickleValue], in reader: inout PickleReader
  ) throws -> PickleValue
  /// Whether `function` may be named at all.
  func permits(_ function: String) -> Bool
  /// What a persistent identifier stands for.
  mutating func resolve(_ identifier: PickleValue, in reader: inout PickleReader) throws -> PickleValue
}
