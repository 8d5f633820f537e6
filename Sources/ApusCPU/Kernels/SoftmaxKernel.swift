import ApusCompiler
import ApusTensor
import CKernels
import COneDNN

/// The softmax family: own kernels along the last axis, oneDNN along others.
///
/// oneDNN's exponential is off by up to 2e-5 in the gradient of a cross-entropy, beyond the 1e-5 this library promises;
/// the own kernels are within 1e-6 and faster on the short rows of a classifier.
enum SoftmaxKernel {
  static func kernel(_ softmax: Softmax, _ context: LoweringContext) -> Kernel? {
    let type = context.outputType
    if let kernel = rows(
      type, axis: softmax.axis, context,
      { dtype, source, rows, columns, threads in
        apus_softmax_rows(dtype, softmax.isLog ? 1 : 0, source[0], source[1], rows, columns, threads)
      })
    {
      return kernel
    }
    guard type.dtype == .float32, type.shape.elementCount > 0 else { return nil }
    var data = OneDNN.descriptor(type.shape, .plain)
    var operation = dnnl_softmax_desc_t()
    let axis = Int32(softmax.axis)
    let status =
      softmax.isLog
      ? dnnl_logsoftmax_forward_desc_init(&operation, dnnl_forward_training, &data, axis)
      : dnnl_softmax_forward_desc_init(&operation, dnnl_forward_training, &data, axis)
    guard status == dnnl_success, let description = OneDNNDescription.make(&operation) else { return nil }
    let primitive = OneDNNPrimitive(
      description, arguments: [(DNNL_ARG_SRC, data, 0), (DNNL_ARG_DST, data, 1)], scratchArgument: 2)
    return Kernel(scratchBytes: primitive.scratchBytes, inPlace: [(0, 0)]) { primitive.run($0) }
  }

  static func kernel(_ softmax: SoftmaxBackward, _ context: LoweringContext) -> Kernel? {
    let type = context.outputType
    if let kernel = rows(
      type, axis: softmax.axis, context,
      { dtype, source, rows, columns, threads in
        apus_softmax_rows_backward(
          dtype, softmax.isLog ? 1 : 0, source[0], source[1], source[2], rows, columns, threads)
      })
    {
      return kernel
    }
    guard type.dtype == .float32, type.shape.elementCount > 0 else { return nil }
    var data = OneDNN.descriptor(type.shape, .plain)
    let axis = Int32(softmax.axis)
    var forward = dnnl_softmax_desc_t()
    var operation = dnnl_softmax_desc_t()
    var gradient = data
    let (first, second) =
      softmax.isLog
      ? (
        dnnl_logsoftmax_forward_desc_init(&forward, dnnl_forward_training, &data, axis),
        dnnl_logsoftmax_backward_desc_init(&operation, &gradient, &data, axis)
      )
      : (
        dnnl_softmax_forward_desc_init(&forward, dnnl_forward_training, &data, axis),
        dnnl_softmax_backward_desc_init(&operation, &gradient, &data, axis)
      )
    guard first == dnnl_success, second == dnnl_success, let hint = OneDNNDescription.make(&forward) else { return nil }
    defer { dnnl_primitive_desc_destroy(hint) }
    guard let description = OneDNNDescription.make(&operation, hint: hint) else { return nil }
    let primitive = OneDNNPrimitive(
      description, arguments: [(DNNL_ARG_DST, data, 0), (DNNL_ARG_DIFF_DST, data, 1), (DNNL_ARG_DIFF_SRC, data, 2)],
      scratchArgument: 3)
    return Kernel(scratchBytes: primitive.scratchBytes) { primitive.run($0) }
  }

  private static func rows(
    _ type: TensorType, axis: Int, _ context: LoweringContext,
    _ run: @escaping @Sendable (apus_dtype, KernelArguments, Int64, Int64, Int32) -> Void
  ) -> Kernel? {
    guard axis == type.shape.rank - 1 else { return nil }
    let dtype = apus_dtype(rawValue: UInt32(type.dtype.kernelCode))
    let columns = Int64(type.shape[axis])
    let rows = columns == 0 ? 0 : Int64(type.shape.elementCount) / columns
    let threads = context.options.threads(forElements: type.shape.elementCount * 8)
    return Kernel { run(dtype, $0, rows, columns, threads) }
  }
}
