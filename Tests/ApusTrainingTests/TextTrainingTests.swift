import Apus
import ApusCompiler
import Foundation
import Testing

@testable import ApusTraining

@Suite struct TextTrainingTests {
  private let folder = TemporaryFolder()

  /// A text that is easy to learn, with a few characters that are rare.
  private func text(_ repeats: Int = 60) -> String {
    (0..<repeats).map { "the cat sat on mat \($0 % 7). a dog ran to hat \($0 % 5)!\n" }.joined() + "§"
  }

  private func job(
    _ model: String = "charlm", epochs: Int = 2, run: String = "run", resume: Bool = false,
    change: (inout TrainingRequest) -> Void = { _ in }
  ) throws -> TrainingJob {
    try FileManager.default.createDirectory(atPath: folder.path, withIntermediateDirectories: true)
    let path = folder.path + "/text.txt"
    try Data(text().utf8).write(to: URL(fileURLWithPath: path))
    var request = TrainingRequest(model: model, data: path)
    (request.epochs, request.batchSize, request.output, request.resume) = (epochs, 4, folder.path + "/" + run, resume)
    var options = TextConfiguration()
    (options.window, options.minimumCount) = (16, 2)
    request.dataOptions = try DataConfiguration(testSplit: 0.1, text: options)
    request.modelOptions.hidden = [16]
    request.modelOptions.embedding = 8
    request.optimization.optimizer = "adam"
    request.optimization.learningRate = 0.02
    change(&request)
    return try TrainingJob(request)
  }

