import ApusTensor

/// A reader of Python's pickles, versions 0 to 5, that executes nothing.
///
/// A pickle is a program for a stack machine. This one builds numbers, text and containers; functions that the program
/// names go to a ``PickleHost``, which knows the few that files of tensors need and refuses every other by name. Every
/// length is checked against what is left of the file before anything is allocated.
struct PickleReader {
  /// Lists, tuples, dictionaries and sets, in the order they were begun.
  private(set) var containers: [PickleContainer] = []
  /// The first byte that was not read.
  private(set) var position: Int
  let file: String
  private let bytes: UnsafeRawBufferPointer
  private var stack: [PickleValue] = []
  private var marks: [Int] = []
  private var memo: [Int: PickleValue] = [:]

  init(_ bytes: UnsafeRawBufferPointer, from start: Int, file: String) {
    self.bytes = bytes
    self.position = start
    self.file = file
  }

  /// Runs one program to its end.
  ///
  /// - Throws: ``FormatError`` when the bytes are no pickle, end early, or ask for more than data.
  mutating func read(_ host: inout some PickleHost) throws -> PickleValue {
    (stack, marks, memo) = ([], [], [:])
    while true {
      let place = position
      let code = try byte()
      if code == UInt8(ascii: ".") {
        guard marks.isEmpty, stack.count == 1 else { throw damaged("leaves \(stack.count) values", at: place) }
        return stack[0]
      }
      if try readPlain(code) || readContainer(code, at: place) || readNames(code, &host, at: place) { continue }
      throw damaged("has the unknown instruction \(code)", at: place)
    }
  }

  /// An error about the pickle.
  func damaged(_ problem: String, at place: Int? = nil) -> FormatError {
    FormatError.corrupt(file, "its pickle \(problem)" + (place.map { " at byte \($0)" } ?? ""))
  }

  /// A new container.
  mutating func add(_ container: PickleContainer) -> PickleValue {
    containers.append(container)
    return .container(containers.count - 1)
  }

  /// The elements of a tuple or a list.
  func elements(_ value: PickleValue) -> [PickleValue]? {
    guard case .container(let place) = value else { return nil }
    switch containers[place] {
    case .tuple(let values), .list(let values): return values
    case .dictionary, .set: return nil
    }
  }

  // MARK: Bytes

  private mutating func byte() throws -> UInt8 {
    guard position < bytes.count else { throw FormatError.corrupt(file, "its pickle ends too early") }
    defer { position += 1 }
    return bytes[position]
  }

  private mutating func take(_ count: Int) throws -> UnsafeRawBufferPointer {
    guard count >= 0, count <= bytes.count - position else {
      throw FormatError.corrupt(file, "its pickle claims \(count) bytes at byte \(position), beyond its end")
    }
    defer { position += count }
    return UnsafeRawBufferPointer(rebasing: bytes[position..<position + count])
  }

  private mutating func number<Bits: FixedWidthInteger>(_: Bits.Type) throws -> Bits {
    Bits(littleEndian: try take(MemoryLayout<Bits>.size).loadUnaligned(as: Bits.self))
  }

  private mutating func length<Bits: FixedWidthInteger>(_: Bits.Type) throws -> Int {
    let claimed = try number(Bits.self)
    guard let count = Int(exactly: claimed) else { throw damaged("claims \(claimed) bytes", at: position) }
    return count
  }

  private mutating func text(_ count: Int) throws -> String {
    let place = position
    guard let text = String(validating: try take(count), as: UTF8.self) else {
      throw damaged("holds text that is not UTF-8", at: place)
    }
    return text
  }

  private mutating func line() throws -> String {
    guard let end = bytes[position...].prefix(4096).firstIndex(of: 0x0a) else {
      throw damaged("has a line without an end", at: position)
    }
    defer { position = end + 1 }
    return try text(end - position)
  }

  private mutating func wide(_ count: Int) throws -> PickleValue {
    let digits = try take(count)
    guard count <= 8 else { return .wideInteger(Array(digits)) }
    guard let last = digits.last else { return .integer(0) }
    var value: UInt64 = last >= 0x80 ? .max : 0
    for digit in digits.reversed() { value = value << 8 | UInt64(digit) }
    return .integer(Int(bitPattern: UInt(value)))
  }

  // MARK: The stack

  private mutating func pop() throws -> PickleValue {
    guard stack.count > (marks.last ?? 0), let value = stack.popLast() else {
      throw damaged("takes a value that is not there", at: position - 1)
    }
    return value
  }

