import Apus

/// Equations (1) to (6) of the notes, written out with loops over plain numbers for a network with two hidden layers,
/// beside the gradients that Apus takes of the same network.
public struct EquationsLecture: LectureExperiment {
  /// The name of the command.
  public let name = "equations"
  /// One line.
  public let title = "Equations (1) to (6) of backpropagation against the engine's gradients"
  /// The place.
  public let source = "notes, sections 2.4.3 and 2.4.4, equations (1) to (6)"

  /// Samples in the batch.
  public var samples: Int

  /// The experiment.
  public init(samples: Int = 8) { self.samples = samples }

  /// A gradient of an equation: what the loops give and what the engine gives.
  private struct Comparison {
    let equation: String
    let what: String
    let byHand: [Double]
    let byEngine: [Double]
    var difference: Double { zip(byHand, byEngine).map { $0 - $1 }.largestMagnitude }
  }

  /// Compares every element of every gradient, in double precision.
  public func run(seed: UInt64) throws -> LectureResult {
    let network = withRandomSeed(seed) {
      Sequential {
        Dense(5, 7, activation: .sigmoid, weightInitializer: .glorotNormal, dtype: .float64)
        Dense(7, 6, activation: .tanh, weightInitializer: .glorotNormal, dtype: .float64)
        Dense(6, 4, weightInitializer: .glorotNormal, dtype: .float64)
      }
    }
    let x = Tensor.randomNormal([samples, 5], dtype: .float64, seed: seed)
    let y = Tensor.randomNormal([samples, 4], dtype: .float64, seed: seed &+ 1)
    let labels = (0..<samples).map { Int32($0 % 4) }

    let comparisons =
      regression(network, x, y) + classification(network, x, labels)
    let worst = comparisons.map(\.difference).max() ?? 0
    let wrong = slip(network, x, labels)

    let table = LectureTable(
      ["equation", "gradient of", "elements", "largest |gradient|", "largest difference"],
      comparisons.map {
        [$0.equation, $0.what, "\($0.byHand.count)", $0.byEngine.largestMagnitude.short, $0.difference.short]
      })
    var values = ["largest_difference": worst, "difference_with_a_in_equation_4": wrong]
    for equation in 1...6 {
      values["largest_difference_equation_\(equation)"] =
        comparisons.filter { $0.equation.contains("(\(equation))") }.map(\.difference).max() ?? 0
    }
    let paragraph = """
      Equations (1) and (2) (quadratic loss) and (3) to (6) (softmax and cross-entropy) were written out with loops over \
      indices, as in sections 2.4.3 and 2.4.4, for a network 5-7-6-4 with a sigmoid and a tanh layer and \(samples) \
      samples. Against Apus's gradients of the same loss the largest difference of any element is \(worst.short) in double \
      precision. Equation (4) is printed with a^(L)(x)', but a^(L+1) = b^(L+1) + W^(L+1) h^(L) makes it h^(L)(x)', and so it \
      was written here. With a^(L) as printed the gradient differs by up to \(wrong.short).
      """
    let claims =
      (1...6).map { equation in
        LectureClaim(
          "equation (\(equation)) is the gradient" + (equation == 4 ? ", with h^(L) in place of a^(L)" : ""),
          when: (values["largest_difference_equation_\(equation)"] ?? .nan) < 1e-12)
      } + [LectureClaim("equation (4) as printed, with a^(L), is the gradient", when: wrong < 1e-12)]
    return LectureResult(
      tables: [table], drawings: [drawing(comparisons)], paragraph: paragraph, claims: claims, values: values)
  }

  // MARK: The quadratic loss

  /// Equations (1) and (2), for R = sum over i and k of (Y_ik - f_k(X_i))^2 and the identity as output activation.
  private func regression(_ network: Sequential, _ x: Tensor, _ y: Tensor) -> [Comparison] {
    let theta = HandNetwork(network)
    var output = Matrix(zerosLike: theta.w3)
    var hidden = Matrix(zerosLike: theta.w2)
    for i in 0..<samples {
      let pass = theta.forward(x.row(i))
      let target = y.row(i)
      // delta_k = -2 (Y_k - f_k) g'_k, g' = 1;  s_m = phi'(a_m) sum over k of W_km delta_k
      let delta = (0..<4).map { k in -2 * (target[k] - pass.a3[k]) }
      let s = (0..<6).map { m in
        HandNetwork.tanhSlope(pass.h2[m]) * (0..<4).map { k in theta.w3[k, m] * delta[k] }.reduce(0, +)
      }
      for k in 0..<4 { for m in 0..<6 { output[k, m] += delta[k] * pass.h2[m] } }  // (1)
      for m in 0..<6 { for l in 0..<7 { hidden[m, l] += s[m] * pass.h1[l] } }  // (2)
    }
    let (_, gradients) = valueWithGradient(of: network) { (y - network(x)).squared().sum() }
    return [
      Comparison(equation: "(1)", what: "W(3), squares", byHand: output.elements, byEngine: gradients.of("2.weight")),
      Comparison(equation: "(2)", what: "W(2), squares", byHand: hidden.elements, byEngine: gradients.of("1.weight")),
    ]
  }

