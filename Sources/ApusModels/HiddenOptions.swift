import ApusNN

/// The options of a configuration that all networks with hidden layers take, checked.
struct HiddenOptions {
  let dropout: Double
  let inputDropout: Double
  let inputNoise: Double
  let spatialDropout: Double
  /// The function; nil where none is named or slopes are learnt.
  let activation: Activation?
  let learntSlope: Double?
  let hasSlopePerChannel: Bool
  let normalization: HiddenNormalization
  let weightInitializer: Initializer
  let biasInitializer: Initializer

  /// The options of a network whose hidden layers have these widths, of which the first ones are pictures.
  ///
  /// - Throws: `ModelCatalog.Failure` that names the first option that is not possible.
  init(_ configuration: ModelCatalog.Configuration, widths: [Int], images: Int) throws {
    let model = configuration.name
    func fail(_ problem: String) -> ModelCatalog.Failure { .init(description: "\(model): \(problem)") }
    func probability(_ option: String, _ value: Double?) throws -> Double {
      let value = value ?? 0
      guard value >= 0, value < 1 else { throw fail("\(option) must be at least 0 and below 1, got \(value)") }
      return value
    }
    dropout = try probability("dropout", configuration.dropout)
    inputDropout = try probability("input-dropout", configuration.inputDropout)
    spatialDropout = try probability("spatial-dropout", configuration.spatialDropout)
    inputNoise = configuration.inputNoise ?? 0
    guard inputNoise >= 0, inputNoise.isFinite else {
      throw fail("input-noise must be a number of at least 0, got \(inputNoise)")
    }
    do {
      switch try configuration.activation.map({ name throws(SettingError) in try HiddenActivation.named(name) }) {
      case .function(let function): (activation, learntSlope, hasSlopePerChannel) = (function, nil, false)
      case .learntSlope(let slope): (activation, learntSlope, hasSlopePerChannel) = (nil, slope, false)
      case .learntSlopes(let slope): (activation, learntSlope, hasSlopePerChannel) = (nil, slope, true)
      case nil: (activation, learntSlope, hasSlopePerChannel) = (nil, nil, false)
      }
      normalization = try HiddenNormalization.named(configuration.normalization ?? "none")
      weightInitializer = try Initializer.named(configuration.initializer ?? "torch-default")
    } catch { throw fail("\(error)") }
    for (position, width) in widths.enumerated() {
      if let problem = normalization.problem(features: width, isImage: position < images) { throw fail(problem) }
    }
    if let bias = configuration.biasInitial, !bias.isFinite {
      throw fail("bias-initial must be a number, got \(bias)")
    }
    biasInitializer = configuration.biasInitial.map { .constant($0) } ?? .torchDefault
  }
}