  private mutating func popToMark() throws -> [PickleValue] {
    guard let mark = marks.popLast() else { throw damaged("lacks a mark", at: position - 1) }
    defer { stack.removeSubrange(mark...) }
    return Array(stack[mark...])
  }

  private mutating func pairs(_ values: [PickleValue]) throws -> [(key: PickleValue, value: PickleValue)] {
    guard values.count.isMultiple(of: 2) else { throw damaged("has a key without a value", at: position - 1) }
    return stride(from: 0, to: values.count, by: 2).map { (values[$0], values[$0 + 1]) }
  }

  /// Adds to the container on top of the stack.
  private mutating func extend(_ added: [PickleValue], pairwise: Bool) throws {
    guard stack.count > (marks.last ?? 0), case .container(let place)? = stack.last else {
      throw damaged("adds to what is no container", at: position - 1)
    }
    switch (containers[place], pairwise) {
    case (.list(var values), false):
      containers[place] = .list([])
      values += added
      containers[place] = .list(values)
    case (.set(var values), false):
      containers[place] = .set([])
      values += added
      containers[place] = .set(values)
    case (.dictionary(var entries), true):
      containers[place] = .dictionary([])
      entries += try pairs(added)
      containers[place] = .dictionary(entries)
    default: throw damaged("adds to a container of another kind", at: position - 1)
    }
  }

  // MARK: Instructions

  /// Numbers, text, the memo.
  private mutating func readPlain(_ code: UInt8) throws -> Bool {
    switch code {
    case 0x80:  // the version
      guard try byte() <= 5 else { throw damaged("is of an unknown version", at: position - 1) }
    case 0x95: _ = try take(8)  // a frame; its length matters to streams only
    case UInt8(ascii: "N"): stack.append(.none)
    case 0x88: stack.append(.bool(true))
    case 0x89: stack.append(.bool(false))
    case UInt8(ascii: "I"), UInt8(ascii: "L"): stack.append(try decimal(try line()))
    case UInt8(ascii: "J"): stack.append(.integer(Int(try number(Int32.self))))
    case UInt8(ascii: "K"): stack.append(.integer(Int(try byte())))
    case UInt8(ascii: "M"): stack.append(.integer(Int(try number(UInt16.self))))
    case 0x8a: stack.append(try wide(Int(try byte())))
    case 0x8b: stack.append(try wide(Int(try number(Int32.self))))
    case UInt8(ascii: "F"):
      guard let value = Double(try line()) else { throw damaged("has a number that is none", at: position) }
      stack.append(.float(value))
    case UInt8(ascii: "G"): stack.append(.float(Double(bitPattern: try number(UInt64.self).byteSwapped)))
    case UInt8(ascii: "V"): stack.append(.text(try line()))
    case UInt8(ascii: "S"):
      let quoted = try line()
      guard quoted.count >= 2, let quote = quoted.first, quote == quoted.last, "'\"".contains(quote),
        !quoted.contains("\\")
      else { throw damaged("has text in quotes that it does not close", at: position) }
      stack.append(.text(String(quoted.dropFirst().dropLast())))
    case UInt8(ascii: "X"): stack.append(.text(try text(try length(UInt32.self))))
    case 0x8c: stack.append(.text(try text(Int(try byte()))))
    case 0x8d: stack.append(.text(try text(try length(UInt64.self))))
    case UInt8(ascii: "U"): stack.append(.text(try text(Int(try byte()))))
    case UInt8(ascii: "T"): stack.append(.text(try text(Int(try number(Int32.self)))))
    case UInt8(ascii: "C"): stack.append(.bytes(Array(try take(Int(try byte())))))
    case UInt8(ascii: "B"): stack.append(.bytes(Array(try take(try length(UInt32.self)))))
    case 0x8e: stack.append(.bytes(Array(try take(try length(UInt64.self)))))
    case UInt8(ascii: "q"): try remember(Int(try byte()))
    case UInt8(ascii: "r"): try remember(Int(try number(UInt32.self)))
    case UInt8(ascii: "p"): try remember(try decimal(try line()).integer ?? -1)
    case 0x94: try remember(memo.count)
    case UInt8(ascii: "h"): try recall(Int(try byte()))
    case UInt8(ascii: "j"): try recall(Int(try number(UInt32.self)))
    case UInt8(ascii: "g"): try recall(try decimal(try line()).integer ?? -1)
    default: return false
    }
    return true
  }

