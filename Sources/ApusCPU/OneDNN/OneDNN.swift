import ApusCompiler
import ApusTensor
import COneDNN

/// The oneDNN library: one engine, one stream, and descriptions of memory in its terms.
enum OneDNN {
  /// The processor, as oneDNN sees it.
  ///
  /// `nonisolated(unsafe)`: an opaque handle made once; oneDNN's engines and in-order CPU streams may be used by any
  /// thread, one at a time, which the graph lock ensures.
  nonisolated(unsafe) static let engine: dnnl_engine_t? = {
    var engine: dnnl_engine_t?
    check(dnnl_engine_create(&engine, dnnl_cpu, 0), "creating the engine")
    return engine
  }()

  /// The queue in which primitives run, in the calling thread.
  ///
  /// `nonisolated(unsafe)`: as for the engine.
  nonisolated(unsafe) static let stream: dnnl_stream_t? = {
    var stream: dnnl_stream_t?
    check(dnnl_stream_create(&stream, engine, UInt32(dnnl_stream_default_flags.rawValue)), "creating the stream")
    return stream
  }()

  /// Stops with the library's own code: calls fail only by a mistake of this backend or lack of memory.
  static func check(_ status: dnnl_status_t, _ action: @autoclosure () -> String) {
    guard status == dnnl_success else { fatalError("oneDNN failed when \(action()): status \(status.rawValue)") }
  }

  private static func withDimensions<Result>(
    _ dimensions: inout dnnl_dims_t, _ body: (UnsafeMutablePointer<Int64>) -> Result
  ) -> Result {
    withUnsafeMutablePointer(to: &dimensions) { tuple in
      tuple.withMemoryRebound(to: Int64.self, capacity: 12) { body($0) }
    }
  }

  /// A description of f32 memory; nil as the layout leaves the choice to the library.
  static func descriptor(_ shape: Shape, _ layout: Layout?, dtype: DType = .float32) -> dnnl_memory_desc_t {
    var descriptor = dnnl_memory_desc_t()
    descriptor.ndims = Int32(shape.rank)
    let type: dnnl_data_type_t = dtype == .int32 ? dnnl_s32 : (dtype == .uint8 || dtype == .bool ? dnnl_u8 : dnnl_f32)
    descriptor.data_type = type
    let padded = layout?.paddedShape(shape) ?? shape
    withDimensions(&descriptor.dims) { for axis in 0..<shape.rank { $0[axis] = Int64(shape[axis]) } }
    withDimensions(&descriptor.padded_dims) { for axis in 0..<shape.rank { $0[axis] = Int64(padded[axis]) } }
    guard let layout else {
      descriptor.format_kind = dnnl_format_kind_any
      return descriptor
    }
    descriptor.format_kind = dnnl_blocked
    var step = layout.blocks.reduce(1) { $0 * $1.size }
    let order = layout.order.isEmpty ? Array(0..<shape.rank) : layout.order
    withDimensions(&descriptor.format_desc.blocking.strides) { strides in
      for axis in order.reversed() {
        strides[axis] = Int64(step)
        step *= padded[axis] / layout.blockSize(along: axis)
      }
    }
    descriptor.format_desc.blocking.inner_nblks = Int32(layout.blocks.count)
    withDimensions(&descriptor.format_desc.blocking.inner_blks) { list in
      for (index, block) in layout.blocks.enumerated() { list[index] = Int64(block.size) }
    }
    withDimensions(&descriptor.format_desc.blocking.inner_idxs) { list in
      for (index, block) in layout.blocks.enumerated() { list[index] = Int64(block.axis) }
    }
    return descriptor
  }

  /// The layout a description stands for; nil when it says more than a layout can.
  static func layout(of description: dnnl_memory_desc_t) -> Layout? {
    var description = description
    guard description.format_kind == dnnl_blocked, description.extra.flags == 0 else { return nil }
    let rank = Int(description.ndims)
    let blockCount = Int(description.format_desc.blocking.inner_nblks)
    var blocks: [Layout.Block] = []
    let sizes = withDimensions(&description.format_desc.blocking.inner_blks) { list in
      (0..<blockCount).map { Int(list[$0]) }
    }
    let axes = withDimensions(&description.format_desc.blocking.inner_idxs) { list in
      (0..<blockCount).map { Int(list[$0]) }
    }
    for index in 0..<blockCount { blocks.append(Layout.Block(axis: axes[index], size: sizes[index])) }
    let strides = withDimensions(&description.format_desc.blocking.strides) { list in (0..<rank).map { list[$0] } }
    let extents = withDimensions(&description.padded_dims) { list in (0..<rank).map { Int(list[$0]) } }
    let inner = Layout(order: [], blocks: blocks)
    // Axes of outer extent 1 can stand anywhere; they keep their place.
    let wide = (0..<rank).filter { extents[$0] > inner.blockSize(along: $0) }
    let sorted = wide.sorted { strides[$0] > strides[$1] }
    var order = Array(0..<rank)
    for (position, axis) in zip(wide, sorted) { order[position] = axis }
    return Layout(order: order, blocks: blocks)
  }

