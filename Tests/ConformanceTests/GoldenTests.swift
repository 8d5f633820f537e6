import ApusReference
import ApusTensor
import GoldenFiles
import Testing

/// The largest `|a - b| / max(|b|, scale)`, where the scale is the mean magnitude of the golden values but at most 1, and
/// 1 where they are all zero.
private func deviation(_ result: Tensor, _ golden: HostArray) -> Double {
  guard result.shape == golden.shape else { return .infinity }
  let (a, b) = (result.scalars(as: Double.self), golden.scalars(as: Double.self))
  let finite = b.filter(\.isFinite).map(Swift.abs)
  let mean = finite.reduce(0, +) / Double(Swift.max(finite.count, 1))
  let scale = mean == 0 ? 1 : Swift.min(mean, 1)
  return zip(a, b).reduce(0) { worst, pair in
    let (x, y) = pair
    if x == y || x.isNaN && y.isNaN { return worst }
    let error = Swift.abs(x - y) / Swift.max(Swift.abs(y), scale)
    return error.isNaN ? .infinity : Swift.max(worst, error)
  }
}

private let subjects = [
  "tensor_ops", "reductions", "activations", "further_activations", "normalizations", "convolution", "pooling",
  "spatial", "resampling", "further_pooling",
]

private let combinations = subjects.flatMap { subject in
  [DType.float32, .float64].flatMap { dtype in executors.map { (subject, dtype, $0) } }
}

@Test(arguments: combinations) func goldenValuesAndGradients(
  _ subject: String, _ dtype: DType, _ executor: NamedExecutor
) throws {
  let rows = try #require(goldenRows[subject])
  try executor.run {
    for golden in try GoldenFile(subject, dtype).cases {
      guard let row = rows[golden.operation] else {
        // Operations along one axis are layers only; see SpatialLayerTests.
        if golden.operation.hasSuffix("1d") { continue }
        Issue.record("no row for the golden operation \(golden.operation)")
        continue
      }
      let roles = row.inputs.filter { golden.has($0) }
      let inputs = try roles.map { try golden.tensor($0) }
      let results = row.body(golden, inputs)
      for (role, result) in zip(row.outputs, results) {
        let worst = deviation(result, try golden.array(role))
        #expect(worst <= tolerance(dtype), "\(golden.name)/\(role) \(dtype) on \(executor): \(worst)")
      }
      let learnt = roles.indices.filter { golden.has("grad." + roles[$0]) }
      guard !learnt.isEmpty else { continue }
      let upstream = try row.outputs.map { golden.has("upstream." + $0) ? try golden.tensor("upstream." + $0) : nil }
      let gradients = gradient(at: learnt.map { inputs[$0] }) { variables in
        var arguments = inputs
        for (variable, index) in zip(variables, learnt) { arguments[index] = variable }
        let terms = zip(row.body(golden, arguments), upstream).compactMap { result, seed in
          seed.map { (result * $0).sum() }
        }
        return terms.dropFirst().reduce(terms[0], +)
      }
      for (found, index) in zip(gradients, learnt) {
        let worst = deviation(found, try golden.array("grad." + roles[index]))
        // PyTorch rounds the 1/6 in the gradient of hardsigmoid to single precision, in f64 too.
        let limit = golden.operation == "hardsigmoid" ? 1e-7 : 0
        #expect(
          worst <= Swift.max(tolerance(dtype), limit),
          "\(golden.name)/grad.\(roles[index]) \(dtype) on \(executor): \(worst)"
        )
      }
    }
  }
}

@Test(arguments: [DType.float32, .float64], executors) func goldenHigherOrder(
  _ dtype: DType, _ executor: NamedExecutor
) throws {
  try executor.run {
    for golden in try GoldenFile("higher_order", dtype).cases {
      let row = try #require(higherOrderRows[golden.operation], "no row for \(golden.operation)")
      func check(_ result: Tensor, _ role: String) throws {
        let worst = deviation(result, try golden.array(role))
        // Each derivative is computed from the one before, whose f32 rounding it inherits.
        #expect(worst <= 3 * tolerance(dtype), "\(golden.name)/\(role) \(dtype) on \(executor): \(worst)")
      }
      let inputs = try row.inputs.map { try golden.tensor($0) }
      if golden.has("third") {
        func f(_ x: Tensor) -> Tensor { row.body(golden, [x])[0] }
        func first(_ x: Tensor) -> Tensor { gradient(at: x) { f($0).sum() } }
        func second(_ x: Tensor) -> Tensor { gradient(at: x) { first($0).sum() } }
        try check(f(inputs[0]), "output")
        try check(first(inputs[0]), "first")
        try check(second(inputs[0]), "second")
        try check(gradient(at: inputs[0]) { second($0).sum() }, "third")
      } else {
        let coefficients = try golden.tensor("coefficients")
        func loss(_ x: [Tensor]) -> Tensor { (sin(row.body(golden, x)[0]) * coefficients).sum() }
        func penalty(_ x: [Tensor]) -> Tensor {
          let squares = gradient(at: x, of: loss).map { $0.squared().sum() }
          return squares.dropFirst().reduce(squares[0], +)
        }
        try check(loss(inputs), "loss")
        try check(penalty(inputs), "penalty")
        for (found, role) in zip(gradient(at: inputs, of: loss), row.inputs) { try check(found, "first." + role) }
        for (found, role) in zip(gradient(at: inputs, of: penalty), row.inputs) { try check(found, "second." + role) }
      }
    }
  }
}
