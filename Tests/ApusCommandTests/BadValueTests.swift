import Apus
import ArgumentParser
import Foundation
import Testing

@testable import ApusCommand

/// Every option of the command, found in its own description, with values it cannot have: each gives one sentence that names
/// the option and says what to do.
///
/// The commands run in this process: a crash ends the tests.
@Suite(.serialized) struct BadValueTests {
  @Test func everyOptionHasBadValues() throws {
    #expect(CommandDescription.options(of: "train").count > 80)
    for path in CommandDescription.all.keys {
      let (names, known) = (CommandDescription.options(of: path), badValues[path] ?? [:])
      for name in names { #expect(known[name] != nil, "apus \(path) --\(name) has no bad values in the table") }
      for name in known.keys { #expect(names.contains(name), "apus \(path) has no option --\(name)") }
    }
    for path in badValues.keys { #expect(CommandDescription.all[path] != nil, "there is no apus \(path)") }
  }

  /// Files and a run that the calls name.
  private func prepare(_ folder: Folder, for path: String) throws {
    let rows = (0..<60).map { "\($0 % 5),\(Double($0 * 7 % 11) / 4),\($0 % 3 == 0 ? "a" : $0 % 3 == 1 ? "b" : "c")" }
    try folder.write(Array("x,y,kind\n\(rows.joined(separator: "\n"))\n".utf8), to: "table.csv")
    let houses = (0..<40).map { "\($0 % 3 + 1000),\(Double($0 * 7 % 11) / 4),\(50 + $0 * 3)" }
    try folder.write(Array("zip,rooms,price\n\(houses.joined(separator: "\n"))\n".utf8), to: "houses.csv")
    if ["finetune", "evaluate", "report", "attack", "predict", "infer", "export", "ensemble evaluate"].contains(path) {
      #expect(try Apus.run(smallTraining + ["--epochs", "1", "--output", "run"], in: folder).status == 0)
    }
    if path == "score" || path == "generate" {
      try folder.write(Array(String(repeating: "the cat sat on the mat. ", count: 40).utf8), to: "cats.txt")
      let small = ["--hidden", "4", "--epochs", "1", "--batch-size", "4", "--window", "8", "--output", "run"]
      #expect(try Apus.run(["train", "charlm", "--data", "cats.txt"] + small, in: folder).status == 0)
    }
    if path == "translate" {
      try folder.write(Array((0..<40).map { "a \($0 % 3)\tb \($0 % 3)\n" }.joined().utf8), to: "pairs.tsv")
      let small = ["--hidden", "4", "--epochs", "1", "--output", "run"]
      #expect(try Apus.run(["train", "seq2seq", "--data", "pairs.tsv"] + small, in: folder).status == 0)
    }
    if path == "forecast" {
      let rows = (0..<80).map { "\($0 % 7)" }.joined(separator: "\n")
      try folder.write(Array("y\n\(rows)\n".utf8), to: "series.csv")
      let small = ["--hidden", "4", "--epochs", "1", "--window", "4", "--output", "run"]
      #expect(try Apus.run(["train", "forecaster", "--data", "series.csv"] + small, in: folder).status == 0)
    }
    if path == "infer" {
      try NPY.write(HostArray([Float](repeating: 0, count: 128), shape: [2, 64]), to: folder.file("x.npy"))
    }
    if path == "faces" {
      for (stage, name) in zip(FaceNet.Stage.allCases, ["pnet", "rnet", "onet"]) {
        let arrays = FaceNet(stage).parameters.map { ($0.name, $0.parameter.value.hostArray()) }
        try PyTorchFile.write(Dictionary(uniqueKeysWithValues: arrays), to: folder.file("\(name).pt"))
      }
    }
    if path == "ensemble predict" {
      let small = Array(smallTraining.dropLast()) + ["--epochs", "1", "--members", "2", "--output", "ensemble"]
      #expect(try Apus.run(["ensemble"] + small, in: folder).status == 0)
    }
    try PNG.write(HostArray(type: TensorType([3, 8, 8], .uint8)) { _ in }, to: folder.file("seven.png"))
  }

  /// The words of a call without the options that are looked at; those of a training without `train`.
  private func usual(_ path: String, _ isHouses: Bool, _ folder: Folder) -> [String] {
    let data = folder.file(isHouses ? "houses.csv" : "table.csv")
    let run = folder.file("run")
    let small = ["mlp", "--data", data, "--hidden", "4", "--epochs", "1"]
    let words: [String] =
      switch path {
      case "train": small + ["--output", folder.file("new"), "--no-report"]
      case "ensemble train": small + ["--output", folder.file("new")]
      case "cross-validate", "find-learning-rate": small
      case "finetune": [run, "--data", data, "--epochs", "1", "--output", folder.file("new"), "--no-report"]
      case "evaluate", "report", "attack": [run]
      case "ensemble evaluate": [run, run]
      case "generate": [run]
      case "translate": [run, "a 1"]
      case "forecast": [run, "--data", folder.file("series.csv")]
      case "score": [run, "the cat"]
      case "predict": [run, folder.file("seven.png")]
      case "faces": [folder.file("seven.png"), "--weights", folder.file("")]
      case "ensemble predict": [folder.file("ensemble"), folder.file("seven.png")]
      case "infer":
        ["mlp", "--weights", run + "/model.safetensors", "--input", folder.file("x.npy")]
          + ["--output", folder.file("y.npy"), "--hidden", "16"]
      case "export":
        ["mlp", "--weights", run + "/model.safetensors", "--output", folder.file("y.onnx")]
          + ["--hidden", "16", "--input-shape", "1,64"]
      case "summary", "bench": ["mlp"]
      case "data show": [data]
      case "lecture": ["activations", "--output", folder.file("lecture")]
      default: []
      }
    return path == "train" ? words : path.split(separator: " ").map(String.init) + words
  }

  @Test(arguments: badValues.keys.sorted()) func eachIsOneSentence(_ path: String) throws {
    let folder = try Folder()
    try prepare(folder, for: path)
    let before = folder.files()
    var calls = ParsedCalls()
    var mistyped = 0
    for (name, bad) in try #require(badValues[path]).sorted(by: { $0.key < $1.key }) {
      // Options that other subcommands share with `apus train` are the same there: one value of each shows it.
      let isShared = path != "train" && badValues["train"]?[name] != nil
      guard !isShared || !isCopyOfTraining(path) || name == "epochs" else { continue }
      for value in isShared ? Array(bad.values.suffix(1)) : bad.values {
        let isHouses = bad.with.first == "HOUSES"
        let usual = usual(path, isHouses, folder)
        let more = bad.with.dropFirst(isHouses ? 1 : 0) + ["--" + name, value]
        let place = "apus \(path) \(more.dropLast().joined(separator: " ")) '\(value)'"
        do {
          var command: any ParsableCommand =
            path == "train" ? try calls.training(usual, Array(more)) : try calls.command(usual + more)
          try command.run()
          Issue.record("\(place) is taken")
        } catch {
          // What the parser says of a word that is no number is always the same, and slow to find out.
          if !Failure.isOwn(error) {
            mistyped += 1
            if mistyped > 1 { continue }
          }
          let (text, status) = Failure.message(error)
          let comment = Comment(rawValue: "\(place): \(text)")
          #expect(status != 0 && status < 128, comment)
          #expect(!text.contains("\n") && (text.hasSuffix(".") || text.hasSuffix("?")), comment)
          let names =
            [name, name.replacing("-", with: " "), bad.named].compactMap { $0 } + (value.count > 3 ? [value] : [])
          #expect(names.contains { text.contains($0) }, comment)
          #expect([": ", "; ", " must ", "for example"].contains { text.contains($0) }, comment)
        }
      }
    }
    // A report draws its figures first.
    #expect(folder.files() == before || path == "report")
  }

  private func isCopyOfTraining(_ path: String) -> Bool { badValues[path]?["epochs"] != nil }

  /// An empty value is none, whatever the option.
  @Test func emptyValuesAreNamed() throws {
    for words in [["train", "mlp", "--data", ""], ["lecture", "activations", "--output", ""]] {
      let error = #expect(throws: TrainingError.self) { try Command.joined(words) }
      #expect(
        error?.description == "\(words[words.count - 2]): has an empty value; give it one, or leave the option out")
    }
    #expect(throws: TrainingError.self) { try Command.joined(["evaluate", ""]) }
    #expect(
      try Command.joined(["x", "--a", "-1", "--b=2", "-3", "--c", "-d", "-4"])
        == ["x", "--a=-1", "--b=2", "-3", "--c", "-d", "-4"])
  }
}
