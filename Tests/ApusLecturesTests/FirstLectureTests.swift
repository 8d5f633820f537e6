import ApusLectures
import Foundation
import Testing

/// What the experiments claim, on reduced sizes: a number of its own for every claim.
@Suite struct FirstLectureTests {
  /// The value of a name.
  private func value(_ result: LectureResult, _ name: String) throws -> Double {
    try #require(result.values[name], "there is no value \(name) in \(result.values.keys.sorted())")
  }

  /// The verdict on the only claim that contains some words.
  private func shown(_ result: LectureResult, _ words: String) throws -> Bool {
    let found = result.claims.filter { $0.text.contains(words) }
    try #require(found.count == 1, "\(words) in \(result.claims.map(\.text))")
    return found[0].isShown
  }

  @Test func activationsHaveTheDerivativesOfTheNotes() throws {
    let result = try ActivationsLecture(points: 241).run(seed: 1)
    #expect(try value(result, "largest_difference_from_formulas") < 1e-15)
    #expect(try value(result, "sigmoid_largest_derivative") == 0.25)
    #expect(try value(result, "tanh_derivative_at_0") == 1)
    #expect(try value(result, "relu_derivative_at_-6") == 0)
    #expect(try value(result, "relu_derivative_at_6") == 1)
    #expect(try value(result, "sigmoid_derivative_at_6") < 0.0025)
    #expect(result.claims.count == 4 && !result.claims.contains { !$0.isShown })
  }

  @Test func moreHiddenUnitsApproximateBetter() throws {
    let result = try ApproximationLecture(widths: [1, 4, 32], steps: 400).run(seed: 1)
    let errors = try [1, 4, 32].map { try value(result, "rms_error_\($0)") }
    #expect(errors[0] > errors[1] && errors[1] > errors[2])
    #expect(errors[2] < errors[0] / 10)
    #expect(try shown(result, "N = 32 is at least ten times as close as N = 1"))

    // Too few steps show nothing, and the text says so.
    let hasty = try ApproximationLecture(widths: [1, 4], steps: 3).run(seed: 1)
    #expect(try !shown(hasty, "at any given precision"))
    #expect(try !shown(hasty, "at least ten times as close"))
  }

