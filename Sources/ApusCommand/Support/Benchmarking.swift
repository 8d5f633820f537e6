import Apus

/// What `apus bench` was asked for.
struct BenchmarkRequest {
  var model: String
  var options: ModelOptions
  var mode: StepBenchmark.Mode
  var batchSize: Int
  var optimizer: String
  var steps: Int?
  var threads: Int

  /// The learning rate is so small that thousands of steps on one batch leave the network where it began: no gradient
  /// becomes denormal or zero, which would change the speed of the arithmetic.
  func prepare() throws -> StepBenchmark {
    if let steps, steps < 1 {
      throw TrainingError("--steps", "cannot be \(steps)", advice: "it must be a whole number of at least 1")
    }
    return try StepBenchmark(
      model: model, options: options, mode: mode, batchSize: batchSize,
      optimizer: OptimizerConfiguration(name: optimizer, learningRate: 1e-6))
  }
}

/// Times of a step, as `apus bench --json` prints them.
struct BenchmarkReport: Encodable {
  let model: String
  let mode: StepBenchmark.Mode
  let batchSize: Int
  let optimizer: String?
  let parameters: Int
  let threads: Int
  let medianMs: Double
  let minMs: Double
  let p90Ms: Double
  let steps: Int
  let firstStepMs: Double
  let peakMemoryMb: Double

  init(_ request: BenchmarkRequest) throws {
    let benchmark = try request.prepare()
    let times = request.steps.map { benchmark.time(steps: $0) } ?? benchmark.time(seconds: 2)
    (model, mode, batchSize, threads) = (request.model, request.mode, request.batchSize, request.threads)
    optimizer = request.mode == .train ? request.optimizer : nil
    parameters = benchmark.parameters
    (medianMs, minMs, p90Ms, steps) = (times.medianMs, times.minMs, times.p90Ms, times.steps)
    firstStepMs = benchmark.firstStepMs
    peakMemoryMb = ProcessMemory.peakMegabytes
  }

  // Explicit, because the automatic conversion does not know where "p90Ms" has its words.
  private enum CodingKeys: String, CodingKey {
    case model, mode, optimizer, parameters, threads, steps
    case batchSize = "batch_size"
    case medianMs = "median_ms"
    case minMs = "min_ms"
    case p90Ms = "p90_ms"
    case firstStepMs = "first_step_ms"
    case peakMemoryMb = "peak_memory_mb"
  }
}

/// Answers a driver that times several programs in turns; see Benchmarks/peers/README.md.
struct BenchmarkServer {
  private struct Ready: Encodable {
    let ready = true
    let firstStepMs: Double
    let peakMemoryMb: Double
    let threads: Int
    let version = ApusVersion.current
  }

  private struct Problem: Encodable {
    let error: String
  }

  private let benchmark: StepBenchmark
  private let threads: Int

  init(_ request: BenchmarkRequest) throws {
    benchmark = try request.prepare()
    threads = request.threads
  }

  func run() throws {
    try say(
      Ready(firstStepMs: benchmark.firstStepMs, peakMemoryMb: ProcessMemory.peakMegabytes, threads: threads))
    while let line = readLine() {
      let words = line.split(separator: " ")
      if words.isEmpty { continue }
      if words.count == 2, words[0] == "run", let seconds = Double(words[1]), seconds.isFinite, seconds > 0 {
        try say(benchmark.time(seconds: seconds))
      } else {
        try say(Problem(error: "expected 'run SECONDS', got '\(line)'"))
      }
    }
  }

  private func say(_ message: some Encodable) throws {
    guard StandardStreams.output(try JSON.report(message) + "\n") else {
      throw TrainingError("standard output", "cannot be written", advice: "check where it goes")
    }
  }
}
