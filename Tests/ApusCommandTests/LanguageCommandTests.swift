import Apus
import Foundation
import Testing

@Suite struct LanguageCommandTests {
  private func sentence(_ arguments: [String], _ words: String, in folder: Folder) throws {
    let outcome = try Apus.run(arguments, in: folder)
    #expect(outcome.status == 1 && outcome.errorLines.count == 1, "\(outcome.errors)")
    #expect(outcome.errors.contains(words), "\(outcome.errors)")
  }

  private let small = [
    "--hidden", "16", "--batch-size", "4", "--window", "16", "--minimum-count", "2", "--threads", "1",
  ]

  @Test func trainsScoresAndWrites() throws {
    let folder = try Folder()
    let text = (0..<60).map { "I like cats \($0 % 5). You like dogs \($0 % 7)!\n" }.joined()
    try FileManager.default.createDirectory(atPath: folder.file("texts"), withIntermediateDirectories: true)
    try folder.write(Array(text.utf8), to: "texts/a.txt")
    try folder.write(Array(text.utf8), to: "texts/b.md")
    for model in ["charlm", "wordlm"] {
      let trained = try Apus.run(
        ["train", model, "--data", "texts", "--epochs", "6", "--learning-rate", "0.03", "--clip-norm", "1"]
          + ["--test-split", "0.1", "--output", model, "--json"] + small
          + (model == "wordlm" ? ["--optimizer", "adam", "--sparse-embedding"] : []), in: folder)
      #expect(trained.status == 0, "\(trained.errors)")
      let metrics = try #require(try trained.json()["test_metrics"] as? [String: Any])
      #expect(metrics["perplexity"] as? Double ?? 99 < 4 && metrics["bits_per_symbol"] as? Double ?? 9 < 2)
      for file in ["report.html", "plots/loss.svg", "metrics.jsonl"] {
        #expect(FileManager.default.fileExists(atPath: folder.file("\(model)/\(file)")), "\(file)")
      }
      #expect(!FileManager.default.fileExists(atPath: folder.file("\(model)/plots/regression.svg")))
      let judged = try Apus.run(["evaluate", model, "--data", "texts/a.txt", "--json"], in: folder).json()
      #expect(judged["test_loss"] as? Double ?? 9 < 1.4 && judged["confusion_matrix"] == nil)
      let scored = try Apus.run(["score", model, "I like cats", "like I cats", "--json"], in: folder).json()
      let sentences = try #require(scored["sentences"] as? [[String: Any]])
      let logs = sentences.compactMap { $0["log_probability"] as? Double }
      #expect(logs.count == 2 && logs[0] > logs[1] + 1)
      let written = try Apus.run(
        ["generate", model, "--prompt", "I like", "--length", "2", "--temperature", "0", "--json"], in: folder
      ).json()
      #expect((written["text"] as? String ?? "").hasPrefix(" c") && written["length"] as? Int == 2)
      let shown = try Apus.run(["score", model, "I like ☃", "--symbols"], in: folder)
      #expect(shown.output.contains("not in the vocabulary: '☃'") && shown.output.contains("log p -"))
    }
  }

  @Test func whatCannotBeTrainedRowByRowIsSaid() throws {
    let folder = try Folder()
    for command in ["summary", "bench"] {
      try sentence(
        [command, "wordlm", "--sparse-embedding", "--optimizer", "momentum"],
        "'embedding.weight' is trained row by row, which SGD with these settings cannot do", in: folder)
      try sentence([command, "lenet5", "--sparse-embedding"], "lenet5 has no option 'sparse-embedding'", in: folder)
    }
    try sentence(
      ["summary", "wordlm", "--sparse-embedding", "--embedding", "0"], "needs vectors to train", in: folder)
    try folder.write(Array(String(repeating: "I like cats.\n", count: 90).utf8), to: "text.txt")
    try sentence(
      ["train", "wordlm", "--data", "text.txt", "--sparse-embedding", "--optimizer", "adamw"] + small,
      "the weight decay of 0.01 would change every row of 'embedding.weight'", in: folder)
  }

