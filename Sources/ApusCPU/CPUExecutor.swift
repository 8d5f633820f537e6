import ApusCompiler
import ApusTensor

/// Makes executors that compile plans for the CPU.
public enum CPUExecutor {
  /// An executor with its own plan cache and arena.
  ///
  /// ```swift
  /// Execution.install(CPUExecutor.make(options: CPUOptions(threads: 1)))
  /// ```
  public static func make(options: CPUOptions = CPUOptions()) -> PlanExecutor {
    PlanExecutor(backend: CPUBackend(options: options))
  }
}
