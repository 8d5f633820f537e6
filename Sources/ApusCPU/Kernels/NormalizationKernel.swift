import ApusCompiler
import ApusTensor
import CKernels
import COneDNN

/// Batch normalisation by oneDNN; the softmax family by own kernels along the last axis, by oneDNN along others.
///
/// oneDNN's exponential is off by up to 2e-5 in the gradient of a cross-entropy, beyond the 1e-5 this library promises;
/// the own kernels are within 1e-6 and faster on the short rows of a classifier.
enum NormalizationKernel {
  private static let flags = UInt32(dnnl_use_scale.rawValue | dnnl_use_shift.rawValue)

  static func layouts(_ node: Graph.Node, _ inputTypes: [TensorType], _ inputLayouts: [Layout]) -> LayoutChoice? {
    let blocked = Layout.channelBlocked(8)
    let shape = inputTypes[0].shape
    // Without padding only: the padding of a normalised image would not be zero.
    guard inputTypes[0].dtype == .float32, shape.rank == 4, shape[1] % 8 == 0 else { return nil }
    switch node.operation {
    case is BatchNormTraining where inputLayouts[0] == blocked:
      return LayoutChoice(inputs: [blocked, .plain, .plain], outputs: [blocked, .plain, .plain])
    case is BatchNormTrainingBackward where inputLayouts[0] == blocked || inputLayouts[1] == blocked:
      return LayoutChoice(inputs: [blocked, blocked, .plain, .plain, .plain], outputs: [blocked, .plain, .plain])
    default: return nil
    }
  }

  static func kernel(_ norm: BatchNormTraining, _ context: LoweringContext) -> Kernel? {
    guard context.outputType.dtype == .float32, context.outputType.shape.elementCount > 0 else { return nil }
    var data = OneDNN.descriptor(context.outputType.shape, context.outputLayout(0))
    let channels = OneDNN.descriptor([context.outputType.shape[1]], .plain)
    var operation = dnnl_batch_normalization_desc_t()
    OneDNN.check(
      dnnl_batch_normalization_forward_desc_init(
        &operation, dnnl_forward_training, &data, Float(norm.epsilon), flags), "describing batch normalisation")
    guard let description = OneDNNDescription.make(&operation) else { return nil }
    let primitive = OneDNNPrimitive(
      description,
      arguments: [
        (DNNL_ARG_SRC, data, 0), (DNNL_ARG_SCALE, channels, 1), (DNNL_ARG_SHIFT, channels, 2), (DNNL_ARG_DST, data, 3),
        (DNNL_ARG_MEAN, channels, 4), (DNNL_ARG_VARIANCE, channels, 5),
      ], scratchArgument: 6)
    return Kernel(scratchBytes: primitive.scratchBytes) { primitive.run($0) }
  }

  static func kernel(_ norm: BatchNormTrainingBackward, _ context: LoweringContext) -> Kernel? {
    guard context.outputType.dtype == .float32, context.outputType.shape.elementCount > 0 else { return nil }
    var data = OneDNN.descriptor(context.outputType.shape, context.outputLayout(0))
    let channels = OneDNN.descriptor([context.outputType.shape[1]], .plain)
    var forward = dnnl_batch_normalization_desc_t()
    OneDNN.check(
      dnnl_batch_normalization_forward_desc_init(&forward, dnnl_forward_training, &data, Float(norm.epsilon), flags),
      "describing batch normalisation")
    guard let hint = OneDNNDescription.make(&forward) else { return nil }
    defer { dnnl_primitive_desc_destroy(hint) }
    var operation = dnnl_batch_normalization_desc_t()
    var gradient = data
    OneDNN.check(
      dnnl_batch_normalization_backward_desc_init(
        &operation, dnnl_backward, &gradient, &data, Float(norm.epsilon), flags), "describing batch normalisation")
    guard let description = OneDNNDescription.make(&operation, hint: hint) else { return nil }
    let primitive = OneDNNPrimitive(
      description,
      arguments: [
        (DNNL_ARG_SRC, data, 0), (DNNL_ARG_DIFF_DST, data, 1), (DNNL_ARG_SCALE, channels, 2),
        // The shift does not enter the gradient, but oneDNN 2 refuses to run without one: any vector will do.
        (DNNL_ARG_SHIFT, channels, 2), (DNNL_ARG_MEAN, channels, 3), (DNNL_ARG_VARIANCE, channels, 4),
        (DNNL_ARG_DIFF_SRC, data, 5),
        (DNNL_ARG_DIFF_SCALE, channels, 6), (DNNL_ARG_DIFF_SHIFT, channels, 7),
      ], scratchArgument: 8)
    return Kernel(scratchBytes: primitive.scratchBytes) { primitive.run($0) }
  }

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
