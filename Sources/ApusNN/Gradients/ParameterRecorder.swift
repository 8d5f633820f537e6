import ApusTensor
import Synchronization

/// Notes which parameters a graph uses, and stands in variables for them so that gradients can be taken.
///
/// Each parameter gets a variable of its own, so two parameters that hold the same tensor have separate gradients.
/// Recorders nest: an inner gradient's variables stand for the outer's, which makes gradients of gradients right.
package final class ParameterRecorder: Sendable {
  @TaskLocal static var current: ParameterRecorder?

  /// Rows of a sparse parameter that a graph looked up: their numbers `[N]` and the variable that stands for them.
  struct Lookup {
    var numbers: Tensor
    var variable: Tensor
  }

  private struct Use {
    var parameter: Parameter
    var variable: Tensor?
    var lookups: [Lookup] = []
    var isAssigned = false
  }

  private struct Uses {
    var positions: [ObjectIdentifier: Int] = [:]
    var list: [Use] = []

    /// The use of a parameter, new if there was none.
    subscript(parameter: Parameter) -> Use {
      get { positions[ObjectIdentifier(parameter)].map { list[$0] } ?? Use(parameter: parameter) }
      set {
        if let position = positions[ObjectIdentifier(parameter)] {
          list[position] = newValue
        } else {
          positions[ObjectIdentifier(parameter)] = list.count
          list.append(newValue)
        }
      }
    }
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
    if parameter.isSparse, parameter.isTrainable {
      let problem =
        "the loss reads \(parameter.label) as a whole, a table that is trained row by row; look its rows up, read it "
        + "inside withoutGradient { }, or build it without isSparse"
      return Diagnostics.fail(ShapeError(problem), like: parameter.type)
    }
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

  /// The rows of a sparse parameter at numbers i64 `[N]`: a variable of their own for each lookup.
  func rows(of parameter: Parameter, at numbers: Tensor) -> Tensor {
    let isAssigned = uses.withLock { $0[parameter].isAssigned }
    let base =
      isAssigned
      ? parameter.stored.gathered(at: numbers)
      : parent?.rows(of: parameter, at: numbers) ?? parameter.stored.gathered(at: numbers)
    guard parameter.isTrainable, !isAssigned else { return base }
    if BodyScope.isActive {
      let problem =
        "rows of \(parameter.label) are looked up inside the body of scan or checkpointed, where they have no gradient "
        + "of their own; look them up outside of it, or build the table without isSparse"
      return Diagnostics.fail(ShapeError(problem), like: base.type)
    }
    let variable = base.asVariable()
    uses.withLock { $0[parameter].lookups.append(Lookup(numbers: numbers, variable: variable)) }
    return variable
  }

  /// From now on reading the parameter gives what was assigned.
  func noteAssignment(to parameter: Parameter) {
    parent?.noteAssignment(to: parameter)
    if !parameter.isSparse { _ = read(parameter) }
    uses.withLock { $0[parameter].isAssigned = true }
  }

  /// The variable that stands for a trainable parameter, if the graph used it.
  func variable(for parameter: Parameter) -> Tensor? {
    uses.withLock { uses in uses.positions[ObjectIdentifier(parameter)].flatMap { uses.list[$0].variable } }
  }

  /// The lookups of a sparse parameter's rows, in their order.
  func lookups(of parameter: Parameter) -> [Lookup] { uses.withLock { $0[parameter].lookups } }

  /// Trainable parameters that the graph used and that are not in the list, in the order of their use.
  func trainableUses(outside listed: [NamedParameter]) -> [Parameter] {
    uses.withLock { uses in
      let trained = uses.list.filter { $0.variable != nil || !$0.lookups.isEmpty }
      guard !trained.isEmpty else { return [] }
      let identifiers = Set(listed.map { ObjectIdentifier($0.parameter) })
      return trained.map(\.parameter).filter { !identifiers.contains(ObjectIdentifier($0)) }
    }
  }
}
