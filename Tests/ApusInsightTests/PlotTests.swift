import Apus
import Foundation
import Testing

@testable import ApusInsight
@testable import ApusTraining

@Suite struct PlotTests {
  private func record(_ epoch: Int, _ loss: Double, _ accuracy: Double?, rate: Double? = nil) -> EpochRecord {
    EpochRecord(
      epoch: epoch, step: epoch * 10, trainLoss: loss / 2, trainAccuracy: accuracy, validationLoss: loss,
      validationAccuracy: accuracy, seconds: 1, samplesPerSecond: 100, learningRate: rate)
  }

  @Test func bestEpochIsTheMostAccurateOrOfLeastLoss() {
    let classes = RunHistory([record(1, 3, 0.5), record(2, 1, 0.8), record(3, 0.5, 0.8), record(4, 0.4, 0.7)])
    #expect(classes.best?.epoch == 2)
    let numbers = RunHistory([record(1, 3, nil), record(2, .nan, nil), record(3, 0.5, nil), record(4, 0.6, nil)])
    #expect(numbers.best?.epoch == 3)
    #expect(RunHistory([]).best == nil)
  }

  @Test func learningRateIsDrawnWhereItIsKnown() throws {
    #expect(LearningCurves.learningRate(RunHistory([record(1, 1, 1)])) == nil)
    let rates = [0.1, 0.05, 0.001].enumerated().map { record($0.offset + 1, 1, 1, rate: $0.element) }
    let figure = try #require(LearningCurves.learningRate(RunHistory(rates)))
    #expect(figure.panels[0].y.scale == .logarithmic)
    let flat = try #require(LearningCurves.learningRate(RunHistory([record(1, 1, 1, rate: 0.1)])))
    #expect(flat.panels[0].y.scale == .linear)
    #expect(LearningCurves.accuracy(RunHistory([record(1, 1, nil)])) == nil)
  }

  @Test func samplesAgreeWithTheConfusionMatrix() throws {
    let folder = try TemporaryFolder()
    let saved = try SavedRun(makeRun(in: folder))
    let (judged, evaluation) = (try JudgedSamples(saved), try saved.evaluate(on: nil))
    #expect(judged.part == evaluation.part && judged.samples.count == evaluation.samples)
    let matrix = try #require(evaluation.confusionMatrix)
    var counts = matrix.map { $0.map { _ in 0 } }
    for sample in judged.samples { counts[sample.actual][sample.predicted] += 1 }
    #expect(counts == matrix)

    let wrong = judged.mostConfidentlyWrong
    #expect(!wrong.isEmpty && wrong.allSatisfy { $0.actual != $0.predicted })
    #expect(zip(wrong, wrong.dropFirst()).allSatisfy { $0.probability >= $1.probability })
    #expect(wrong.allSatisfy { $0.actualProbability <= $0.probability && $0.probability <= 1 })
    #expect(wrong.count + judged.right.count == judged.samples.count)
    #expect(Set(judged.right.prefix(10).map(\.actual)).count == 10)

    let figure = try #require(SamplePlots.wrong(judged))
    let names = judged.data.classNames
    #expect(figure.panels[0].title.contains("is \(names[wrong[0].actual])"))
    let picture = SamplePlots.pictures(of: judged.data, [wrong[0].index])[0]
    let pixels = judged.data.subset([wrong[0].index]).inputs.scalars(as: Double.self)
    let largest = judged.data.inputs.dtype == .uint8 ? 255 : pixels.max() ?? 1
    #expect(zip(picture.values, pixels).allSatisfy { abs($0 * largest - $1) < 1e-9 })
  }

  @Test func histogramsCompareTheFirstAndLastEpoch() throws {
    func statistics(_ epoch: Int, _ path: String, _ kind: TensorStatistics.Kind) -> TensorStatistics {
      let values = HostArray((0..<100).map { Float($0 * epoch) }, shape: [100])
      return TensorStatistics(values, path: path, kind: kind, epoch: epoch, step: epoch)
    }
    let known = (1...3).flatMap { epoch in
      ["a.weight", "a.bias", "b.weight"].flatMap { path in
        [statistics(epoch, path, .weight), statistics(epoch, path, .gradient)]
      }
    }
    let plots = HistogramPlots.plots(.gradient, known, nil)
    #expect(plots.map(\.path) == ["a.weight", "b.weight"])
    #expect(plots[0].figure.panels[0].series.map(\.name) == ["epoch 1", "epoch 3"])
    #expect(HistogramPlots.plots(.gradient, [], nil).isEmpty)
    let model = HistogramPlots.plots(.weight, [], LeNet5())
    #expect(model.count == 5)
  }

  @Test func regressionIsAPointForEverySample() throws {
    let figure = try #require(RegressionPlot.figure(predicted: [1, 2, .nan, 4], actual: [1.5, 2, 3, 3]))
    let document = try figure.svg()
    // Three points and one in the legend.
    #expect(document.split(separator: "<use xlink:href='#gpPt6' transform").count == 1 + 4)
    #expect(RegressionPlot.figure(predicted: [], actual: []) == nil)
  }
}
