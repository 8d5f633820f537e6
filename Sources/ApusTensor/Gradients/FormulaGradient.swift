/// Gradients of primitives that are also a formula of simpler operations.
enum FormulaGradient {
  /// The gradient rule of a primitive whose outputs `formula` computes from its inputs: the vector-Jacobian product of
  /// the formula. The primitive itself stays in the graph; only its gradient is made of the simpler operations.
  static func rule(_ context: GradientContext, formula: ([Tensor]) -> [Tensor]) -> [Tensor?] {
    let variables = context.inputs.map { Tensor.record(Variable(), [$0]) }
    let outputs = formula(variables)
    var results: [Tensor] = []
    var seeds: [Tensor] = []
    for (output, seed) in zip(outputs, context.outputGradients) {
      guard let seed else { continue }
      results.append(output)
      seeds.append(seed)
    }
    let found = ReverseMode.gradients(of: results, seeds: seeds, with: variables)
    return zip(found, context.needs).map { $1 ? $0 : nil }
  }
}
