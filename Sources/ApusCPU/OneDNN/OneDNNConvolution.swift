import ApusCompiler
import ApusTensor
import COneDNN

/// Convolutions by oneDNN, in the layouts it prefers.
struct OneDNNConvolution {
  /// Which of the three computations.
  enum Pass {
    case forward(hasBias: Bool, adds: Bool, relu: Bool)
    case backwardData
    case backwardWeights(hasBias: Bool)
  }

  let pass: Pass
  let geometry: ConvolutionGeometry
  let image: Shape
  let weights: Shape
  let result: Shape

  /// The weights as oneDNN sees them: groups become an axis of their own.
  private var groupedWeights: Shape {
    geometry.groups == 1
      ? weights : [geometry.groups, weights[0] / geometry.groups, weights[1], weights[2], weights[3]]
  }

  private var hasGroups: Bool { geometry.groups > 1 }

  /// The description of the primitive; nil when oneDNN cannot do it. The caller owns it.
  private func description() -> dnnl_primitive_desc_t? {
    var image = OneDNN.descriptor(image, nil)
    var weights = OneDNN.descriptor(groupedWeights, nil)
    var bias = OneDNN.descriptor([self.weights[0]], .plain)
    var result = OneDNN.descriptor(result, nil)
    func pair(_ size: Size2D) -> [Int64] { [Int64(size.height), Int64(size.width)] }
    let strides = pair(geometry.stride)
    let dilations = pair(Size2D(geometry.dilation.height - 1, geometry.dilation.width - 1))
    let (low, high) = (pair(geometry.paddingLow), pair(geometry.paddingHigh))
    func forward(hasBias: Bool, adds: Bool = false, relu: Bool = false) -> dnnl_primitive_desc_t? {
      var operation = dnnl_convolution_desc_t()
      let status = withUnsafePointer(to: &bias) { bias in
        dnnl_dilated_convolution_forward_desc_init(
          &operation, dnnl_forward_training, dnnl_convolution_direct, &image, &weights, hasBias ? bias : nil, &result,
          strides, dilations, low, high)
      }
      return status == dnnl_success ? OneDNNDescription.make(&operation, adds: adds, relu: relu) : nil
    }
    switch pass {
    case .forward(let hasBias, let adds, let relu): return forward(hasBias: hasBias, adds: adds, relu: relu)
    case .backwardData:
      guard let hint = forward(hasBias: false) else { return nil }
      defer { dnnl_primitive_desc_destroy(hint) }
      var operation = dnnl_convolution_desc_t()
      let status = dnnl_dilated_convolution_backward_data_desc_init(
        &operation, dnnl_convolution_direct, &image, &weights, &result, strides, dilations, low, high)
      return status == dnnl_success ? OneDNNDescription.make(&operation, hint: hint) : nil
    case .backwardWeights(let hasBias):
      guard let hint = forward(hasBias: hasBias) else { return nil }
      defer { dnnl_primitive_desc_destroy(hint) }
      var operation = dnnl_convolution_desc_t()
      let status = withUnsafePointer(to: &bias) { bias in
        dnnl_dilated_convolution_backward_weights_desc_init(
          &operation, dnnl_convolution_direct, &image, &weights, hasBias ? bias : nil, &result, strides, dilations, low,
          high)
      }
      return status == dnnl_success ? OneDNNDescription.make(&operation, hint: hint) : nil
    }
  }

  /// Memory of the operands as oneDNN chose it: image, weights, result.
  private func memory(
    _ description: dnnl_primitive_desc_t?
  ) -> (dnnl_memory_desc_t, dnnl_memory_desc_t, dnnl_memory_desc_t) {
    func query(_ kind: dnnl_query_t) -> dnnl_memory_desc_t { OneDNNDescription.memory(description, kind) }
    switch pass {
    case .forward: return (query(dnnl_query_src_md), query(dnnl_query_weights_md), query(dnnl_query_dst_md))
    case .backwardData:
      return (query(dnnl_query_diff_src_md), query(dnnl_query_weights_md), query(dnnl_query_diff_dst_md))
    case .backwardWeights:
      return (query(dnnl_query_src_md), query(dnnl_query_diff_weights_md), query(dnnl_query_diff_dst_md))
    }
  }

  /// The layouts oneDNN prefers; nil when it cannot do the convolution or its layouts cannot be named.
  func layouts() -> LayoutChoice? {
    guard let description = description() else { return nil }
    defer { dnnl_primitive_desc_destroy(description) }
    let (imageMemory, weightMemory, resultMemory) = memory(description)
    guard let image = OneDNN.layout(of: imageMemory), let result = OneDNN.layout(of: resultMemory),
      let weights = hasGroups ? .plain : OneDNN.layout(of: weightMemory)
    else { return nil }
    switch pass {
    case .forward(let hasBias, let adds, _):
      return LayoutChoice(
        inputs: [image, weights] + (hasBias ? [.plain] : []) + (adds ? [result] : []), outputs: [result], lasting: [1])
    case .backwardData: return LayoutChoice(inputs: [result, weights], outputs: [image], lasting: [1])
    case .backwardWeights(let hasBias):
      return LayoutChoice(inputs: [image, result], outputs: [weights] + (hasBias ? [.plain] : []))
    }
  }

