/// A number written in the program.
///
/// The values 0, 1, 2, 1/2 and -1 are part of a plan's key, so that the compiler can simplify with them. Any other
/// value is bound when the plan is replayed: a learning rate that changes every step never causes a new plan.
package struct ScalarConstant: Primitive {
  package var value: Double
  package var dtype: DType
  /// Whether any value is bound at replay: a number that changes from step to step may pass through 0 or 1.
  package var isBound: Bool

  package init(value: Double, dtype: DType, isBound: Bool = false) {
    self.value = value
    self.dtype = dtype
    self.isBound = isBound
  }

  package var name: String { "scalar" }

  /// Whether the value is known to the compiler, and not only to the replay.
  package var isSpecial: Bool {
    !isBound && (value == 0 || value == 1 || value == 2 || value == 0.5 || value == -1)
  }

  package func encode(into key: inout PlanKey) {
    key.add(Int(dtype.rawValue))
    if isSpecial { key.add(value) } else { key.add(-1) }
  }

  package func resultTypes(_ inputs: [TensorType]) throws(ShapeError) -> [TensorType] { [TensorType([], dtype)] }

  package func gradient(_ context: GradientContext) -> [Tensor?] { [] }

  package func evaluate(_ inputs: [HostView], _ outputs: [HostView]) { outputs[0].store([value]) }
}
