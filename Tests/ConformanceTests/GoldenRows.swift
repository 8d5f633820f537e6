import ApusTensor
import GoldenFiles

/// How one of PyTorch's functions is written with Apus.
struct GoldenRow: Sendable {
  /// The roles of the inputs, in order; those a case lacks are left out.
  var inputs: [String]
  /// The roles of the outputs.
  var outputs = ["output"]
  /// The outputs of a case.
  var body: @Sendable (GoldenFile.Case, [Tensor]) -> [Tensor]

  static func unary(_ body: @escaping @Sendable (Tensor) -> Tensor) -> GoldenRow {
    GoldenRow(inputs: ["x"]) { _, x in [body(x[0])] }
  }
  static func activation(_ body: @escaping @Sendable (GoldenFile.Case, Tensor) -> Tensor) -> GoldenRow {
    GoldenRow(inputs: ["input"]) { golden, x in [body(golden, x[0])] }
  }
  /// A normalization with scale and shift as far as the case has them.
  static func normalization(
    _ body: @escaping @Sendable (GoldenFile.Case, Tensor, _ scale: Tensor?, _ shift: Tensor?) -> Tensor
  ) -> GoldenRow {
    GoldenRow(inputs: ["input", "weight", "bias"]) { golden, x in
      let scale = golden.has("weight") ? x[1] : nil
      return [body(golden, x[0], scale, golden.has("bias") ? x[scale == nil ? 1 : 2] : nil)]
    }
  }
  static func binary(_ body: @escaping @Sendable (Tensor, Tensor) -> Tensor) -> GoldenRow {
    GoldenRow(inputs: ["x", "y"]) { _, x in [body(x[0], x[1])] }
  }
  static func options(_ body: @escaping @Sendable (GoldenFile.Case, Tensor) -> Tensor) -> GoldenRow {
    GoldenRow(inputs: ["x"]) { golden, x in [body(golden, x[0])] }
  }
  /// A reduction: along axes that stay, or disappear.
  static func reduction(
    _ body: @escaping @Sendable (Tensor, _ axes: [Int], _ keeps: Bool) -> Tensor
  ) -> GoldenRow {
    options { golden, x in
      let axes = golden.integers("dim")
      return body(x, axes.isEmpty ? Array(0..<x.rank) : axes, golden.options["keepdim"]?.isTrue ?? false)
    }
  }
}

extension GoldenFile.Case {
  func integers(_ option: String) -> [Int] { options[option]?.integers ?? [] }
  func integer(_ option: String) -> Int { integers(option).first ?? 0 }
  func double(_ option: String) -> Double { options[option]?.double ?? 0 }
  func isTrue(_ option: String) -> Bool { options[option]?.isTrue ?? false }
  func size(_ option: String, default value: Int = 1) -> Size2D {
    let values = integers(option)
    return values.count == 2 ? Size2D(values[0], values[1]) : Size2D(values.first ?? value)
  }
  var convolution: ConvolutionGeometry {
    ConvolutionGeometry(
      stride: size("stride"), paddingLow: size("padding"), dilation: size("dilation"),
      groups: Swift.max(integer("groups"), 1))
  }
  var pooling: PoolGeometry {
    PoolGeometry(
      kernel: size("kernel_size"), stride: size("stride"), paddingLow: size("padding"), dilation: size("dilation"),
      usesCeiling: isTrue("ceil_mode"))
  }
}

/// Every function of a subject that has golden cases, by PyTorch's name.
let goldenRows: [String: [String: GoldenRow]] = [
  "tensor_ops": elementRows.merging(movementRows) { $1 }, "reductions": reductionRows, "activations": activationRows,
  "further_activations": activationRows, "normalizations": normalizationRows,
  "convolution": ["conv2d": convolutionRow], "pooling": poolingRows, "further_pooling": poolingRows,
  "spatial": spatialRows,
  "resampling": spatialRows,
]

