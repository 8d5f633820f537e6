import ApusFormats
import ApusTensor
import Foundation
import Testing

@testable import ApusData

@Suite struct PairedTextTests {
  private func write(_ bytes: [UInt8], _ path: String) throws {
    let folder = URL(fileURLWithPath: path).deletingLastPathComponent()
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    try Data(bytes).write(to: URL(fileURLWithPath: path))
  }

  private func configuration(_ source: TextUnit, _ target: TextUnit) throws -> TextConfiguration {
    try TextConfiguration().completed(units: (source, target))
  }

  @Test func linesBecomePairs() throws {
    try withFolder { folder in
      try write(Array("good day\tbuenos días\n\nI go.\tMe voy.\r\n".utf8), folder + "/pairs.tsv")
      let texts = try PairedTexts(folder + "/pairs.tsv")
      #expect(texts.pairs == [.init("good day", "buenos días"), .init("I go.", "Me voy.")])
      #expect(texts.sourceUnit == .words && texts.targetUnit == .words)
      for (text, words) in [
        ("a\tb\nno tab", "line 2 is not a source"), ("a\tb\tc", "line 1 is not"), ("a\t ", "line 1 is not"),
        (" \tb", "line 1 is not"), ("", "holds no text"),
      ] {
        try write(Array(text.utf8), folder + "/bad.tsv")
        let error = #expect(throws: DataError.self) { try PairedTexts(folder + "/bad.tsv") }
        #expect(error?.description.contains(words) == true, "\(error?.description ?? "")")
      }
      #expect(throws: DataError.self) { try PairedTexts(folder) }
      #expect(throws: DataError.self) { try PairedTexts(folder + "/none.tsv") }
    }
  }

