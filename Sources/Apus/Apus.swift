@_exported import ApusCPU
import ApusCompiler
@_exported import ApusTensor

/// Installs the CPU executor; called through a weak reference the first time a tensor is read.
@_cdecl("apus_install_default_executor")
func installDefaultExecutor() {
  Execution.install(CPUExecutor.make())
}
