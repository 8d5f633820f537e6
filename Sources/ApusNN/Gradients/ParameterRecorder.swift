import ApusTensor
import Synchronization

/// Notes which parameters a graph uses, and stands in variables for them so that gradients can be taken.
///
/// Each parameter gets a variable of its own, so two parameters that hold the same tensor have separate gradients.
/// Recorders nest: an inner gradient's variables stand for the outer's, which makes gradients of gradients right.
package final class ParameterRecorder: Sendable {
  @TaskLocal static var current: ParameterRecorder?

  private struct Use {
    var parameter: Parameter
    var variable: Tensor?
    var isAssigned = false
  }

  private struct Uses {
    var positions: [ObjectIdentifier: Int] = [:]
    var list: [Use] = []
  }

  private let parent: ParameterRecorder?
  private let uses = Mutex(Uses())

  init(parent: ParameterRecorder?) { self.parent = parent }

  /// The value a graph uses for the parameter.
  func read(_ parameter: Parameter) -> Tensor {
    let identifier = ObjectIdentifier(parameter)
    let known = uses.withLock { uses in uses.positions[identifier].map { uses.list[$0] } }
    if let known, known.isAssigned { return parameter.stored }
    if let known, let variable = known.variable { return variable }
    let base = parent?.read(parameter) ?? parameter.stored
    let variable = parameter.isTrainable ? base.asVariable() : nil
    if known == nil {
      uses.withLock { uses in
        uses.positions[identifier] = uses.list.count
        uses.list.append(Use(parameter: parameter, variable: variable))
      }
    }
    return variable ?? base
  }

  /// From now on reading the parameter gives what was assigned.
  func noteAssignment(to parameter: Parameter) {
    parent?.noteAssignment(to: parameter)
    _ = read(parameter)
    uses.withLock { uses in
      if let position = uses.positions[ObjectIdentifier(parameter)] { uses.list[position].isAssigned = true }
    }
  }

  /// The variable that stands for a trainable parameter, if the graph used it.
  func variable(for parameter: Parameter) -> Tensor? {
    uses.withLock { uses in uses.positions[ObjectIdentifier(parameter)].flatMap { uses.list[$0].variable } }
  }

  /// Trainable parameters that the graph used and that are not in the list, in the order of their use.
  func trainableUses(outside listed: [NamedParameter]) -> [Parameter] {
    uses.withLock { uses in
      guard uses.list.contains(where: { $0.variable != nil }) else { return [] }
      let identifiers = Set(listed.map { ObjectIdentifier($0.parameter) })
      return uses.list.filter { $0.variable != nil && !identifiers.contains(ObjectIdentifier($0.parameter)) }
        .map(\.parameter)
    }
  }
}