  @Test func tokensAndVocabularies() throws {
    #expect(TextUnit.tokens.symbols(in: " HH AH0  L\tOW1 ") == ["HH", "AH0", "L", "OW1"])
    #expect(TextUnit.tokens.text(of: ["HH", "AH0"]) == "HH AH0")
    let words = try configuration(.words, .tokens)
    #expect(words.symbols(in: "Go. Then stop!", ofTarget: false) == ["Go", ".", "Then", "stop", "!"])
    #expect(words.symbols(in: "Go. Then", ofTarget: true) == ["Go.", "Then"])
    let source = words.vocabulary(of: ["b", "a", "a"], ofTargets: false)
    #expect(source.symbols == ["<pad>", "<unk>", "a"])
    #expect(
      words.vocabulary(of: ["b", "a", "a"], ofTargets: true).symbols == ["<pad>", "<unk>", "<bos>", "<eos>", "a", "b"])
    var limited = TextConfiguration()
    (limited.limit, limited.minimumCount, limited.lowercases) = (5, 1, true)
    limited = try limited.completed(units: (.characters, .tokens))
    #expect(limited.symbols(in: "Ab", ofTarget: false) == ["a", "b"] && limited.unit == .characters)
    #expect(limited.vocabulary(of: ["b", "a", "a"], ofTargets: true).symbols.last == "a")
    limited.window = 0
    #expect(throws: DataError.self) { try limited.completed(units: (.characters, .tokens)) }
  }

  /// Sources and targets padded, shifted by one, and cut to the length of a batch.
  @Test func samplesAndBatches() throws {
    let text = try configuration(.characters, .characters)
    let pairs = [("ab", "xyz"), ("b", "z"), ("abababab", "x"), ("a", "yy")].map {
      (source: text.symbols(in: $0.0, ofTarget: false), target: text.symbols(in: $0.1, ofTarget: true))
    }
    let vocabularies = (
      source: Vocabulary(unit: .characters, symbols: ["<pad>", "<unk>", "a", "b"]),
      target: Vocabulary(unit: .characters, symbols: ["<pad>", "<unk>", "<bos>", "<eos>", "x", "y"])
    )
    let data = try PairedTexts.dataset(name: "p", pairs, vocabularies: vocabularies, width: 9)
    #expect(data.sampleShape == [2, 9] && data.isOfPairs && data.hasSymbolTargets)
    #expect(data.symbolCount == 6 && data.sourceSymbolCount == 4)
    let batch = try data.batch([0, 1], normalization: .ofSymbols)
    // Lengths of 9 in 8 parts: steps of 2.
    #expect(batch.inputs.shape == [2, 2, 4] && batch.targets.shape == [2, 4])
    #expect(batch.inputs.scalars(as: Int32.self) == [2, 3, 0, 0, 2, 4, 5, 1, 3, 0, 0, 0, 2, 1, 0, 0])
    #expect(batch.targets.scalars(as: Int32.self) == [4, 5, 1, 3, 1, 3, 0, 0])
    let part = data.subset([2, 3]).renamed("q")
    #expect(part.isOfPairs && part.sourceSymbolCount == 4)
    #expect(try part.batch([1]).inputs.shape == [1, 2, 4] && part.batch([0]).inputs.shape == [1, 2, 8])
    let numbers = HostArray([Int32](repeating: 5, count: 4), shape: [1, 2, 2])
    let targets = HostArray([Int32](repeating: 3, count: 2), shape: [1, 2])
    for (counts, lengths) in [((4, 6), [Int32(1)]), ((6, 5), [1]), ((6, 6), [3]), ((6, 6), [])] {
      #expect(throws: DataError.self) {
        try Dataset(name: "d", pairs: numbers, symbolCounts: counts, targets: targets, lengths: lengths)
      }
    }
    #expect(try Dataset(name: "d", pairs: numbers, symbolCounts: (6, 6), targets: targets, lengths: [2]).count == 1)
  }

  @Test func pronunciations() throws {
    try withFolder { folder in
      let path = folder + "/cmudict/cmudict-en-us.dict"
      try write(Array("'bout B AW T\nread R EH D\nread(2) R IY D\nzoo Z UW\n".utf8), path)
      let folders = DataFolders(roots: [folder])
      let texts = try PairedTexts("cmudict", in: folders)
      #expect(texts.pairs == [.init("'bout", "B AW T"), .init("read", "R EH D"), .init("zoo", "Z UW")])
      #expect(texts.sourceUnit == .characters && texts.targetUnit == .tokens)
      #expect(throws: DataError.self) { try DataCatalog.load("cmudict", in: folders) }
      try write(Array("word\n".utf8), path)
      #expect(throws: DataError.self) { try PairedTexts("cmudict", in: folders) }
    }
    let nowhere = DataFolders(roots: [])
    let entry = NamedPairs.englishSpanish.entry(nowhere)
    #expect(entry.command.contains("sword-text-sparv") && entry.missing().description.contains("apt-get install"))
  }

  // MARK: Verses

  /// zlib's form without compression.
  private func stored(_ bytes: [UInt8]) -> [UInt8] {
    let length = UInt16(bytes.count)
    var (a, b) = (UInt32(1), UInt32(0))
    for byte in bytes {
      a = (a + UInt32(byte)) % 65521
      b = (b + a) % 65521
    }
    let sum = (b << 16 | a).bigEndian
    return [0x78, 0x01, 0x01] + little(length) + little(~length) + bytes + withUnsafeBytes(of: sum) { Array($0) }
  }

  private func little<Number: FixedWidthInteger>(_ number: Number) -> [UInt8] {
    withUnsafeBytes(of: number.littleEndian) { Array($0) }
  }

  /// A testament of one block.
  private func write(_ verses: [String], _ path: String, change: (String, [UInt8]) -> [UInt8] = { $1 }) throws {
    let text = verses.flatMap { Array($0.utf8) }
    let block = stored(text)
    var (entries, place) = ([UInt8](), 0)
    for verse in verses {
      entries += little(UInt32(0)) + little(UInt32(place)) + little(UInt16(verse.utf8.count))
      place += verse.utf8.count
    }
    let blocks = little(UInt32(0)) + little(UInt32(block.count)) + little(UInt32(text.count))
    for (ending, bytes) in [("bzs", blocks), ("bzv", entries), ("bzz", block)] {
      try write(change(ending, bytes), "\(path).\(ending)")
    }
  }

  @Test func verses() throws {
    try withFolder { folder in
      let root = folder + "/english-spanish"
      let (english, spanish) = (root + "/engWEB2015eb", root + "/spaRV1909eb")
      let title = #"<title level="1">Genesis</title> <chapter n="1"/>"#
      let first =
        #"<w lemma="strong:H1">In</w> the beginning, <w>God</w><note n="1">The <i>Hebrew</i> word</note><w>created</w> "#
      try write(["", title, first, "Light."], english + "/ot")
      try write(["", title, "EN el  principio <w>crió</w> Dios.", ""], spanish + "/ot")
      let end = [String](repeating: "", count: 450)
      try write(["One.", "Two."] + end, english + "/nt")
      try write(["Uno.", "Dos.", "Tres."] + end, spanish + "/nt")
      let folders = DataFolders(roots: [folder])
      let texts = try PairedTexts("english-spanish", in: folders)
      #expect(
        texts.pairs == [
          .init("In the beginning, God created", "EN el principio crió Dios."), .init("One.", "Uno."),
          .init("Two.", "Dos."),
        ])
      // Hostile numbers: places and lengths outside the file, sizes that the block does not have.
      let hostile: [(String, ([UInt8]) -> [UInt8])] = [
        ("bzs", { Array($0.dropLast()) }), ("bzs", { [255, 255, 255, 255] + $0.dropFirst(4) }),
        ("bzs", { $0.prefix(4) + [255, 255, 255, 127] + $0.dropFirst(8) }),
        ("bzs", { $0.prefix(8) + [255, 255, 255, 255] }), ("bzs", { $0.prefix(8) + [1, 0, 0, 0] }),
        ("bzv", { Array($0.dropLast(3)) }), ("bzv", { $0.dropLast(10) + [9, 0, 0, 0] + $0.suffix(6) }),
        ("bzv", { $0.dropLast(10) + [0, 0, 0, 0, 255, 255, 255, 255, 1, 0] }),
        ("bzv", { $0.dropLast(2) + [255, 255] }), ("bzz", { $0.dropLast(4) + [1, 2, 3, 4] }),
        ("bzz", { Array($0.prefix(9)) }), ("bzz", { _ in [] }),
      ]
      for (index, (ending, change)) in hostile.enumerated() {
        try write(["", title, first, "Light."], english + "/ot") { $0 == ending ? change($1) : $1 }
        let error = #expect(throws: (any Error).self, "\(index)") { try PairedTexts("english-spanish", in: folders) }
        #expect(error is DataError || error is FormatError, "\(index): \(String(describing: error))")
      }
      try write(["", title, first, "Light."], english + "/ot") { ending, bytes in ending == "bzv" ? [] : bytes }
      #expect(try PairedTexts("english-spanish", in: folders).pairs.count == 2)
    }
    #expect(ParallelVerses.plain("a <b") == "a" && ParallelVerses.plain("<note>x") == "")
    #expect(ParallelVerses.plain("<notes/>a<note/>b") == "ab")
  }
}
