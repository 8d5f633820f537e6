import ApusFormats
import ApusTensor
import Foundation
import Testing

/// Tasks beside the classification of pictures: two classes by one logit, numbers, and judging by folds.
@Suite struct TaskTests {
  private let tiny = ["--hidden", "6", "--json", "--seed", "3"]

  private func write(_ text: String, to name: String, in folder: Folder) throws {
    try folder.write(Array(text.utf8), to: name)
  }

  private func number(_ json: [String: Any], _ path: String...) throws -> Double {
    var value: Any = json
    for key in path { value = try #require((value as? [String: Any])?[key], "\(path) is not in \(json)") }
    return try #require(value as? Double)
  }

  @Test func foldsJudgeEverySampleOnce() throws {
    let folder = try Folder()
    let command = [
      "cross-validate", "mlp", "--data", "iris", "--folds", "3", "--epochs", "20", "--learning-rate", "0.02",
    ]
    let outcome = try Apus.run(command + tiny, in: folder)
    #expect(outcome.status == 0, "\(outcome.errors)")
    let report = try outcome.json()
    let folds = try #require(report["folds"] as? [[String: Any]])
    // Fifty flowers of each kind: no fold has more samples than another.
    #expect(folds.compactMap { $0["samples"] as? Int } == [50, 50, 50])
    #expect(folds.reduce(0) { $0 + ($1["samples"] as? Int ?? 0) } == 150)
    let values = try folds.map { try number($0, "metrics", "accuracy") }
    let mean = values.reduce(0, +) / 3
    #expect(abs(try number(report, "mean", "accuracy") - mean) < 1e-12 && mean > 0.85)
    let variance = values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / 2
    #expect(abs(try number(report, "deviation", "accuracy") - variance.squareRoot()) < 1e-12)
    #expect(try Apus.run(command + tiny, in: folder).json() as NSDictionary == report as NSDictionary)
    #expect(folder.files().isEmpty, "something was kept: \(folder.files())")
    let text = try Apus.run(command + ["--hidden", "6"], in: folder).output
    #expect(text.contains("accuracy") && text.contains("+-"))
  }

  /// Columns in another order, one unknown, gaps, no column to predict: the same numbers that the run is judged by.
  @Test func rowsOfATableArePredicted() throws {
    let folder = try Folder()
    let areas = (0..<40).map { row -> String in row % 9 == 4 ? "" : String(Double(row * 7 % 11) / 4) }
    let prices = (0..<40).map { row -> Double in Double(50 + row * 3) }
    let zips = (0..<40).map { row -> String in ["a", "b", "c"][row % 3] }
    let known = (0..<40).map { row -> String in "\(zips[row]),\(areas[row]),\(prices[row])" }
    let new = (0..<40).map { row -> String in "\(areas[row]);-;\(zips[row])" }
    // Under another name all rows judge a run, and not only those set aside.
    for name in ["houses.csv", "all.csv"] {
      try write((["zip,area,price"] + known).joined(separator: "\n"), to: name, in: folder)
    }
    try write((["area;note;zip"] + new).joined(separator: "\n"), to: "new.csv", in: folder)
    let training = ["train", "mlp", "--data", "houses.csv", "--missing", "median", "--epochs", "5", "--output", "run"]
    #expect(try Apus.run(training + tiny, in: folder).status == 0)
    let judged = try Apus.run(["evaluate", "run", "--data", "all.csv", "--metrics", "mse", "--json"], in: folder)
    let error = try number(try judged.json(), "metrics", "mse")
    let report = try Apus.run(["predict", "run", "new.csv", "--json"], in: folder).json()
    let found = try #require(report["predictions"] as? [[String: Any]])
    #expect(found.compactMap { $0["row"] as? Int } == Array(1...40))
    var squares = 0.0
    for (entry, price) in zip(found, prices) {
      let value = try #require((entry["values"] as? [[String: Any]])?.first?["value"] as? Double)
      squares += (value - price) * (value - price)
    }
    #expect(found.count == 40 && abs(squares / 40 - error) < 1e-4 * error, "\(squares / 40), not \(error)")
    let text = try Apus.run(["predict", "run", "new.csv", "new.csv"], in: folder).output.split(separator: "\n")
    #expect(text.count == 80 && text[79].hasPrefix("new.csv, row 40: price "))

    try write("zip,price\na,1\n", to: "short.csv", in: folder)
    let short = try Apus.run(["predict", "run", "short.csv"], in: folder)
    #expect(short.status == 1 && short.errors.contains("has no column 'area'"))
    try write("zip,area\na,1\nb,large\n", to: "wrong.csv", in: folder)
    let wrong = try Apus.run(["predict", "run", "new.csv", "wrong.csv"], in: folder)
    #expect(wrong.status == 1 && wrong.output.isEmpty && wrong.errors.contains("wrong.csv, line 3, column 2 ('area')"))
    let none = try Apus.run(["predict", "run", "absent.csv"], in: folder)
    #expect(none.status == 1 && none.errors.contains("absent.csv"))
  }

  @Test func classesOfRowsArePredicted() throws {
    let folder = try Folder()
    let kinds = (0..<60).map { row -> String in row % 20 < 7 ? "low" : row % 20 < 14 ? "middle" : "high" }
    let lines = (0..<60).map { row -> String in "\(Double(row % 20) - 9.5),\(kinds[row])" }
    for name in ["kinds.csv", "all.csv"] {
      try write((["x,kind"] + lines).joined(separator: "\n"), to: name, in: folder)
    }
    let training = [
      "train", "mlp", "--data", "kinds.csv", "--epochs", "40", "--learning-rate", "0.05", "--output", "run",
    ]
    #expect(try Apus.run(training + tiny, in: folder).status == 0)
    let judged = try Apus.run(["evaluate", "run", "--data", "all.csv", "--json"], in: folder).json()
    let accuracy = try number(judged, "metrics", "accuracy")
    let report = try Apus.run(["predict", "run", "kinds.csv", "--top", "2", "--json"], in: folder).json()
    let found = try #require(report["predictions"] as? [[String: Any]])
    let tops = found.compactMap { $0["top"] as? [[String: Any]] }
    #expect(tops.count == 60 && tops.allSatisfy { $0.count == 2 })
    let right = zip(tops, kinds).count { $0.first?["class"] as? String == $1 }
    #expect(abs(Double(right) / 60 - accuracy) < 1e-9 && accuracy > 0.8)
    let bad = try Apus.run(["predict", "run", "kinds.csv", "--top", "0"], in: folder)
    #expect(bad.status == 1 && bad.errors.contains("--top"))
  }

  @Test func oneLogitDecidesBetweenTwoClasses() throws {
    let folder = try Folder()
    let command = [
      "train", "mlp", "--data", "breast-cancer", "--task", "binary", "--test-split", "0.3", "--epochs", "6",
    ]
    let options = ["--learning-rate", "0.02", "--positive-weight", "2", "--output", "run", "--no-report"]
    let outcome = try Apus.run(command + options + tiny, in: folder)
    #expect(outcome.status == 0, "\(outcome.errors)")
    let report = try outcome.json()
    let (accuracy, area) = (try number(report, "test_accuracy"), try number(report, "test_metrics", "roc_auc"))
    #expect(accuracy > 0.9 && area > 0.95)
    let weights = try SafeTensors(contentsOf: folder.file("run/model.safetensors"))
    #expect(weights.type(of: "dense2.weight")?.shape == [1, 6])
    let judged = try Apus.run(["evaluate", "run", "--json"], in: folder).json()
    #expect(try number(judged, "test_accuracy") == number(report, "test_accuracy"))
    #expect((judged["confusion_matrix"] as? [[Int]])?.joined().reduce(0, +) == judged["samples"] as? Int)
    #expect(judged["samples"] as? Int == 171 || judged["samples"] as? Int == 170)
  }

  /// y = 100 + 30 a - 20 b for a column that the file calls price.
  private func table(_ rows: Int, noise: Double = 0) -> [UInt8] {
    var text = "a,b,price\n"
    for row in 0..<rows {
      let (a, b) = (Double(row % 17) / 17 - 0.5, Double(row * 7 % 23) / 23 - 0.5)
      text += "\(a),\(b),\(100 + 30 * a - 20 * b + noise * Double(row % 3 - 1))\n"
    }
    return Array(text.utf8)
  }

  @Test func numbersAreLearntScaledAndJudgedInTheirUnits() throws {
    let folder = try Folder()
    try folder.write(table(240, noise: 0.5), to: "houses.csv")
    let command = [
      "train", "mlp", "--data", "houses.csv", "--target", "price", "--test-split", "0.25", "--epochs", "40",
    ]
    let options = ["--learning-rate", "0.02", "--loss", "huber", "--delta", "0.7", "--output", "run", "--no-report"]
    let outcome = try Apus.run(command + options + tiny, in: folder)
    #expect(outcome.status == 0, "\(outcome.errors)")
    let report = try outcome.json()
    #expect(report["test_accuracy"] == nil || report["test_accuracy"] is NSNull)
    // The noise alone has a deviation of 0.41; the column one of about 10.
    let error = try number(report, "test_metrics", "rmse")
    let explained = try number(report, "test_metrics", "r2")
    #expect(error > 0.2 && error < 3 && explained > 0.9)
    let judged = try Apus.run(["evaluate", "run", "--json"], in: folder).json()
    #expect(try number(judged, "metrics", "rmse") == error)
    #expect(judged["samples"] as? Int == 60)

    // The same by hand: outputs for the rows of another file, scaled back by what the run keeps.
    try folder.write(table(30), to: "other.csv")
    let other = try Apus.run(["evaluate", "run", "--data", "other.csv", "--json"], in: folder)
    #expect(other.status == 0, "\(other.errors)")
    let config = try #require(
      JSONSerialization.jsonObject(with: Data(folder.bytes("run/config.json"))) as? [String: Any])
    let preparation = try #require(config["preparation"] as? [String: Any])
    let scaling = try #require(preparation["target_scaling"] as? [String: Any])
    let (shift, factor) = (scaling["shift"] as? [Double] ?? [], scaling["factor"] as? [Double] ?? [])
    #expect(shift.count == 1 && factor.count == 1 && abs(shift[0] - 100) < 3)
    let predicted = try Apus.run(["predict", "run", "x.png"], in: folder)
    #expect(predicted.status != 0 && predicted.errors.contains("x.png"))
  }

