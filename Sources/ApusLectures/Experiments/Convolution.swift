import Apus

/// What a convolution computes, how large its output is, how its gradients come about, and what sharing weights and pooling
/// are good for.
public struct ConvolutionLecture: LectureExperiment {
  /// The name of the command.
  public let name = "convolution"
  /// One line.
  public let title = "Convolution and pooling: formulas, sizes, gradients, and digits that were moved"
  /// The place.
  public let source =
    "notes, sections 3.0.8 to 3.1; Introduction to Deep Learning (Mille), Convolution to AlexNet in detail"

  /// Passes over the digits.
  public var epochs: Int
  /// Training samples.
  public var samples: Int

  /// The experiment.
  public init(epochs: Int = 20, samples: Int = 1438) {
    self.epochs = epochs
    self.samples = samples
  }

  private struct Outcome {
    let key: String
    let name: String
    let parameters: Int
    let history: [EpochRecord]
    let accuracy: Double
    /// The accuracy on the test part, each digit moved by a pixel: the mean of four directions.
    let moved: Double
  }

  /// Computes, compares and trains.
  public func run(seed: UInt64) throws -> LectureResult {
    let example = HandConvolution.example
    let computed = example.byEngine
    let byHand = example.convolved(swapsIndices: false)
    let asPrinted = Array(example.convolved(swapsIndices: true).joined())
    let differences = HandConvolution.gradientDifferences(seed: seed)
    let sizes = Self.sizes()
    let digits = try LectureDigits(count: samples)
    let outcomes = try outcomes(digits, seed)

    var values = [
      "largest_difference_of_example": largest(computed, example.result),
      "largest_difference_by_hand": largest(computed, byHand),
      "largest_difference_as_printed": largest(computed, [asPrinted]),
      "weight_gradient_difference": differences.weight, "bias_gradient_difference": differences.bias,
      "pool_gradient_difference": differences.pool, "sizes": Double(sizes.count),
      "wrong_sizes": Double(sizes.count { !$0 }), "alexnet_side_of_227": Self.side(227, kernel: 11, stride: 4),
      "alexnet_side_of_224": Self.side(224, kernel: 11, stride: 4),
    ]
    let counts = Conv2D(3, 96, kernel: 11, stride: 4).parameterCount
    values["alexnet_first_parameters"] = Double(counts)
    for outcome in outcomes {
      values["\(outcome.key)_parameters"] = Double(outcome.parameters)
      values["\(outcome.key)_test_accuracy"] = outcome.accuracy
      values["\(outcome.key)_moved_accuracy"] = outcome.moved
    }
    let table = LectureTable(
      ["network", "parameters", "training loss", "test accuracy", "moved by a pixel"],
      outcomes.map {
        [
          $0.name, "\($0.parameters)", ($0.history.last?.trainLoss ?? .nan).short, $0.accuracy.percent,
          $0.moved.percent,
        ]
      })
    return LectureResult(
      tables: [table], drawings: [drawing(outcomes)], paragraph: paragraph(values, outcomes),
      claims: claims(values, outcomes), values: values)
  }

  private func largest(_ found: [Double], _ expected: [[Double]]) -> Double {
    zip(found, expected.joined()).map { abs($0 - $1) }.max() ?? .nan
  }

  /// (W - k + 2p) / s + 1.
  private static func side(_ extent: Int, kernel: Int, padding: Int = 0, stride: Int) -> Double {
    Double(extent - kernel + 2 * padding) / Double(stride) + 1
  }

  /// Whether the formulas give the size and the number of parameters of the engine, for many layers whose stride fits.
  private static func sizes() -> [Bool] {
    var found: [Bool] = []
    for extent in [8, 13, 28] {
      for kernel in [1, 3, 5] {
        for padding in 0...2 {
          for stride in 1...3 where (extent - kernel + 2 * padding) % stride == 0 {
            let layer = Conv2D(3, 4, kernel: Size2D(kernel), stride: Size2D(stride), padding: .size(Size2D(padding)))
            let shape = layer(Tensor(repeating: 0, shape: [1, 3, extent, extent])).shape
            let expected = side(extent, kernel: kernel, padding: padding, stride: stride)
            found.append(
              [Double(shape[2]), Double(shape[3])] == [expected, expected] && shape[1] == 4
                && layer.parameterCount == (kernel * kernel * 3 + 1) * 4)
          }
        }
      }
    }
    return found
  }

  // Digits

  private func outcomes(_ digits: LectureDigits, _ seed: UInt64) throws -> [Outcome] {
    let moved = try [(0, 1), (0, -1), (1, 0), (-1, 0)].map { try digits.moved(rows: $0.0, columns: $0.1) }
    func outcome(_ key: String, _ name: String, _ make: () -> Sequential) throws -> Outcome {
      let network = withRandomSeed(seed, make)
      let trainer = digits.trainer(network, Adam(learningRate: 0.005), seed: seed)
      try trainer.fit(digits.train, epochs: epochs)
      return Outcome(
        key: key, name: name, parameters: network.parameterCount, history: trainer.history,
        accuracy: try trainer.evaluate(digits.test).accuracy ?? .nan,
        moved: try moved.map { try trainer.evaluate($0).accuracy ?? .nan }.mean)
    }
    func filters(_ stride: Int) -> [any Layer] {
      let pool: [any Layer] = stride == 1 ? [MaxPool2D(2)] : []
      return [Conv2D(1, 8, kernel: 3, stride: Size2D(stride), padding: 1, activation: .relu)] + pool
        + [Conv2D(8, 16, kernel: 3, stride: Size2D(stride), padding: 1, activation: .relu)] + pool
        + [Flatten(), Dense(64, 10)]
    }
    return try [
      outcome("dense", "perceptron") { Sequential([Flatten(), Dense(64, 32, activation: .relu), Dense(32, 10)]) },
      outcome("strided", "stride 2") { Sequential(filters(2)) },
      outcome("pooled", "max pooling") { Sequential(filters(1)) },
    ]
  }

