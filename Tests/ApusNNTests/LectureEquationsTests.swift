import ApusNN
import ApusTensor
import Testing

/// Equations (1) to (6) of the lecture notes "Neural Networks and Introduction to Deep Learning", section 2.4, written
/// out with plain numbers on a network with two hidden layers, against the engine's gradients.
@Suite struct LectureEquationsTests {
  private let sizes = [3, 4, 5, 2]
  private let sample = [0.4, -1.2, 0.7]

  /// `W^(k)` and `b^(k)`, k from 1.
  private func weights(_ k: Int) -> [[Double]] {
    (0..<sizes[k]).map { i in (0..<sizes[k - 1]).map { j in 0.9 * irregular(17 * k + 5 * i + 3 * j) } }
  }
  private func biases(_ k: Int) -> [Double] { (0..<sizes[k]).map { 0.3 * irregular(11 * k + 7 * $0 + 2) } }
  /// A fixed irregular number between -1 and 1.
  private func irregular(_ n: Int) -> Double { Double((n * n * 31 + n * 17) % 101) / 50 - 1 }

  private func logistic(_ a: Double) -> Double { 1 / (1 + exponential(-a)) }
  private func exponential(_ a: Double) -> Double {
    // exp by its series, in steps small enough to be exact to rounding: nothing of the engine is used here.
    var (term, sum, n) = (1.0, 1.0, 1.0)
    let reduced = a / 64
    while abs(term) > 1e-20 {
      term *= reduced / n
      sum += term
      n += 1
    }
    return (0..<6).reduce(sum) { value, _ in value * value }
  }

  /// Activations `a^(k)` and `h^(k)` of the forward pass, and the output before its activation.
  private func forward() -> (a: [[Double]], h: [[Double]]) {
    var a: [[Double]] = [[]]
    var h = [sample]
    for k in 1...3 {
      let (w, b) = (weights(k), biases(k))
      a.append((0..<sizes[k]).map { i in b[i] + zip(w[i], h[k - 1]).reduce(0) { $0 + $1.0 * $1.1 } })
      h.append(a[k].map(logistic))
    }
    return (a, h)
  }

  /// The engine's gradients of a loss of the output's activations, by `W1`, `b1`, ... `b3`.
  private func engineGradients(_ loss: (Tensor) -> Tensor) -> [[Double]] {
    var tensors: [Tensor] = []
    for k in 1...3 {
      tensors.append(Tensor(weights(k).flatMap { $0 }, shape: [sizes[k], sizes[k - 1]]))
      tensors.append(Tensor(biases(k), shape: [sizes[k]]))
    }
    return withExecutor {
      gradient(at: tensors) { t in
        var h = Tensor(sample, shape: [1, 3])
        for k in 0..<2 { h = sigmoid(matmul(h, t[2 * k].transposed()) + t[2 * k + 1]) }
        return loss(matmul(h, t[4].transposed()) + t[5])
      }.map { $0.scalars(as: Double.self) }
    }
  }

  /// The product of a column and a row, `g h'`, row by row.
  private func outer(_ g: [Double], _ h: [Double]) -> [Double] { g.flatMap { a in h.map { a * $0 } } }

  private func expect(_ found: [Double], _ expected: [Double], _ equation: String) {
    #expect(found.count == expected.count)
    for (a, b) in zip(found, expected) { #expect(abs(a - b) <= 1e-12 * max(1, abs(b)), "\(equation)") }
  }

  @Test func equations1And2OfTheQuadraticLoss() {
    let target = [0.3, 0.8]
    let (a, h) = forward()
    // g_k = sigmoid, so that g_k' is not 1.
    let f = a[3].map(logistic)
    let delta: [Double] = (0..<2).map { k in
      let slope = f[k] * (1 - f[k])
      return -2 * (target[k] - f[k]) * slope
    }
    let s: [Double] = (0..<5).map { m in
      let above = weights(3)[0][m] * delta[0] + weights(3)[1][m] * delta[1]
      return h[2][m] * (1 - h[2][m]) * above
    }
    let found = engineGradients { (Tensor(target, shape: [1, 2]) - sigmoid($0)).squared().sum() }
    expect(found[4], outer(delta, h[2]), "equation (1)")
    expect(found[2], outer(s, h[1]), "equation (2)")
  }

  @Test func equations3To6OfTheCrossEntropy() {
    let y = 1
    let (a, h) = forward()
    let sum = a[3].reduce(0) { $0 + exponential($1) }
    var step = a[3].enumerated().map { exponential($1) / sum - ($0 == y ? 1 : 0) }  // f(x) - e(y)
    let found = engineGradients { crossEntropy($0, Tensor([Int32(y)], shape: [1])) }
    expect(found[5], step, "equation (3)")
    expect(found[4], outer(step, h[2]), "equation (4)")
    for k in [2, 1] {
      let (w, next) = (weights(k + 1), step)
      step = (0..<sizes[k]).map { j -> Double in
        let above = zip(w, next).reduce(0.0) { $0 + $1.0[j] * $1.1 }
        return above * h[k][j] * (1 - h[k][j])
      }
      expect(found[2 * k - 2], outer(step, h[k - 1]), "equation (5), layer \(k)")
      expect(found[2 * k - 1], step, "equation (6), layer \(k)")
    }
  }
}
