import ApusTensor

/// A chain of elementwise operations as a list of instructions over one element.
///
/// Operands are numbered: first the inputs, then the results of the instructions in order.
package struct FusedProgram: Sendable, Hashable, CustomStringConvertible {
  /// What an instruction does.
  package enum Function: Sendable, Hashable {
    case unary(UnaryFunction)
    case binary(BinaryFunction)
    case select
    case copy
  }

  /// One instruction.
  package struct Instruction: Sendable, Hashable {
    package var function: Function
    package var operands: [Int]

    package init(_ function: Function, _ operands: [Int]) {
      self.function = function
      self.operands = operands
    }
  }

  /// The type in which everything is computed, f32 or f64.
  package var dtype: DType
  package var inputTypes: [TensorType] = []
  package var instructions: [Instruction] = []

  package init(dtype: DType) { self.dtype = dtype }

  package func encode(into key: inout PlanKey) {
    key.add(Int(dtype.rawValue))
    key.add(inputTypes.count)
    for type in inputTypes { key.add(type) }
    key.add(instructions.count)
    for instruction in instructions {
      switch instruction.function {
      case .unary(let function): key.add(Int(function.rawValue))
      case .binary(let function): key.add(100 + Int(function.rawValue))
      case .select: key.add(200)
      case .copy: key.add(201)
      }
      key.add(instruction.operands)
    }
  }

  /// For example `v2=mul(a0,a1) v3=relu(v2)`; `a` are inputs.
  package var description: String {
    func operand(_ index: Int) -> String { index < inputTypes.count ? "a\(index)" : "v\(index)" }
    let lines = instructions.enumerated().map { position, instruction in
      let name =
        switch instruction.function {
        case .unary(let function): function.name
        case .binary(let function): function.name
        case .select: "select"
        case .copy: "copy"
        }
      let list = instruction.operands.map(operand).joined(separator: ",")
      return "v\(position + inputTypes.count)=\(name)(\(list))"
    }
    return "{" + lines.joined(separator: " ") + "}"
  }

  /// Values of every operand for each position of `shape`, by the definition: the oracle of the fused kernels.
  ///
  /// Every result is rounded to the program's type, as if the operations had run one by one.
  package func evaluate(_ inputs: [HostView], shape: Shape) -> [[Double]] {
    var operands = inputs.map { input in
      let source = input.doubles()
      var list = [Double](repeating: 0, count: shape.elementCount)
      StridedCopy.forEachOffset(shape: shape, strides: input.shape.broadcastStrides(to: shape), offset: 0) {
        list[$0] = rounded(source[$1])
      }
      return list
    }
    for instruction in instructions {
      let arguments = instruction.operands.map { operands[$0] }
      operands.append(
        (0..<shape.elementCount).map { position in
          switch instruction.function {
          case .unary(let function): rounded(function(arguments[0][position]))
          case .binary(let function): rounded(function(arguments[0][position], arguments[1][position]))
          case .select: arguments[0][position] != 0 ? arguments[1][position] : arguments[2][position]
          case .copy: arguments[0][position]
          }
        })
    }
    return operands
  }

  private func rounded(_ value: Double) -> Double { dtype == .float32 ? Double(Float(value)) : value }

  /// Which operands are zero wherever all inputs of the full shape are zero: such results keep the zeros that pad a
  /// blocked layout. Inputs of other shapes are unknown, except the constants given.
  package func preservesZeros(shape: Shape, constants: [Int: Double], outputs: [Int]) -> Bool {
    enum Known { case zero, one, nonzeroFinite, unknown }
    var known: [Known] = inputTypes.enumerated().map { index, type in
      if let constant = constants[index] { return constant == 0 ? .zero : (constant == 1 ? .one : .nonzeroFinite) }
      return type.shape == shape && type.shape.rank > 0 ? .zero : .unknown
    }
    for instruction in instructions {
      let arguments = instruction.operands.map { known[$0] }
      let result: Known
      switch instruction.function {
      case .copy: result = arguments[0]
      case .unary(let function):
        let value = arguments[0] == .zero ? function(0) : .nan
        result = value == 0 ? .zero : (value == 1 ? .one : .unknown)
      case .select:
        if arguments[0] == .zero {
          result = arguments[2]
        } else if arguments[0] == .one {
          result = arguments[1]
        } else {
          result = arguments[1] == arguments[2] ? arguments[1] : .unknown
        }
      case .binary(let function):
        switch (function, arguments[0], arguments[1]) {
        case (.multiply, .zero, .zero), (.multiply, .zero, .one), (.multiply, .one, .zero),
          (.multiply, .zero, .nonzeroFinite), (.multiply, .nonzeroFinite, .zero), (.divide, .zero, .one),
          (.divide, .zero, .nonzeroFinite):
          result = .zero
        case (_, .zero, .zero):
          let value: Double = function(0.0 as Double, 0.0 as Double)
          result = value == 0 ? .zero : (value == 1 ? .one : .unknown)
        case (.add, .zero, .one), (.add, .one, .zero): result = .one
        // A number bound at replay is finite unless training has diverged; then the padding no longer matters.
        case (.multiply, .zero, .unknown) where isScalar(instruction.operands[1]): result = .zero
        case (.multiply, .unknown, .zero) where isScalar(instruction.operands[0]): result = .zero
        default: result = .unknown
        }
      }
      known.append(result)
    }
    return outputs.allSatisfy { known[$0] == .zero }
  }

  private func isScalar(_ operand: Int) -> Bool { operand < inputTypes.count && inputTypes[operand].shape.rank == 0 }
}

