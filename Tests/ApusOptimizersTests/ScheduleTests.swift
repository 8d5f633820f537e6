import ApusOptimizers
import ApusTensor
import GoldenFiles
import Testing

@Suite struct ScheduleTests {
  private func schedule(_ golden: GoldenFile.Case) -> any LearningRateSchedule {
    func number(_ key: String) -> Double { golden.options[key]?.double ?? .nan }
    func flag(_ key: String) -> Bool { golden.options[key]?.isTrue == true }
    switch golden.name {
    case "step": return StepSchedule(every: number("step_size"), factor: number("gamma"))
    case "multi_step":
      let milestones = golden.options["milestones"]?.integers.map(Double.init) ?? []
      return MultiStepSchedule(milestones: milestones, factor: number("gamma"))
    case "exponential": return ExponentialSchedule(factor: number("gamma"))
    case "robbins_monro", "inverse_time":
      return InverseTimeSchedule(decay: number("decay"), power: number("power"))
    case "polynomial": return PolynomialSchedule(power: number("power"), over: number("total_iters"))
    case "linear": return WarmUp(over: number("total_iters"), from: number("start_factor"), then: ConstantSchedule())
    case "cosine": return CosineSchedule(minimum: number("eta_min"))
    case "cosine_restarts", "cosine_restarts_equal":
      return CosineRestartsSchedule(every: number("T_0"), growth: number("T_mult"), minimum: number("eta_min"))
    case "warm_up_cosine":
      return WarmUp(
        over: number("warm_up"), from: number("start_factor"), then: CosineSchedule(minimum: number("eta_min")))
    case "one_cycle", "one_cycle_three":
      return OneCycleSchedule(
        rise: number("pct_start"), startDivisor: number("div_factor"), endDivisor: number("final_div_factor"),
        hasThreePhases: flag("three_phase"), isLinear: flag("linear"))
    default: return ConstantSchedule()
    }
  }

  @Test func ratesArePyTorchs() throws {
    let cases = try GoldenFile("schedules", .float64).cases.filter { $0.operation != "ReduceLROnPlateau" }
    #expect(cases.count == 14)
    for golden in cases {
      let schedule = schedule(golden)
      try schedule.validate()
      let rates = try golden.array("rates").scalars(as: Double.self)
      let base = try #require(golden.options["base"]?.double)
      #expect(rates.count == 64)
      for (time, rate) in rates.enumerated() {
        let found = schedule.learningRate(base, at: Double(time), of: Double(rates.count))
        #expect(abs(found - rate) <= 1e-12 * base + 1e-10 * rate, "\(golden.name) at \(time): \(found), not \(rate)")
      }
    }
  }

  @Test func plateausArePyTorchs() throws {
    let cases = try GoldenFile("schedules", .float64).cases(of: "ReduceLROnPlateau")
    #expect(cases.count == 4)
    for golden in cases {
      func number(_ key: String) -> Double { golden.options[key]?.double ?? .nan }
      let rule = ReduceOnPlateau(
        factor: number("factor"), patience: Int(number("patience")), threshold: number("threshold"),
        isRelative: golden.options["threshold_mode"]?.text == "rel", cooldown: Int(number("cooldown")),
        minimum: number("min_lr"), smallestChange: number("eps"),
        isLargerBetter: golden.options["mode"]?.text == "max")
      try rule.validate()
      var state = ReduceOnPlateau.State()
      let (values, rates) = (try golden.array("values"), try golden.array("rates").scalars(as: Double.self))
      var falls = 0
      for (value, rate) in zip(values.scalars(as: Double.self), rates) {
        let before = state.learningRate
        rule.note(value, number("base"), &state)
        if state.learningRate != before { falls += 1 }
        #expect(abs((state.learningRate ?? number("base")) - rate) <= 1e-12, "\(golden.name)")
      }
      #expect(falls >= 2, "\(golden.name)")
    }
  }

