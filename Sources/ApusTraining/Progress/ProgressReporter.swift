#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// Shows on standard error how far a training is: a bar that is drawn anew on a terminal, otherwise plain lines.
public final class ProgressReporter {
  private let isTerminal: Bool
  private let interval: Double
  private var watch = Stopwatch()
  private var shown = -1.0
  private var heading: String?

  /// A reporter on standard error.
  ///
  /// - Parameters:
  ///   - heading: shown once, when the first epoch begins.
  ///   - isTerminal: whether to draw a bar; nil asks the system.
  public init(heading: String? = nil, isTerminal: Bool? = nil) {
    self.heading = heading
    self.isTerminal = isTerminal ?? (isatty(2) == 1)
    interval = self.isTerminal ? 0.1 : 10
  }

  /// An epoch begins.
  func begin(_ moment: TrainingMoment) {
    if let heading { print(heading) }
    heading = nil
    watch = Stopwatch()
    shown = isTerminal ? -1 : 0
    if isTerminal { draw(Self.bar(moment, width: 24)) }
  }

  /// A step is done.
  func advance(_ moment: TrainingMoment) {
    let now = watch.seconds
    guard now - shown >= interval else { return }
    shown = now
    if isTerminal { draw(Self.bar(moment, width: 24)) } else { print(Self.line(moment)) }
  }

  /// An epoch is done.
  func finishEpoch(_ moment: TrainingMoment) {
    guard let record = moment.record else { return }
    let text = Self.summary(record, moment)
    if isTerminal { print("\r\u{1b}[K" + text) } else { print(text) }
  }

  private func draw(_ text: String) { write("\r\u{1b}[K" + text) }

  private func print(_ text: String) { write(text + "\n") }

  private func write(_ text: String) { StandardStreams.error(text) }

  /// `epoch 3/10 [=====>      ] 412/938  52300 samples/s  loss 0.3012  accuracy 89.10 %  0:07 left`
  static func bar(_ moment: TrainingMoment, width: Int) -> String {
    let done = moment.batches == 0 ? 0 : moment.batch * width / moment.batches
    let line = String(repeating: "=", count: done) + (done < width ? ">" : "")
    return "epoch \(moment.epoch)/\(moment.epochs) [" + line
      + String(repeating: " ", count: width - min(done + 1, width))
      + "] \(moment.batch)/\(moment.batches)" + numbers(moment)
  }

  /// The same without a bar.
  static func line(_ moment: TrainingMoment) -> String {
    "epoch \(moment.epoch)/\(moment.epochs)  step \(moment.batch)/\(moment.batches)" + numbers(moment)
  }

  private static func numbers(_ moment: TrainingMoment) -> String {
    guard moment.batch > 0, moment.samplesPerSecond > 0 else { return "" }
    let accuracy = moment.accuracy.map { "  accuracy \(Rounding.text($0 * 100, 2)) %" } ?? ""
    let left = timeLeft(moment).map { "  \(Rounding.duration($0)) left" } ?? ""
    return
      "  \(Rounding.rate(moment.samplesPerSecond)) samples/s  loss \(Rounding.text(moment.loss, 4))\(accuracy)\(left)"
  }

  /// Seconds until the last epoch is done, if every batch to come takes as long as those of this epoch.
  static func timeLeft(_ moment: TrainingMoment) -> Double? {
    guard let perStep = moment.secondsPerStep else { return nil }
    let rest = (moment.epochs - moment.epoch) * moment.batches + moment.batches - moment.batch
    return Double(rest) * perStep
  }

  /// `epoch 3/10  loss 0.3012  accuracy 89.10 %  validation loss 0.3310  accuracy 88.02 %  9 s  (best so far)`
  static func summary(_ record: EpochRecord, _ moment: TrainingMoment) -> String {
    func both(_ name: String, _ loss: Double, _ accuracy: Double?) -> String {
      "  \(name) \(Rounding.text(loss, 4))" + (accuracy.map { "  accuracy \(Rounding.text($0 * 100, 2)) %" } ?? "")
    }
    var text = "epoch \(record.epoch)/\(moment.epochs)" + both("loss", record.trainLoss, record.trainAccuracy)
    if let loss = record.validationLoss { text += both("validation loss", loss, record.validationAccuracy) }
    text += "  \(Rounding.rate(record.samplesPerSecond)) samples/s  \(Rounding.text(record.seconds, 1)) s"
    return text + (moment.isBest == true ? "  (best so far)" : "")
  }
}
