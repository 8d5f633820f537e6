import ApusTensor

/// Several operations of a trace that ONNX has one operator for.
enum MergedStep {
  /// `x weight^T + bias`.
  case gemm(x: Tensor, weight: Tensor, product: MatMul, bias: Tensor)
  /// `(x - mean) / sqrt(variance + epsilon) scale + shift`.
  case batchNorm(BatchNormMatch)
  /// A convolution with a batch normalization in its weights.
  case foldedConvolution(Convolution, inputs: [Tensor], norm: BatchNormMatch)
  /// `x` where it is positive, else `x slope` with a learnt slope.
  case prelu(x: Tensor, slope: Tensor)
}

/// The parts of a batch normalization with given statistics, as `batchNorm` records it.
struct BatchNormMatch {
  var x: Tensor
  var scale: Tensor
  var shift: Tensor
  var mean: Tensor
  var variance: Tensor
  var epsilon: Double

  /// Looks behind `x * reshape(factor) + reshape(offset)`.
  init?(_ sum: Node, _ trace: ExportTrace) {
    guard let (product, offset) = Self.operands(sum, .add), trace.isConstant(offset), trace.useCount(product) == 1,
      let (x, factor) = Self.operands(product.node, .multiply), trace.isConstant(factor), !trace.isConstant(x),
      let plainFactor = Self.reshaped(factor), let plainOffset = Self.reshaped(offset),
      let (scale, root) = Self.operands(plainFactor.node, .multiply),
      (root.node.operation as? Unary)?.function == .reciprocalSquareRoot, let square = root.node.inputs.first,
      let (variance, epsilon) = Self.operands(square.node, .add),
      let number = epsilon.node.operation as? ScalarConstant,
      let (shift, moved) = Self.operands(plainOffset.node, .subtract),
      let (mean, again) = Self.operands(moved.node, .multiply), again.node === plainFactor.node,
      x.rank >= 2, scale.shape == [x.shape[1]]
    else { return nil }
    (self.x, self.scale, self.shift) = (x, scale, shift)
    (self.mean, self.variance, self.epsilon) = (mean, variance, number.value)
  }

  private static func operands(_ node: Node, _ function: BinaryFunction) -> (Tensor, Tensor)? {
    guard (node.operation as? Binary)?.function == function, node.inputs.count == 2 else { return nil }
    return (node.inputs[0], node.inputs[1])
  }

  private static func reshaped(_ tensor: Tensor) -> Tensor? {
    tensor.node.operation is Reshape ? tensor.node.inputs.first : nil
  }

  /// What each channel is multiplied by.
  var factor: Tensor { scale * (variance + epsilon).reciprocalSquareRoot() }
}

/// Finds the operations that belong together.
struct MergedSteps {
  private(set) var matches: [ObjectIdentifier: MergedStep] = [:]
  /// Operations whose results only a merged step needs.
  private(set) var absorbed: Set<ObjectIdentifier> = []
  private let trace: ExportTrace
  private let foldsBatchNorm: Bool

  init(_ trace: ExportTrace, foldsBatchNorm: Bool) {
    self.trace = trace
    self.foldsBatchNorm = foldsBatchNorm
  }

  mutating func find() {
    for step in trace.steps {
      let node = step.node
      if let (x, slope) = preluOperands(node) {
        matches[ObjectIdentifier(node)] = .prelu(x: x, slope: slope)
        continue
      }
      guard let sum = node.operation as? Binary, sum.function == .add else { continue }
      let identifier = ObjectIdentifier(node)
      if let norm = BatchNormMatch(node, trace) {
        absorbed.insert(ObjectIdentifier(node.inputs[0].node))
        if foldsBatchNorm, let convolution = norm.x.node.operation as? Convolution, trace.useCount(norm.x) == 1,
          norm.x.node.inputs.dropFirst().allSatisfy(trace.isConstant)
        {
          absorbed.insert(ObjectIdentifier(norm.x.node))
          matches[identifier] = .foldedConvolution(convolution, inputs: norm.x.node.inputs, norm: norm)
        } else {
          matches[identifier] = .batchNorm(norm)
        }
      } else if let product = node.inputs[0].node.operation as? MatMul, trace.useCount(node.inputs[0]) == 1,
        trace.isConstant(node.inputs[1]), node.inputs[1].rank <= 1,
        node.inputs[0].node.inputs.allSatisfy({ $0.rank == 2 })
      {
        absorbed.insert(ObjectIdentifier(node.inputs[0].node))
        let factors = node.inputs[0].node.inputs
        matches[identifier] = .gemm(x: factors[0], weight: factors[1], product: product, bias: node.inputs[1])
      }
    }
  }

  /// Looks behind `choose(x > 0, x, x * slope)`. Without an operator of its own a slope of one number would be read back as a
  /// setting.
  private mutating func preluOperands(_ node: Node) -> (x: Tensor, slope: Tensor)? {
    guard node.operation is Select, node.inputs.count == 3 else { return nil }
    let (condition, x, product) = (node.inputs[0].node, node.inputs[1], node.inputs[2].node)
    guard (condition.operation as? Binary)?.function == .greater, (product.operation as? Binary)?.function == .multiply,
      (condition.inputs[1].node.operation as? ScalarConstant)?.value == 0,
      [condition.inputs[0], product.inputs[0]].allSatisfy({ $0.node === x.node && $0.output == x.output }),
      !trace.isConstant(x), trace.isConstant(product.inputs[1]), !(product.inputs[1].node.operation is ScalarConstant)
    else { return nil }
    for part in [node.inputs[0], node.inputs[2]] where trace.useCount(part) == 1 {
      absorbed.insert(ObjectIdentifier(part.node))
    }
    return (x, product.inputs[1])
  }
}

extension ExportWriter {
  /// The node of operations that belong together.
  mutating func emit(_ merged: MergedStep) throws -> String {
    switch merged {
    case .gemm(let x, let weight, let product, let bias):
      return emit("Gemm", [try name(x), try name(weight), try name(bias)], product.attributes)
    case .batchNorm(let norm):
      let inputs = try [norm.x, norm.scale, norm.shift, norm.mean, norm.variance].map { try name($0) }
      return emit("BatchNormalization", inputs, ["epsilon": .float(norm.epsilon)])
    case .prelu(let x, let slope): return emit("PRelu", [try name(x), try name(slope)])
    case .foldedConvolution(let convolution, let inputs, let norm):
      let weight = inputs[1]
      let perKernel = Shape([norm.factor.count] + [Int](repeating: 1, count: weight.rank - 1))
      let scaled = constant(weight * norm.factor.reshaped(to: perKernel))
      let bias = convolution.hasBias ? inputs[2] - norm.mean : -norm.mean
      let shifted = constant(bias * norm.factor + norm.shift)
      return emit(
        "Conv", [try name(inputs[0]), scaled, shifted], convolution.geometry.attributes(kernel: weight.shape))
    }
  }
}
