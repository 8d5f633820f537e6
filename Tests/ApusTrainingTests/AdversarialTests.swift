import Apus
import GoldenFiles
import Testing

@testable import ApusTraining

/// Attacks against formulas, PyTorch and the limits they promise.
@Suite struct AdversarialTests {
  /// A smooth network of 6 inputs and 3 classes, in f64.
  private func smooth() -> Sequential {
    let model = withRandomSeed(3) {
      Sequential {
        Dense(6, 5, activation: .tanh)
        Dense(5, 3)
      }
    }
    model.convert(to: .float64)
    return model
  }

  private func batch(_ count: Int, seed: UInt64 = 4) -> (inputs: Tensor, labels: Tensor) {
    let inputs = Tensor.randomUniform([count, 6], dtype: .float64, seed: seed)
    return (Tensor(inputs.hostArray()), Tensor((0..<count).map { Int32($0 % 3) }))
  }

  private func distance(_ a: Tensor, _ b: Tensor, unit: Double = 1, _ norm: Attack.Norm) -> [Double] {
    let moved = ((a - b) / unit).flattened(from: 1)
    let lengths = norm == .two ? sqrt(moved.squared().sum(squeezingAxes: 1)) : abs(moved).max(squeezingAxes: 1)
    return lengths.scalars(as: Double.self)
  }

  @Test func fastGradientSignFollowsFiniteDifferences() {
    let (model, (x, labels)) = (smooth(), batch(4))
    let values = x.scalars(as: Double.self)
    func loss(_ values: [Double]) -> Double {
      withInference { crossEntropy(model(Tensor(values, shape: x.shape)), labels) }.item()
    }
    let expected = values.indices.map { position in
      var (up, down) = (values, values)
      up[position] += 1e-5
      down[position] -= 1e-5
      let slope = loss(up) - loss(down)
      #expect(Swift.abs(slope) > 1e-9)
      return Swift.min(Swift.max(values[position] + (slope > 0 ? 0.13 : -0.13), 0), 1)
    }
    let range = InputRange(0...1, dtype: .float64)
    let found = Attack.fgsm(epsilon: 0.13).perturbed(x, labels, model, range: range).scalars(as: Double.self)
    #expect(zip(found, expected).allSatisfy { Swift.abs($0 - $1) < 1e-12 })
    #expect(found.contains(0) && found.contains { $0 > 0 && $0 < 1 })
  }

  @Test(arguments: [DType.float32, .float64]) func equalsPyTorch(dtype: DType) throws {
    let file = try GoldenFile("adversarial", dtype)
    let network = try #require(file.cases.first { $0.name == "network" })
    let model = MLP(inputs: 12, hidden: [7, 5], classes: 3, dtype: dtype)
    try model.restore(
      ModelSnapshot(Dictionary(uniqueKeysWithValues: network.parameters.map { ($0, try network.tensor($0)) })))
    let (x, labels) = (try network.tensor("input"), try network.tensor("target").cast(to: .int32))
    let cases = file.cases(of: "attack")
    #expect(cases.count == 5)
    for golden in cases {
      let options = golden.options
      let target = options["target"]?.integers.first ?? -1
      let attack = Attack.pgd(
        epsilon: options["epsilon"]?.double ?? 0, stepSize: options["step_size"]?.double,
        steps: options["steps"]?.integers.first ?? 0,
        norm: try #require(Attack.Norm(rawValue: options["norm"]?.text ?? "")), startsAtRandom: false,
        targetClass: target < 0 ? nil : target)
      let found = attack.perturbed(x, labels, model, range: InputRange(0...1, dtype: dtype))
      let error = difference(found, try golden.array("output"))
      #expect(error <= tolerance(dtype), "\(golden.name) is off by \(error)")
      if golden.name == "fgsm" {
        let single = Attack.fgsm(epsilon: attack.epsilon).perturbed(
          x, labels, model, range: InputRange(0...1, dtype: dtype))
        #expect(single.scalars(as: Double.self) == found.scalars(as: Double.self))
      }
    }
  }

