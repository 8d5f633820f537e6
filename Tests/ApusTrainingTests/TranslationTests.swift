import Apus
import ApusCompiler
import Foundation
import GoldenFiles
import Testing

@testable import ApusTraining

/// Edit distances and BLEU.
@Suite struct TranslationMetricTests {
  private struct Golden: Decodable {
    struct Words: Decodable {
      var text: String
      var words: [String]
    }
    struct Corpus: Decodable {
      var translations: [String]
      var references: [String]
      var bleu: Double
    }
    var words: [Words]
    var corpora: [Corpus]
  }

  @Test func bleuEqualsSacrebleu() throws {
    let file = URL(fileURLWithPath: GoldenFile.folder + "/translation_metrics.json")
    let golden = try JSONDecoder().decode(Golden.self, from: Data(contentsOf: file))
    #expect(golden.words.count == 25 && golden.corpora.count == 13)
    for entry in golden.words { #expect(BLEU.words(in: entry.text) == entry.words, "\(entry.text)") }
    for (index, corpus) in golden.corpora.enumerated() {
      var bleu = BLEU()
      for (found, right) in zip(corpus.translations, corpus.references) { bleu.add(found, reference: right) }
      #expect(abs(bleu.score - corpus.bleu) < 1e-9, "corpus \(index): \(bleu.score), not \(corpus.bleu)")
    }
    #expect(BLEU().score == 0)
  }

  @Test func editDistances() {
    func distance(_ a: String, _ b: String) -> Int { SequenceErrors.distance(Array(a), Array(b)) }
    #expect(distance("kitten", "sitting") == 3 && distance("", "abc") == 3 && distance("abc", "") == 3)
    #expect(distance("flaw", "lawn") == 2 && distance("abc", "abc") == 0 && distance("intention", "execution") == 5)
    var errors = SequenceErrors()
    #expect(errors.symbolErrorRate == 0 && errors.sequenceErrorRate == 0)
    errors.add(["K", "AE", "T"], truth: ["K", "AH", "T", "S"])
    errors.add(["D"], truth: ["D"])
    #expect(errors.symbolErrorRate == 0.4 && errors.sequenceErrorRate == 0.5 && errors.count == 2)
  }
}

@Suite struct BeamSearchTests {
  private let start: Int32 = 2
  private let end: Int32 = 3

  private func model(_ attention: Attention.Score?) -> Translator {
    withRandomSeed(11) {
      let model = Translator(
        sources: 6, targets: 6, cell: .gru, units: 8, embedding: 8, attention: attention, dtype: .float32)
      // Sharper than at the start, so that the order of targets is not a matter of rounding.
      model.output.weight.value = model.output.weight.value * 6
      return model
    }
  }

  /// The log-probability of every target of at most `longest` symbols with its end, by one call of the whole model.
  private func all(_ model: Translator, _ source: [Int32], longest: Int) -> [(numbers: [Int32], value: Double)] {
    var targets: [[Int32]] = [[]]
    var last = targets
    for _ in 1..<longest {
      last = last.flatMap { beginning in [Int32(1), 4, 5].map { beginning + [$0] } }
      targets += last
    }
    let width = max(source.count, longest)
    func padded(_ row: [Int32]) -> [Int32] { row + [Int32](repeating: 0, count: width - row.count) }
    let rows = targets.flatMap { padded(source) + padded([start] + $0) }
    let logits = logSoftmax(withInference { model(Tensor(rows, shape: [targets.count, 2, width])) })
    let values = logits.scalars(as: Float.self)
    return targets.enumerated().map { row, target in
      let steps = (target + [end]).enumerated()
      return (target, steps.reduce(0) { $0 + Double(values[(row * width + $1.offset) * 6 + Int($1.element)]) })
    }
  }

  /// A beam that nothing falls out of finds the best of all targets, with any length penalty; the log-probability is that
  /// of the whole model.
  @Test(arguments: [Attention.Score?.none, .multiplicative, .additive])
  func wideBeamsAreExhaustive(attention: Attention.Score?) throws {
    let model = model(attention)
    let sources: [[Int32]] = [[1, 4, 5, 2], [5, 5, 0, 0], [3, 0, 0, 0]]
    let batch = HostArray(sources.flatMap { $0 }, shape: [3, 4])
    for penalty in [0.0, 0.6, 1] {
      let search = try BeamSearch(width: 81, lengthPenalty: penalty)
      let found = search.targets(of: batch, by: model, start: start, end: end, excluding: [0], longest: [5, 5, 5])
      for (source, target) in zip(sources, found) {
        let every = all(model, source.filter { $0 != 0 }, longest: 5)
        func rank(_ value: Double, _ count: Int) -> Double { value / pow(Double(count + 1), penalty) }
        let best = try #require(every.max { rank($0.value, $0.numbers.count) < rank($1.value, $1.numbers.count) })
        #expect(target.numbers == best.numbers)
        #expect(abs(best.value - target.logProbability) < 1e-4)
      }
    }
  }

