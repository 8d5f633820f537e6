import ApusTensor
import Testing

@testable import ApusData

/// The expected numbers are those of scikit-learn 1.9.1: load_iris(), load_wine(), load_breast_cancer() and
/// load_diabetes(scaled=False).
@Suite struct NamedTableTests {
  /// The sum of all inputs, and that with every column weighted by its number from 1.
  private func sums(_ data: Dataset) -> (plain: Double, weighted: Double) {
    let width = data.inputs.shape[1]
    return data.inputs.scalars(as: Double.self).enumerated().reduce(into: (0.0, 0.0)) { sums, entry in
      sums.0 += entry.element
      sums.1 += entry.element * Double(entry.offset % width + 1)
    }
  }

  private func near(_ a: Double, _ b: Double) -> Bool { abs(a - b) <= 1e-6 * abs(b) }

  @Test(arguments: [
    ("iris", [150, 4], 2078.7, 4204.4, [50, 50, 50], ["setosa", "versicolor", "virginica"], 16_175),
    ("wine", [178, 13], 159975.295999, 1859871.16599, [59, 71, 48], ["class_0", "class_1", "class_2"], 21_410),
    ("breast-cancer", [569, 30], 1056474.4596356, 15997027.559157, [212, 357], ["malignant", "benign"], 114_204),
  ])
  func classTablesEqualThoseOfScikitLearn(
    name: String, shape: [Int], sum: Double, weighted: Double, counts: [Int], classes: [String], labelSum: Int
  ) throws {
    let data = try DataCatalog.load(name)
    #expect(data.test == nil && data.validation == nil && data.name == name)
    #expect(data.train.inputs.type == TensorType(Shape(shape), .float32))
    let sums = sums(data.train)
    #expect(near(sums.plain, sum) && near(sums.weighted, weighted))
    #expect(data.train.classNames == classes && data.train.classCounts == counts)
    #expect(data.train.labels.enumerated().reduce(0) { $0 + $1.offset * Int($1.element) } == labelSum)
    #expect(data.schema?.features.count == shape[1] && data.schema?.hasHeader == true)
  }

  @Test(.enabled(if: DataCatalog.entries().last?.isAvailable ?? false, "needs scripts/get-tables"))
  func diabetesEqualsThatOfScikitLearn() throws {
    let data = try DataCatalog.load("diabetes")
    #expect(data.train.inputs.shape == [442, 10] && data.train.classCount == 0)
    let sums = sums(data.train)
    #expect(near(sums.plain, 276404.2336) && near(sums.weighted, 1539469.2524))
    let targets = data.train.targets.scalars(as: Double.self)
    #expect(data.train.targets.shape == [442, 1] && targets.reduce(0, +) == 67243)
    #expect(targets.enumerated().reduce(0) { $0 + Double($1.offset) * $1.element } == 15_087_273)
  }

  @Test func optionsChooseOtherTargets() throws {
    var options = CSVOptions()
    options.targets = ["petal_width"]
    let widths = try DataCatalog.load("iris", csv: options)
    #expect(widths.train.classCount == 0 && widths.train.inputs.shape == [150, 6])
    #expect(widths.schema?.inputNames.last == "species=virginica")
    options.targets = ["petal"]
    #expect(
      message { _ = try DataCatalog.load("iris", csv: options) }.contains("did you mean petal_length or petal_width"))
    options.targets = []
    options.missing = .mean
    #expect(message { _ = try DataCatalog.load("digits", csv: options) }.contains("digits: is no table"))
  }
}