  @Test(arguments: Attack.Norm.allCases) func staysInBallAndRange(norm: Attack.Norm) {
    let (model, (x, labels)) = (smooth(), batch(12))
    let epsilon = norm == .two ? 0.4 : 0.15
    let attack = Attack.pgd(epsilon: epsilon, stepSize: 0.3, steps: 5, norm: norm)
    // Inputs of another scale: -3 to 5 instead of 0 to 1.
    let range = InputRange(-3...5, dtype: .float64)
    let scaled = Tensor((x * 8 - 3).hostArray())
    let found = withRandomSeed(8) { attack.perturbed(scaled, labels, model, range: range) }
    let lengths = distance(found, scaled, unit: 8, norm)
    #expect(lengths.allSatisfy { $0 <= epsilon + 1e-12 })
    #expect(lengths.contains { $0 > epsilon * 0.99 })
    #expect(found.scalars(as: Double.self).allSatisfy { $0 >= -3 && $0 <= 5 })
    // Random starts: another seed, other examples; the same seed, the same.
    let again = withRandomSeed(8) { attack.perturbed(scaled, labels, model, range: range) }
    let other = withRandomSeed(9) {
      Attack.pgd(epsilon: epsilon, stepSize: 1e-3, steps: 1, norm: norm).perturbed(scaled, labels, model, range: range)
    }
    #expect(again.scalars(as: Double.self) == found.scalars(as: Double.self))
    #expect(distance(other, scaled, unit: 8, norm).allSatisfy { $0 > 2e-3 && $0 <= epsilon + 1e-12 })
  }

  @Test func whatHasNoRangeDoesNotMove() {
    let (model, (x, labels)) = (smooth(), batch(3))
    let lower = Tensor([0.0, 0, 0.5, 0, 0, 0], shape: [1, 6])
    let upper = Tensor([1.0, 1, 0.5, 1, 2, 1], shape: [1, 6])
    for norm in Attack.Norm.allCases {
      let attack = Attack.pgd(epsilon: 0.1, steps: 3, norm: norm)
      let found = attack.perturbed(x, labels, model, range: InputRange(lower: lower, upper: upper))
      let moved = abs(found - x).max(squeezingAxes: 0).scalars(as: Double.self)
      #expect(moved[2] == 0 && moved.allSatisfy { $0 <= 0.2 + 1e-12 })
      #expect(norm == .two || moved[4] > 0.15)
    }
  }

  @Test func rangesComeFromTheData() throws {
    let table = try Dataset(
      name: "table", inputs: HostArray([Float(1), 10, 3, 30, 2, .nan], shape: [3, 2]),
      targets: HostArray([Int32(0), 1, 0], shape: [3]), classNames: ["a", "b"])
    let normalization = Normalization(grouping: .features, scale: 1, mean: [2, 20], deviation: [0.5, 10])
    let columns = InputRange(of: table, normalization: normalization)
    #expect(columns.lower.scalars(as: Float.self) == [-2, -1] && columns.upper.scalars(as: Float.self) == [2, 1])
    let whole = InputRange(of: table, normalization: nil)
    #expect(whole.lower.scalars(as: Float.self) == [1, 1] && whole.upper.scalars(as: Float.self) == [30, 30])
    let digits = try Digits()
    let pixels = InputRange(
      of: digits.train, normalization: Normalization(grouping: .whole, scale: 1 / 255, mean: [0.5], deviation: [0.25]))
    #expect(pixels.lower.scalars(as: Float.self) == [Float](repeating: -2, count: 64))
    #expect(pixels.upper.scalars(as: Float.self) == [Float](repeating: 2, count: 64))
    #expect(pixels.lower.shape == [1, 1, 8, 8])
  }

  @Test func plansAreReused() throws {
    let executor = CPUExecutor.make(options: CPUOptions(threads: 1))
    try Execution.$override.withValue(executor) {
      let (model, data) = (network(dropout: 0.3), try points(96))
      let normalization = try Normalization(fitting: data)
      let range = InputRange(of: data, normalization: normalization)
      let attack = Attack.pgd(epsilon: 0.1, steps: 4)
      var plans: [Int] = []
      for batch in data.batches(of: 16, shuffle: false, normalization: normalization) {
        withRandomSeed(1, step: batch.index) {
          realize(attack.perturbed(Tensor(batch.inputs), Tensor(batch.targets), model, range: range))
        }
        plans.append(executor.statistics.compiledPlans)
      }
      #expect(plans.count == 6 && Set(plans).count == 1, "\(plans)")

      // Adversarial training is one plan for the whole step, and one replay.
      let optimizer = Adam(learningRate: 0.01)
      realize(model.parameters.map { $0.parameter.stored })
      let loss = AdversarialLoss(AdversarialTraining(.pgd(epsilon: 0.1, steps: 2), weight: 0.3), range: range)
      let before = executor.statistics
      for batch in data.batches(of: 32, normalization: normalization) {
        _ = withRandomSeed(1, step: batch.index) {
          trainStep(model, optimizer, batch, loss: { crossEntropy($0, $1) }, adversarial: loss)
        }
      }
      #expect(executor.statistics.replays - before.replays == 3)
      #expect(executor.statistics.compiledPlans - before.compiledPlans == 1)
    }
  }

