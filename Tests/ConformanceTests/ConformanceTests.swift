import ApusTensor
import Testing

/// The largest `|a - b| / max(1, |b|)`; NaN equals NaN.
private func distance(_ a: HostArray, _ b: HostArray) -> Double {
  guard a.type == b.type else { return .infinity }
  return zip(a.scalars(as: Double.self), b.scalars(as: Double.self)).reduce(0) { worst, pair in
    let (x, y) = pair
    if x == y || x.isNaN && y.isNaN { return worst }
    let error = Swift.abs(x - y) / Swift.max(1, Swift.abs(y))
    return error.isNaN ? .infinity : Swift.max(worst, error)
  }
}

/// Results and, where defined, gradients of a case.
private func outcome(_ row: OpCase, _ dtype: DType) -> [HostArray] {
  let inputs = row.inputs().map { $0.dtype == .float64 ? $0.cast(to: dtype) : $0 }
  var results = row.body(inputs)
  if row.order >= .first {
    let floating = inputs.indices.filter { inputs[$0].dtype.isFloatingPoint }
    results += gradient(at: floating.map { inputs[$0] }) { variables in
      var arguments = inputs
      for (variable, index) in zip(variables, floating) { arguments[index] = variable }
      let joined = row.joined(arguments)
      return (joined * numbers(joined.shape, salt: 9).cast(to: dtype)).sum()
    }
  }
  realize(results)
  return results.map { $0.hostArray() }
}

@Test(arguments: executors.dropFirst(), [DType.float32, .float64]) func executorsAgreeWithTheReference(
  _ executor: NamedExecutor, _ dtype: DType
) {
  for row in opCases {
    let expected = reference.run { outcome(row, dtype) }
    let found = executor.run { outcome(row, dtype) }
    for (index, (a, b)) in zip(found, expected).enumerated() {
      let limit = b.dtype == .float64 ? 1e-10 : 2e-5
      let worst = distance(a, b)
      #expect(worst <= limit, "\(row), result \(index) in \(dtype) on \(executor): \(worst), \(a.type) and \(b.type)")
    }
  }
}

@Test(arguments: executors) func gradientsMatchDifferences(_ executor: NamedExecutor) {
  executor.run {
    for row in opCases where row.order >= .first {
      let check = checkGradients(at: row.inputs(), of: row.joined, tolerance: 1e-7)
      #expect(check.passes, "\(row) on \(executor) \(check)")
    }
  }
}

@Test(arguments: executors) func secondGradientsMatchDifferences(_ executor: NamedExecutor) {
  executor.run {
    for row in opCases where row.order >= .second {
      let inputs = row.inputs()
      let floating = inputs.indices.filter { inputs[$0].dtype.isFloatingPoint }
      // Squared, so that linear operations have a second gradient too.
      let check = checkGradients(
        at: inputs,
        of: { x in
          let gradients = gradient(at: floating.map { x[$0] }) { variables in
            var arguments = x
            for (variable, index) in zip(variables, floating) { arguments[index] = variable }
            let joined = row.joined(arguments)
            return (joined * joined * numbers(joined.shape, offset: 0.3, salt: 9)).sum()
          }
          return concatenate(gradients.map { $0.flattened() })
        }, tolerance: 2e-6)
      #expect(check.passes, "\(row) on \(executor) \(check)")
    }
  }
}

@Test func resultsHaveTheElementTypeOfTheirInputs() {
  reference.run {
    for row in opCases where row.order >= .first {
      let inputs = row.inputs().map { $0.dtype == .float64 ? $0.cast(to: .float32) : $0 }
      for result in row.body(inputs) { #expect(result.dtype == .float32, "\(row) gives \(result.type)") }
    }
  }
}
