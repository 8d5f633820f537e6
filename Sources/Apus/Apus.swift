@_exported import ApusCPU
import ApusCompiler
@_exported import ApusData
@_exported import ApusEvents
@_exported import ApusFormats
@_exported import ApusInsight
@_exported import ApusModels
@_exported import ApusNN
@_exported import ApusONNX
@_exported import ApusOptimizers
@_exported import ApusPlots
@_exported import ApusTensor
@_exported import ApusTraining

/// Installs the CPU executor; called through a weak reference the first time a tensor is read.
@_cdecl("apus_install_default_executor")
func installDefaultExecutor() {
  Execution.install(CPUExecutor.make())
}
