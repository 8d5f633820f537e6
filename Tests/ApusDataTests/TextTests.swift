import ApusTensor
import Foundation
import Testing

@testable import ApusData

@Suite struct TextTests {
  @Test func charactersAreWhatPeopleSee() {
    // An e with a combining accent is one character, and equal to the letter of one code point; so is a family.
    let symbols = TextUnit.characters.symbols(in: "Caf\u{65}\u{301} \u{1F468}\u{200D}\u{1F469}\u{200D}\u{1F467}.")
    #expect(symbols == ["C", "a", "f", "\u{E9}", " ", "\u{1F468}\u{200D}\u{1F469}\u{200D}\u{1F467}", "."])
    #expect(TextUnit.characters.symbols(in: "ÉA", lowercases: true) == ["é", "a"])
    #expect(TextUnit.characters.text(of: symbols).count == 7)
  }

  @Test func wordsMarksAndSentences() {
    let text = "I don't like it.  (Really?) Version 4.4.7 of the dogs' \u{201C}Jargon\u{201D}!\n\nNext: caf\u{E9}"
    let words = TextUnit.words.symbols(in: text)
    let end = Vocabulary.end
    #expect(
      words == [
        "I", "don't", "like", "it", ".", end, "(", "Really", "?", ")", end, "Version", "4", ".", "4", ".", "7", "of",
        "the", "dogs", "'", "\u{201C}", "Jargon", "\u{201D}", "!", end, "Next", ":", "caf\u{E9}",
      ])
    #expect(TextUnit.words.symbols(in: "A B", lowercases: true) == ["a", "b"])
    #expect(TextUnit.words.symbols(in: "one\n\n\n\ntwo") == ["one", end, "two"])
    #expect(TextUnit.words.symbols(in: "\n\n.") == [".", end])
    #expect(
      TextUnit.words.text(of: ["I", "like", "(", "big", ")", "cats", ".", end, "You"]) == "I like (big) cats.\nYou")
  }

  @Test func vocabularies() throws {
    let text = TextUnit.words.symbols(in: "b a c a b a d e e")
    let vocabulary = Vocabulary(of: text, unit: .words, special: [Vocabulary.unknown, "<x>"], minimumCount: 2)
    #expect(vocabulary.symbols == ["<unk>", "<x>", "a", "b", "e"])
    #expect(vocabulary.numbers(of: ["e", "z", "a"]) == [4, 0, 2])
    #expect(vocabulary.unknownSymbols(in: ["z", "a", "q", "z"]) == ["z", "q"])
    #expect(Vocabulary(of: text, unit: .words, minimumCount: 1, limit: 3).symbols == ["<unk>", "a", "b"])
    // An accent written in two ways is the same symbol.
    let accents = Vocabulary(of: ["\u{E9}", "e\u{301}"], unit: .characters)
    #expect(accents.count == 2 && accents.number(of: "e\u{301}") == 1)
    let again = try JSONDecoder().decode(Vocabulary.self, from: JSONEncoder().encode(vocabulary))
    #expect(again == vocabulary && again.number(of: "b") == 3)
    for damaged in [#"{"unit":"words","symbols":["a","a"]}"#, #"{"unit":"words","symbols":[]}"#] {
      #expect(throws: DecodingError.self) { try JSONDecoder().decode(Vocabulary.self, from: Data(damaged.utf8)) }
    }
  }

  @Test func filesAndFolders() throws {
    try withFolder { folder in
      func write(_ text: String, _ name: String) throws {
        try Data(text.utf8).write(to: URL(fileURLWithPath: folder + "/" + name))
      }
      try write("\u{FEFF}one\r\ntwo\rthree\n", "b.txt")
      try write("zero", "a.md")
      try write("{}", "c.json")
      #expect(try TextCorpus.read(folder + "/b.txt") == "one\ntwo\nthree\n")
      #expect(try TextCorpus.read(folder) == "zero\n\none\ntwo\nthree\n")
      func problem(_ bytes: [UInt8]) -> String {
        #expect(throws: DataError.self) { try TextCorpus.text(bytes, place: "x.txt") }?.description ?? ""
      }
      #expect(problem([]) == "x.txt: holds no text; give a file with some")
      #expect(problem(Array(" \n\t ".utf8)).contains("holds no text"))
      #expect(problem([65, 10, 66, 0xE9, 67]).contains("is not UTF-8: byte 3, in line 2, is 0xE9; convert it"))
      #expect(problem([65, 0xE2, 0x82]).contains("byte 1, in line 1"))
      #expect(problem([65, 0, 66]).contains("byte 1 is 0"))
      #expect(throws: DataError.self) { try TextCorpus.read(folder + "/none.txt") }
      #expect(makeFolder(folder + "/empty"))
      let none = #expect(throws: DataError.self) { try TextCorpus.read(folder + "/empty") }
      #expect(none?.description.contains("no text files") == true)
    }
  }

  /// Each stream goes on from batch to batch, and a target is the next symbol.
  @Test func streamsFollowEachOther() throws {
    let numbers = (0..<23).map { Int32($0) }
    let data = try TextStreams.dataset(name: "t", numbers: numbers, symbolCount: 23, streams: 2, window: 4)
    #expect(data.inputType == TensorType([4, 4], .int32) && data.symbolCount == 23 && data.hasSymbolTargets)
    let batches = Array(data.batches(of: 2, shuffle: false, normalization: try Normalization(fitting: data)))
    #expect(
      batches.map { $0.inputs.scalars(as: Int32.self) } == [
        [0, 1, 2, 3, 11, 12, 13, 14], [4, 5, 6, 7, 15, 16, 17, 18],
      ])
    for batch in batches {
      #expect(batch.inputs.dtype == .int32)
      #expect(batch.targets.scalars(as: Int32.self) == batch.inputs.scalars(as: Int32.self).map { $0 + 1 })
    }
    // A stream shorter than the window is a window.
    let short = try TextStreams.dataset(name: "t", numbers: numbers, symbolCount: 23, streams: 5, window: 40)
    #expect(short.inputType.shape == [5, 4])
    for few in [[Int32](), [1], [1, 2, 3]] {
      let error = #expect(throws: DataError.self) {
        try TextStreams.dataset(name: "t", numbers: few, symbolCount: 5, streams: 3, window: 4)
      }
      #expect(error?.description.contains("too few for 3 streams") == true)
    }
    // What a data set of symbols is stays with its parts.
    #expect(data.subset([0]).symbolCount == 23 && data.renamed("u").symbolCount == 23)
    #expect(try data.loaded().symbolCount == 23)
    #expect(throws: DataError.self) {
      try Dataset(name: "t", symbols: data.inputs, symbolCount: 9, targets: data.targets, classNames: [])
    }
  }

  @Test func configurationsAreCompletedAndChecked() throws {
    let words = try TextConfiguration().completed(unit: .words, streams: 20)
    #expect(words.window == 35 && words.minimumCount == 3 && words.streams == 20 && words.lowercases == false)
    #expect(try TextConfiguration().completed(unit: .characters, streams: 1).window == 64)
    for (name, wrong) in [("--window", 0), ("--minimum-count", -1), ("--vocabulary", 1)] {
      var configuration = TextConfiguration()
      switch name {
      case "--window": configuration.window = wrong
      case "--minimum-count": configuration.minimumCount = wrong
      default: configuration.limit = wrong
      }
      let error = #expect(throws: DataError.self) { try configuration.completed(unit: .words, streams: 2) }
      #expect(error?.place == name)
    }
  }
}