  @Test func seriesAreForecast() throws {
    let folder = try Folder()
    let rows = (0..<200).map { "day \($0 % 3),\(10 + ($0 % 7) * 2 + $0 % 3)" }.joined(separator: "\n")
    try folder.write(Array("kind,price\n\(rows)\n".utf8), to: "prices.csv")
    let training = [
      "train", "forecaster", "--data", "prices.csv", "--window", "8", "--horizon", "2", "--hidden", "8", "--epochs",
      "20",
      "--learning-rate", "0.02", "--test-split", "0.2", "--threads", "1", "--output", "run", "--json",
    ]
    let trained = try Apus.run(training, in: folder)
    #expect(trained.status == 0, "\(trained.errors)")
    let report = try Apus.run(["forecast", "run", "--season", "7", "--plot", "f.svg", "--json"], in: folder).json()
    let methods = try #require(report["methods"] as? [[String: Any]])
    let errors = methods.compactMap { $0["rmse"] as? Double }
    #expect(methods.compactMap { $0["name"] as? String } == ["network", "naive", "seasonal_naive"])
    #expect(errors.count == 3 && errors[0] < errors[1])
    #expect((report["next"] as? [[Double]])?.count == 2)
    #expect(FileManager.default.fileExists(atPath: folder.file("f.svg")))
    let shown = try Apus.run(["forecast", "run"], in: folder)
    #expect(shown.output.contains("root mean squared error") && shown.output.contains("network"))
    try sentence(["forecast", "run", "--season", "161"], "--season: cannot be 161", in: folder)
    try sentence(["train", "forecaster", "--data", "prices.csv", "--window", "190"], "too few", in: folder)
    #expect(try Apus.run(smallTraining + ["--epochs", "1", "--output", "digits"], in: folder).status == 0)
    try sentence(["forecast", "digits"], "forecasts no series", in: folder)
  }

  @Test func textsAreClassified() throws {
    let folder = try Folder()
    let (good, bad) = (["fine", "great", "lovely"], ["awful", "boring", "poor"])
    let lines = (0..<240).map { index -> String in
      let filler = (0..<(index % 9)).map { "word\(($0 * 7 + index) % 13)" }.joined(separator: " ")
      return index % 2 == 0 ? "good\t\(filler) \(good[index % 3]) film" : "bad\tA \(bad[index % 3]) film \(filler)"
    }
    try folder.write(Array(lines.joined(separator: "\n").utf8), to: "texts.tsv")
    let training = [
      "train", "textclassifier", "--data", "texts.tsv", "--hidden", "8", "--embedding", "8", "--learning-rate", "0.02",
      "--pooling", "max", "--form", "gru", "--window", "12", "--test-split", "0.2", "--threads", "1", "--batch-size",
      "16",
    ]
    let trained = try Apus.run(training + ["--epochs", "5", "--output", "run", "--json"], in: folder)
    #expect(trained.status == 0, "\(trained.errors)")
    #expect(try trained.json()["test_accuracy"] as? Double ?? 0 > 0.95)
    // Going on after an epoch gives what an uninterrupted training gives.
    #expect(try Apus.run(training + ["--epochs", "2", "--output", "parts"], in: folder).status == 0)
    #expect(try Apus.run(training + ["--epochs", "5", "--output", "parts", "--resume"], in: folder).status == 0)
    #expect(try folder.bytes("run/model.safetensors") == folder.bytes("parts/model.safetensors"))
    let report = try Apus.run(["predict", "run", "a lovely film", "poor", "--json"], in: folder).json()
    let classes = try #require(report["predictions"] as? [[String: Any]]).compactMap { entry in
      (entry["top"] as? [[String: Any]])?.first?["class"] as? String
    }
    #expect(classes == ["good", "bad"])
    let judged = try Apus.run(["evaluate", "run", "--data", "texts.tsv", "--json"], in: folder).json()
    #expect(judged["test_accuracy"] as? Double ?? 0 > 0.95)
    try sentence(["score", "run", "a"], "no language model", in: folder)
    try sentence(["predict", "run", " "], "the text: is empty", in: folder)
    try folder.write(Array("no tab".utf8), to: "bad.tsv")
    try sentence(["train", "textclassifier", "--data", "bad.tsv"], "line 1 is not a class", in: folder)
  }

  @Test func mistakesAreOneSentence() throws {
    let folder = try Folder()
    try folder.write([], to: "empty.txt")
    try folder.write(Array("x".utf8), to: "one.txt")
    try folder.write([0x61, 0xFF, 0x62], to: "latin.txt")
    for (file, words) in [
      ("empty.txt", "holds no text"), ("one.txt", "has 1 symbol, too few for 4 streams"),
      ("latin.txt", "is not UTF-8: byte 1, in line 1, is 0xFF"), ("none.txt", "there is no such file"),
    ] { try sentence(["train", "charlm", "--data", file] + small, words, in: folder) }
    try sentence(["train", "mlp", "--data", "digits", "--window", "3"], "is for models of texts", in: folder)
    try sentence(["cross-validate", "charlm", "--data", "one.txt"], "not cut into folds", in: folder)
    #expect(try Apus.run(smallTraining + ["--epochs", "1", "--output", "digits"], in: folder).status == 0)
    try sentence(["score", "digits", "a"], "no language model", in: folder)
    try sentence(["generate", "digits"], "no language model", in: folder)
  }
}