  /// A kernel that moves elements between layouts; nil for types the library does not move.
  static func reorder(_ type: TensorType, from: Layout, to: Layout) -> Kernel? {
    guard type.dtype == .float32 || type.dtype == .int32 || type.dtype == .uint8 || type.dtype == .bool else {
      return nil
    }
    var source = descriptor(type.shape, from, dtype: type.dtype)
    var target = descriptor(type.shape, to, dtype: type.dtype)
    var description: dnnl_primitive_desc_t?
    guard dnnl_reorder_primitive_desc_create(&description, &source, engine, &target, engine, nil) == dnnl_success else {
      return nil
    }
    let primitive = OneDNNPrimitive(
      description, arguments: [(DNNL_ARG_FROM, source, 0), (DNNL_ARG_TO, target, 1)], scratchArgument: nil)
    return Kernel { primitive.run($0) }
  }
}

/// A oneDNN primitive with its memory objects, bound to the arguments of a kernel.
///
/// `@unchecked Sendable`: the memory objects' addresses change only inside `run`, which the plan serialises.
final class OneDNNPrimitive: @unchecked Sendable {
  private struct Binding {
    let memory: dnnl_memory_t?
    let argument: Int
    var bound: UnsafeMutableRawPointer?
  }

  private let primitive: dnnl_primitive_t?
  private var bindings: [Binding] = []
  private var execution: [dnnl_exec_arg_t] = []
  /// Bytes of scratch memory the primitive works in.
  let scratchBytes: Int

  /// Makes the primitive of a description, which it takes over.
  ///
  /// - Parameters:
  ///   - description: the primitive description.
  ///   - arguments: for each argument its oneDNN index, its memory, and its place among the kernel's arguments.
  ///   - scratchArgument: the place of the scratch memory; nil when the library keeps its own.
  init(
    _ description: dnnl_primitive_desc_t?, arguments: [(index: Int32, memory: dnnl_memory_desc_t, place: Int)],
    scratchArgument: Int?
  ) {
    var made: dnnl_primitive_t?
    OneDNN.check(dnnl_primitive_create(&made, description), "creating a primitive")
    primitive = made
    var bytes = 0
    var all = arguments
    if let scratchArgument, let scratch = dnnl_primitive_desc_query_md(description, dnnl_query_scratchpad_md, 0) {
      bytes = dnnl_memory_desc_get_size(scratch)
      if bytes > 0 { all.append((DNNL_ARG_SCRATCHPAD, scratch.pointee, scratchArgument)) }
    }
    scratchBytes = bytes
    for argument in all {
      var memory: dnnl_memory_t?
      var descriptor = argument.memory
      OneDNN.check(dnnl_memory_create(&memory, &descriptor, OneDNN.engine, nil), "describing memory")
      bindings.append(Binding(memory: memory, argument: argument.place, bound: nil))
      execution.append(dnnl_exec_arg_t(arg: argument.index, memory: memory))
    }
    dnnl_primitive_desc_destroy(description)
  }

  func run(_ arguments: KernelArguments) {
    for index in bindings.indices {
      let address = arguments[bindings[index].argument]
      if bindings[index].bound != address {
        OneDNN.check(dnnl_memory_set_data_handle(bindings[index].memory, address), "binding memory")
        bindings[index].bound = address
      }
    }
    execution.withUnsafeBufferPointer { list in
      OneDNN.check(
        dnnl_primitive_execute(primitive, OneDNN.stream, Int32(list.count), list.baseAddress), "running a primitive")
    }
  }

  deinit {
    dnnl_primitive_destroy(primitive)
    for binding in bindings { dnnl_memory_destroy(binding.memory) }
  }
}

/// A oneDNN primitive description being made, with the scratch memory left to the plan.
enum OneDNNDescription {
  /// Makes a description from an operation descriptor; nil when the library has no implementation.
  static func make<Operation>(
    _ operation: inout Operation, hint: dnnl_primitive_desc_t? = nil, adds: Bool = false, relu: Bool = false
  ) -> dnnl_primitive_desc_t? {
    var attributes: dnnl_primitive_attr_t?
    OneDNN.check(dnnl_primitive_attr_create(&attributes), "making attributes")
    defer { dnnl_primitive_attr_destroy(attributes) }
    OneDNN.check(dnnl_primitive_attr_set_scratchpad_mode(attributes, dnnl_scratchpad_mode_user), "asking for scratch")
    if adds || relu {
      var operations: dnnl_post_ops_t?
      OneDNN.check(dnnl_post_ops_create(&operations), "making a post-operation")
      defer { dnnl_post_ops_destroy(operations) }
      if adds { OneDNN.check(dnnl_post_ops_append_sum(operations, 1), "adding a post-operation") }
      if relu {
        OneDNN.check(dnnl_post_ops_append_eltwise(operations, 1, dnnl_eltwise_relu, 0, 0), "adding a post-operation")
      }
      OneDNN.check(dnnl_primitive_attr_set_post_ops(attributes, operations), "adding post-operations")
    }
    var description: dnnl_primitive_desc_t?
    let status = withUnsafeMutablePointer(to: &operation) {
      dnnl_primitive_desc_create(&description, UnsafeMutableRawPointer($0), attributes, OneDNN.engine, hint)
    }
    return status == dnnl_success ? description : nil
  }

  /// One of the memory descriptions the library chose.
  static func memory(
    _ description: dnnl_primitive_desc_t?, _ query: dnnl_query_t, _ index: Int32 = 0
  ) -> dnnl_memory_desc_t {
    guard let found = dnnl_primitive_desc_query_md(description, query, index) else {
      fatalError("oneDNN did not describe the memory it was asked for")
    }
    return found.pointee
  }
}
