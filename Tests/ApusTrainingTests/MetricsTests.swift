import Apus
import Testing

@testable import ApusTraining

@Suite struct MetricsTests {
  @Test func confusionMatrix() {
    var matrix = ConfusionMatrix(classNames: ["a", "b"])
    for (actual, predicted) in [(0, 0), (0, 0), (0, 1), (1, 1), (1, 5)] {
      matrix.add(actual: actual, predicted: predicted)
    }
    #expect(matrix.counts == [[2, 1], [0, 1]])
    #expect(matrix.accuracy == 0.75)
    #expect(matrix.perClass.map(\.precision) == [1, 0.5])
    #expect(matrix.perClass.map(\.recall) == [2.0 / 3, 1])
    #expect(
      matrix.description == """
        actual  a b
             a  2 1
             b  0 1
        """)
  }

  @Test func classesOfOutputs() {
    let outputs = HostArray([Float(1), 2, 0, 5, 5, 1, .nan, 0, 3], shape: [3, 3])
    #expect(Predictions.classes(outputs) == [1, 0, 0])
    let probabilities = Predictions.probabilities([1000, 1000])
    #expect(probabilities == [0.5, 0.5])
  }

  @Test func roundedNumbers() {
    #expect(Rounding.text(0.28714, 4) == "0.2871")
    #expect(Rounding.text(9.996, 2) == "10.00")
    #expect(Rounding.text(-0.05, 1) == "-0.1")
    #expect(Rounding.text(-0.001, 1) == "0.0")
    #expect(Rounding.text(12.5, 0) == "13")
    #expect(Rounding.text(.infinity, 2) == "inf")
    #expect(Rounding.duration(8.4) == "8 s")
    #expect(Rounding.duration(65) == "1:05")
    #expect(Rounding.duration(7387) == "2:03:07")
  }

  @Test func progressLines() {
    var moment = TrainingMoment(
      step: 50, epoch: 1, epochs: 3, batch: 50, batches: 100, loss: 0.5, accuracy: 0.25, samplesPerSecond: 1000)
    moment.secondsPerStep = 0.5
    #expect(
      ProgressReporter.bar(moment, width: 4)
        == "epoch 1/3 [==> ] 50/100  1000 samples/s  loss 0.5000  accuracy 25.00 %  2:05 left")
    #expect(ProgressReporter.line(moment).hasPrefix("epoch 1/3  step 50/100  1000 samples/s"))
    moment.batch = 100
    #expect(ProgressReporter.bar(moment, width: 4).hasPrefix("epoch 1/3 [====] 100/100"))
  }

  @Test func earlyStopping() {
    func record(_ epoch: Int, _ loss: Double?) -> EpochRecord {
      EpochRecord(
        epoch: epoch, step: epoch, trainLoss: 1, trainAccuracy: nil, validationLoss: loss, validationAccuracy: nil,
        seconds: 1, samplesPerSecond: 1)
    }
    let rule = EarlyStopping(patience: 2)
    var state = EarlyStopping.State()
    #expect(rule.note(record(1, nil), &state) == nil)
    #expect(rule.note(record(1, 1), &state) == true)
    #expect(rule.note(record(2, .nan), &state) == false)
    #expect(!rule.shouldStop(state))
    #expect(rule.note(record(3, 1), &state) == false)
    #expect(rule.shouldStop(state) && state.bestEpoch == 1)
  }
}
