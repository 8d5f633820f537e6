import ApusData
import ApusModels
import ApusNN
import ApusTensor

/// What the sentences of a text cost a language model, as `apus score --json` prints it.
public struct ScoreReport: Sendable, Hashable, Encodable {
  /// A sentence.
  public struct Sentence: Sendable, Hashable, Encodable {
    /// The sentence.
    public let text: String
    /// The natural logarithm of its probability.
    public let logProbability: Double
    /// The symbols and what each adds, in their order.
    public let symbols: [Symbol]
    /// e to the power of minus the mean of what the symbols add.
    public let perplexity: Double
    /// The symbols that the vocabulary does not have, and that were taken for one unknown symbol.
    public let unknown: [String]
  }

  /// A symbol of a sentence.
  public struct Symbol: Sendable, Hashable, Encodable {
    /// The symbol.
    public let symbol: String
    /// The natural logarithm of its probability after those before it.
    public let logProbability: Double
  }

  /// The folder of the run.
  public let run: String
  /// The sentences in their order.
  public let sentences: [Sentence]
}

/// A text that a language model wrote, as `apus generate --json` prints it.
public struct GenerationReport: Sendable, Hashable, Encodable {
  /// The folder of the run.
  public let run: String
  /// What the text begins with.
  public let prompt: String
  /// What the model wrote after it.
  public let text: String
  /// The number of symbols it wrote.
  public let length: Int
  /// Symbols written a second.
  public let symbolsPerSecond: Double
  /// The symbols of the prompt that the vocabulary does not have.
  public let unknown: [String]
}

extension SavedRun {
  /// The probability of each sentence: the product of the probabilities of its symbols, each after those before it.
  ///
  /// The first symbol follows the end of a sentence, of a model of characters a line feed. A sentence of words ends where
  /// its text ends: that no word follows is not asked for.
  ///
  /// - Throws: ``TrainingError`` when the run is no language model, or a sentence is empty.
  public func score(_ sentences: [String]) throws -> ScoreReport {
    let (model, vocabulary) = try languageModel()
    return ScoreReport(
      run: folder.path,
      sentences: try sentences.map { text in
        let symbols = try symbols(of: text, what: "the sentence")
        var reader = TextReader(model)
        reader.read(boundary(vocabulary))
        let numbers = vocabulary.numbers(of: symbols)
        let costs = numbers.map { number in
          let cost = reader.logProbability(of: number)
          reader.read(number)
          return cost
        }
        let total = costs.reduce(0, +)
        return ScoreReport.Sentence(
          text: text, logProbability: total,
          symbols: zip(symbols, costs).map { ScoreReport.Symbol(symbol: $0, logProbability: $1) },
          perplexity: exponential(-total / Double(costs.count)), unknown: vocabulary.unknownSymbols(in: symbols))
      })
  }

  /// A text that the model writes.
  ///
  /// - Parameters:
  ///   - prompt: what it begins with; empty begins a sentence.
  ///   - length: symbols to write.
  ///   - sampler: how symbols are drawn.
  ///   - seed: decides what is drawn.
  /// - Throws: ``TrainingError`` when the run is no language model or the length impossible.
  public func generate(prompt: String, length: Int, sampler: SymbolSampler, seed: UInt64) throws -> GenerationReport {
    let (model, vocabulary) = try languageModel()
    guard (1...10_000_000).contains(length) else {
      throw TrainingError.impossible("--length", length, "a whole number from 1 to 10000000")
    }
    let symbols = prompt.isEmpty ? [] : try symbols(of: prompt, what: "the prompt")
    var reader = TextReader(model)
    reader.read(boundary(vocabulary))
    for number in vocabulary.numbers(of: symbols) { reader.read(number) }
    let never = [Vocabulary.unknown, Vocabulary.padding, Vocabulary.start]
      .compactMap { vocabulary.number(of: $0).map(Int.init) }
    guard never.count < vocabulary.count else {
      throw TrainingError(folder.path, "the vocabulary has no symbols to write", advice: "train on a longer text")
    }
    var generator = PhiloxGenerator(seed: seed, stream: 0)
    var written: [String] = []
    let watch = Stopwatch()
    for _ in 0..<length {
      let next = sampler.draw(from: reader.logits(), excluding: never, by: &generator)
      written.append(vocabulary.symbols[next])
      reader.read(Int32(next))
    }
    let seconds = watch.seconds
    let unit = vocabulary.unit
    // Joined with the prompt, so that the spaces between words are right.
    let (whole, start) = (unit.text(of: symbols + written), unit.text(of: symbols))
    return GenerationReport(
      run: folder.path, prompt: prompt, text: String(whole.dropFirst(start.count)), length: length,
      symbolsPerSecond: Double(length) / max(seconds, 1e-9), unknown: vocabulary.unknownSymbols(in: symbols))
  }

