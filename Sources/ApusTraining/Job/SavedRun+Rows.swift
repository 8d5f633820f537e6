import ApusData
import ApusNN
import ApusTensor

extension SavedRun {
  /// Whether the run was trained on a table, so that rows of other tables can be given to it.
  public var takesRows: Bool { configuration.preparation.schema != nil && configuration.preparation.vocabulary == nil }

  /// Predicts from the rows of CSV files that have the columns of the training data; the column to predict may be missing.
  ///
  /// Columns are found by their names, gaps filled and numbers normalised as for the training, and numbers are predicted in
  /// the units of the data.
  ///
  /// - Parameter top: how many of the likeliest classes to name for each row.
  /// - Throws: `DataError` with file, line and column, or `FormatError`, when a file is no such table; ``TrainingError`` when
  ///   the run takes no rows.
  public func predictRows(_ paths: [String], top: Int) throws -> RowReport {
    guard let schema = configuration.preparation.schema, takesRows else {
      throw TrainingError(
        folder.path, "the run was not trained on a table", advice: "give what it was trained on, or use apus infer")
    }
    guard top >= 1 else { throw TrainingError.impossible("--top", top, "a whole number of at least 1") }
    let tables = try paths.map { try schema.inputs(CSVTable(contentsOf: $0, delimiter: schema.delimiter)) }
    let predictions = zip(paths, tables).flatMap { path, table in
      outputs(configuration.preparation.inputs(table)).enumerated().map { number, output in
        let isClass = !configuration.classNames.isEmpty
        return RowReport.Row(
          file: path, row: number + 1,
          top: isClass ? PredictionReport.guesses(output, configuration.classNames, task: task, top: top) : [],
          values: isClass ? [] : numbers(output, schema))
      }
    }
    return RowReport(run: folder.path, predictions: predictions)
  }

  /// The outputs for each row, `[1, outputs]`.
  private func outputs(_ inputs: HostArray) -> [HostArray] {
    let batch = 1024
    return stride(from: 0, to: inputs.shape[0], by: batch).flatMap { start in
      let rows = inputs.gatheringRows(Array(start..<min(start + batch, inputs.shape[0])))
      let outputs = withInference { model(Tensor(rows)) }.hostArray()
      return (0..<outputs.shape[0]).map { outputs.gatheringRows([$0]) }
    }
  }

  /// A row's outputs in the units of the data.
  private func numbers(_ output: HostArray, _ schema: TableSchema) -> [RowReport.Value] {
    let values = (unscaling?(output) ?? output).scalars(as: Double.self)
    return zip(schema.targets, values).map { RowReport.Value(target: $0.name, value: $1) }
  }
}

/// What a run makes of the rows of tables, as `apus predict --json` prints it.
public struct RowReport: Sendable, Hashable, Encodable {
  /// A number that was predicted.
  public struct Value: Sendable, Hashable, Encodable {
    /// The name of the column it is for.
    public let target: String
    /// In the units of that column.
    public let value: Double
  }

  /// A row and what was predicted from it.
  public struct Row: Sendable, Hashable, Encodable {
    /// The file.
    public let file: String
    /// Its number in the file, from 1, a header not counted.
    public let row: Int
    /// The likeliest classes, best first; empty in regression.
    public let top: [PredictionReport.Guess]
    /// The numbers; empty for classes.
    public let values: [Value]
  }

  /// The folder of the run.
  public let run: String
  /// One entry for every row, file after file.
  public let predictions: [Row]
}
