import ApusNN
import ApusOptimizers

// From options to configurations, part by part.
extension OptimizationConfiguration {
  static func optimizer(
    _ request: OptimizationRequest, _ earlier: OptimizerConfiguration?
  ) throws -> OptimizerConfiguration {
    let isSame = request.optimizer == nil || request.optimizer == earlier?.name
    let old = isSame ? earlier : nil
    return try OptimizerConfiguration(
      name: request.optimizer ?? old?.name ?? "adam", learningRate: request.learningRate ?? old?.learningRate,
      weightDecay: request.weightDecay ?? old?.weightDecay,
      settings: (old?.settings ?? [:]).merging(request.settings) { $1 })
  }

  static func schedule(
    _ request: OptimizationRequest, _ earlier: ScheduleConfiguration?
  ) throws -> ScheduleConfiguration? {
    let asks = request.schedule != nil || request.scheduleUnit != nil || !request.scheduleSettings.isEmpty
    guard asks || !request.milestones.isEmpty else { return earlier }
    let isSame = request.schedule == nil || request.schedule == earlier?.name
    let old = isSame ? earlier : nil
    let unit = try request.scheduleUnit.map { name in
      guard let unit = ScheduleUnit(rawValue: name) else {
        throw TrainingError.unknown("schedule unit", name, among: ScheduleUnit.allCases.map(\.rawValue))
      }
      return unit
    }
    let made = try ScheduleConfiguration(
      name: request.schedule ?? old?.name ?? "constant", unit: unit ?? old?.unit,
      settings: (old?.settings ?? [:]).merging(request.scheduleSettings) { $1 },
      milestones: request.milestones.isEmpty ? old?.milestones ?? [] : request.milestones)
    return made.schedule == nil && made.plateau == nil ? nil : made
  }

  static func clipping(_ request: OptimizationRequest) throws -> GradientClipping? {
    var given: [(option: String, clipping: GradientClipping)] = []
    if let limit = request.clipNorm { given.append(("--clip-norm", .norm(limit))) }
    if let limit = request.clipValue { given.append(("--clip-value", .value(limit))) }
    if let limit = request.clipEachNorm { given.append(("--clip-parameter-norm", .eachNorm(limit))) }
    for (option, clipping) in given {
      guard let limit = clipping.limit, limit.isFinite, limit > 0 else {
        throw TrainingError.impossible(option, clipping.limit ?? 0, "a positive number")
      }
    }
    guard given.count <= 1 else {
      throw TrainingError(given[1].option, "does not go with \(given[0].option)", advice: "give one of them")
    }
    return given.first?.clipping
  }

  static func average(_ request: OptimizationRequest, _ earlier: WeightAverage.Rule?) throws -> WeightAverage.Rule? {
    guard let decay = request.averageDecay ?? earlier?.decay else {
      guard request.averageStart == nil else {
        throw TrainingError("--ema-start", "has no average to begin", advice: "add --ema with a number such as 0.999")
      }
      return nil
    }
    guard decay > 0, decay < 1 else { throw TrainingError.impossible("--ema", decay, "above 0 and below 1") }
    guard let name = request.averageStart else {
      return WeightAverage.Rule(decay: decay, start: earlier?.start ?? .first)
    }
    guard let start = WeightAverage.Rule.Start(rawValue: name) else {
      throw TrainingError.unknown("--ema-start", name, among: WeightAverage.Rule.Start.allCases.map(\.rawValue))
    }
    return WeightAverage.Rule(decay: decay, start: start)
  }

  /// The penalty of `--l1` and `--l2`; nil when neither is given or all factors are 0.
  static func penalty(_ request: OptimizationRequest) throws -> WeightPenalty? {
    var penalty = WeightPenalty()
    let given: [(option: String, texts: [String], path: WritableKeyPath<WeightPenalty.Factors, Double>)] = [
      ("--l1", request.l1, \.l1), ("--l2", request.l2, \.l2),
    ]
    var layers: [(layer: String, path: WritableKeyPath<WeightPenalty.Factors, Double>, factor: Double)] = []
    for (option, texts, path) in given {
      for text in texts {
        let parts = text.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
        guard let last = parts.last, let factor = Double(last), factor.isFinite, factor >= 0,
          parts.count == 1 || !parts[0].isEmpty
        else {
          throw TrainingError.impossible(
            option, "'\(text)'", "a number of at least 0, or a layer and a number such as dense1=0.001")
        }
        if parts.count == 1 {
          penalty.factors[keyPath: path] = factor
        } else {
          layers.append((String(parts[0]), path, factor))
        }
      }
    }
    // A layer of its own has the network's factor of the kind that is not given for it.
    for (layer, path, factor) in layers {
      penalty.layers[layer, default: penalty.factors][keyPath: path] = factor
    }
    return penalty.isZero ? nil : penalty
  }

  /// A group such as `conv:learning-rate-factor=0.1,weight-decay=0`, `*:role=bias,weight-decay=0` or `embedding:frozen`.
  static func group(_ text: String) throws -> ParameterGroup {
    let example = "give one such as conv:learning-rate-factor=0.1,weight-decay=0 or *:role=bias,frozen"
    let parts = text.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
    guard parts.count == 2, !parts[0].isEmpty, !parts[1].isEmpty else {
      throw TrainingError("--group", "cannot be '\(text)'", advice: example)
    }
    var group = ParameterGroup(matching: parts[0] == "*" ? "" : String(parts[0]))
    for setting in parts[1].split(separator: ",", omittingEmptySubsequences: false) {
      let pair = setting.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
      let value = pair.count == 2 ? pair[1] : nil
      switch (pair[0], value) {
      case ("frozen", nil): group.isFrozen = true
      case ("learning-rate-factor", let value?): group.learningRateFactor = try groupNumber(text, pair[0], value)
      case ("weight-decay", let value?): group.weightDecay = try groupNumber(text, pair[0], value)
      case ("role", let value?):
        guard let role = Parameter.Role(rawValue: value), role != .state else {
          throw TrainingError.unknown("role", value, among: ["weight", "bias", "scale"])
        }
        group.role = role
      default: throw TrainingError("--group", "'\(setting)' in '\(text)' is no setting", advice: example)
      }
    }
    return group
  }

  private static func groupNumber(_ text: String, _ name: String, _ value: String) throws -> Double {
    guard let number = Double(value), number.isFinite, number >= 0 else {
      throw TrainingError(
        "--group", "\(name) in '\(text)' cannot be \(value)", advice: "it must be a number of at least 0")
    }
    return number
  }
}
