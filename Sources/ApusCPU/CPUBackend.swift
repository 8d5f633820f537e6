import ApusCompiler
import ApusTensor
import COneDNN

/// Lowers operations to kernels for x86-64 processors: oneDNN for products, convolutions and normalisation, own SIMD
/// kernels for everything elementwise, and the reference loops for what has neither.
package struct CPUBackend: Backend {
  package var name: String { "cpu" }
  package let options: CPUOptions
  /// Measures kernels, where the options ask for it.
  let chooser: KernelChooser?

  package init(options: CPUOptions = CPUOptions()) {
    self.init(options: options, chooser: options.measuresKernels ? .standard() : nil)
  }

  /// - Parameter chooser: never asked in the deterministic mode.
  init(options: CPUOptions, chooser: KernelChooser?) {
    self.options = options
    self.chooser = options.isDeterministic ? nil : chooser
  }

  /// Tells libgomp, whose pool all kernels share, how many threads this thread's kernels use.
  ///
  /// oneDNN splits work differently for every number of threads, so the deterministic mode runs it on one.
  package func prepareThread() {
    omp_set_num_threads(Int32(options.isDeterministic ? 1 : options.threads))
    chooser?.begin()
  }

  package func layouts(for node: Graph.Node, inputTypes: [TensorType], inputLayouts: [Layout]) -> LayoutChoice? {
    switch node.operation {
    case is Convolution, is FinishedConvolution, is ConvolutionBackwardData, is ConvolutionBackwardWeights:
      ConvolutionKernel.layouts(node, inputTypes, options, chooser)
    case is PooledConvolution, is PooledConvolutionBackwardWeights:
      PooledConvolutionKernel.layouts(node, inputTypes, options)
    case is MaxPool, is MaxPoolBackward, is AveragePool, is AveragePoolBackward:
      PoolingKernel.layouts(node, inputTypes, inputLayouts)
    case is BatchNormTraining, is RectifiedBatchNorm, is PooledBatchNorm, is BatchNormTrainingBackward,
      is RectifiedBatchNormBackward, is PooledBatchNormBackward:
      BatchNormKernel.layouts(node, inputTypes, inputLayouts)
    case is LocalResponse, is LocalResponseBackward: LocalResponseKernel.layouts(inputTypes, inputLayouts)
    case is Resample, is ResampleBackward: ResampleKernel.layouts(inputTypes, inputLayouts)
    case is Slice, is Unslice, is Pad, is Concatenate: ChannelBlocks.layouts(node, inputTypes, inputLayouts)
    default: nil
    }
  }

  package func prefers(_ merged: any Primitive, inputTypes: [TensorType]) -> Bool {
    PooledConvolutionKernel.paysOff(merged, inputTypes, options)
  }

  package func preparedOperand(
    of node: Graph.Node, inputTypes: [TensorType], inputLayouts: [Layout]
  ) -> PreparedOperand? {
    ConvolutionKernel.preparedOperand(node, inputTypes, inputLayouts, options, chooser)
  }

  package func preparedLoopOperand(of operation: any Primitive, inputTypes: [TensorType]) -> PreparedOperand? {
    (operation as? MatMul).flatMap { PackedMatMul.preparedOperand($0, inputTypes) }
  }

  package func kernel(for node: Graph.Node, inputTypes: [TensorType], inputLayouts: [Layout]) -> Kernel {
    chooser?.finish()
    let context = LoweringContext(
      node: node, inputTypes: inputTypes, inputLayouts: inputLayouts, options: options, chooser: chooser)
    if let kernel = ownKernel(context) { return kernel }
    let reference = referenceKernel(for: node, inputTypes: inputTypes)
    let isPlain = inputLayouts.allSatisfy(\.isPlain) && node.layouts.allSatisfy(\.isPlain)
    return isPlain ? reference : PlainDetour.around(reference, context)
  }

  private func ownKernel(_ context: LoweringContext) -> Kernel? {
    switch context.node.operation {
    case let fused as FusedElementwise: ElementwiseKernel.kernel(fused, context)
    case let fused as FusedReduce: ElementwiseKernel.kernel(fused, context)
    case let reduce as Reduce: ReductionKernel.kernel(reduce, context)
    case let product as MatMul: MatMulKernel.kernel(product, context)
    case let packing as PackedOperand: packing.kernel(threads: Int32(options.threads))
    case let product as PackedMatMul: product.kernel(options)
    case is Broadcast: MovementKernel.broadcast(context)
    case let transpose as Transpose: MovementKernel.transpose(transpose, context)
    case let reorder as Reorder: MovementKernel.reorder(reorder, context)
    case is Convolution, is FinishedConvolution, is ConvolutionBackwardData, is ConvolutionBackwardWeights:
      ConvolutionKernel.kernel(context)
    case is PooledConvolution, is PooledConvolutionBackwardWeights: PooledConvolutionKernel.kernel(context)
    case let weights as WinogradWeights: weights.convolution.weightKernel(threads: Int32(options.threads))
    case let convolution as PreparedWinograd: convolution.convolution.preparedKernel(threads: Int32(options.threads))
    case is MaxPool, is MaxPoolBackward, is AveragePool, is AveragePoolBackward: PoolingKernel.kernel(context)
    case is BatchNormTraining, is RectifiedBatchNorm, is PooledBatchNorm, is BatchNormTrainingBackward,
      is RectifiedBatchNormBackward, is PooledBatchNormBackward:
      BatchNormKernel.kernel(context)
    case let response as LocalResponse: LocalResponseKernel.kernel(response, isBackward: false, context)
    case let response as LocalResponseBackward:
      LocalResponseKernel.kernel(response.forward, isBackward: true, context)
    case let resample as Resample: ResampleKernel.kernel(resample.geometry, isBackward: false, context)
    case let resample as ResampleBackward: ResampleKernel.kernel(resample.geometry, isBackward: true, context)
    case let softmax as Softmax: SoftmaxKernel.kernel(softmax, context)
    case let softmax as SoftmaxBackward: SoftmaxKernel.kernel(softmax, context)
    case is LSTMStep, is LSTMStepBackward, is GRUStep, is GRUStepBackward: RecurrentKernel.kernel(context)
    case let slice as Slice: IndexingKernel.slice(slice, context)
    case let unslice as Unslice: IndexingKernel.unslice(unslice, context)
    case let pad as Pad: IndexingKernel.pad(pad, context)
    case let concatenate as Concatenate: IndexingKernel.concatenate(concatenate, context)
    case let gather as Gather: IndexingKernel.gather(gather, context)
    case is GatherElements, is ScatterAddElements:
      ClassPickKernel.kernel(
        context, reference: referenceKernel(for: context.node, inputTypes: context.inputTypes))
    case let scatter as ScatterAdd: IndexingKernel.scatterAdd(scatter, context)
    case is FirstPositions: RowKernel.firstPositions(context)
    case is ReplaceRows: RowKernel.replaceRows(context)
    case let reduce as ArgReduce: IndexingKernel.argReduce(reduce, context)
    case let random as Random: RandomKernel.kernel(random, context)
    case is Reshape, is Materialize: MovementKernel.copy(context)
    case let scan as Scan: ScanKernel.kernel(scan, context, backend: self)
    default: nil
    }
  }
}

/// What a kernel is made from.
struct LoweringContext {
  let node: Graph.Node
  let inputTypes: [TensorType]
  let inputLayouts: [Layout]
  let options: CPUOptions
  let chooser: KernelChooser?

  var outputType: TensorType { node.types[0] }

  func outputLayout(_ output: Int) -> Layout { node.layouts.isEmpty ? .plain : node.layouts[output] }
}

extension DType {
  /// The number by which the C kernels know the type.
  var kernelCode: Int32 {
    switch self {
    case .float32: 0
    case .float64: 1
    case .int32: 2
    case .int64: 3
    case .uint8: 4
    case .bool: 5
    }
  }
}

/// Constant arrays handed to C kernels, alive as long as the kernel that captures them.
///
/// `@unchecked Sendable`: the memory is written in `init` and only read afterwards.
final class ConstantArray<Element>: @unchecked Sendable {
  let pointer: UnsafeMutablePointer<Element>
  private let count: Int

  init(_ elements: [Element]) {
    count = elements.count
    pointer = .allocate(capacity: max(count, 1))
    pointer.initialize(from: elements, count: count)
  }

  deinit {
    pointer.deinitialize(count: count)
    pointer.deallocate()
  }
}
