import ApusData
import ApusNN
import ApusTensor

/// How well a run forecasts a series, beside forecasts that need no network, as `apus forecast --json` prints it.
public struct ForecastReport: Sendable, Hashable, Encodable {
  /// A way of forecasting.
  public struct Method: Sendable, Hashable, Encodable {
    /// `network`, `naive` (the last known value) or `seasonal_naive` (the value a season before).
    public let name: String
    /// The root of the mean squared error over all forecast numbers, in the units of the data.
    public let rmse: Double
    /// The same for each step ahead, the next one first.
    public let rmseByStep: [Double]
  }

  /// The folder of the run.
  public let run: String
  /// The table.
  public let data: String
  /// The part that was forecast.
  public let part: String
  /// Windows forecast.
  public let windows: Int
  /// Rows of a season; nil without one.
  public let season: Int?
  /// The ways of forecasting.
  public let methods: [Method]
  /// The names of the predicted columns.
  public let columns: [String]
  /// The forecast of the rows after the end of the table, row by row.
  public let next: [[Double]]
  /// The first predicted column one step ahead: what came, by row of the table.
  public let actual: [Double]
  /// What the network forecast there.
  public let forecast: [Double]
  /// What was there a season before; without a season the row before.
  public let reference: [Double]
  /// The row of the first of them, counted from 1.
  public let firstRow: Int
}

extension SavedRun {
  /// Forecasts the part of a series that judges the run, and the rows after its end.
  ///
  /// - Parameters:
  ///   - name: another table; nil means the one the run was trained on. Of another table all rows are forecast.
  ///   - season: rows of a season, such as 365 days; nil leaves the seasonal forecast out.
  /// - Throws: ``TrainingError`` when the run forecasts no series or the season is impossible; `DataError` or
  ///   `FormatError` when the table cannot be read or is too short.
  public func forecast(on name: String? = nil, season: Int? = nil) throws -> ForecastReport {
    guard let series = configuration.dataOptions.series, let window = series.window, let horizon = series.horizon else {
      throw TrainingError(
        folder.path, "the run is \(configuration.model.name), which forecasts no series",
        advice: "give the folder of a run of forecaster")
    }
    let (data, preparation) = (name ?? configuration.data, configuration.preparation)
    let table = try SeriesTable(data, options: configuration.dataOptions.csv, schema: preparation.schema)
    let isOwn = data == configuration.data
    let ranges = table.ranges(
      validation: isOwn ? configuration.validationSplit : 0, test: isOwn ? configuration.dataOptions.testSplit : 0)
    let (part, range) =
      !ranges.test.isEmpty
      ? ("test", ranges.test) : !ranges.validation.isEmpty ? ("validation", ranges.validation) : ("train", ranges.train)
    let samples = try table.windows(range, window: window, horizon: horizon, part: "")
    guard preparation.fits(samples) else {
      throw TrainingError(
        data, "has \(samples.sampleShape[1]) columns, the run another number",
        advice: "give a table with the run's columns")
    }
    let first = max(range.lowerBound, window)
    if let season {
      guard season >= 1, season <= first else {
        throw TrainingError(
          "--season", "cannot be \(season): \(first) rows stand before the first forecast",
          advice: "choose a whole number from 1 to \(first)")
      }
    }
    let width = table.targetCount
    let found = outputs(samples.inputs)
    let truth = samples.targets.scalars(as: Double.self)
    func naive(_ back: Int) -> [Double] {
      (0..<samples.count).flatMap { sample in
        (0..<horizon).flatMap { step -> [Double] in
          // The last row before the forecast that lies whole periods back.
          let row = first + sample + step - (step / back + 1) * back
          return table.targets(row).map(Double.init)
        }
      }
    }
    func method(_ name: String, _ values: [Double]) -> ForecastReport.Method {
      let squares = zip(values, truth).map { ($0 - $1) * ($0 - $1) }
      func root(_ values: [Double]) -> Double {
        (values.reduce(0, +) / Double(Swift.max(values.count, 1))).squareRoot()
      }
      return ForecastReport.Method(
        name: name, rmse: root(squares),
        rmseByStep: (0..<horizon).map { step in
          root(squares.enumerated().filter { $0.offset / width % horizon == step }.map(\.element))
        })
    }
    let last = table.columns.suffix(window).flatMap { $0 }
    let next = outputs(HostArray(last, shape: [1, window, table.columns[0].count]))
    let reference = naive(season ?? 1)
    func column(_ values: [Double]) -> [Double] {
      stride(from: 0, to: values.count, by: horizon * width).map { values[$0] }
    }
    var methods = [method("network", found), method("naive", naive(1))]
    if let season { methods.append(method("seasonal_naive", naive(season))) }
    return ForecastReport(
      run: folder.path, data: data, part: part, windows: samples.count, season: season, methods: methods,
      columns: table.schema.targets.map(\.name),
      next: (0..<horizon).map { Array(next[$0 * width..<($0 + 1) * width]) }, actual: column(truth),
      forecast: column(found), reference: column(reference), firstRow: first + 1)
  }

  /// The model's outputs for windows, in the units of the data.
  private func outputs(_ windows: HostArray) -> [Double] {
    let inputs = configuration.normalization.applied(to: windows)
    let outputs = withInference { model(Tensor(inputs)) }.hostArray()
    return (unscaling?(outputs) ?? outputs).scalars(as: Double.self)
  }
}
