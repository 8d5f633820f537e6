import Apus
import ApusLectures
import Foundation
import Testing

/// What the experiments about optimizers and regularisers claim, on reduced sizes.
@Suite struct TrainingLectureTests {
  /// The value of a name.
  private func value(_ result: LectureResult, _ name: String) throws -> Double {
    try #require(result.values[name], "there is no value \(name) in \(result.values.keys.sorted())")
  }

  @Test func momentumAndAdaptiveRatesShortenTheWayThroughARavine() throws {
    let result = try OptimizersLecture(steps: 250, epochs: 2, samples: 320).run(seed: 1)
    let plain = try value(result, "sgd_steps")
    for rule in ["momentum", "nesterov", "adagrad", "adam"] {
      #expect(try value(result, "\(rule)_steps") < 0.7 * plain, "\(rule)")
    }
    #expect(try value(result, "nesterov_crossings") < value(result, "momentum_crossings"))
    #expect(try value(result, "momentum_crossings") < value(result, "sgd_crossings"))
    #expect(try value(result, "adagrad_crossings") == 0)
    for rule in ["momentum", "nesterov", "adagrad", "rmsprop", "adam"] {
      #expect(try value(result, "\(rule)_digits_loss") < value(result, "sgd_digits_loss"), "\(rule)")
    }
  }

  @Test func l1MakesWeightsZeroAndL2MakesThemSmall() throws {
    let result = try SparsityLecture(epochs: 15, samples: 320, lambda: 0.01).run(seed: 1)
    #expect(try value(result, "l1_part_near_zero") > 10 * value(result, "l2_part_near_zero"))
    #expect(try value(result, "l1_part_near_zero") > 10 * value(result, "none_part_near_zero"))
    #expect(try value(result, "l2_length") < 0.97 * value(result, "none_length"))
    #expect(try value(result, "l1_pruned_accuracy") > value(result, "l1_test_accuracy") - 0.01)
  }

  @Test func silentReLUsGetNoGradientAndLeakyOnesDo() throws {
    let result = try DyingReLULecture(epochs: 8, samples: 400).run(seed: 1)
    let before = try value(result, "relu_silent_before")
    #expect(before > 0.8)
    #expect(try value(result, "relu_silent_after") >= before)
    #expect(try value(result, "relu_without_gradient") >= before)
    for variant in ["leaky", "leakier", "rrelu", "prelu", "elu"] {
      #expect(try value(result, "\(variant)_silent_before") == before, "\(variant)")
      #expect(try value(result, "\(variant)_without_gradient") == 0, "\(variant)")
      #expect(try value(result, "\(variant)_test_accuracy") > value(result, "relu_test_accuracy"), "\(variant)")
    }
    #expect(try value(result, "advised_silent_before") == 0)
    #expect(try value(result, "advised_without_gradient") < 0.02)
  }

  @Test func aLargeNetworkLearnsWrongLabelsByHeartUnlessItIsRegularised() throws {
    let result = try OverfittingLecture(epochs: 60, samples: 120, width: 64, members: 2).run(seed: 1)
    #expect(try value(result, "none_training_accuracy") > 0.97)
    #expect(try value(result, "none_test_loss") > 5 * value(result, "none_training_loss"))
    for key in ["l2", "l1", "elastic_net", "max_norm", "dropout", "noise", "augmentation", "early_stopping"] {
      // Dropout needs more epochs than a test has.
      if key != "dropout" {
        #expect(try value(result, "\(key)_test_loss") < value(result, "none_test_loss"), "\(key)")
      }
      #expect(try value(result, "\(key)_training_loss") > value(result, "none_training_loss"), "\(key)")
    }
    // These keep their training accuracy, so that only the test tells.
    for key in ["adversarial", "ensemble"] {
      #expect(try value(result, "\(key)_test_loss") < value(result, "none_test_loss"), "\(key)")
    }
    #expect(result.values["batch_norm_test_accuracy"] != nil)
    // A claim for each regulariser, decided by its own numbers.
    for name in ["L2", "L1", "elastic net", "max-norm", "dropout", "batch norm", "ensemble", "early stop"] {
      let claim = try #require(result.claims.first { $0.text.hasPrefix("with \(name) the test loss") })
      let key =
        ["max-norm": "max_norm", "early stop": "early_stopping"][name]
        ?? name.lowercased().replacingOccurrences(of: " ", with: "_")
      let isLower = try value(result, "\(key)_test_loss") < value(result, "none_test_loss")
      let isRighter = try value(result, "\(key)_test_accuracy") >= value(result, "none_test_accuracy")
      #expect(claim.isShown == (isLower && isRighter), "\(name)")
    }
  }