  // MARK: Softmax and cross-entropy

  /// Equations (3) to (6), summed over the samples.
  private func classification(_ network: Sequential, _ x: Tensor, _ labels: [Int32]) -> [Comparison] {
    let theta = HandNetwork(network)
    var (b3, b2, b1) = (
      [Double](repeating: 0, count: 4), [Double](repeating: 0, count: 6), [Double](repeating: 0, count: 7)
    )
    var (w3, w2, w1) = (Matrix(zerosLike: theta.w3), Matrix(zerosLike: theta.w2), Matrix(zerosLike: theta.w1))
    for i in 0..<samples {
      let pass = theta.forward(x.row(i))
      let f = HandNetwork.softmax(pass.a3)
      let input = x.row(i)
      // The gradients with respect to a(3), a(2) and a(1): f - e(y), then (W' gradient) times phi'(a).
      let g3 = (0..<4).map { k in f[k] - (k == Int(labels[i]) ? 1 : 0) }
      let g2 = (0..<6).map { j in
        (0..<4).map { k in theta.w3[k, j] * g3[k] }.reduce(0, +) * HandNetwork.tanhSlope(pass.h2[j])
      }
      let g1 = (0..<7).map { j in
        (0..<6).map { k in theta.w2[k, j] * g2[k] }.reduce(0, +) * HandNetwork.sigmoidSlope(pass.h1[j])
      }
      for k in 0..<4 { b3[k] += g3[k] }  // (3)
      for k in 0..<4 { for j in 0..<6 { w3[k, j] += g3[k] * pass.h2[j] } }  // (4)
      for k in 0..<6 { for j in 0..<7 { w2[k, j] += g2[k] * pass.h1[j] } }  // (5)
      for k in 0..<7 { for j in 0..<5 { w1[k, j] += g1[k] * input[j] } }  // (5)
      for k in 0..<6 { b2[k] += g2[k] }  // (6)
      for k in 0..<7 { b1[k] += g1[k] }  // (6)
    }
    let targets = Tensor(labels)
    let (_, gradients) = valueWithGradient(of: network) { crossEntropy(network(x), targets, reduction: .sum) }
    return [
      Comparison(equation: "(3)", what: "b(3), cross-entropy", byHand: b3, byEngine: gradients.of("2.bias")),
      Comparison(equation: "(4)", what: "W(3), cross-entropy", byHand: w3.elements, byEngine: gradients.of("2.weight")),
      Comparison(equation: "(5)", what: "W(2), cross-entropy", byHand: w2.elements, byEngine: gradients.of("1.weight")),
      Comparison(equation: "(5)", what: "W(1), cross-entropy", byHand: w1.elements, byEngine: gradients.of("0.weight")),
      Comparison(equation: "(6)", what: "b(2), cross-entropy", byHand: b2, byEngine: gradients.of("1.bias")),
      Comparison(equation: "(6)", what: "b(1), cross-entropy", byHand: b1, byEngine: gradients.of("0.bias")),
    ]
  }

  /// How wrong equation (4) is with a(L) as printed instead of h(L).
  private func slip(_ network: Sequential, _ x: Tensor, _ labels: [Int32]) -> Double {
    let theta = HandNetwork(network)
    var (right, printed) = (Matrix(zerosLike: theta.w3), Matrix(zerosLike: theta.w3))
    for i in 0..<samples {
      let pass = theta.forward(x.row(i))
      let f = HandNetwork.softmax(pass.a3)
      for k in 0..<4 {
        let gradient = f[k] - (k == Int(labels[i]) ? 1 : 0)
        for j in 0..<6 {
          right[k, j] += gradient * pass.h2[j]
          printed[k, j] += gradient * pass.a2[j]
        }
      }
    }
    return zip(right.elements, printed.elements).map { $0 - $1 }.largestMagnitude
  }

  /// Every element: the engine's against the loops'.
  private func drawing(_ comparisons: [Comparison]) -> LectureResult.Drawing {
    let ends = comparisons.flatMap(\.byHand).largestMagnitude
    let points = (1...6).map { number in
      let chosen = comparisons.filter { $0.equation == "(\(number))" }
      return Series.points(
        "equation (\(number))", x: chosen.flatMap(\.byHand), y: chosen.flatMap(\.byEngine), size: 0.8)
    }
    let diagonal = Series.line("", x: [-ends, ends], y: [-ends, ends], markers: false, color: .gray)
    let figure = Figure(
      "Gradients by hand and by the engine", x: Axis("equation, by hand"), y: Axis("gradient of the engine"),
      series: [diagonal] + points)
    return .init("equations", figure)
  }
}

extension Gradients {
  /// The elements of the gradient of the parameter with this path.
  fileprivate func of(_ name: String) -> [Double] { self[name]?.scalars() ?? [] }
}