private let elementRows: [String: GoldenRow] = [
  "exp": .unary { exp($0) }, "neg": .unary { -$0 }, "abs": .unary { abs($0) }, "square": .unary { $0.squared() },
  "sin": .unary { sin($0) }, "cos": .unary { cos($0) }, "tan": .unary { tan($0) }, "atan": .unary { atan($0) },
  "sinh": .unary { sinh($0) }, "cosh": .unary { cosh($0) }, "erf": .unary { erf($0) }, "expm1": .unary { expm1($0) },
  "reciprocal": .unary { $0.reciprocal() }, "sign": .unary { $0.sign() }, "floor": .unary { floor($0) },
  "ceil": .unary { ceil($0) }, "round": .unary { $0.rounded() }, "log": .unary { log($0) },
  "log1p": .unary { log1p($0) }, "log2": .unary { log2($0) }, "sqrt": .unary { sqrt($0) },
  "rsqrt": .unary { $0.reciprocalSquareRoot() }, "isnan": .unary { $0.isNaN }, "isfinite": .unary { $0.isFinite },
  "logical_not": .unary { !$0 },
  "clamp": .options { golden, x in
    var y = x
    if golden.options["min"] != nil { y = y.clamped(above: golden.double("min")) }
    if golden.options["max"] != nil { y = y.clamped(below: golden.double("max")) }
    return y
  },
  "pow_scalar": .options { golden, x in pow(x, golden.double("exponent")) },
  "add": .binary { $0 + $1 }, "sub": .binary { $0 - $1 }, "mul": .binary { $0 * $1 }, "div": .binary { $0 / $1 },
  "pow": .binary { pow($0, $1) }, "maximum": .binary { max($0, $1) }, "minimum": .binary { min($0, $1) },
  "atan2": .binary { atan2($0, $1) }, "remainder": .binary { $0.flooredRemainder(dividingBy: $1) },
  "floor_divide": .binary { $0.flooredQuotient(dividingBy: $1) },
  "eq": .binary { $0 .== $1 }, "ne": .binary { $0 .!= $1 }, "lt": .binary { $0 .< $1 }, "le": .binary { $0 .<= $1 },
  "gt": .binary { $0 .> $1 }, "ge": .binary { $0 .>= $1 }, "logical_and": .binary { $0 .&& $1 },
  "logical_or": .binary { $0 .|| $1 }, "logical_xor": .binary { $0.exclusiveOr($1) },
  "where": GoldenRow(inputs: ["condition", "x", "y"]) { _, x in [`where`(x[0], x[1], x[2])] },
]

private let movementRows: [String: GoldenRow] = [
  "permute": .options { golden, x in x.transposed(permutation: golden.integers("dims")) },
  "transpose": .options { golden, x in
    var order = Array(0..<x.rank)
    order.swapAt(golden.integer("dim0"), (golden.integer("dim1") + x.rank) % x.rank)
    return x.transposed(permutation: order)
  },
  "reshape": .options { golden, x in x.reshaped(to: golden.integers("shape")) },
  "permute_reshape": .options { golden, x in
    x.transposed(permutation: golden.integers("dims")).reshaped(to: golden.integers("shape"))
  },
  "flatten": .options { golden, x in x.flattened(from: golden.integer("start_dim")) },
  "expand": .options { golden, x in x.broadcast(to: Shape(golden.integers("shape"))) },
  "slice": .options { golden, x in
    let (start, stop, step) = (golden.integers("start"), golden.integers("stop"), golden.integers("step"))
    func part(_ axis: Int) -> TensorIndex { .slice(from: start[axis], to: stop[axis], by: step[axis]) }
    return x[part(0), part(1), part(2)]
  },
  "select": .options { golden, x in x[0..., golden.integer("index")] },
  "flip": .options { golden, x in x.flipped(axes: golden.integers("dims")) },
  "roll": .options { golden, x in x.rolled(by: golden.integer("shift"), axis: golden.integer("dim")) },
  "repeat": .options { golden, x in x.tiled(golden.integers("repeats")) },
  "unsqueeze": .options { golden, x in x.expandingShape(at: golden.integer("dim")) },
  "pad": .options { golden, x in
    x.padded(before: golden.integers("before"), after: golden.integers("after"), with: golden.double("value"))
  },
  "triu": .options { golden, x in x.upperTriangle(diagonal: golden.integer("diagonal")) },
  "tril": .options { golden, x in x.lowerTriangle(diagonal: golden.integer("diagonal")) },
  "cat": GoldenRow(inputs: ["x", "y", "z"]) { golden, x in [concatenate(x, axis: golden.integer("dim"))] },
  "stack": GoldenRow(inputs: ["x", "y"]) { golden, x in [stack(x, axis: golden.integer("dim"))] },
  "split": GoldenRow(inputs: ["x"], outputs: ["output0", "output1"]) { golden, x in
    x[0].split(sizes: golden.integers("sizes"), axis: golden.integer("dim"))
  },
  "gather": GoldenRow(inputs: ["x", "index"]) { golden, x in
    [x[0].gatheredElements(at: x[1], axis: golden.integer("dim"))]
  },
  "scatter_add": GoldenRow(inputs: ["x", "source", "index"]) { golden, x in
    [x[0].addingElements(x[1], at: x[2], axis: golden.integer("dim"))]
  },
  "index_select": GoldenRow(inputs: ["x", "index"]) { golden, x in
    [x[0].gathered(at: x[1], axis: golden.integer("dim"))]
  },
  "index_add": GoldenRow(inputs: ["x", "source", "index"]) { golden, x in
    [x[0].addingSlices(x[1], at: x[2], axis: golden.integer("dim"))]
  },
  "embedding": GoldenRow(inputs: ["weight", "index"]) { _, x in [x[0].gathered(at: x[1])] },
  "one_hot": GoldenRow(inputs: ["index"]) { golden, x in
    [x[0].oneHot(depth: golden.integer("num_classes"), dtype: .int64)]
  },
  "argmax": .options { golden, x in x.argMax(axis: golden.integer("dim")) },
  "argmin": .options { golden, x in x.argMin(axis: golden.integer("dim")) },
  "cumsum": .options { golden, x in x.cumulativeSum(axis: golden.integer("dim")) },
  "cumprod": .options { golden, x in x.cumulativeProduct(axis: golden.integer("dim")) },
  "sort": GoldenRow(inputs: ["x"], outputs: ["output", "indices"]) { golden, x in
    let (axis, descending) = (golden.integer("dim"), golden.isTrue("descending"))
    return [x[0].sorted(axis: axis, descending: descending), x[0].argSorted(axis: axis, descending: descending)]
  },
  "topk": GoldenRow(inputs: ["x"], outputs: ["output", "indices"]) { golden, x in
    let (values, indices) = x[0].topK(
      golden.integer("k"), axis: golden.integer("dim"), largest: golden.isTrue("largest"))
    return [values, indices]
  },
]

