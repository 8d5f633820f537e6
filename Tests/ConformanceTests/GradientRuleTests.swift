import Apus
import ApusTensor
import Testing

/// What programs say about gradients themselves: stopped ones and rules of their own.
@Suite struct GradientRuleTests {
  private let x = Tensor([0.5, -1.25, 2, 3])

  @Test(arguments: executors) func stoppedGradientsAreOfConstants(_ executor: NamedExecutor) {
    executor.run {
      let values = x.scalars(as: Double.self)
      // As if the stopped factor were a number that happens to equal x.
      let first = gradient(at: x) { ($0 * $0.stoppingGradient()).sum() }
      #expect(first.scalars(as: Double.self) == values)
      let none = gradient(at: x) { ($0.squared().stoppingGradient() + $0 * 0).sum() }
      #expect(none.scalars(as: Double.self) == [0, 0, 0, 0])
      let second = gradient(at: x) { x in
        gradient(at: x) { ($0 * $0 * $0 * $0.stoppingGradient()).sum() }.sum()
      }
      // x^3 c has the derivatives 3 x^2 c and 6 x c: c = x is a constant for the second one too.
      let expected = values.map { 6 * $0 * $0 }
      #expect(second.scalars(as: Double.self) == expected)
    }
  }

  @Test(arguments: executors) func ownRulesReplaceTheDerivative(_ executor: NamedExecutor) {
    executor.run {
      @Sendable func step(_ x: Tensor) -> Tensor {
        withCustomGradient(x, body: { ($0 .> 0).cast(to: .float64) }, rule: { $0 * 7 })
      }
      let values = x.scalars(as: Double.self)
      #expect(step(x).scalars(as: Double.self) == [1, 0, 1, 1])
      #expect(gradient(at: x) { step($0).sum() }.scalars(as: Double.self) == [7, 7, 7, 7])
      // The product rule goes on around it: step + 7 x.
      let product = gradient(at: x) { (step($0) * $0).sum() }.scalars(as: Double.self)
      #expect(product == values.map { ($0 > 0 ? 1 : 0) + 7 * $0 })
      // And twice: the square's derivative 2 step by the rule is 14 step, whose own is 98.
      let second = gradient(at: x) { x in gradient(at: x) { step($0).squared().sum() }.sum() }
      #expect(second.scalars(as: Double.self) == [98, 98, 98, 98])
    }
  }

  /// A teacher whose outputs are targets learns nothing from them.
  @Test(arguments: executors) func teachersAreConstants(_ executor: NamedExecutor) {
    struct Pair: Module {
      var student: Parameter
      var teacher: Parameter
    }
    executor.run {
      let pair = Pair(student: Parameter(Tensor([2.0, 3])), teacher: Parameter(Tensor([5.0, -1])))
      let (_, gradients) = valueWithGradient(of: pair) {
        (pair.student.value * withoutGradient { pair.teacher.value * pair.student.value }).sum()
      }
      #expect(gradients["student"]?.scalars(as: Double.self) == [10, -3])
      #expect(gradients.unusedNames == ["teacher"])
    }
  }
}
