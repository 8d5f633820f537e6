import ApusTensor
import Foundation
import Testing

@testable import ApusData

@Suite struct SeriesTests {
  private func table(_ folder: String, _ text: String) throws -> String {
    let path = folder + "/series.csv"
    try Data(text.utf8).write(to: URL(fileURLWithPath: path))
    return path
  }

  private func options(_ target: String) -> CSVOptions {
    var options = CSVOptions()
    options.targets = [target]
    return options
  }

  /// Windows look back on all columns, the predicted one last, and never ahead.
  @Test func windowsAndTargets() throws {
    try withFolder { folder in
      let rows = (0..<12).map { "\($0),\($0 * 10),\($0 + 100)" }.joined(separator: "\n")
      let series = try SeriesTable(try table(folder, "a,y,b\n\(rows)\n"), options: options("y"))
      #expect(series.count == 12 && series.targetCount == 1 && series.targets(3) == [30])
      #expect(series.columns[2] == [2, 102, 20])
      let ranges = series.ranges(validation: 0.25, test: 0.34)
      #expect(ranges.train == 0..<6 && ranges.validation == 6..<8 && ranges.test == 8..<12)
      let train = try series.windows(ranges.train, window: 3, horizon: 2, part: "")
      #expect(train.inputType.shape == [2, 3, 3] && train.targetType.shape == [2, 2])
      #expect(train.targets.scalars(as: Float.self) == [30, 40, 40, 50])
      #expect(train.inputs.scalars(as: Float.self).prefix(9) == [0, 100, 0, 1, 101, 10, 2, 102, 20])
      // A part's targets are its own; what it looks back on may be of the part before.
      let test = try series.windows(ranges.test, window: 3, horizon: 2, part: " test")
      #expect(test.targets.scalars(as: Float.self) == [80, 90, 90, 100, 100, 110])
      #expect(test.inputs.scalars(as: Float.self).prefix(3) == [5, 105, 50])
      for (window, horizon) in [(12, 1), (3, 5)] {
        let error = #expect(throws: DataError.self) {
          try series.windows(ranges.train, window: window, horizon: horizon, part: "")
        }
        #expect(error?.description.contains("6 rows are too few to look back on \(window)") == true)
      }
    }
  }

  @Test func gapsAndNumbersAreChecked() throws {
    try withFolder { folder in
      let path = try table(folder, "a,y\n1,2\n,3\n4,5\n6,7\n")
      #expect(throws: DataError.self) { try SeriesTable(path, options: options("y")) }
      var dropping = options("y")
      dropping.missing = .drop
      #expect(try SeriesTable(path, options: dropping).count == 3)
      dropping.missing = .mean
      #expect(throws: DataError.self) { try SeriesTable(path, options: dropping) }
      // A series may be predicted from itself alone; other tables need an input.
      let alone = try table(folder, "y\n5\n6\n8\n")
      #expect(try SeriesTable(alone, options: CSVOptions()).columns == [[5], [6], [8]])
      #expect(throws: DataError.self) { try CSVDataset.load(alone) }
      #expect(throws: DataError.self) { try SeriesConfiguration(window: 0).completed() }
      #expect(throws: DataError.self) { try SeriesConfiguration(horizon: -1).completed() }
      #expect(try SeriesConfiguration().completed() == SeriesConfiguration(window: 28, horizon: 1))
    }
  }
}