@Suite struct LabelledTextTests {
  @Test func linesAndFolders() throws {
    try withFolder { folder in
      let path = folder + "/texts.tsv"
      try Data("good\tI like it\n\nbad\tno\tgood\ngood\tyes\n".utf8).write(to: URL(fileURLWithPath: path))
      let texts = try LabelledTexts(path)
      #expect(texts.classNames == ["bad", "good"] && texts.labels == [1, 0, 1])
      #expect(texts.texts == ["I like it", "no\tgood", "yes"])
      for (name, files) in [("b", ["two"]), ("a", ["one", "three"]), ("c", [])] {
        #expect(makeFolder(folder + "/" + name))
        for file in files { try Data(file.utf8).write(to: URL(fileURLWithPath: "\(folder)/\(name)/\(file).txt")) }
      }
      let read = try LabelledTexts(folder)
      #expect(read.classNames == ["a", "b"] && read.texts == ["one", "three", "two"])
      for (text, words) in [
        ("no tab\n", "line 1 is not a class, a tab and a text"), ("a\tb\n\tc", "line 2"), ("a\t \n", "line 1"),
        ("a\tb\na\tc", "all texts are of class 'a'"),
      ] {
        try Data(text.utf8).write(to: URL(fileURLWithPath: path))
        let error = #expect(throws: DataError.self) { try LabelledTexts(path) }
        #expect(error?.description.contains(words) == true, "\(text)")
      }
    }
  }

  /// Batches have few lengths, end where their longest text does, and hold every text once.
  @Test func batchesOfSimilarLength() throws {
    var generator = PhiloxGenerator(seed: 3, stream: 0)
    let lengths = (0..<997).map { _ in Int32.random(in: 1...60, using: &generator) }
    var rows: [Int32] = []
    for (index, length) in lengths.enumerated() {
      for step in 0..<60 { rows.append(step < Int(length) ? Int32(1 + index) : 0) }
    }
    let data = try Dataset(
      name: "t", symbols: HostArray(rows, shape: [997, 60]), symbolCount: 1000,
      targets: HostArray(lengths.map { $0 % 2 }, shape: [997]), classNames: ["a", "b"], lengths: lengths)
    var orders: [[Int32]] = []
    for epoch in 0..<2 {
      var (seen, widths, cells) = ([Int32](), Set<Int>(), 0)
      for batch in data.batches(of: 16, seed: 1, epoch: epoch) {
        let (width, values) = (batch.inputs.shape[1], batch.inputs.scalars(as: Int32.self))
        widths.insert(width)
        cells += values.count
        for row in 0..<batch.count {
          let number = values[row * width]
          seen.append(number)
          let length = Int(lengths[Int(number) - 1])
          let shown = values[(row * width)..<((row + 1) * width)].count { $0 != 0 }
          #expect(length <= width && shown == length)
          #expect(batch.targets.scalars(as: Int32.self)[row] == Int32(length % 2))
        }
      }
      #expect(seen.sorted() == (1...997).map { Int32($0) })
      #expect(widths.count <= LengthBuckets.count)
      // Little padding: without the order it would be nearly half.
      #expect(Double(lengths.reduce(0, +)) / Double(cells) > 0.8)
      orders.append(seen)
    }
    #expect(orders[0] != orders[1])
    // The order depends on seed and epoch alone, also when a training goes on inside an epoch.
    let again = Array(data.batches(of: 16, seed: 1, epoch: 1, startingAt: 20))
    var continued: [Int32] = []
    for batch in again {
      let values = batch.inputs.scalars(as: Int32.self)
      for row in 0..<batch.count { continued.append(values[row * batch.inputs.shape[1]]) }
    }
    #expect(continued == Array(orders[1][320...]))
    let plain = Array(data.batches(of: 997, shuffle: false))
    #expect(plain[0].inputs.scalars(as: Int32.self)[0] == 1 && data.subset([5]).lengths == [lengths[5]])
  }
}
