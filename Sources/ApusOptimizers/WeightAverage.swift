import ApusNN
import ApusTensor

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// A running average of a model's weights, which often judges better than the last weights (Polyak and Juditsky, 1992;
/// exponential: Kingma and Ba, 2015, section 7.2).
///
/// With w the weights after step t, the average moves towards them by a part r:
///
///     a = a + r (w - a),   r = 1 in the first step, then
///     first:      r = 1 - decay                                    (`torch.optim.swa_utils`, `get_ema_multi_avg_fn`)
///     corrected:  r = (1 - decay) / (1 - decay^t)                  (the bias correction of Adam)
///     warmUp:     r = 1 - min(decay, (1 + t) / (10 + t))           (TensorFlow's `num_updates`)
///
/// ``Optimizer/update(_:along:realizing:constraint:average:)`` takes note in the plan of the step. Parameters are
/// averaged; states, such as running statistics, are the model's own, as in PyTorch by default.
///
/// The average of a weight moves in every step, also where the weight stayed: with a sparse `Embedding` every step costs as
/// much as the whole table, whose average is another one.
///
/// ```swift
/// let average = WeightAverage(.init(decay: 0.999))
/// optimizer.update(model, along: gradients, average: average)
/// let judged = average.withAverages { model(x) }
/// ```
/// Not `Sendable`: it belongs to the task that trains.
public final class WeightAverage {
  /// How the average moves.
  public struct Rule: Sendable, Hashable, Codable {
    /// What the average begins with.
    public enum Start: String, Sendable, Hashable, Codable, CaseIterable {
      /// The weights after the first step.
      case first
      /// Nothing, with the bias towards it corrected: the mean of the first steps while they are few.
      case corrected
      /// The weights after the first step, and a decay that grows with the steps.
      case warmUp = "warm-up"
    }

    /// How much of the average stays in a step, at least 0 and below 1.
    public var decay: Double
    /// What it begins with.
    public var start: Start

    /// A rule; ``validate()`` checks it.
    public init(decay: Double, start: Start = .first) {
      self.decay = decay
      self.start = start
    }

    /// Checks the decay.
    public func validate() throws(HyperparameterError) { try HyperparameterError.check("decay", fraction: decay) }

    /// The part r by which the average moves in step `t`, counted from 1.
    func part(_ t: Int) -> Double {
      if t == 1 { return 1 }
      switch start {
      case .first: return 1 - decay
      case .corrected: return (1 - decay) / (1 - pow(decay, Double(t)))
      case .warmUp: return 1 - min(decay, (1 + Double(t)) / (10 + Double(t)))
      }
    }
  }

  private struct Slot {
    var parameter: Parameter
    var name: String
    var value: Tensor
  }

  /// How the average moves.
  public let rule: Rule
  /// The steps taken note of.
  public private(set) var stepCount = 0
  private var slots: [ObjectIdentifier: Slot] = [:]

  /// An average of nothing yet.
  public init(_ rule: Rule) { self.rule = rule }

  func beginStep() { stepCount += 1 }

  /// Records the average with the parameter's new value.
  func note(_ entry: Gradients.Entry, _ pending: inout [Tensor], _ replaced: inout [Tensor]) {
    let (identifier, value) = (ObjectIdentifier(entry.parameter), entry.parameter.value)
    let old = slots[identifier]?.value
    let start = old ?? .storedZeros(like: value)
    let part = old == nil ? 1 : rule.part(stepCount)
    let new = start + (value - start) * .bound(part, like: value)
    if let old { replaced.append(old) }
    pending.append(new)
    slots[identifier] = Slot(parameter: entry.parameter, name: entry.name, value: new)
  }

  /// The average of the parameter with this path; nil before the first step.
  public subscript(name: String) -> Tensor? { slots.values.first { $0.name == name }?.value }

  /// Runs `body` while the parameters have their averages as values; afterwards they have their own again.
  public func withAverages<Result>(_ body: () throws -> Result) rethrows -> Result {
    let own = slots.values.map { ($0.parameter, $0.parameter.stored) }
    replaceWeights()
    defer { for (parameter, value) in own { parameter.value = value } }
    return try body()
  }

  /// Gives the parameters their averages for good.
  public func replaceWeights() { for slot in slots.values { slot.parameter.value = slot.value } }

  /// The averages by the paths of the parameters, and the number of steps as `step`, for checkpoints.
  public func stateSnapshot() -> [String: Tensor] {
    var result = ["step": Tensor(Int64(stepCount))]
    for slot in slots.values { result[slot.name] = slot.value }
    return result
  }

  /// Goes on from a snapshot.
  ///
  /// - Parameters:
  ///   - snapshot: what ``stateSnapshot()`` gave.
  ///   - model: the model whose parameters the names mean.
  /// - Throws: `RestoreError`, and then nothing has changed, when a name means nothing, the count is missing, or a shape
  ///   differs.
  public func restoreState(_ snapshot: [String: Tensor], of model: some Module) throws(RestoreError) {
    var error = RestoreError(context: "the averages do not fit \(type(of: model))")
    var unused = snapshot
    var restored: [ObjectIdentifier: Slot] = [:]
    let count = unused.removeValue(forKey: "step")
    if count?.dtype != .int64 || count?.count != 1 { error.missing.append("step") }
    for named in model.parameters {
      guard let value = unused.removeValue(forKey: named.name) else { continue }
      if value.type != named.parameter.type {
        error.addMismatch(named.name, expected: named.parameter.type, found: value.type)
      }
      restored[ObjectIdentifier(named.parameter)] = Slot(parameter: named.parameter, name: named.name, value: value)
    }
    error.unexpected = unused.keys.sorted()
    guard error.isEmpty else { throw error }
    stepCount = Int(count?.item() ?? 0)
    slots = restored
  }
}
