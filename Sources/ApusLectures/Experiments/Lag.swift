import Apus

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// A label that depends on a symbol further and further back: what Elman's, Jordan's and LSTM networks still learn.
public struct LagLecture: LectureExperiment {
  /// The name of the command.
  public let name = "lag"
  /// One line.
  public let title = "Long dependencies: Elman's, Jordan's and LSTM networks on a label further and further back"
  /// The place.
  public let source = "notes, section 4, Recurrent Neural Networks"

  /// Steps between the symbol that decides and the last one, after which the label is asked for.
  public var lags: [Int]
  /// Training steps.
  public var steps: Int
  /// Hidden units.
  public var units: Int

  /// The experiment.
  public init(lags: [Int] = [1, 2, 4, 8, 16, 32, 64], steps: Int = 400, units: Int = 24) {
    (self.lags, self.steps, self.units) = (lags, steps, units)
  }

  /// Symbols that may decide, and symbols that say nothing.
  private static let (labels, fillers, batch) = (4, 4, 64)
  private static let symbols = labels + fillers
  /// The bias of a forget gate that is open at the start.
  private static let openBias = 4.0

  /// A network that is asked once, at the end.
  private struct Asked: Layer {
    var recurrent: any SequenceLayer
    var output: Dense?

    /// Numbers of symbols `[N, T]` give logits `[N, labels]`.
    func callAsFunction(_ numbers: Tensor) -> Tensor {
      let inputs = numbers.transposed().oneHot(depth: LagLecture.symbols)
      let outputs = recurrent.run(over: inputs, from: nil, lengths: nil, truncatedEvery: nil).outputs
      let last = outputs[outputs.shape[0] - 1]
      return output?(last) ?? last
    }

    var namedParts: [(name: String, part: Any)]? {
      [("recurrent", recurrent)] + (output.map { [("output", $0)] } ?? [])
    }
  }

  /// A network and what became of it for each lag.
  private struct Outcome {
    let key: String
    let name: String
    var accuracies: [Double] = []
    /// How much smaller the loss's gradient is at the first hidden state than at the last one, before the training.
    var ratios: [Double] = []

    /// The longest of the lags up to which every one is learnt, and 0 without any.
    func longest(_ lags: [Int]) -> Int { zip(lags, accuracies).prefix { $1 > 0.95 }.last?.0 ?? 0 }
  }

  /// Trains each network on each lag.
  public func run(seed: UInt64) throws -> LectureResult {
    var outcomes = [
      Outcome(key: "elman", name: "Elman"), Outcome(key: "jordan", name: "Jordan"), Outcome(key: "lstm", name: "LSTM"),
      Outcome(key: "open_lstm", name: "LSTM, forget gate open"),
    ]
    for lag in lags {
      for index in outcomes.indices {
        let network = withRandomSeed(seed) { made(outcomes[index].key) }
        outcomes[index].ratios.append(gradientRatio(network, lag, seed))
        outcomes[index].accuracies.append(trained(network, lag, seed))
      }
    }
    let accuracies = LectureTable(
      ["accuracy at a lag of"] + lags.map(String.init), outcomes.map { [$0.name] + $0.accuracies.map(\.percent) })
    let ratios = LectureTable(
      ["gradient at the first input"] + lags.map(String.init), outcomes.map { [$0.name] + $0.ratios.map(\.short) })
    var values: [String: Double] = [:]
    for outcome in outcomes {
      values["\(outcome.key)_longest_lag"] = Double(outcome.longest(lags))
      for (lag, accuracy) in zip(lags, outcome.accuracies) { values["\(outcome.key)_accuracy_\(lag)"] = accuracy }
      for (lag, ratio) in zip(lags, outcome.ratios) { values["\(outcome.key)_gradient_\(lag)"] = ratio }
    }
    let (elman, jordan, lstm, open) = (outcomes[0], outcomes[1], outcomes[2], outcomes[3])
    func found(_ outcome: Outcome) -> String {
      "\(outcome.name) up to a lag of \(outcome.longest(lags)) (before the training the gradient at the first input is "
        + "\((outcome.ratios.last ?? .nan).short) of that at the last at a lag of \(lags.last ?? 0))"
    }
    let paragraph = """
      The first symbol of a sequence is one of \(Self.labels), the following ones say nothing; after the last one the network \
      is asked which the first was. After \(steps) steps of Adam on fresh batches of \(Self.batch) the networks of \
      \(units) hidden units are right more than 95 times in a hundred: \(outcomes.map(found).joined(separator: ", ")). \
      The last has a bias of \(Self.openBias.short) in its forget gate at the start (Gers, Schmidhuber and Cummins, 2000), so \
      that it keeps \((1 / (1 + exp(-Self.openBias))).short) of its state at every step instead of about a half.
      """
    let plain = max(elman.longest(lags), jordan.longest(lags))
    let claims = [
      LectureClaim("all networks learn what is one step back", when: outcomes.allSatisfy { $0.accuracies[0] > 0.95 }),
      LectureClaim(
        "Elman's network fails to learn long dependencies (at the longest lag below 60 %)",
        when: (elman.accuracies.last ?? 1) < 0.6),
      LectureClaim(
        "Jordan's network fails to learn long dependencies (at the longest lag below 60 %)",
        when: (jordan.accuracies.last ?? 1) < 0.6),
      LectureClaim("LSTM with its usual first weights learns longer ones than both", when: lstm.longest(lags) > plain),
      LectureClaim(
        "LSTM whose forget gate is open at the start learns longer ones than both", when: open.longest(lags) > plain),
    ]
    return LectureResult(
      tables: [accuracies, ratios], drawings: [drawing(outcomes)], paragraph: paragraph, claims: claims, values: values)
  }

