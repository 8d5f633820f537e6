import ApusTensor

/// Values for the gaps of a table: one for every column of its inputs, found on the training part only.
///
/// A gap is NaN in f32 inputs `[N, F]`, as ``TableSchema`` leaves it when the ``MissingPolicy`` fills gaps.
public struct Imputation: Codable, Sendable, Hashable {
  /// The value for every column.
  public let values: [Float]

  /// Finds the values on some samples.
  ///
  /// - Throws: ``DataError`` when a column has no values at all, unless the policy is a constant.
  /// - Precondition: f32 inputs `[N, F]`; a policy that fills gaps.
  public init(fitting data: Dataset, policy: MissingPolicy) throws {
    precondition(policy.fills, "the policy '\(policy)' fills no gaps")
    precondition(
      data.inputs.dtype == .float32 && data.inputs.shape.rank == 2,
      "gaps are filled in f32 [N, F], not \(data.inputs.type)"
    )
    let width = data.inputs.shape[1]
    let all = data.inputs.scalars(as: Float.self)
    values = try (0..<width).map { column in
      if case .constant(let value) = policy { return Float(value) }
      let known = stride(from: column, to: all.count, by: width).map { all[$0] }.filter { !$0.isNaN }
      guard !known.isEmpty else {
        throw DataError(
          place: data.name, problem: "input \(column + 1) has no values to find the \(policy) of",
          advice: "leave the column out, or give a number for missing values")
      }
      return policy == .median ? Self.median(known.map(Double.init)) : Self.mean(known.map(Double.init))
    }
  }

  private static func mean(_ values: [Double]) -> Float { Float(values.reduce(0, +) / Double(values.count)) }

  private static func median(_ values: [Double]) -> Float {
    let sorted = values.sorted()
    let middle = sorted.count / 2
    return Float(sorted.count % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2)
  }

  /// The inputs with their gaps filled, f32 `[N, F]`.
  ///
  /// - Precondition: f32 inputs with as many columns as there are values.
  public func applied(to inputs: HostArray) -> HostArray {
    precondition(
      inputs.dtype == .float32 && inputs.shape.rank == 2 && inputs.shape[1] == values.count,
      "\(values.count) values do not fill the gaps of \(inputs.type)")
    var all = inputs.scalars(as: Float.self)
    for index in all.indices where all[index].isNaN { all[index] = values[index % values.count] }
    return HostArray(all, shape: inputs.shape)
  }
}
