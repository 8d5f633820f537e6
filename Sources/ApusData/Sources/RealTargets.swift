import ApusTensor

/// Targets of regressions from arrays of any element type.
enum RealTargets {
  /// What an array of targets is: integers are labels; real numbers are when they are whole and few differ. Rows with a
  /// single 1 among zeros are labels in a form that is refused (``LabelReader``), never quantities.
  static func kind(_ array: HostArray?) -> TargetKind {
    guard let array, array.dtype == .float32 || array.dtype == .float64 else { return .classification }
    let values = array.scalars(as: Double.self)
    let shape = array.shape
    guard shape.rank == 2, shape[1] > 1 else {
      return shape.rank == 1 || shape.rank == 2 ? TargetKind.usual(for: values) : .classification
    }
    let isOneHot = values.allSatisfy { $0 == 0 || $0 == 1 } && values.reduce(0, +) == Double(shape[0])
    return isOneHot ? .classification : .regression
  }

  /// The numbers in an array `[N]` or `[N, outputs]`, f32 `[N, outputs]`.
  ///
  /// - Throws: ``DataError`` when it has another shape or a value is not finite.
  static func targets(in array: HostArray, place: String) throws -> HostArray {
    let shape = array.shape
    guard shape.rank == 1 || shape.rank == 2, shape.elementCount > 0 else {
      throw DataError(
        place: place, problem: "the targets have the shape \(shape)", advice: "give an array [N] or [N, outputs]")
    }
    let values = array.scalars(as: Float.self)
    if let bad = values.firstIndex(where: { !$0.isFinite }) {
      throw DataError(
        place: place, problem: "target \(bad / (shape.rank == 2 ? shape[1] : 1)) is \(values[bad])",
        advice: "remove such samples")
    }
    return HostArray(values, shape: [shape[0], shape.rank == 2 ? shape[1] : 1])
  }
}
