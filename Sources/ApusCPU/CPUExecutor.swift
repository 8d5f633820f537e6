import ApusCompiler
import ApusTensor

/// Makes executors that compile plans for the CPU.
public enum CPUExecutor {
  /// An executor with its own plan cache and arena.
  ///
  /// ```swift
  /// Execution.install(CPUExecutor.make(options: CPUOptions(threads: 1)))
  /// ```
  ///
  /// - Parameter plansOnly: whether it only plans: every result is zeros, and `statistics` tells what computing them would
  ///   have taken.
  public static func make(options: CPUOptions = CPUOptions(), plansOnly: Bool = false) -> PlanExecutor {
    PlanExecutor(backend: CPUBackend(options: options), plansOnly: plansOnly)
  }
}
