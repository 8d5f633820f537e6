import ApusNN
import ApusOptimizers
import ApusTensor
import Testing

/// The rules as the lecture notes write them, against the formulas written out in plain arithmetic.
@Suite struct LectureFormTests {
  private static let gradients = [0.5, -1.25, 0.02, 3.0, -0.7]

  /// The values of one number after each step.
  private func steps(_ optimizer: any Optimizer, rates: [Double]? = nil) -> [Double] {
    withExecutor {
      let start = Parameter(Tensor([2.0] as [Double], shape: [1]))
      let model = Two(p0: start, p1: Parameter(Tensor([0.0] as [Double], shape: [1]), role: .bias))
      return Self.gradients.enumerated().map { step, gradient in
        if let rates { optimizer.learningRate = rates[step] }
        let loss = Tensor(repeating: 0, shape: [], dtype: .float64)
        let tensor = Tensor([gradient] as [Double], shape: [1])
        optimizer.update(model, along: Gradients(of: model, value: loss, ["p0": tensor]))
        return start.value.item()
      }
    }
  }

  private func expect(_ found: [Double], _ wanted: [Double], _ other: [Double]) {
    #expect(zip(found, wanted).allSatisfy { abs($0 - $1) <= 1e-12 }, "\(found) \(wanted)")
    // The usual form is another one: the test would see a confusion.
    #expect(zip(found, other).contains { abs($0 - $1) > 1e-4 })
  }

  @Test func adaGrad() {
    var (w, s) = (2.0, 0.0)
    let wanted = Self.gradients.map { g -> Double in
      s += g * g
      w -= 0.3 / (s + 0.01).squareRoot() * g
      return w
    }
    let usual = steps(AdaGrad(learningRate: 0.3, epsilon: 0.01))
    expect(steps(AdaGrad(learningRate: 0.3, epsilon: 0.01, epsilonPlacement: .insideRoot)), wanted, usual)
  }

  @Test func rmsProp() {
    var (w, s) = (2.0, 0.0)
    let wanted = Self.gradients.map { g -> Double in
      s = 0.9 * s + 0.1 * g * g
      w -= 0.3 / (s + 0.01).squareRoot() * g
      return w
    }
    let usual = steps(RMSProp(learningRate: 0.3, decay: 0.9, epsilon: 0.01))
    let notes = RMSProp(learningRate: 0.3, decay: 0.9, epsilon: 0.01, epsilonPlacement: .insideRoot)
    expect(steps(notes), wanted, usual)
  }

  @Test func adam() {
    var (w, m, s, power1, power2) = (2.0, 0.0, 0.0, 1.0, 1.0)
    let wanted = Self.gradients.map { g -> Double in
      m = 0.8 * m + 0.2 * g
      s = 0.95 * s + 0.05 * g * g
      (power1, power2) = (power1 * 0.8, power2 * 0.95)
      w -= 0.1 * (m / (1 - power1)) / (s / (1 - power2) + 0.01).squareRoot()
      return w
    }
    func adam(_ placement: EpsilonPlacement) -> Adam {
      Adam(learningRate: 0.1, beta1: 0.8, beta2: 0.95, epsilon: 0.01, epsilonPlacement: placement)
    }
    expect(steps(adam(.insideRoot)), wanted, steps(adam(.outsideRoot)))
    let decoupled = AdamW(
      learningRate: 0.1, beta1: 0.8, beta2: 0.95, epsilon: 0.01, epsilonPlacement: .insideRoot, weightDecay: 0)
    #expect(steps(decoupled) == steps(adam(.insideRoot)))
  }

  @Test func momentumOfSteps() {
    let rates = [0.1, 0.1, 0.05, 0.2, 0.01]
    var (w, m) = (2.0, 0.0)
    let wanted = zip(Self.gradients, rates).map { g, rate -> Double in
      m = 0.9 * m + rate * g
      w -= m
      return w
    }
    let usual = steps(SGD(learningRate: 0.1, momentum: 0.9), rates: rates)
    expect(steps(SGD(learningRate: 0.1, momentum: 0.9, momentumForm: .steps), rates: rates), wanted, usual)
  }

  /// The notes keep w and take the gradient at `w - momentum v`; the optimizer keeps that point.
  @Test func nesterovAhead() {
    let rates = [0.1, 0.1, 0.05, 0.2, 0.01]
    var (w, v) = (2.0, 0.0)
    let wanted = zip(Self.gradients, rates).map { g, rate -> Double in
      v = 0.9 * v + rate * g
      w -= v
      return w - 0.9 * v
    }
    let usual = steps(SGD(learningRate: 0.1, momentum: 0.9, nesterov: true), rates: rates)
    let notes = SGD(learningRate: 0.1, momentum: 0.9, nesterov: true, momentumForm: .steps)
    expect(steps(notes, rates: rates), wanted, usual)
  }
}