  private func made(_ key: String) -> Asked {
    switch key {
    case "elman": return Asked(recurrent: SimpleRecurrence.elman(Self.symbols, units, Self.labels, timeAxis: 0))
    case "jordan": return Asked(recurrent: SimpleRecurrence.jordan(Self.symbols, units, Self.labels, timeAxis: 0))
    default:
      let lstm = LSTM(Self.symbols, units, timeAxis: 0)
      if key == "open_lstm", let bias = lstm.cells[0][0].weights.biasIh {
        let isForgetGate = (0..<4 * units).map { $0 / units == 1 ? Float(Self.openBias) : 0 }
        bias.value = bias.value + Tensor(isForgetGate)
      }
      return Asked(recurrent: lstm, output: Dense(units, Self.labels))
    }
  }

  /// Sequences and their labels; a function of seed, lag and number.
  private func batch(_ lag: Int, _ seed: UInt64, _ number: Int, size: Int) -> Batch {
    var generator = PhiloxGenerator(seed: seed, stream: UInt64(lag) << 32 | UInt64(number))
    var numbers: [Int32] = []
    var labels: [Int32] = []
    for _ in 0..<size {
      labels.append(Int32.random(in: 0..<Int32(Self.labels), using: &generator))
      numbers.append(labels[labels.count - 1])
      for _ in 0..<lag {
        numbers.append(Int32.random(in: Int32(Self.labels)..<Int32(Self.symbols), using: &generator))
      }
    }
    return Batch(
      inputs: HostArray(numbers, shape: [size, lag + 1]), targets: HostArray(labels, shape: [size]))
  }

  /// The accuracy on fresh sequences after the training.
  private func trained(_ network: Asked, _ lag: Int, _ seed: UInt64) -> Double {
    let optimizer = Adam(learningRate: 0.01)
    for step in 0..<steps {
      trainStep(
        network, optimizer, batch(lag, seed, step + 1, size: Self.batch), loss: { crossEntropy($0, $1) },
        clipping: .norm(1))
    }
    let judged = batch(lag, seed, 0, size: 1024)
    let logits = withInference { network(Tensor(judged.inputs)) }.hostArray()
    let right = zip(Predictions.classes(logits), judged.targets.scalars(as: Int32.self)).filter { $0 == Int($1) }
    return Double(right.count) / 1024
  }

  /// The norm of the loss's gradient with respect to the first input, divided by that for the last one.
  private func gradientRatio(_ network: Asked, _ lag: Int, _ seed: UInt64) -> Double {
    let batch = batch(lag, seed, 0, size: 256)
    let inputs = Tensor(batch.inputs).transposed().oneHot(depth: Self.symbols)
    let found = gradient(at: [inputs]) { inputs in
      let outputs = network.recurrent.run(over: inputs[0], from: nil, lengths: nil, truncatedEvery: nil).outputs
      let last = outputs[outputs.shape[0] - 1]
      return crossEntropy(network.output?(last) ?? last, Tensor(batch.targets))
    }[0]
    func norm(_ step: Int) -> Double { (found[step] * found[step]).sum().item().squareRoot() }
    return norm(0) / norm(lag)
  }

  private func drawing(_ outcomes: [Outcome]) -> LectureResult.Drawing {
    let x = lags.map(Double.init)
    let ticks = lags.map { Axis.Tick(Double($0), "\($0)") }
    let axis = Axis("lag", scale: .logarithmic, ticks: ticks)
    let panels = [
      Panel(
        "after \(steps) steps", x: axis, y: Axis("accuracy", from: 0, to: 1.05), legend: .shared,
        series: outcomes.map { .line($0.name, x: x, y: $0.accuracies) }),
      Panel(
        "before the training", x: axis,
        y: Axis("gradient at the first input / at the last", scale: .logarithmic), legend: .shared,
        series: outcomes.map { .line($0.name, x: x, y: $0.ratios) }),
    ]
    return .init("lag", Figure("Long dependencies", columns: 2, panelSize: .lecture, panels: panels))
  }
}
