import Apus
import Foundation
import Testing

@Suite struct TranslationCommandTests {
  private func sentence(_ arguments: [String], _ words: String, in folder: Folder) throws {
    let outcome = try Apus.run(arguments, in: folder)
    #expect(outcome.status == 1 && outcome.errorLines.count == 1, "\(outcome.errors)")
    #expect(outcome.errors.contains(words), "\(outcome.errors)")
  }

  private let small = [
    "--hidden", "16", "--embedding", "8", "--batch-size", "16", "--threads", "1", "--learning-rate", "0.02",
  ]

  /// Sentences of a grammar of its own: each word has one translation, and the order turns round.
  private func pairs() -> String {
    let words = [("I", "yo"), ("you", "tú"), ("see", "ves"), ("the", "el"), ("cat", "gato"), ("dog", "perro")]
    return (0..<240).map { index in
      let chosen = (0..<(2 + index % 4)).map { words[(index * 5 + $0 * $0 * 3 + index / 7) % words.count] }
      return chosen.map(\.0).joined(separator: " ") + ".\t" + chosen.reversed().map(\.1).joined(separator: " ") + "."
    }.joined(separator: "\n")
  }

  @Test func sentencesAreTranslated() throws {
    let folder = try Folder()
    try folder.write(Array(pairs().utf8), to: "pairs.tsv")
    let training =
      ["train", "seq2seq", "--data", "pairs.tsv", "--clip-norm", "1", "--test-split", "0.1", "--form", "gru"] + small
    let trained = try Apus.run(training + ["--epochs", "14", "--output", "run"], in: folder)
    #expect(trained.status == 0, "\(trained.errors)")
    let plans = try #require(trained.output.split(separator: "\n").first { $0.hasSuffix(" plans built") })
    #expect(Int(plans.split(separator: " ")[0]) ?? 99 <= 20, "\(plans)")
    for file in ["report.html", "plots/loss.svg"] {
      #expect(FileManager.default.fileExists(atPath: folder.file("run/\(file)")), "\(file)")
    }
    let judged = try Apus.run(["evaluate", "run", "--beam", "3", "--json"], in: folder).json()
    let metrics = try #require(judged["metrics"] as? [String: Any])
    #expect(metrics["bleu"] as? Double ?? 0 > 60, "\(metrics)")
    #expect(metrics["symbol_error_rate"] as? Double ?? 1 < 0.3 && metrics["sequence_error_rate"] is Double)
    let report = try Apus.run(
      [
        "translate", "run", "I see the cat.", "You ☃ dog.", "--beam", "4", "--length-penalty", "0.6", "--attention",
        "looked.svg", "--json",
      ], in: folder
    ).json()
    let found = try #require(report["translations"] as? [[String: Any]])
    #expect(found.count == 2 && found[0]["source"] as? [String] == ["I", "see", "the", "cat", "."])
    #expect((found[0]["translation"] as? String)?.hasSuffix(".") == true)
    #expect(found[1]["unknown"] as? [String] == ["You", "☃"])
    let attention = try #require(found[0]["attention"] as? [[Double]])
    #expect(attention.count == (found[0]["target"] as? [String] ?? []).count + 1)
    #expect(attention.allSatisfy { abs($0.reduce(0, +) - 1) < 1e-4 && $0.count == 5 })
    #expect(try String(decoding: folder.bytes("looked.svg"), as: UTF8.self).contains("(end)"))
    let shown = try Apus.run(["translate", "run", "☃ dog."], in: folder)
    #expect(shown.output.contains("log p -") && shown.output.contains("not in the vocabulary: '☃'"))
    try sentence(["translate", "run", " "], "the text: is empty", in: folder)
    try sentence(["translate", "run", "a", "--beam", "0"], "--beam: cannot be 0", in: folder)
    try sentence(["translate", "run", "a", "--length-penalty", "-1"], "--length-penalty: cannot be -1", in: folder)
    try sentence(["translate", "run", "a", "--attention", "x.gif"], "svg or .png", in: folder)
    try sentence(["generate", "run"], "no language model", in: folder)
    try sentence(["predict", "run", "a.png"], "apus translate", in: folder)
    // Words that the run has never seen are judged too; another file has its own test of nothing set aside.
    try folder.write(Array("I see.\tves yo.\nzebras\tcebras".utf8), to: "other.tsv")
    let other = try Apus.run(["evaluate", "run", "--data", "other.tsv", "--json"], in: folder).json()
    #expect(other["samples"] as? Int == 2)
  }