  // What came out

  private func paragraph(_ values: [String: Double], _ outcomes: [Outcome]) -> String {
    func value(_ name: String) -> String { (values[name] ?? .nan).short }
    let accuracies = outcomes.map { "\($0.name) \($0.accuracy.percent) and \($0.moved.percent)" }
    return """
      The slides' example, a mask of 3 x 3 on an image of 5 x 5, differs from the engine's convolution by \
      \(value("largest_difference_of_example")); the notes' formula as it is printed, I(i + n, j + m) with K(m, n), takes the \
      mask on its side and differs by \(value("largest_difference_as_printed")). The size (W - k + 2p) / s + 1 and the \
      (k k C_i + 1) C_o parameters are those of all \(Int(values["sizes"] ?? 0)) layers that were made. AlexNet's first layer gives \
      \(values["alexnet_side_of_227"] ?? .nan) from 227 pixels, and would give \(values["alexnet_side_of_224"] ?? .nan) from the 224 that are \
      printed. The slides' sums over all places for the gradient of a weight and of the bias differ from the engine's \
      gradients by at most \(value("weight_gradient_difference")) and \(value("bias_gradient_difference")), their gradient of \
      max pooling by \(value("pool_gradient_difference")). Three networks of about as many parameters, a perceptron \
      and convolutions with a stride of 2 or with max pooling, learnt the digits in \(epochs) epochs; their accuracies on the test, and on the test with every digit moved by a pixel, are: \
      \(accuracies.joined(separator: ", ")).
      """
  }

  private func claims(_ values: [String: Double], _ outcomes: [Outcome]) -> [LectureClaim] {
    let (dense, strided, pooled) = (outcomes[0], outcomes[1], outcomes[2])
    return [
      LectureClaim(
        "a convolution slides the kernel over the image without turning it",
        when: values["largest_difference_of_example"] == 0 && values["largest_difference_by_hand"] == 0),
      LectureClaim(
        "(K * I)(i, j) is the sum of K(m, n) I(i + n, j + m), as printed",
        when: values["largest_difference_as_printed"] == 0
      ),
      LectureClaim(
        "the output is (W - k + 2p) / s + 1 wide, with (k k C_i + 1) C_o parameters", when: values["wrong_sizes"] == 0),
      LectureClaim("AlexNet's first layer makes 55 x 55 of 227 x 227", when: values["alexnet_side_of_227"] == 55),
      LectureClaim("AlexNet's first layer makes 55 x 55 of 224 x 224", when: values["alexnet_side_of_224"] == 55),
      LectureClaim(
        "the gradient of a shared weight is the sum over all places where it is used",
        when: max(values["weight_gradient_difference"] ?? .nan, values["bias_gradient_difference"] ?? .nan) < 1e-12),
      LectureClaim(
        "max pooling hands its gradient to the largest element of each window",
        when: values["pool_gradient_difference"] == 0),
      LectureClaim(
        "convolutions classify images better than a perceptron of as many parameters",
        when: pooled.accuracy > dense.accuracy && strided.accuracy > dense.accuracy),
      LectureClaim(
        "pooling makes the network less sensitive to small translations",
        when: pooled.accuracy - pooled.moved < strided.accuracy - strided.moved),
    ]
  }

  private func drawing(_ outcomes: [Outcome]) -> LectureResult.Drawing {
    let places = outcomes.indices.map(Double.init)
    var axis = Axis.categories(outcomes.map(\.name), label: "network")
    (axis.lower, axis.upper) = (-0.7, Double(outcomes.count) - 0.3)
    let panels = [
      Panel(
        "training", x: .epochs, y: Axis("training loss", scale: .logarithmic), legend: .below,
        series: outcomes.map { $0.history.line($0.name, \.trainLoss) }),
      Panel(
        "test accuracy in per cent", x: axis, y: Axis(from: 0, to: 100), legend: .below,
        series: [
          .bars("as they are", x: places.map { $0 - 0.2 }, heights: outcomes.map { $0.accuracy * 100 }, width: 0.38),
          .bars(
            "moved by a pixel", x: places.map { $0 + 0.2 }, heights: outcomes.map { $0.moved * 100 }, width: 0.38),
        ]),
    ]
    return .init("convolution", Figure("Convolution and pooling", columns: 2, panelSize: .lecture, panels: panels))
  }
}

extension LectureDigits {
  /// The test part with every digit moved; what enters at the sides is black.
  fileprivate func moved(rows: Int, columns: Int) throws -> Dataset {
    let side = 8
    let pixels = test.inputs.scalars(as: Double.self).map { UInt8($0) }
    var result = [UInt8](repeating: 0, count: pixels.count)
    for sample in 0..<test.count {
      for row in 0..<side where (0..<side).contains(row - rows) {
        for column in 0..<side where (0..<side).contains(column - columns) {
          let base = sample * side * side
          result[base + row * side + column] = pixels[base + (row - rows) * side + column - columns]
        }
      }
    }
    return try Dataset(
      name: "moved digits", inputs: HostArray(result, shape: [test.count, 1, side, side]), targets: test.targets,
      classNames: test.classNames)
  }
}