  @Test func shortListsOfDataGoOnFromWhereTheyWere() throws {
    let folder = try Folder()
    let command = ["train", "mlp", "--data", "wine", "--test-split", "0.2", "--output", "run", "--no-report"]
    let options = ["--label-smoothing", "0.1", "--class-weights", "1,2,1", "--normalize", "minmax"]
    #expect(try Apus.run(command + options + tiny + ["--epochs", "2"], in: folder).status == 0)
    let first = try Apus.run(["evaluate", "run", "--json"], in: folder).json()
    let again = ["train", "mlp", "--data", "wine", "--output", "run", "--resume", "--json", "--no-report"]
    #expect(try Apus.run(again + ["--epochs", "3"], in: folder).json()["epochs"] as? Int == 3)
    let second = try Apus.run(["evaluate", "run", "--json"], in: folder).json()
    #expect(first["samples"] as? Int == second["samples"] as? Int)
    let other = try Apus.run(again + ["--epochs", "4", "--loss", "multi-margin"], in: folder)
    #expect(other.status != 0 && other.errors.contains("cross-entropy") && other.errorLines.count == 1)
  }

  @Test(arguments: [
    (["--data", "iris", "--task", "binary"], "binary"), (["--data", "iris", "--task", "regression"], "regression"),
    (["--data", "iris", "--task", "guessing"], "guessing"), (["--data", "iris", "--loss", "squared-error"], "--loss"),
    (["--data", "iris", "--loss", "l7"], "l7"), (["--data", "iris", "--label-smoothing", "1.5"], "1.5"),
    (["--data", "iris", "--class-weights", "1,2"], "2"), (["--data", "iris", "--ignore-class", "7"], "7"),
    (["--data", "iris", "--delta", "0"], "delta"), (["--data", "iris", "--positive-weight", "-1"], "positive"),
    (["--data", "iris", "--folds", "1"], "--folds"), (["--data", "iris", "--folds", "200"], "200"),
    (["--data", "iris", "--output", "x"], "Unknown option '--output'"),
    (["--data", "iris", "--test-split", "0.1"], "--test-split"),
    (["--data", "iris", "--statistics", "1"], "--statistics"), (["--data", "iris", "--augment", "flip"], "--augment"),
  ])
  func mistakesAreSentences(_ options: [String], _ word: String) throws {
    let folder = try Folder()
    let outcome = try Apus.run(["cross-validate", "mlp", "--epochs", "1"] + options, in: folder)
    #expect(outcome.status != 0 && outcome.errorLines.count == 1, "\(outcome.errors)")
    #expect(outcome.errors.contains(word) && outcome.errors.hasPrefix("apus: "), "\(outcome.errors)")
    #expect(folder.files().isEmpty)
  }
}