private let reductionRows: [String: GoldenRow] = [
  "matmul": .binary { matmul($0, $1) },
  "sum": .reduction { x, axes, keeps in keeps ? x.sum(alongAxes: axes) : x.sum(squeezingAxes: axes) },
  "mean": .reduction { x, axes, keeps in keeps ? x.mean(alongAxes: axes) : x.mean(squeezingAxes: axes) },
  "max": .reduction { x, axes, keeps in keeps ? x.max(alongAxes: axes) : x.max(squeezingAxes: axes) },
  "min": .reduction { x, axes, keeps in keeps ? x.min(alongAxes: axes) : x.min(squeezingAxes: axes) },
  "prod": .reduction { x, axes, keeps in keeps ? x.product(alongAxes: axes) : x.product(squeezingAxes: axes) },
  "var": .reduction { x, axes, keeps in keeps ? x.variance(alongAxes: axes) : x.variance(squeezingAxes: axes) },
  "var_unbiased": .reduction { x, axes, keeps in
    keeps ? x.variance(alongAxes: axes, correction: 1) : x.variance(squeezingAxes: axes, correction: 1)
  },
  "std_unbiased": .reduction { x, axes, keeps in
    keeps
      ? sqrt(x.variance(alongAxes: axes, correction: 1)) : x.standardDeviation(squeezingAxes: axes, correction: 1)
  },
  "logsumexp": .reduction { x, axes, keeps in
    keeps ? logSumExp(x, alongAxes: axes) : logSumExp(x, squeezingAxes: axes)
  },
  "norm": .reduction { x, axes, keeps in keeps ? x.norm(alongAxes: axes) : x.norm(squeezingAxes: axes) },
  "any": .reduction { x, axes, _ in x.any(squeezingAxes: axes) },
  "all": .reduction { x, axes, _ in x.all(squeezingAxes: axes) },
]

