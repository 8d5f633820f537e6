import ApusTensor

/// Bringing the targets of a regression to a common scale, `(y - shift) / factor`, and back.
///
/// Fitted on the training part only and saved with the run; a network learns scaled targets, and its predictions are
/// brought back to the units of the data before they are judged or shown.
public struct TargetScaling: Codable, Sendable, Hashable {
  /// What is subtracted from each output: its mean, or its smallest value.
  public let shift: [Double]
  /// What each output is divided by: its standard deviation, or its range; 1 where all values are equal.
  public let factor: [Double]

  /// The scaling of some samples' targets f32 `[N, outputs]`.
  ///
  /// - Returns: nil by the method ``NormalizationMethod/none``.
  /// - Throws: ``DataError`` when the targets are classes or a value is not finite.
  public init?(fitting data: Dataset, by method: NormalizationMethod = .standard) throws {
    guard method != .none else { return nil }
    guard data.classCount == 0 else {
      throw DataError(place: data.name, problem: "has classes as targets, which have no scale", advice: "leave them")
    }
    let outputs = data.targets.shape.dropFirst().reduce(1, *)
    let values = data.targets.scalars(as: Double.self)
    if let bad = values.firstIndex(where: { !$0.isFinite }) {
      throw DataError(
        place: data.name, problem: "target \(bad / outputs) holds a value that is not finite (\(values[bad]))",
        advice: "remove such samples")
    }
    var (shift, factor): ([Double], [Double]) = ([], [])
    for output in 0..<outputs {
      let column = stride(from: output, to: values.count, by: outputs).map { values[$0] }
      let (low, high) = (column.min() ?? 0, column.max() ?? 0)
      let mean = column.reduce(0) { $0 + $1 / Double(column.count) }
      let variance = column.reduce(0) { $0 + ($1 - mean) * ($1 - mean) / Double(column.count) }
      shift.append(method == .standard ? mean : low)
      factor.append(low == high ? 1 : method == .standard ? variance.squareRoot() : high - low)
    }
    (self.shift, self.factor) = (shift, factor)
  }

  /// Scaled targets, f32 of the same shape.
  ///
  /// - Precondition: as many outputs as the scaling has.
  public func applied(to targets: HostArray) -> HostArray {
    map(targets) { ($0 - shift[$1]) / factor[$1] }
  }

  /// Scaled values, such as predictions, in the units of the data: the inverse of ``applied(to:)``; f32.
  ///
  /// - Precondition: as many outputs as the scaling has.
  public func inverted(_ scaled: HostArray) -> HostArray {
    map(scaled) { $0 * factor[$1] + shift[$1] }
  }

  private func map(_ values: HostArray, _ change: (Double, Int) -> Double) -> HostArray {
    let outputs = values.shape.dropFirst().reduce(1, *)
    precondition(outputs == shift.count, "a scaling of \(shift.count) outputs does not fit \(values.type)")
    let changed = values.scalars(as: Double.self).enumerated().map { Float(change($1, $0 % outputs)) }
    return HostArray(changed, shape: values.shape)
  }
}