  /// Plain descent by rows is plain descent; a resumed run goes on row by row; what would change every row is refused.
  @Test func embeddingsAreTrainedRowByRow() throws {
    func trained(_ run: String, isSparse: Bool, epochs: Int = 2, resume: Bool = false) throws -> [Float] {
      let job = try job("wordlm", epochs: epochs, run: run, resume: resume) {
        $0.modelOptions.sparseEmbedding = isSparse && !resume ? true : nil
        ($0.optimization.optimizer, $0.optimization.learningRate) = resume ? (nil, nil) : ("sgd", 0.5)
        $0.optimization.clipNorm = resume ? nil : 0.25
      }
      _ = try job.run(progress: nil)
      #expect(job.model.parameters.filter(\.parameter.isSparse).count == (isSparse ? 1 : 0))
      return job.model.parameters.flatMap { $0.parameter.value.scalars(as: Float.self) }
    }
    let (rows, whole) = (try trained("rows", isSparse: true), try trained("whole", isSparse: false))
    #expect(zip(rows, whole).allSatisfy { abs($0 - $1) < 1e-5 } && rows.count == whole.count)
    let (longer, resumed) = (
      try trained("longer", isSparse: true, epochs: 3), try trained("rows", isSparse: true, epochs: 3, resume: true)
    )
    #expect(longer == resumed)
    func message(_ change: (inout TrainingRequest) -> Void) -> String {
      do {
        let job = try job("wordlm", run: "refused") {
          $0.modelOptions.sparseEmbedding = true
          change(&$0)
        }
        _ = try job.run(progress: nil)
        return ""
      } catch { return "\(error)" }
    }
    #expect(message { $0.optimization.optimizer = "adamax" }.contains("row by row, which Adamax"))
    #expect(message { $0.optimization.weightDecay = 0.1 }.contains("the weight decay of 0.1 would change every row"))
    #expect(
      message { $0.optimization.l2 = ["0.1"] }
        == "penalty: the penalty would change every row of 'embedding.weight', which is trained row by row; name another "
        + "layer")
    #expect(!FileManager.default.fileExists(atPath: folder.path + "/refused"))
  }

  /// Training, validation, test, and a second epoch build as many plans however long the text is; the figures of the
  /// result are those of the text worked out one symbol at a time.
  @Test func figuresAndPlans() throws {
    let executor = CPUExecutor.make(options: CPUOptions(threads: 1))
    try Execution.$override.withValue(executor) {
      let report = try job(epochs: 1).run(progress: nil)
      let plans = executor.statistics.compiledPlans
      _ = try job(epochs: 3, resume: true).run(progress: nil)
      #expect(plans <= 12 && executor.statistics.compiledPlans <= plans + 2, "\(plans) plans")
      #expect(report.testMetrics?["perplexity"] ?? 99 < 20 && report.testAccuracy == nil)
      let run = try SavedRun(folder.path + "/run")
      #expect(run.configuration.preparation.vocabulary?.symbols.contains("§") == false)
      #expect(run.configuration.classNames.isEmpty && run.task == .sequence && run.configuration.shuffle == false)
      let judged = try run.evaluate(on: nil)
      let loss = judged.testLoss
      #expect(abs((judged.metrics["bits_per_symbol"] ?? 0) - loss / log(2.0)) < 1e-6)
      #expect(abs((judged.metrics["perplexity"] ?? 0) - exp(loss)) < 1e-4)
      #expect(judged.confusionMatrix == nil)
      // The same from one long pass over each stream.
      let data = try run.part(on: nil).samples
      let (inputs, targets) = (data.inputs.scalars(as: Int32.self), data.targets.scalars(as: Int32.self))
      let (width, windows) = (data.sampleShape[0], data.count / 4)
      var sum = 0.0
      for stream in 0..<4 {
        func joined(_ values: [Int32]) -> Tensor {
          let rows = (0..<windows).flatMap { window -> ArraySlice<Int32> in
            let row = (window * 4 + stream) * width
            return values[row..<row + width]
          }
          return Tensor(rows, shape: [1, rows.count])
        }
        let logits = withInference { run.model(joined(inputs)) }
        sum += crossEntropy(logits[0], joined(targets)[0], reduction: .sum).item()
      }
      #expect(abs(sum / Double(targets.count) - loss) < 1e-5 * loss)
    }
  }

  @Test(arguments: ["charlm", "wordlm"]) func resumingEqualsAnUninterruptedTraining(model: String) throws {
    func weights(_ run: String) throws -> [String: [Float]] {
      try Dictionary(
        uniqueKeysWithValues: SafeTensors(contentsOf: folder.path + "/\(run)/last.safetensors").names.map { name in
          (
            name,
            try SafeTensors(contentsOf: folder.path + "/\(run)/last.safetensors").array(name).scalars(as: Float.self)
          )
        })
    }
    _ = try job(model, epochs: 3, run: "whole").run(progress: nil)
    // Stopped inside an epoch, where the carried states matter.
    let first = try job(model, epochs: 3, run: "parts") { $0.checkpointSteps = 1 }
    let trainer = first.trainer(of: try #require(first.model as? LanguageModel), run: first.run, progress: nil)
    trainer.hooks = [LambdaHook("stop", every: .steps(1)) { if $0.step == 5 { $0.control?.stop("enough") } }]
    try first.run.create()
    try first.configuration.write(to: first.run)
    _ = try trainer.fit(first.train, validation: nil, epochs: 3)
    let stopped = try Checkpoint(contentsOf: first.run.last)
    #expect(
      stopped.position.step == 5
        && stopped.parameters["carried.0"]?.scalars(as: Float.self).contains { $0 != 0 } == true)
    _ = try job(model, epochs: 3, run: "parts", resume: true).run(progress: nil)
    #expect(try weights("parts") == weights("whole"))
  }

  @Test func sentencesAreScoredAndTextIsWritten() throws {
    _ = try job(epochs: 8).run(progress: nil)
    let run = try SavedRun(folder.path + "/run")
    let report = try run.score(["the cat sat", "the tac sat", "x♞"])
    let (right, wrong, strange) = (report.sentences[0], report.sentences[1], report.sentences[2])
    #expect(right.logProbability > wrong.logProbability + 2)
    #expect(right.symbols.map(\.symbol).joined() == "the cat sat")
    #expect(abs(right.symbols.reduce(0) { $0 + $1.logProbability } - right.logProbability) < 1e-9)
    #expect(abs(right.perplexity - exp(-right.logProbability / 11)) < 1e-9)
    #expect(strange.unknown == ["x", "♞"] && right.unknown.isEmpty)
    // What a whole pass over the sentence says.
    let vocabulary = try #require(run.configuration.preparation.vocabulary)
    let numbers = vocabulary.numbers(of: "\nthe cat sat".map(String.init))
    let logits = withInference { run.model(Tensor(Array(numbers.dropLast()), shape: [1, 11])) }
    let cost = crossEntropy(logits[0], Tensor(Array(numbers.dropFirst())), reduction: .sum).item()
    #expect(abs(cost + right.logProbability) < 1e-4)

    func write(_ seed: UInt64, temperature: Double = 1, topK: Int? = nil) throws -> String {
      let sampler = try SymbolSampler(temperature: temperature, topK: topK)
      return try run.generate(prompt: "the cat", length: 40, sampler: sampler, seed: seed).text
    }
    #expect(try write(1) == write(1) && write(1) != write(2))
    #expect(try write(1, temperature: 0) == write(9, temperature: 0))
    #expect(try write(1, temperature: 0) == write(3, topK: 1))
    #expect(try write(1).count == 40)
    #expect(try write(1, temperature: 0).hasPrefix(" sat on mat"))
    // Symbols that were written continue the text: the state is kept.
    let sampler = try SymbolSampler(temperature: 0)
    let longer = try run.generate(prompt: "the cat sat on", length: 20, sampler: sampler, seed: 0)
    #expect(try write(1, temperature: 0).dropFirst(7).prefix(20) == longer.text)
    #expect(throws: TrainingError.self) { try run.score(["a", ""]) }
    #expect(throws: TrainingError.self) { try run.generate(prompt: "", length: 0, sampler: sampler, seed: 0) }
  }

  @Test func wordsKeepTheirSpaces() throws {
    _ = try job("wordlm", epochs: 6).run(progress: nil)
    let run = try SavedRun(folder.path + "/run")
    let report = try run.generate(prompt: "The cat", length: 6, sampler: SymbolSampler(temperature: 0), seed: 1)
    #expect(report.unknown == ["The"] && report.text.hasPrefix(" sat on mat"))
    #expect(try run.score(["the cat sat."]).sentences[0].symbols.map(\.symbol) == ["the", "cat", "sat", "."])
  }

  /// Texts of every length from 1 to 48 words are trained and judged in batches of few lengths: few plans.
  @Test func textsOfAllLengthsBuildFewPlans() throws {
    try FileManager.default.createDirectory(atPath: folder.path, withIntermediateDirectories: true)
    let path = folder.path + "/texts.tsv"
    let lines = (0..<480).map { index in
      (index % 2 == 0 ? "good\tfine" : "bad\tpoor")
        + (0..<(index * 7 % 48)).map { " word\($0 % 11)" }.joined()
    }
    try Data(lines.joined(separator: "\n").utf8).write(to: URL(fileURLWithPath: path))
    let executor = CPUExecutor.make(options: CPUOptions(threads: 1))
    try Execution.$override.withValue(executor) {
      var request = TrainingRequest(model: "textclassifier", data: path)
      (request.epochs, request.batchSize, request.output) = (3, 8, folder.path + "/texts")
      request.modelOptions.hidden = [4]
      request.modelOptions.embedding = 4
      request.optimization.learningRate = 0.02
      let report = try TrainingJob(request).run(progress: nil)
      #expect(report.validationAccuracy ?? 0 > 0.9)
      // Eight lengths in training, one batch of validation, one of initial values.
      let plans = executor.statistics.compiledPlans
      #expect(plans <= 14, "\(plans) plans")
    }
  }

  /// Shares of many draws, and what is never drawn.
  @Test func draws() throws {
    let logits: [Float] = [0, 1, 2, -1]
    func shares(_ sampler: SymbolSampler, excluding: [Int] = []) -> [Double] {
      var generator = PhiloxGenerator(seed: 5, stream: 1)
      var counts = [Double](repeating: 0, count: 4)
      for _ in 0..<20_000 { counts[sampler.draw(from: logits, excluding: excluding, by: &generator)] += 1 }
      return counts.map { $0 / 20_000 }
    }
    func expect(_ found: [Double], _ weights: [Double]) {
      let total = weights.reduce(0, +)
      for (a, b) in zip(found, weights) { #expect(abs(a - b / total) < 0.012, "\(found)") }
    }
    let e = exp(1.0)
    expect(shares(try SymbolSampler()), [1, e, e * e, 1 / e])
    expect(shares(try SymbolSampler(temperature: 0.5)), [1, e * e, e * e * e * e, 1 / e / e])
    expect(shares(try SymbolSampler(topK: 2)), [0, e, e * e, 0])
    // The likeliest have 0.64 and 0.24 of the whole.
    expect(shares(try SymbolSampler(topP: 0.6)), [0, 0, 1, 0])
    expect(shares(try SymbolSampler(topP: 0.7)), [0, e, e * e, 0])
    expect(shares(try SymbolSampler(), excluding: [2]), [1, e, 0, 1 / e])
    expect(shares(try SymbolSampler(temperature: 0), excluding: [2]), [0, 1, 0, 0])
    for wrong in [(-1.0, 1, 1.0), (.nan, 1, 1), (1, 0, 1), (1, 1, 0), (1, 1, 1.5)] {
      #expect(throws: TrainingError.self) {
        try SymbolSampler(temperature: wrong.0, topK: wrong.1, topP: wrong.2)
      }
    }
  }

  @Test func whatDoesNotGoWithTextsIsRefused() throws {
    func sentence(_ body: () throws -> Void) -> String {
      do {
        try body()
        return ""
      } catch { return "\(error)" }
    }
    #expect(sentence { _ = try job { $0.bootstrap = true } }.hasPrefix("--bagging: cannot be used with charlm"))
    #expect(sentence { _ = try job { $0.batchSize = 5000 } }.contains("too few for 5000 streams"))
    #expect(sentence { _ = try job("mlp") }.contains("is for models of texts"))
    #expect(
      sentence { _ = try job { $0.dataOptions = try? DataConfiguration(normalization: .minmax) } }
        .contains("are not for charlm"))
    #expect(sentence { _ = try job { $0.objective.task = "regression" } }.contains("next symbols of a text"))
    // A vocabulary of nothing but special symbols.
    var text = TextConfiguration()
    text.minimumCount = 1_000_000
    #expect(
      sentence { _ = try job { $0.dataOptions = try? DataConfiguration(text: text) } }
        .contains("no symbol occurs often enough"))
    _ = try job(epochs: 1).run(progress: nil)
    let run = try SavedRun(folder.path + "/run")
    #expect(sentence { _ = try run.predict(["a.png"], top: 1) }.contains("apus score"))
    #expect(sentence { _ = try run.attacked(AttackRequest()) }.contains("numbers of symbols"))
    // A vocabulary that is not the model's.
    var configuration = run.configuration
    configuration.preparation = Preparation(vocabulary: Vocabulary(unit: .characters, symbols: ["<unk>", "a"]))
    try configuration.write(to: run.folder)
    #expect(
      sentence { _ = try SavedRun(run.folder.path).score(["a"]) }.contains("has a vocabulary of 2 symbols, the model"))
    let symbols = try #require(run.configuration.preparation.vocabulary).symbols
    configuration.preparation = Preparation(vocabulary: Vocabulary(unit: .words, symbols: symbols))
    try configuration.write(to: run.folder)
    #expect(sentence { _ = try SavedRun(run.folder.path) }.contains("of words, its texts are cut into characters"))
  }
}
