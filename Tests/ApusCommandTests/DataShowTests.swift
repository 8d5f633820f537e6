import Foundation
import Testing

/// `apus data show`, and with it the options that say how data are read.
@Suite struct DataShowTests {
  private let houses = """
    id,size,town,price
    1,50,Ulm,100.5
    2,,Bonn,200
    3,70,Ulm,150
    4,90,Jena,250

    """

  private func show(_ arguments: [String]) throws -> Outcome {
    let folder = try Folder()
    try folder.write(Array(houses.utf8), to: "houses.csv")
    return try Apus.run(["data", "show", "houses.csv"] + arguments, in: folder)
  }

  @Test func showsTables() throws {
    let report = try show(["--ignore", "id", "--missing", "mean", "--json"]).json()
    #expect(report["kind"] as? String == "regression" && report["train"] as? Int == 4)
    let inputs = try #require(report["inputs"] as? [[String: Any]])
    #expect(inputs.map { $0["name"] as? String } == ["size", "town=Bonn", "town=Jena", "town=Ulm"])
    #expect(inputs[0]["mean"] as? Double == 70 && inputs[3]["mean"] as? Double == 0.5)
    let text = try show(["--missing", "drop", "--target", "town", "--columns", "2,price", "--normalize", "none"])
    #expect(text.status == 0 && text.output.contains("houses.csv: classification, 3 training samples, each f32 2"))
    #expect(text.output.contains("classes: Jena 1, Ulm 2"))
    let folder = try Folder()
    let digits = try Apus.run(["data", "show", "digits", "--augment", "standard"], in: folder)
    #expect(digits.output.hasPrefix("digits: classification, 1438 training samples, 359 for the test, each u8 1x8x8\n"))
  }

  @Test(arguments: [
    (["--missing", "guess"], "--missing: cannot be 'guess'; give refuse, drop, mean, median or a number"),
    (["--target", "prize"], "has no column 'prize'; did you mean price"),
    (["--target", "a,,b"], "--target: cannot be 'a,,b'"),
    (["--columns", ""], "--columns: has an empty value"),
    (["--ignore", "x"], "has no column 'x'"),
    (["--categories", "price"], "is to be a category but is no input"),
    (["--delimiter", "ab"], "--delimiter: cannot be 'ab'"),
    (["--delimiter", ";"], "has no column left to predict from"),
    (["--header", "maybe"], "--header: cannot be 'maybe'; choose no or yes"),
    (["--normalize", "zscore"], "--normalize: cannot be 'zscore'; choose minmax or none or standard"),
    (["--scale-targets", "big"], "--scale-targets: cannot be 'big'"),
    (["--augment", "spin=2"], "--augment: knows no change 'spin=2'"),
    (["--augment", "shift=2", "--missing", "0"], "--augment: changes pictures, but samples of houses.csv are f32[5]"),
    (["--test-split", "1"], "--test-split: cannot be 1.0; it must be at least 0 and below 1"),
    (["--test-split", "x"], "--test-split"),
    ([], "houses.csv, line 3, column 2 ('size'): the value is missing"),
  ])
  func refusesImpossibleOptions(arguments: [String], words: String) throws {
    let outcome = try show(arguments)
    #expect(outcome.status != 0 && outcome.output.isEmpty && outcome.errorLines.count == 1)
    #expect(outcome.errors.contains(words), "\(outcome.errors)")
  }
}