  /// The step follows the gradient of the mixed loss with the adversarial samples held fixed.
  @Test func adversarialTrainingMixesLosses() throws {
    let (model, (x, labels)) = (smooth(), batch(5))
    let range = InputRange(0...1, dtype: .float64)
    let attack = Attack.pgd(epsilon: 0.2, stepSize: 0.1, steps: 3, norm: .two, startsAtRandom: false)
    let changed = attack.perturbed(x, labels, model, range: range)
    let expected = valueWithGradient(of: model) {
      crossEntropy(model(x), labels) * 0.7 + crossEntropy(model(Tensor(changed.hostArray())), labels) * 0.3
    }
    let mixed = AdversarialLoss(AdversarialTraining(attack, weight: 0.3), range: range)
    let found = valueWithGradient(of: model) { mixed(model, x, labels) { crossEntropy($0, $1) }.loss }
    #expect(Swift.abs(found.value.item() - expected.value.item()) < 1e-12)
    for entry in expected.gradients.entries {
      let (a, b) = (try #require(found.gradients[entry.name]), try #require(entry.tensor))
      #expect(a.isAlmostEqual(to: b, relative: 1e-9, absolute: 1e-12), "\(entry.name)")
    }
    // The attack sees the running statistics from before the step, and leaves them alone.
    let normalized = Sequential {
      BatchNorm(6, dtype: .float64)
      Dense(6, 3, dtype: .float64)
    }
    let statistics = bits(normalized)["0.running_mean"]
    _ = attack.perturbed(x, labels, normalized, range: range).hostArray()
    #expect(bits(normalized)["0.running_mean"] == statistics)
  }

  @Test func trainingDefends() throws {
    let digits = try Digits()
    let attack = Attack.fgsm(epsilon: 0.1)
    func trained(_ adversarial: AdversarialTraining?) throws -> (clean: Double, attacked: Double) {
      let model = withRandomSeed(1) { MLP(inputs: 64, hidden: [32]) }
      var options = TrainingOptions()
      (options.adversarial, options.batchSize) = (adversarial, 128)
      let trainer = Trainer(
        model, loss: { crossEntropy($0, $1) }, optimizer: Adam(learningRate: 0.01), options: options)
      try trainer.fit(digits.train, epochs: 12)
      let normalization = trainer.normalization
      let judged = try evaluate(model, on: digits.test, under: attack, normalization: normalization)
      #expect(judged.count == digits.test.count)
      return (try trainer.evaluate(digits.test).accuracy ?? 0, judged.accuracy ?? 0)
    }
    let (plain, defended) = (try trained(nil), try trained(AdversarialTraining(attack)))
    #expect(plain.clean > 0.93 && plain.attacked < plain.clean - 0.25, "\(plain)")
    #expect(defended.clean > 0.9 && defended.attacked > plain.attacked + 0.1, "\(plain), \(defended)")
  }

  @Test func attacksTowardAClass() throws {
    let digits = try Digits()
    let model = withRandomSeed(1) { MLP(inputs: 64, hidden: [32]) }
    let trainer = Trainer(model, loss: { crossEntropy($0, $1) }, optimizer: Adam(learningRate: 0.01))
    try trainer.fit(digits.train, epochs: 4)
    let attack = Attack.pgd(epsilon: 0.2, steps: 8, targetClass: 3)
    let judged = try evaluate(model, on: digits.test, under: attack, normalization: trainer.normalization)
    let counts = try #require(judged.confusion?.counts)
    #expect(counts.reduce(0) { $0 + $1[3] } > judged.count / 2)
  }

  @Test func mistakesAreSentences() throws {
    func message(_ attack: Attack) -> String {
      do {
        try attack.validate()
        return ""
      } catch { return "\(error)" }
    }
    #expect(message(.fgsm(epsilon: 0)) == "epsilon: cannot be 0.0; it must be a positive number")
    #expect(message(.fgsm(epsilon: .nan)).contains("positive"))
    #expect(message(.fgsm(epsilon: 8)).contains("part of the inputs' range"))
    #expect(message(.fgsm(epsilon: 8, norm: .two)).isEmpty)
    #expect(message(.pgd(epsilon: 0.1, stepSize: -1)).contains("step size"))
    #expect(message(.pgd(epsilon: 0.1, stepSize: .infinity)).contains("step size"))
    #expect(message(.pgd(epsilon: 0.1, steps: 0)).contains("steps: cannot be 0"))
    #expect(message(.pgd(epsilon: 0.1, targetClass: -1)).contains("target"))
    let data = try points(8)
    #expect(throws: TrainingError.self) {
      try Attack.fgsm(epsilon: 0.1, targetClass: 2).perturbed(data, network(), normalization: nil)
    }
    #expect(throws: TrainingError.self) {
      try Attack.fgsm(epsilon: 0.1).perturbed(data, Sequential { Dense(3, 2) }, normalization: nil)
    }