  @Test func everyForm() throws {
    let folder = try Folder()
    try folder.write(Array(pairs().utf8), to: "pairs.tsv")
    for (attention, options) in [
      ("none", []), ("additive", ["--scheduled-sampling", "0.3", "--sampling-steps", "5", "--lowercase"]),
      ("dot", ["--hidden", "8,8", "--dropout", "0.1", "--label-smoothing", "0.1", "--minimum-count", "1"]),
    ] {
      let run = "run-\(attention)"
      let arguments =
        ["train", "seq2seq", "--data", "pairs.tsv", "--attention", attention, "--epochs", "1", "--output", run]
        + small + options + ["--source-unit", "characters", "--target-unit", "words", "--json", "--no-report"]
      let trained = try Apus.run(arguments, in: folder)
      #expect(trained.status == 0, "\(trained.errors)")
      #expect(try Apus.run(["translate", run, "I see"], in: folder).status == 0)
    }
    try sentence(["translate", "run-none", "I", "--attention", "a.svg"], "has no attention to draw", in: folder)
  }

  @Test func mistakesAreOneSentence() throws {
    let folder = try Folder()
    try folder.write(Array(pairs().utf8), to: "pairs.tsv")
    try folder.write([], to: "empty.tsv")
    try folder.write(Array("a\tb\n\u{E9}".utf8), to: "tab.tsv")
    try folder.write([0x61, 0x09, 0xFF], to: "latin.tsv")
    try folder.write(Array("a\tb".utf8), to: "one.tsv")
    let train = ["train", "seq2seq", "--threads", "1", "--data"]
    for (file, words) in [
      ("empty.tsv", "holds no text"), ("tab.tsv", "line 2 is not a source, a tab and a target"),
      ("latin.tsv", "is not UTF-8: byte 2"), ("one.tsv", "one.tsv"), ("none.tsv", "there is no such file"),
    ] { try sentence(train + [file], words, in: folder) }
    for (options, words) in [
      (["--window", "1"], "are longer than 1 symbols"), (["--window", "0"], "--window: cannot be 0"),
      (["--source-unit", "letters"], "--source-unit: cannot be 'letters'"), (["--hidden", "7"], "hidden must be even"),
      (["--attention", "cosine"], "there is no attention 'cosine'"), (["--target", "a"], "options of tables"),
      (["--scheduled-sampling", "2"], "scheduled-sampling must be"), (["--horizon", "2"], "--horizon"),
    ] { try sentence(train + ["pairs.tsv"] + options, words, in: folder) }
    try sentence(
      ["train", "charlm", "--data", "pairs.tsv", "--source-unit", "words"], "is for pairs of texts", in: folder)
    try sentence(["train", "mlp", "--data", "cmudict"], "cmudict: holds pairs of texts", in: folder)
    try sentence(
      ["cross-validate", "seq2seq", "--data", "pairs.tsv", "--threads", "1"], "not cut into folds", in: folder)
    #expect(try Apus.run(smallTraining + ["--epochs", "1", "--output", "digits"], in: folder).status == 0)
    try sentence(["translate", "digits", "a"], "does not translate", in: folder)
    try sentence(["evaluate", "digits", "--beam", "2"], "is for runs that translate", in: folder)
  }
}