  @Test func timeMayLieBetweenWholeNumbers() {
    #expect(StepSchedule(every: 2, factor: 0.5).learningRate(1, at: 3.99, of: 10) == 0.5)
    #expect(MultiStepSchedule(milestones: [1.5], factor: 0.5).learningRate(1, at: 1.5, of: 10) == 0.5)
    #expect(ExponentialSchedule(factor: 0.25).learningRate(1, at: 1.5, of: 10) == 0.25)
    #expect(ExponentialSchedule(factor: 0.25, isStaircase: false).learningRate(1, at: 1.5, of: 10) == 0.125)
    #expect(InverseTimeSchedule(isStaircase: false).learningRate(1, at: 1.5, of: 10) == 0.4)
    #expect(InverseTimeSchedule().learningRate(1, at: 1.5, of: 10) == 0.5)
    #expect(PolynomialSchedule(power: 1, minimum: 0.2).learningRate(1, at: 2.5, of: 10) == 0.8)
    #expect(PolynomialSchedule(power: 2, over: 4, minimum: 0.2).learningRate(1, at: 5, of: 10) == 0.2)
    #expect(CosineSchedule(minimum: 0.25, over: 5).learningRate(1, at: 7, of: 10) == 0.25)
    #expect(abs(CosineSchedule().learningRate(1, at: 5, of: 10) - 0.5) < 1e-15)
    let short = OneCycleSchedule()
    for total in [1.0, 2, 3] { #expect(short.learningRate(1, at: 0, of: total).isFinite) }
  }

  @Test func onlySomeDependOnTheTotal() {
    #expect(CosineSchedule().dependsOnTotal && !CosineSchedule(over: 3).dependsOnTotal)
    #expect(PolynomialSchedule().dependsOnTotal && !PolynomialSchedule(over: 3).dependsOnTotal)
    #expect(OneCycleSchedule().dependsOnTotal && !CosineRestartsSchedule(every: 3).dependsOnTotal)
    #expect(WarmUp(over: 2, then: CosineSchedule()).dependsOnTotal)
    #expect(!WarmUp(over: 2, then: StepSchedule(every: 2)).dependsOnTotal)
  }

  @Test func numbersAreChecked() {
    let wrong: [(any LearningRateSchedule, String)] = [
      (StepSchedule(every: 0), "period"), (StepSchedule(every: 2, factor: 0), "factor"),
      (StepSchedule(every: .nan), "period"), (MultiStepSchedule(milestones: [3, 2]), "milestones"),
      (MultiStepSchedule(milestones: [-1]), "milestones"), (ExponentialSchedule(factor: -1), "factor"),
      (InverseTimeSchedule(decay: 0), "decay"), (InverseTimeSchedule(power: .infinity), "power"),
      (PolynomialSchedule(power: 0), "power"), (PolynomialSchedule(over: -1), "length"),
      (PolynomialSchedule(minimum: -1), "minimum"), (CosineSchedule(minimum: .nan), "minimum"),
      (CosineSchedule(over: 0), "length"), (CosineRestartsSchedule(every: 0), "period"),
      (CosineRestartsSchedule(every: 2, growth: 0.5), "growth"), (OneCycleSchedule(rise: 1), "rise"),
      (OneCycleSchedule(rise: 0.6, hasThreePhases: true), "rise"), (OneCycleSchedule(startDivisor: 0), "startDivisor"),
      (OneCycleSchedule(endDivisor: .nan), "endDivisor"), (WarmUp(over: 0, then: ConstantSchedule()), "length"),
      (WarmUp(over: 1, from: 2, then: ConstantSchedule()), "from"),
      (WarmUp(over: 1, then: StepSchedule(every: 0)), "period"),
    ]
    for (schedule, name) in wrong {
      let error = #expect(throws: HyperparameterError.self) { try schedule.validate() }
      #expect(error?.name == name)
    }
    for rule in [
      ReduceOnPlateau(factor: 1), ReduceOnPlateau(factor: .nan), ReduceOnPlateau(patience: -1),
      ReduceOnPlateau(threshold: -1), ReduceOnPlateau(cooldown: -1), ReduceOnPlateau(minimum: .nan),
      ReduceOnPlateau(smallestChange: -1),
    ] { #expect(throws: HyperparameterError.self) { try rule.validate() } }
  }
}