  @Test func convolutionsAreThoseOfTheSlides() throws {
    let result = try ConvolutionLecture(epochs: 1, samples: 200).run(seed: 1)
    for name in ["difference_of_example", "difference_by_hand"] { #expect(try value(result, "largest_" + name) == 0) }
    for name in ["pool_gradient_difference", "wrong_sizes"] { #expect(try value(result, name) == 0) }
    #expect(try value(result, "largest_difference_as_printed") >= 1 && value(result, "sizes") == 45)
    for name in ["weight", "bias"] { #expect(try value(result, name + "_gradient_difference") < 1e-12) }
    // (11 x 11 x 3 + 1) x 96; 224 is no size that the first layer fits.
    #expect(try value(result, "alexnet_first_parameters") == 34_944 && value(result, "alexnet_side_of_224") == 54.25)
    #expect(try value(result, "dense_parameters") == 2410 && value(result, "pooled_parameters") == 1898)
    #expect(try value(result, "strided_parameters") == 1898)
    #expect(try shown(result, "without turning it") && shown(result, "of 227 x 227") && shown(result, "shared weight"))
    #expect(try !shown(result, "as printed") && !shown(result, "of 224 x 224"))
    let isSmaller =
      try value(result, "pooled_test_accuracy") - value(result, "pooled_moved_accuracy")
      < value(result, "strided_test_accuracy") - value(result, "strided_moved_accuracy")
    #expect(try shown(result, "small translations") == isSmaller)
  }

  @Test func crossEntropyBehindASigmoidHasTheLargerGradient() throws {
    let result = try OutputLossesLecture(points: 33, steps: 60).run(seed: 1)
    #expect(try value(result, "difference_from_f_minus_y") < 1e-14)
    // 2 (f - 1) f (1 - f) at f = sigmoid(-8), by the chain rule.
    let f = 1 / (1 + exp(8.0))
    #expect(abs(try value(result, "squares_gradient_at_-8") - 2 * (f - 1) * f * (1 - f)) < 1e-12)
    #expect(abs(try value(result, "cross_entropy_gradient_at_-8") - (f - 1)) < 1e-12)
    #expect(try value(result, "cross_entropy_steps") < 60)
    #expect(try value(result, "squares_steps") == .infinity)
    #expect(!result.claims.contains { !$0.isShown })
  }

  @Test func theEquationsOfTheNotesGiveTheGradientsOfTheEngine() throws {
    let result = try EquationsLecture(samples: 5).run(seed: 3)
    for equation in 1...6 {
      #expect(try value(result, "largest_difference_equation_\(equation)") < 1e-13, "equation (\(equation))")
    }
    #expect(try value(result, "difference_with_a_in_equation_4") > 0.01)
    for equation in [1, 2, 3, 5, 6] { #expect(try shown(result, "equation (\(equation)) is the gradient")) }
    #expect(try shown(result, "with h^(L) in place of a^(L)"))
    #expect(try !shown(result, "as printed"))
  }

  @Test func unitsThatStartEqualStayEqualToTheBit() throws {
    let result = try SymmetryLecture(epochs: 3, samples: 300).run(seed: 1)
    for start in ["zero", "equal"] {
      #expect(try value(result, "\(start)_different_units") == 1)
      #expect(try value(result, "\(start)_largest_difference") == 0)
    }
    #expect(try value(result, "zero_largest_weight") == 0)
    #expect(try value(result, "equal_largest_weight") != 0.05)
    #expect(try value(result, "random_different_units") == 16)
    #expect(try value(result, "random_test_accuracy") > value(result, "equal_test_accuracy") + 0.2)
    #expect(try shown(result, "cannot be initialised to 0"))
    #expect(try !shown(result, "the derivative of tanh at 0 is 0"))
    #expect(try shown(result, "the same behaviour"))
  }

  @Test func heKeepsTheSignalOfReLUAndNaiveWeightsDoNot() throws {
    let result = try InitializationLecture(depth: 10, width: 128, epochs: 6, samples: 400).run(seed: 2)
    for direction in ["activation", "gradient"] {
      #expect(try (0.5...2).contains(value(result, "relu_he_\(direction)_ratio")))
      #expect(try value(result, "relu_naive_\(direction)_ratio") < 1e-6)
      #expect(try value(result, "relu_large_\(direction)_ratio") > 1e6)
      #expect(try value(result, "relu_xavier_\(direction)_ratio") < 0.2)
      #expect(try value(result, "tanh_xavier_\(direction)_ratio") > 0.1)
      #expect(try value(result, "tanh_printed_\(direction)_ratio") < 1e-6)
    }
    #expect(try value(result, "relu_he_test_accuracy") > 0.5)
    #expect(try value(result, "tanh_xavier_test_accuracy") > 0.5)
    #expect(try value(result, "relu_naive_test_accuracy") < 0.2)
    #expect(try value(result, "relu_large_test_accuracy").isNaN)
    #expect(result.tables[0].rows.contains { $0.last == "diverged" })
    #expect(try shown(result, "the factor sqrt(2) for ReLU"))
    #expect(try !shown(result, "keep those of ReLU as well"))
    #expect(try !shown(result, "as printed, keeps"))
  }

  @Test func clippingLetsANetworkWithExplodingGradientsLearn() throws {
    let result = try ClippingLecture(depth: 6, epochs: 8, samples: 400).run(seed: 1)
    #expect(try value(result, "none_gradient_norm") > 100 * value(result, "he_gradient_norm"))
    #expect(try value(result, "value_gradient_norm") == value(result, "none_gradient_norm"))
    #expect(try value(result, "none_epochs_finished") == 0)
    #expect(try value(result, "none_test_accuracy").isNaN)
    #expect(try value(result, "value_epochs_finished") == 8)
    #expect(try value(result, "value_test_accuracy") > 0.5)
    #expect(try shown(result, "gradients clipped by value"))
  }

  @Test func gradientsVanishByMoreThan16ForTwoSigmoidLayersAndTheCuresHelp() throws {
    let result = try VanishingLecture(depth: 8, epochs: 4, samples: 400).run(seed: 1)
    #expect(try value(result, "chain_factor") < 1.0 / 16)
    // At the start of the chain z is near w a = sigmoid(...) > 0, so the factor is not far below the bound.
    #expect(try value(result, "chain_factor") > 1.0 / 32)
    #expect(try value(result, "sigmoid_factor_over_two_layers") < 0.01)
    #expect(try value(result, "norm_factor_over_two_layers") > 0.5)
    #expect(try value(result, "relu_factor_over_two_layers") > 0.5)
    #expect(try value(result, "xavier_test_accuracy") < 0.2)
    #expect(try value(result, "norm_test_accuracy") > 0.5)
    #expect(try value(result, "relu_test_accuracy") > 0.5)
    #expect(try value(result, "naive_relu_test_accuracy") < 0.2)
    #expect(try value(result, "tanh_factor_over_two_layers") > 0.5)
    #expect(try shown(result, "a factor of 16 (or more) smaller"))
    #expect(try !shown(result, "alone overcomes it for sigmoids"))
    #expect(try !shown(result, "with the naive weights"))
  }

  @Test func aLearningRateCanBeTooSmallAndTooLarge() throws {
    let result = try LearningRateLecture(epochs: 6, samples: 400).run(seed: 1)
    let right = try value(result, "right_final_loss")
    #expect(try value(result, "small_final_loss") > 2 * right)
    #expect(try value(result, "large_final_loss") > 2 * right)
    #expect(try value(result, "small_largest_rise") <= 0)
    #expect(try value(result, "reduced_final_loss") < value(result, "large_final_loss"))
    #expect(try (0.0005...3).contains(value(result, "finder_suggestion")))
    #expect(try shown(result, "the finder's suggestion"))
  }

  @Test func smallBatchesAreNoisyAndMakeMoreUpdates() throws {
    let result = try BatchSizeLecture(epochs: 2, samples: 200).run(seed: 1)
    #expect(try value(result, "one_updates") == 400)
    #expect(try value(result, "32_updates") == 14)
    #expect(try value(result, "full_updates") == 2)
    #expect(try value(result, "one_gradient_noise") > 2 * value(result, "32_gradient_noise"))
    #expect(try value(result, "full_gradient_noise") < 1e-5)
    #expect(try value(result, "one_final_loss") < value(result, "32_final_loss"))
    #expect(try value(result, "32_final_loss") < value(result, "full_final_loss"))
    #expect(try shown(result, "for the same number of epochs"))
  }
}