  private func decimal(_ line: String) throws -> PickleValue {
    if line == "00" { return .bool(false) }
    if line == "01" { return .bool(true) }
    guard let value = Int(line.hasSuffix("L") ? String(line.dropLast()) : line) else {
      throw damaged("has the number '\(line.prefix(20))'", at: position)
    }
    return .integer(value)
  }

  private mutating func remember(_ key: Int) throws {
    guard let value = stack.last else { throw damaged("remembers a value that is not there", at: position) }
    memo[key] = value
  }

  private mutating func recall(_ key: Int) throws {
    guard let value = memo[key] else { throw damaged("recalls the value \(key), which it never kept", at: position) }
    stack.append(value)
  }

  /// Marks and containers.
  private mutating func readContainer(_ code: UInt8, at place: Int) throws -> Bool {
    switch code {
    case UInt8(ascii: "("): marks.append(stack.count)
    case UInt8(ascii: "0"):
      if marks.last == stack.count { marks.removeLast() } else { _ = try pop() }
    case UInt8(ascii: "1"): _ = try popToMark()
    case UInt8(ascii: "2"):
      let value = try pop()
      stack += [value, value]
    case UInt8(ascii: "]"): stack.append(add(.list([])))
    case UInt8(ascii: "l"): stack.append(add(.list(try popToMark())))
    case UInt8(ascii: "a"):
      let value = try pop()
      try extend([value], pairwise: false)
    case UInt8(ascii: "e"), 0x90: try extend(try popToMark(), pairwise: false)
    case UInt8(ascii: ")"): stack.append(add(.tuple([])))
    case UInt8(ascii: "t"): stack.append(add(.tuple(try popToMark())))
    case 0x85, 0x86, 0x87:
      var values: [PickleValue] = []
      for _ in 0..<Int(code) - 0x84 { values.insert(try pop(), at: 0) }
      stack.append(add(.tuple(values)))
    case UInt8(ascii: "}"): stack.append(add(.dictionary([])))
    case UInt8(ascii: "d"): stack.append(add(.dictionary(try pairs(try popToMark()))))
    case UInt8(ascii: "s"):
      let value = try pop()
      let key = try pop()
      try extend([key, value], pairwise: true)
    case UInt8(ascii: "u"): try extend(try popToMark(), pairwise: true)
    case 0x8f: stack.append(add(.set([])))
    case 0x91: stack.append(add(.set(try popToMark())))
    default: return false
    }
    return true
  }

  /// What names functions, calls them, or stands for something outside.
  private mutating func readNames(_ code: UInt8, _ host: inout some PickleHost, at place: Int) throws -> Bool {
    switch code {
    case UInt8(ascii: "c"):
      let module = try line()
      stack.append(try named(module, try line(), host))
    case 0x93:
      let name = try pop()
      guard let name = name.text, let module = try pop().text else { throw damaged("names no function", at: place) }
      stack.append(try named(module, name, host))
    case UInt8(ascii: "R"), 0x81:
      let arguments = try pop()
      let function = try pop()
      guard case .global(let name) = function, let values = elements(arguments) else {
        throw damaged("calls what is no function", at: place)
      }
      stack.append(try host.call(name, values, in: &self))
    case UInt8(ascii: "b"):
      // The attributes of an ordered dictionary, which state_dict() adds: nothing that a file of weights needs.
      _ = try pop()
      guard case .container(let target)? = stack.last, case .dictionary = containers[target] else {
        throw damaged("sets the inside of an object", at: place)
      }
    case UInt8(ascii: "Q"): stack.append(try host.resolve(try pop(), in: &self))
    case UInt8(ascii: "i"):
      let module = try line()
      stack.append(try named(module, try line(), host))
      throw damaged("makes an object of a class", at: place)
    case UInt8(ascii: "o"), 0x92: throw damaged("makes an object of a class", at: place)
    case 0x82, 0x83, 0x84: throw damaged("names a function by a number of Python's registry", at: place)
    default: return false
    }
    return true
  }

  private func named(_ module: String, _ name: String, _ host: some PickleHost) throws -> PickleValue {
    let function = module + "." + name
    guard host.permits(function) else { throw Self.refusal(of: function, in: file) }
    return .global(function)
  }

  /// What is said about a function that a file of weights has no use for.
  static func refusal(of function: String, in file: String) -> FormatError {
    FormatError(
      file: file, problem: "its pickle asks for '\(function.prefix(120))', and Apus runs no code of files",
      advice: "save tensors only, as in torch.save(model.state_dict(), file)")
  }
}