    for text in [
      "", "fgsm", "fgsm:", "fgsm:x", "fgsm:0.1:3", "pgd:0.1:2.5", "pgd:0.1:0", "fgsm:-1", "fgsm:nan", "cw:1",
    ] {
      do {
        _ = try AdversarialTraining(text)
        Issue.record("'\(text)' was taken")
      } catch { #expect("\(error)".hasPrefix("--adversarial: ") && !"\(error)".contains("\n")) }
    }
    #expect(
      try AdversarialTraining("pgd:0.2:5", weight: 1) == AdversarialTraining(.pgd(epsilon: 0.2, steps: 5), weight: 1))
    #expect(try AdversarialTraining("fgsm:0.1") == AdversarialTraining(.fgsm(epsilon: 0.1)))
    #expect(throws: TrainingError.self) { try AdversarialTraining("fgsm:0.1", weight: 0) }
    #expect(throws: TrainingError.self) { try AdversarialTraining("fgsm:0.1", weight: 1.5) }
  }

  @Test func requestsAreChecked() throws {
    func message(_ change: (inout AttackRequest) -> Void) -> String {
      var request = AttackRequest()
      change(&request)
      do {
        _ = try request.attacks(classNames: ["a", "b"])
        return ""
      } catch { return "\(error)" }
    }
    for epsilon in [0, -0.1, .nan, .infinity, 1.5] {
      #expect(message { $0.epsilons = [0.1, epsilon] }.hasPrefix("--epsilon: cannot be \(epsilon); "))
    }
    for steps in [0, -3, 20_000] {
      #expect(message { ($0.method, $0.steps) = (.pgd, steps) }.hasPrefix("--steps: cannot be \(steps); "))
    }
    for size in [0, -1, .nan, Double.infinity] {
      #expect(message { ($0.method, $0.stepSize) = (.pgd, size) }.hasPrefix("--step-size: cannot be \(size); "))
    }
    #expect(message { $0.steps = 3 }.contains("option of pgd"))
    #expect(message { $0.stepSize = 0.1 }.contains("option of pgd"))
    #expect(message { $0.startsAtSample = true }.hasPrefix("--no-random-start"))
    #expect(message { $0.target = "c" }.contains("there is no class of this name"))
    #expect(message { $0.samples = 0 }.hasPrefix("--samples: cannot be 0"))
    #expect(message { $0.examples = -1 }.hasPrefix("--examples: cannot be -1"))
    #expect(message { $0.output = "" }.hasPrefix("--save"))
    #expect(message { $0.output = "x.jpg" }.hasPrefix("--save: cannot write 'x.jpg'"))
    for path in ["x.png", "x.npz", "x", "a.b/x", "../x/"] { #expect(message { $0.output = path }.isEmpty, "\(path)") }

    var request = AttackRequest()
    (request.method, request.epsilons, request.norm, request.steps) = (.pgd, [0.5, 2], .two, 4)
    (request.startsAtSample, request.target) = (true, "b")
    let found = try request.attacks(classNames: ["a", "b"])
    #expect(found.map(\.epsilon) == [0.5, 2] && found.map(\.stepSize) == [0.3125, 1.25])
    #expect(found.allSatisfy { $0.targetClass == 1 && $0.norm == .two && $0.steps == 4 && !$0.startsAtRandom })
    #expect(try AttackRequest().attacks(classNames: []) == [.fgsm(epsilon: 0.1)])
    for (text, weight) in [("fgsm:0.1", 0.0), ("fgsm:0.1", .nan), ("", 0.5), ("fgsm:0.1", 1.5)] {
      #expect(throws: TrainingError.self) {
        try AdversarialTraining.parsed(text.isEmpty ? nil : text, weight: weight)
      }
    }
    #expect(try AdversarialTraining.parsed(nil, weight: nil) == nil)
  }
}
