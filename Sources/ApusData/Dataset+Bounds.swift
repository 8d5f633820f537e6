import ApusTensor

extension Dataset {
  /// The smallest and the largest value that inputs can take, as two samples `[1, ...]` in the inputs' element type.
  ///
  /// Bytes can be 0 to 255 and truth values false or true, whatever is there. Of other numbers the smallest and largest
  /// that occur are taken, within each group; values that are not finite are passed over.
  ///
  /// ```swift
  /// let (lower, upper) = iris.inputBounds(grouping: .features)     // the range of every column
  /// ```
  /// - Parameter grouping: which elements of a sample share their bounds.
  public func inputBounds(grouping: Normalization.Grouping) -> (lower: HostArray, upper: HostArray) {
    switch inputType.dtype {
    case .uint8: (bounds([UInt8(0)]), bounds([UInt8(255)]))
    case .bool: (bounds([false]), bounds([true]))
    case .float32: found(Float.self, grouping)
    case .float64: found(Double.self, grouping)
    case .int32: found(Int32.self, grouping)
    case .int64: found(Int64.self, grouping)
    }
  }

  /// A sample whose groups have the given values; one value is every element's.
  private func bounds<Scalar: TensorScalar>(
    _ values: [Scalar], _ layout: GroupLayout = GroupLayout(Shape(), .whole)
  ) -> HostArray {
    let elements = (0..<sampleShape.elementCount).map { values.count == 1 ? values[0] : values[layout.group(of: $0)] }
    return HostArray(elements, shape: Shape([1] + Array(sampleShape)))
  }

  private func found<Scalar: TensorScalar & Comparable>(
    _: Scalar.Type, _ grouping: Normalization.Grouping
  ) -> (lower: HostArray, upper: HostArray) {
    let layout = GroupLayout(sampleShape, grouping)
    let values = inputs.scalars(as: Scalar.self)
    var (lower, upper) = (
      [Scalar?](repeating: nil, count: layout.groups), [Scalar?](repeating: nil, count: layout.groups)
    )
    let size = max(sampleShape.elementCount, 1)
    for (position, value) in values.enumerated() where value.asDouble.isFinite {
      let group = layout.group(of: position % size)
      if lower[group].map({ value < $0 }) ?? true { lower[group] = value }
      if upper[group].map({ value > $0 }) ?? true { upper[group] = value }
    }
    let zero = Scalar(saturating: 0)
    return (bounds(lower.map { $0 ?? zero }, layout), bounds(upper.map { $0 ?? zero }, layout))
  }
}

extension GroupLayout {
  /// The group of an element of a sample, counted in row-major order.
  fileprivate func group(of element: Int) -> Int { element / inner % groups }
}