  /// The likeliest classes of texts.
  ///
  /// - Throws: ``TrainingError`` when a text is empty or the number of classes impossible.
  func classify(_ texts: [String], _ vocabulary: Vocabulary, top: Int) throws -> PredictionReport {
    guard top >= 1 else { throw TrainingError.impossible("--top", top, "a whole number of at least 1") }
    let width = configuration.model.inputShape[0]
    let predictions = try texts.map { text in
      let found = vocabulary.numbers(of: try symbols(of: text, what: "the text").prefix(width))
      let row = found + [Int32](repeating: 0, count: width - found.count)
      let outputs = withInference { model(Tensor(row, shape: [1, width])) }.hostArray()
      return PredictionReport.Picture(
        image: text, top: PredictionReport.guesses(outputs, configuration.classNames, task: task, top: top))
    }
    return PredictionReport(run: folder.path, predictions: predictions)
  }

  private func languageModel() throws -> (LanguageModel, Vocabulary) {
    guard let model = model as? LanguageModel, let vocabulary = configuration.preparation.vocabulary else {
      throw TrainingError(
        folder.path, "the run is \(configuration.model.name), no language model",
        advice: "give the folder of a run of charlm or wordlm")
    }
    return (model, vocabulary)
  }

  private func symbols(of text: String, what: String) throws -> [String] {
    let symbols = (configuration.dataOptions.text ?? TextConfiguration()).symbols(in: text)
    // The end of the last sentence is the end of the text.
    let found = symbols.last == Vocabulary.end ? symbols.dropLast() : symbols[...]
    guard !found.isEmpty else { throw TrainingError(what, "is empty", advice: "give some text") }
    return Array(found)
  }

  /// What stands before a text: the end of a sentence or of a line, where the vocabulary has it.
  private func boundary(_ vocabulary: Vocabulary) -> Int32 {
    vocabulary.number(of: vocabulary.unit == .words ? Vocabulary.end : "\n") ?? 0
  }
}

/// A language model with what it has read so far; one small plan serves every symbol.
private struct TextReader {
  private let model: LanguageModel
  private var states: [Tensor]
  private var output: Tensor?

  init(_ model: LanguageModel) {
    self.model = model
    states = model.startStates()
    // As data, so that the first symbol has no plan of its own.
    realize(states)
  }

  /// Reads a symbol.
  mutating func read(_ number: Int32) {
    let (logits, after) = withInference { model.next(Tensor([number]), states) }
    realize([logits] + after)
    (output, states) = (logits, after)
  }

  /// The logits of the next symbol.
  func logits() -> [Float] { output?.scalars(as: Float.self) ?? [] }

  /// The natural logarithm of the probability of the next symbol.
  func logProbability(of number: Int32) -> Double {
    let logits = logits().map(Double.init)
    let largest = logits.max() ?? 0
    return logits[Int(number)] - largest - logarithm(logits.reduce(0) { $0 + exponential($1 - largest) })
  }
}
