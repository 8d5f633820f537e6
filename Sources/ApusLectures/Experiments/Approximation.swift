import Apus

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// Theorem 1 of the notes, universal approximation: the error of one hidden layer against the number of its units.
public struct ApproximationLecture: LectureExperiment {
  /// The name of the command.
  public let name = "approximation"
  /// One line.
  public let title = "Universal approximation: the error against the number of hidden units"
  /// The place.
  public let source = "notes, section 2.3, theorem 1 (Cybenko, 1989; Hornik, 1991)"

  /// The numbers N of hidden units.
  public var widths: [Int]
  /// Steps of Adam for each.
  public var steps: Int

  /// The experiment.
  public init(widths: [Int] = [1, 2, 4, 8, 16, 32, 64], steps: Int = 4000) {
    self.widths = widths
    self.steps = steps
  }

  private struct Fit {
    let units: Int
    let y: [Double]
    /// The largest |F(x) - f(x)|.
    let largest: Double
    /// The root of the mean square.
    let typical: Double
  }

  /// A continuous function on the compact set [-1, 1], with slow and fast waves.
  private static func target(_ x: Double) -> Double { sin(2 * .pi * x) + cos(9 * x * x) / 2 }

  /// Fits every network and measures between the points it was trained on.
  public func run(seed: UInt64) throws -> LectureResult {
    let trainX = (0..<200).map { -1 + 2 * Double($0) / 199 }
    let testX = (0..<997).map { -1 + 2 * Double($0) / 996 }
    let fits = widths.map { fit($0, seed, trainX, testX) }

    let table = LectureTable(
      ["hidden units N", "largest |F - f|", "root mean square"],
      fits.map { ["\($0.units)", $0.largest.short, $0.typical.short] })
    var values: [String: Double] = [:]
    for fit in fits {
      values["largest_error_\(fit.units)"] = fit.largest
      values["rms_error_\(fit.units)"] = fit.typical
    }
    guard let few = fits.first, let many = fits.last else {
      throw TrainingError("widths", "there are none", advice: "give at least one number of hidden units")
    }
    let paragraph = """
      F(x) = sum of v_i sigmoid(w_i x + b_i) over N hidden units was fitted to f(x) = sin(2 pi x) + cos(9 x^2) / 2 on [-1, 1] \
      with \(steps) steps of Adam. With N = \(few.units) the largest error |F - f| is \(few.largest.short), with N = \
      \(many.units) it is \(many.largest.short); the root of the mean square goes from \(few.typical.short) to \
      \(many.typical.short), a factor of \((few.typical / many.typical).short). Theorem 1 promises that weights exist for any \
      error, not that gradient descent finds them, nor how many units it takes.
      """
    let claims = [
      LectureClaim(
        "with enough hidden units f is approximated at any given precision (here: within 0.05 everywhere)",
        when: fits.contains { $0.largest < 0.05 }),
      LectureClaim(
        "every step to more units brings F closer to f in the mean square",
        when: zip(fits, fits.dropFirst()).allSatisfy { $0.typical > $1.typical }),
      LectureClaim(
        "N = \(many.units) is at least ten times as close as N = \(few.units)", when: many.typical < few.typical / 10),
    ]
    return LectureResult(
      tables: [table], drawings: [drawing(testX, fits)], paragraph: paragraph, claims: claims, values: values)
  }

  private func fit(_ units: Int, _ seed: UInt64, _ trainX: [Double], _ testX: [Double]) -> Fit {
    let x = Tensor(trainX.map { Float($0) }, shape: [trainX.count, 1])
    let y = Tensor(trainX.map { Float(Self.target($0)) }, shape: [trainX.count, 1])
    // Hidden units that switch at random places of the interval, with slopes steep enough to tell them apart.
    let reach = 8 + Double(units)
    let network = withRandomSeed(seed) {
      Sequential {
        Dense(
          1, units, activation: .sigmoid, weightInitializer: .uniform(-reach...reach),
          biasInitializer: .uniform(-reach...reach))
        Dense(units, 1, biasInitializer: .zeros)
      }
    }
    let optimizer = Adam(learningRate: 0.03)
    for step in 0..<steps {
      // The rate falls to 0 along half a cosine, so that the end is calm.
      optimizer.learningRate = 0.03 * (1 + cos(.pi * Double(step) / Double(steps))) / 2
      let (_, gradients) = valueWithGradient(of: network) { meanSquaredError(network(x), y) }
      optimizer.update(network, along: gradients)
    }
    let output = network(Tensor(testX.map { Float($0) }, shape: [testX.count, 1])).scalars(as: Double.self)
    let errors = zip(testX, output).map { $1 - Self.target($0) }
    return Fit(
      units: units, y: output, largest: errors.largestMagnitude, typical: errors.map { $0 * $0 }.mean.squareRoot())
  }

  private func drawing(_ x: [Double], _ fits: [Fit]) -> LectureResult.Drawing {
    let shown = [fits.first, fits.count > 2 ? fits[fits.count / 2] : nil, fits.last].compactMap { $0 }
    let curves =
      [Series.line("f", x: x, y: x.map(Self.target), markers: false, color: .ink)]
      + shown.map { .line("F, N = \($0.units)", x: x, y: $0.y, dash: .dashed, markers: false) }
    let widths = fits.map { Double($0.units) }
    let panels = [
      Panel("f and its approximations", x: Axis("x"), series: curves),
      Panel(
        "error against N", x: Axis("hidden units N", scale: .logarithmic), y: Axis("error", scale: .logarithmic),
        series: [
          .line("largest |F - f|", x: widths, y: fits.map(\.largest), color: .blue),
          .line("root mean square", x: widths, y: fits.map(\.typical), color: .vermilion),
        ]),
    ]
    return .init("approximation", Figure("Universal approximation", columns: 2, panelSize: .lecture, panels: panels))
  }
}
