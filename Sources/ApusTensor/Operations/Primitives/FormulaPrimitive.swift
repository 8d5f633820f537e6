/// A primitive that is also a formula of simpler operations, for those who know only these.
package protocol FormulaPrimitive: Primitive {
  /// The outputs, computed by simpler operations.
  func formula(_ inputs: [Tensor]) -> [Tensor]
}

extension FormulaPrimitive {
  /// The gradient, with that of one output, which only gradients of gradients read, added by way of the formula.
  func adding(gradientOf output: Int, to contributions: [Tensor], _ context: GradientContext) -> [Tensor?] {
    guard let given = context.outputGradients[output] else { return contributions }
    let alone = GradientContext(
      inputs: context.inputs, outputs: context.outputs,
      outputGradients: context.outputs.indices.map { $0 == output ? given : nil }, needs: context.needs)
    return zip(contributions, FormulaGradient.rule(alone, formula: formula)).map { sum, further in
      further.map { sum + $0 } ?? sum
    }
  }
}