  /// A beam of 1 takes the likeliest symbol at every step, and sentences of a batch do not see each other.
  @Test func greedySearch() throws {
    let model = model(.dot)
    let search = try BeamSearch()
    let together = search.targets(
      of: HostArray([1, 4, 5, 2, 5, 0], shape: [2, 3]), by: model, start: start, end: end, excluding: [0, 1],
      longest: [6, 6],
      keepsWeights: true)
    for (index, source) in [[Int32(1), 4, 5], [2, 5]].enumerated() {
      var (expected, last) = ([Int32](), start)
      let (encoded, started) = withInference { model.encoded(Tensor(source, shape: [1, source.count])) }
      var states = started
      for _ in 0..<6 {
        let step = model.next(Tensor([last]), states, encoded)
        let logits = step.logits.scalars(as: Float.self)
        let best = [3, 4, 5].max { logits[$0] < logits[$1] } ?? 0
        if best == 3 { break }
        (states, last) = (step.states, Int32(best))
        expected.append(last)
      }
      #expect(together[index].numbers == expected)
      let ends = together[index].numbers.count < 6 ? 1 : 0
      #expect(together[index].weights.count == together[index].numbers.count + ends)
      #expect(together[index].weights.allSatisfy { abs($0.reduce(0, +) - 1) < 1e-5 && $0.count == 3 })
    }
    for (width, penalty) in [(0, 1.0), (257, 1), (1, -1), (1, .nan)] {
      #expect(throws: TrainingError.self) { try BeamSearch(width: width, lengthPenalty: penalty) }
    }
  }
}

@Suite struct TranslationTrainingTests {
  private let folder = TemporaryFolder()

  /// Words of 1 to 20 letters, whose targets are their letters backwards as tokens.
  private func pairs(_ count: Int) throws -> String {
    try FileManager.default.createDirectory(atPath: folder.path, withIntermediateDirectories: true)
    var generator = PhiloxGenerator(seed: 3, stream: 0)
    let lines = (0..<count).map { index in
      let letters = (0..<(index * 7 % 20 + 1)).map { _ in Array("abc").randomElement(using: &generator) ?? "a" }
      return String(letters) + "\t" + letters.reversed().map { $0.uppercased() }.joined(separator: " ")
    }
    let path = folder.path + "/pairs.tsv"
    try Data(lines.joined(separator: "\n").utf8).write(to: URL(fileURLWithPath: path))
    return path
  }

  private func request(_ run: String, epochs: Int) throws -> TrainingRequest {
    var request = TrainingRequest(model: "seq2seq", data: try pairs(320))
    (request.epochs, request.batchSize, request.output) = (epochs, 16, folder.path + "/" + run)
    var text = TextConfiguration()
    (text.unit, text.targetUnit, text.window) = (.characters, .tokens, 18)
    request.dataOptions = try DataConfiguration(testSplit: 0.2, text: text)
    (request.modelOptions.hidden, request.modelOptions.embedding) = ([8], 4)
    request.modelOptions.scheduledSampling = 0.5
    request.modelOptions.samplingSteps = 10
    request.optimization.learningRate = 0.01
    return request
  }

  /// Few plans however many lengths there are; resuming gives what an uninterrupted training gives, the number of steps of
  /// the scheduled sampling included; losses are means over symbols without padding.
  @Test func plansResumingAndLosses() throws {
    let executor = CPUExecutor.make(options: CPUOptions(threads: 1))
    try Execution.$override.withValue(executor) {
      let job = try TrainingJob(try request("whole", epochs: 3))
      #expect(job.skipped.count == 1 && job.skipped[0].description.contains("longer than 18 symbols"))
      _ = try job.run(progress: nil)
      let plans = executor.statistics.compiledPlans
      #expect(plans <= 24, "\(plans) plans")
      _ = try TrainingJob(try request("parts", epochs: 2)).run(progress: nil)
      var again = try request("parts", epochs: 3)
      again.resume = true
      _ = try TrainingJob(again).run(progress: nil)
      let whole = try SavedRun(folder.path + "/whole")
      let parts = try SavedRun(folder.path + "/parts")
      #expect(bits(whole.model) == bits(parts.model))
      let model = try #require(whole.model as? Translator)
      #expect(model.samplingStep.map { $0.value.item() >= 10 } == true)
      let report = try whole.evaluate(on: nil)
      let data = try whole.part(on: nil).samples
      var (sum, count) = (0.0, 0.0)
      for sample in 0..<data.count {
        let batch = try data.batch([sample], normalization: .ofSymbols)
        let targets = batch.targets.scalars(as: Int32.self)
        let logits = logSoftmax(withInference { model(Tensor(batch.inputs)) }).scalars(as: Float.self)
        for (step, target) in targets.enumerated() where target != 0 {
          sum -= Double(logits[step * model.targets + Int(target)])
          count += 1
        }
      }
      #expect(abs(report.testLoss - sum / count) < 1e-5)
      #expect(abs((report.metrics["log_loss"] ?? 0) - sum / count) < 1e-5)
      #expect(report.metrics["symbol_error_rate"] != nil && report.metrics["bleu"] == nil)
      #expect(try whole.evaluate(on: nil, metrics: ["sequence_error_rate"]).metrics.count == 1)
      #expect(try whole.evaluate(on: nil, metrics: ["perplexity"]).metrics.keys.sorted() == ["perplexity"])
      // The rates are those of the translations themselves.
      let search = try BeamSearch(width: 3)
      let judged = try whole.judgedTranslations(on: nil, by: search)
      var options = whole.configuration.dataOptions
      options.text?.window = nil
      let held = try options.pairParts(
        whole.configuration.data, validationSplit: 0.1, seed: 0, in: .standard
      ).judging
      #expect(held.name == "test" && held.pairs.count == 64)
      var errors = SequenceErrors()
      let found = try whole.translate(held.pairs.map(\.source), by: search).translations
      for (pair, translation) in zip(held.pairs, found) {
        errors.add(translation.target, truth: pair.target.split(separator: " ").map(String.init))
      }
      #expect(judged.map(\.name) == ["symbol_error_rate", "sequence_error_rate"])
      #expect(abs(judged[0].value - errors.symbolErrorRate) < 1e-12)
      #expect(abs(judged[1].value - errors.sequenceErrorRate) < 1e-12)
    }
  }
}