  /// Gradients fade with the lag, slower where the forget gate is open; short lags are learnt by all.
  @Test func longLagsFadeAndAnOpenForgetGateKeepsThem() throws {
    let result = try LagLecture(lags: [1, 12], steps: 120, units: 12).run(seed: 1)
    for key in ["elman", "jordan", "lstm", "open_lstm"] {
      #expect(try value(result, "\(key)_accuracy_1") > 0.95, "\(key)")
      #expect(try value(result, "\(key)_gradient_12") < value(result, "\(key)_gradient_1"), "\(key)")
    }
    #expect(try value(result, "open_lstm_gradient_12") > 10 * value(result, "lstm_gradient_12"))
    #expect(try value(result, "jordan_gradient_12") < value(result, "elman_gradient_12"))
    #expect(result.claims.count == 5 && result.claims[0].isShown)
    #expect(try value(result, "jordan_longest_lag") == 1)
  }

  @Test func earlyStoppingGivesTheWeightsOfTheLowestValidationLoss() throws {
    let result = try EarlyStoppingLecture(epochs: 50, samples: 120, patience: 5).run(seed: 1)
    #expect(try value(result, "stopped_after") < 50)
    #expect(try value(result, "best_epoch") <= value(result, "stopped_after") - 5)
    #expect(try value(result, "stopped_test_loss") < value(result, "end_test_loss"))
    #expect(try value(result, "lowest_validation_loss") < value(result, "end_validation_loss"))
    // Patience that never ends stops nothing, and the text says so.
    let patient = try EarlyStoppingLecture(epochs: 3, samples: 120, patience: 5).run(seed: 1)
    #expect(patient.claims.contains { $0.text == "early stopping ends the training early" && !$0.isShown })
  }

  @Test func activationsAreComparedOnNormalisedAndOnRawInputs() throws {
    let result = try ChoiceLecture(depth: 3, epochs: 5, samples: 400, starts: 2).run(seed: 1)
    #expect(try value(result, "tanh_training_loss") < value(result, "sigmoid_training_loss"))
    #expect(try value(result, "relu_training_loss") < value(result, "sigmoid_training_loss"))
    #expect(try value(result, "tanh_test_accuracy") > value(result, "tanh_raw_test_accuracy"))
    let claim = try #require(result.claims.first { $0.text.hasPrefix("logistic < tanh") })
    #expect(claim.isShown && result.claims.count == 5)
    #expect(throws: TrainingError.self) { try ChoiceLecture(starts: 0).run(seed: 1) }
  }

  @Test func trainingOnAdversarialExamplesHelpsAgainstThem() throws {
    let result = try AdversarialLecture(epochs: 10, samples: 500).run(seed: 1)
    #expect(try value(result, "clean_accuracy") > 0.85)
    #expect(try value(result, "clean_accuracy_at_0.1") < value(result, "clean_accuracy") - 0.2)
    #expect(try value(result, "adversarial_accuracy_at_0.1") > value(result, "clean_accuracy_at_0.1") + 0.1)
    #expect(result.drawings.map(\.name) == ["accuracy", "digits"])
  }
}
