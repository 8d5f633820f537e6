import ApusCompiler
import ApusTensor
import CKernels

/// Sums, products and extrema along axes.
enum ReductionKernel {
  static func kind(_ reduction: Reduction) -> apus_reduction {
    switch reduction {
    case .sum: APUS_SUM
    case .maximum: APUS_MAX
    case .minimum: APUS_MIN
    case .product: APUS_PROD
    }
  }

  /// The shape seen as [outer, reduced, inner]; the axes are neighbours once extents of 1 are left out.
  static func view(_ shape: Shape, axes: [Int]) -> (outer: Int64, reduced: Int64, inner: Int64) {
    let wide = axes.filter { shape[$0] != 1 }.sorted()
    guard let first = wide.first, let last = wide.last else { return (Int64(shape.elementCount), 1, 1) }
    return (
      Int64(shape.prefix(first).reduce(1, *)), Int64(shape[first...last].reduce(1, *)),
      Int64(shape.dropFirst(last + 1).reduce(1, *))
    )
  }

  /// Runs of neighbouring axes, innermost first.
  private static func runs(_ shape: Shape, _ axes: [Int]) -> [[Int]] {
    let wide = shape.indices.filter { shape[$0] != 1 }
    var runs: [[Int]] = []
    for (position, axis) in wide.enumerated() where axes.contains(axis) {
      if position > 0, let last = runs.last?.last, last == wide[position - 1] {
        runs[runs.count - 1].append(axis)
      } else {
        runs.append([axis])
      }
    }
    return runs.reversed()
  }

  static func kernel(_ reduce: Reduce, _ context: LoweringContext) -> Kernel? {
    let type = context.inputTypes[0]
    guard type.dtype != .bool, type.dtype != .uint8 else { return nil }
    let kind = kind(reduce.reduction)
    let dtype = apus_dtype(rawValue: UInt32(type.dtype.kernelCode))
    // One pass per run of neighbouring axes; results in between go to scratch memory, at most two passes for images.
    var shape = type.shape
    var passes: [(outer: Int64, reduced: Int64, inner: Int64, threads: Int32)] = []
    for run in runs(shape, reduce.axes) {
      let (outer, reduced, inner) = view(shape, axes: run)
      passes.append((outer, reduced, inner, context.options.threads(forElements: shape.elementCount)))
      shape = shape.keeping(axes: run)
    }
    if passes.isEmpty { passes = [(Int64(type.shape.elementCount), 1, 1, 1)] }
    let half = passes.count > 1 ? (Int(passes[0].outer * passes[0].inner) * type.dtype.byteCount + 63) / 64 * 64 : 0
    let steps = passes
    return Kernel(scratchBytes: 2 * half) { arguments in
      var source = arguments[0]
      for (index, step) in steps.enumerated() {
        let target = index == steps.count - 1 ? arguments[1] : arguments[2] + (index % 2) * half
        apus_reduce(kind, dtype, source, target, step.outer, step.reduced, step.inner, step.threads)
        source = target
      }
    }
  }
}