  /// The kernel in the layouts of `layouts()`.
  func kernel() -> Kernel? {
    guard let description = description() else { return nil }
    let (image, weights, result) = memory(description)
    let bias = OneDNN.descriptor([self.weights[0]], .plain)
    // Kernel arguments: inputs, outputs, scratch.
    var arguments: [(index: Int32, memory: dnnl_memory_desc_t, place: Int)]
    let weightPlace: Int
    let scratch: Int
    /// The place of the value the result is added to.
    var added: Int?
    switch pass {
    case .forward(let hasBias, let adds, _):
      weightPlace = 1
      scratch = (hasBias ? 4 : 3) + (adds ? 1 : 0)
      if adds { added = scratch - 2 }
      arguments = [(DNNL_ARG_SRC, image, 0), (DNNL_ARG_DST, result, scratch - 1)]
      if hasBias { arguments.append((DNNL_ARG_BIAS, bias, 2)) }
    case .backwardData:
      weightPlace = 1
      scratch = 3
      arguments = [(DNNL_ARG_DIFF_DST, result, 0), (DNNL_ARG_DIFF_SRC, image, 2)]
    case .backwardWeights(let hasBias):
      weightPlace = 2
      scratch = hasBias ? 4 : 3
      arguments = [(DNNL_ARG_SRC, image, 0), (DNNL_ARG_DIFF_DST, result, 1)]
      if hasBias { arguments.append((DNNL_ARG_DIFF_BIAS, bias, 3)) }
    }
    // The library adds to what lies where the result goes.
    var resultMemory = result
    let addedBytes = dnnl_memory_desc_get_size(&resultMemory)
    let addedPlace = added
    let inPlace = added.map { [(input: $0, output: 0)] } ?? []
    @Sendable func moveAdded(_ arguments: KernelArguments) {
      guard let addedPlace, arguments[addedPlace] != arguments[addedPlace + 1] else { return }
      arguments[addedPlace + 1].copyMemory(from: arguments[addedPlace], byteCount: addedBytes)
    }
    let isWeightGradient = if case .backwardWeights = pass { true } else { false }
    let weightIndex = isWeightGradient ? DNNL_ARG_DIFF_WEIGHTS : DNNL_ARG_WEIGHTS
    if !hasGroups {
      let primitive = OneDNNPrimitive(
        description, arguments: arguments + [(weightIndex, weights, weightPlace)], scratchArgument: scratch)
      return Kernel(scratchBytes: primitive.scratchBytes, inPlace: inPlace) { arguments in
        moveAdded(arguments)
        primitive.run(arguments)
      }
    }
    // Grouped weights are plain outside and reordered around the primitive, in the scratch memory.
    let primitive = OneDNNPrimitive(
      description, arguments: arguments + [(weightIndex, weights, scratch + 1)], scratchArgument: scratch)
    guard let reorder = weightReorder(weights, isWeightGradient: isWeightGradient) else { return nil }
    var blocked = weights
    let offset = (primitive.scratchBytes + 63) / 64 * 64
    let bytes = offset + dnnl_memory_desc_get_size(&blocked) + 64
    return Kernel(scratchBytes: bytes, inPlace: inPlace) { arguments in
      moveAdded(arguments)
      withUnsafeTemporaryAllocation(of: UnsafeMutableRawPointer.self, capacity: scratch + 4) { list in
        guard let base = list.baseAddress else { return }
        for index in 0...scratch { (base + index).initialize(to: arguments[index]) }
        (base + scratch + 1).initialize(to: arguments[scratch] + offset)
        (base + scratch + 2).initialize(to: arguments[weightPlace])
        (base + scratch + 3).initialize(to: arguments[scratch] + offset)
        if isWeightGradient {
          primitive.run(base)
          base[scratch + 2] = arguments[scratch] + offset
          base[scratch + 3] = arguments[weightPlace]
          reorder.run(base + scratch + 2)
        } else {
          reorder.run(base + scratch + 2)
          primitive.run(base)
        }
      }
    }
  }

  private func weightReorder(_ blocked: dnnl_memory_desc_t, isWeightGradient: Bool) -> OneDNNPrimitive? {
    let plain = OneDNN.descriptor(groupedWeights, .plain)
    var (source, target) = isWeightGradient ? (blocked, plain) : (plain, blocked)
    var description: dnnl_primitive_desc_t?
    guard
      dnnl_reorder_primitive_desc_create(&description, &source, OneDNN.engine, &target, OneDNN.engine, nil)
        == dnnl_success
    else { return nil }
    return OneDNNPrimitive(
      description, arguments: [(DNNL_ARG_FROM, source, 0), (DNNL_ARG_TO, target, 1)], scratchArgument: nil)
  }
}