private let activationRows: [String: GoldenRow] = [
  "relu": .activation { relu($1) }, "sigmoid": .activation { sigmoid($1) }, "tanh": .activation { tanh($1) },
  "leaky_relu": .activation { leakyReLU($1, slope: $0.double("negative_slope")) },
  "elu": .activation { elu($1, alpha: $0.double("alpha")) },
  "softplus": .activation { softplus($1, beta: $0.double("beta"), threshold: $0.double("threshold")) },
  "gelu": .activation { gelu($1, usesTanh: $0.options["approximate"]?.text == "tanh") },
  "silu": .activation { silu($1) }, "selu": .activation { selu($1) }, "relu6": .activation { relu6($1) },
  "hardtanh": .activation { hardTanh($1, $0.double("min_val")...$0.double("max_val")) },
  "hardsigmoid": .activation { hardSigmoid($1) }, "hardswish": .activation { hardSwish($1) },
  "softsign": .activation { softSign($1) }, "mish": .activation { mish($1) },
  "logsigmoid": .activation { logSigmoid($1) },
  "prelu": GoldenRow(inputs: ["input", "weight"]) { _, x in [prelu(x[0], slope: x[1])] },
  "softmax": .activation { softmax($1, axis: $0.integer("dim")) },
  "log_softmax": .activation { logSoftmax($1, axis: $0.integer("dim")) },
  "softmin": .activation { softmin($1, axis: $0.integer("dim")) }, "identity": .activation { $1 },
  "arctan": .activation { atan($1) }, "celu": .activation { celu($1, alpha: $0.double("alpha")) },
  "hardshrink": .activation { hardShrink($1, limit: $0.double("lambd")) },
  "softshrink": .activation { softShrink($1, limit: $0.double("lambd")) },
  "tanhshrink": .activation { tanhShrink($1) },
  "threshold": .activation { threshold($1, limit: $0.double("threshold"), value: $0.double("value")) },
  "hard_threshold": .activation { hardThreshold($1, beta: $0.double("threshold")) },
  "rrelu": .activation { leakyReLU($1, slope: ($0.double("lower") + $0.double("upper")) / 2) },
]

private let normalizationRows: [String: GoldenRow] = [
  "layer_norm": .normalization { golden, x, scale, shift in
    let axes = golden.integers("normalized_shape").count
    return layerNorm(x, axes: axes, scale: scale, shift: shift, epsilon: golden.double("eps"))
  },
  "group_norm": .normalization { golden, x, scale, shift in
    groupNorm(
      x, groups: golden.integer("num_groups"), scale: scale, shift: shift, epsilon: golden.double("eps"))
  },
  "instance_norm": .normalization { golden, x, scale, shift in
    groupNorm(x, groups: x.shape[1], scale: scale, shift: shift, epsilon: golden.double("eps"))
  },
  "local_response_norm": .activation { golden, x in
    localResponseNorm(
      x, size: golden.integer("size"), alpha: golden.double("alpha"), beta: golden.double("beta"),
      k: golden.double("k"))
  },
]

private let convolutionRow = GoldenRow(inputs: ["input", "weight", "bias"]) { golden, x in
  [conv2D(x[0], x[1], bias: x.count > 2 ? x[2] : nil, geometry: golden.convolution)]
}

private let poolingRows: [String: GoldenRow] = [
  "max_pool2d": .activation { $1.maxPooled($0.pooling) },
  "avg_pool2d": .activation { $1.averagePooled($0.pooling, countsPadding: $0.isTrue("count_include_pad")) },
]

/// Functions whose derivatives of higher order have golden cases.
let higherOrderRows: [String: GoldenRow] = [
  "tanh": .unary { tanh($0) }, "exp": .unary { exp($0) }, "sigmoid": .unary { sigmoid($0) }, "log": .unary { log($0) },
  "sqrt": .unary { sqrt($0) }, "pow": .options { golden, x in pow(x, golden.double("exponent")) },
  "softplus": .unary { softplus($0) }, "conv2d": convolutionRow,
  "linear": GoldenRow(inputs: ["input", "weight", "bias"]) { _, x in [matmul(x[0], x[1].transposed()) + x[2]] },
  "softmax": .activation { softmax($1, axis: $0.integer("dim")) },
  "batch_norm": GoldenRow(inputs: ["input", "weight", "bias"]) { golden, x in
    [batchNorm(x[0], scale: x[1], shift: x[2], epsilon: golden.double("eps")).y]
  },
  "avg_pool2d": .activation { $1.averagePooled($0.pooling) },
  "max_pool2d": .activation { $1.maxPooled($0.pooling) },
]
