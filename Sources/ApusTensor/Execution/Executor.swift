import CRuntime
import Synchronization

/// What turns recorded operations into values.
///
/// The tensor library declares the protocol; the compiler implements it; the umbrella library installs it.
public protocol Executor: AnyObject, Sendable {
  /// Computes the given tensors, which then hold their values.
  ///
  /// Called under the graph lock. `keepingGraph` asks that computed nodes keep their inputs, because a gradient
  /// is being taken through them. The values of `consumed` are not needed afterwards: their memory may be written over.
  func realize(_ tensors: [Tensor], consuming consumed: [Tensor], keepingGraph: Bool)

  /// The elements of a realized tensor in row-major order; reorders them if they lie in another layout.
  func hostArray(of tensor: Tensor) -> HostArray
}

/// Finds the executor: a task-local override for tests, else the installed one. This is the only process-wide state.
public enum Execution {
  /// Replaces the installed executor for the duration of a task's scope.
  @TaskLocal public static var override: (any Executor)?

  private static let installed = Mutex<(any Executor)?>(nil)

  /// Makes `executor` the one every tensor uses.
  public static func install(_ executor: any Executor) { installed.withLock { $0 = executor } }

  package static var current: any Executor {
    if let override { return override }
    if let found = installed.withLock({ $0 }) { return found }
    _ = apus_runtime_install_executor()
    guard let found = installed.withLock({ $0 }) else {
      fatalError("no executor is installed: `import Apus` instead of its parts, or call Execution.install(_:)")
    }
    return found
  }

  /// How many operations may be recorded in one chain before it is computed on its own, so that a graph nobody reads
  /// cannot grow without end.
  package static let longestPendingChain: Int32 = 4000
}

/// Computes tensors now, together, in one plan.
///
/// Reading a tensor computes it too; `realize` is for computing several at once, such as the loss and the new
/// parameters of a training step.
public func realize(_ tensors: [Tensor]) { realize(tensors, consuming: []) }

/// Computes tensors and gives up others: an optimizer's old state, which its new state may overwrite.
///
/// The caller vouches that nothing still to be computed reads the consumed tensors, other than `tensors`. One that is
/// held elsewhere, in a snapshot for example, is left alone.
package func realize(_ tensors: [Tensor], consuming consumed: [Tensor]) {
  let pending = tensors.filter { !$0.node.hasValues }
  guard !pending.isEmpty else { return }
  GraphLock.withLock {
    Execution.current.realize(pending, consuming: consumed, keepingGraph: GradientScope.isActive)
  }
}

/// Computes tensors now, together, in one plan.
public func realize(_ tensors: Tensor...) { realize(tensors) }
