/// What a text is cut into.
public enum TextUnit: String, Sendable, Hashable, CaseIterable, Codable {
  /// Characters as people see them (extended grapheme clusters), so that an accented letter of two code points is one.
  case characters
  /// Words, numbers and marks: letters and digits with apostrophes inside are words (`don't`), every other visible
  /// character is a mark of its own. After `.`, `!` or `?` before a space, and at empty lines, a sentence ends:
  /// ``Vocabulary/end``.
  case words
  /// What stands between spaces, as it is: `HH AH0 L OW1`.
  case tokens

  /// The symbols of a text.
  ///
  /// - Parameter lowercases: whether capital letters become small ones first.
  public func symbols(in text: String, lowercases: Bool = false) -> [String] {
    let text = lowercases ? text.lowercased() : text
    switch self {
    case .characters: return text.map(String.init)
    case .words:
      var cutter = WordCutter()
      for character in text { cutter.add(character) }
      return cutter.finished()
    case .tokens: return text.split(whereSeparator: \.isWhitespace).map(String.init)
    }
  }

  /// A text of symbols: characters one after the other, words with the spaces of usual prose, sentences on lines, tokens
  /// with spaces between them.
  public func text(of symbols: some Sequence<String>) -> String {
    guard self == .words else { return symbols.joined(separator: self == .tokens ? " " : "") }
    var text = ""
    var joins = true
    for symbol in symbols {
      if symbol == Vocabulary.end {
        text += "\n"
        joins = true
        continue
      }
      let closes = symbol.count == 1 && symbol.allSatisfy { ".,;:!?)]}%’”…".contains($0) }
      text += (joins || closes ? "" : " ") + symbol
      joins = symbol.count == 1 && symbol.allSatisfy { "([{‘“".contains($0) }
    }
    return text
  }
}

/// Cuts a text into words and marks, character by character.
private struct WordCutter {
  private var symbols: [String] = []
  private var word = ""
  /// Whether the last marks end a sentence, if a space follows.
  private var endsSentence = false
  private var lineBreaks = 0

  mutating func add(_ character: Character) {
    if character.isLetter || character.isNumber || (!word.isEmpty && (character == "'" || character == "’")) {
      if word.isEmpty { (endsSentence, lineBreaks) = (false, 0) }
      word.append(character)
      return
    }
    endWord()
    if character.isWhitespace {
      if character.isNewline { lineBreaks += 1 }
      if endsSentence || lineBreaks > 1 { endSentence() }
      return
    }
    lineBreaks = 0
    symbols.append(String(character))
    endsSentence = ".!?…".contains(character) || endsSentence && "\"'’”)]".contains(character)
  }

  mutating func finished() -> [String] {
    endWord()
    if endsSentence { endSentence() }
    return symbols
  }

  private mutating func endWord() {
    guard !word.isEmpty else { return }
    // Apostrophes at the end of a word are marks.
    var marks: [String] = []
    while let last = word.last, last == "'" || last == "’" {
      marks.insert(String(last), at: 0)
      word.removeLast()
    }
    symbols += [word] + marks
    word = ""
  }

  private mutating func endSentence() {
    endsSentence = false
    if let last = symbols.last, last != Vocabulary.end { symbols.append(Vocabulary.end) }
  }
}