/// Elementwise operations in one pass over memory, with one or more results of one shape.
package struct FusedElementwise: Primitive {
  package var program: FusedProgram
  package var shape: Shape
  /// Operands of the program that are stored.
  package var outputs: [Int]
  package var outputDTypes: [DType]

  package init(program: FusedProgram, shape: Shape, outputs: [Int], outputDTypes: [DType]) {
    self.program = program
    self.shape = shape
    self.outputs = outputs
    self.outputDTypes = outputDTypes
  }

  package var name: String { "fused" }

  package func encode(into key: inout PlanKey) {
    program.encode(into: &key)
    key.add(shape)
    key.add(outputs)
    key.add(outputDTypes.map { Int($0.rawValue) })
  }

  package func resultTypes(_ inputs: [TensorType]) throws(ShapeError) -> [TensorType] {
    guard inputs == program.inputTypes else { throw ShapeError("the program was made for other inputs") }
    return outputDTypes.map { TensorType(shape, $0) }
  }

  package func gradient(_ context: GradientContext) -> [Tensor?] {
    preconditionFailure("fused operations exist only inside plans")
  }

  package func evaluate(_ inputs: [HostView], _ outputs: [HostView]) {
    let values = program.evaluate(inputs, shape: shape)
    for (position, operand) in self.outputs.enumerated() { outputs[position].store(values[operand]) }
  }
}

/// Elementwise operations followed by a reduction along neighbouring axes, without storing what is reduced.
package struct FusedReduce: Primitive {
  package var program: FusedProgram
  package var shape: Shape
  package var operand: Int
  package var reduction: Reduction
  package var axes: [Int]

  package init(program: FusedProgram, shape: Shape, operand: Int, reduction: Reduction, axes: [Int]) {
    self.program = program
    self.shape = shape
    self.operand = operand
    self.reduction = reduction
    self.axes = axes
  }

  package var name: String { "fused_" + reduction.name }

  package func encode(into key: inout PlanKey) {
    program.encode(into: &key)
    key.add(shape)
    key.add(operand)
    key.add(Int(reduction.rawValue))
    key.add(axes)
  }

  package func resultTypes(_ inputs: [TensorType]) throws(ShapeError) -> [TensorType] {
    guard inputs == program.inputTypes else { throw ShapeError("the program was made for other inputs") }
    return [TensorType(shape.keeping(axes: axes), program.dtype)]
  }

  package func gradient(_ context: GradientContext) -> [Tensor?] {
    preconditionFailure("fused operations exist only inside plans")
  }

  package func evaluate(_ inputs: [HostView], _ outputs: [HostView]) {
    let values = program.evaluate(inputs, shape: shape)[operand]
    let type = TensorType(shape, .float64)
    values.withUnsafeBytes { bytes in
      guard let base = bytes.baseAddress else { return }
      let view = HostView(type: type, pointer: UnsafeMutableRawPointer(mutating: base))
      Reduce(reduction, axes: axes).evaluate([view], outputs)
    }
  }
}
