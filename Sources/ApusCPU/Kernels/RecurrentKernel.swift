import ApusCompiler
import ApusTensor
import CKernels

/// What follows the matrix products in one step of LSTM and GRU.
enum RecurrentKernel {
  static func kernel(_ context: LoweringContext) -> Kernel? {
    let state = context.inputTypes[2]
    let (rows, units) = (Int64(state.shape[0]), Int64(state.shape[1]))
    let dtype = apus_dtype(rawValue: UInt32(state.dtype.kernelCode))
    // A unit costs five exponentials, of which each is some elements worth.
    let threads = context.options.threads(forElements: state.shape.elementCount * 8)
    return switch context.node.operation {
    case is LSTMStep:
      Kernel { apus_lstm_step(dtype, $0[0], $0[1], $0[2], $0[3], $0[4], $0[5], rows, units, threads) }
    case is LSTMStepBackward:
      Kernel {
        apus_lstm_step_backward(dtype, $0[0], $0[1], $0[2], $0[3], $0[4], $0[5], $0[6], rows, units, threads)
      }
    case is GRUStep:
      Kernel { apus_gru_step(dtype, $0[0], $0[1], $0[2], $0[3], $0[4], rows, units, threads) }
    case is GRUStepBackward:
      Kernel { apus_gru_step_backward(dtype, $0[0], $0[1], $0[2], $0[3], $0[4], $0[5], $0[6], rows, units, threads) }
    default: nil
    }
  }
}
