import ApusCompiler
import ApusTensor
import CKernels

/// Fused elementwise programs as bytecode for the tile interpreter of CKernels.
enum ElementwiseKernel {
  /// Everything the C kernel reads, in memory that lives as long as the kernel.
  ///
  /// `@unchecked Sendable`: filled in `init`, only read afterwards.
  private final class Bytecode: @unchecked Sendable {
    let program: UnsafeMutablePointer<apus_fused>
    private let instructions: ConstantArray<apus_instruction>
    private let outputs: ConstantArray<UInt16>
    private let inputDTypes: ConstantArray<Int32>
    private let outputDTypes: ConstantArray<Int32>
    private let extents: ConstantArray<Int64>
    private let strides: ConstantArray<Int64>

    init(_ fused: FusedProgram, outputs stored: [Int], outputDTypes types: [DType], space: IterationSpace) {
      let registers = RegisterAllocation(fused, stored: stored)
      instructions = ConstantArray(registers.instructions)
      outputs = ConstantArray(stored.map { registers.operand($0) })
      inputDTypes = ConstantArray(fused.inputTypes.map(\.dtype.kernelCode))
      outputDTypes = ConstantArray(types.map(\.kernelCode))
      extents = ConstantArray(space.extents.map(Int64.init))
      strides = ConstantArray(space.strides.flatMap { $0.map(Int64.init) })
      program = .allocate(capacity: 1)
      program.initialize(
        to: apus_fused(
          dtype: fused.dtype.kernelCode, input_count: Int32(fused.inputTypes.count), scalar_count: 0,
          temp_count: Int32(registers.registerCount), output_count: Int32(stored.count),
          instruction_count: Int32(registers.instructions.count), instructions: instructions.pointer,
          outputs: outputs.pointer, input_dtypes: inputDTypes.pointer, output_dtypes: outputDTypes.pointer,
          rank: Int32(space.extents.count), extents: extents.pointer, strides: strides.pointer))
    }

    deinit {
      program.deinitialize(count: 1)
      program.deallocate()
    }
  }

  static func kernel(_ fused: FusedElementwise, _ context: LoweringContext) -> Kernel? {
    let layout = context.outputLayout(0)
    let space = IterationSpace(shape: fused.shape, layout: layout, inputs: context.inputTypes.map(\.shape))
    let code = Bytecode(fused.program, outputs: fused.outputs, outputDTypes: fused.outputDTypes, space: space)
    let inputCount = context.inputTypes.count
    let threads = context.options.threads(forElements: space.count * max(fused.program.instructions.count / 4, 1))
    var inPlace: [(input: Int, output: Int)] = []
    for output in fused.outputDTypes.indices {
      for input in 0..<inputCount
      where context.inputTypes[input] == TensorType(fused.shape, fused.outputDTypes[output]) {
        inPlace.append((input, output))
      }
    }
    return Kernel(inPlace: inPlace) { arguments in
      let pointers = UnsafeRawPointer(arguments).assumingMemoryBound(to: UnsafeMutableRawPointer?.self)
      apus_fused_run(code.program, pointers, pointers + inputCount, nil, threads)
    }
  }

  static func kernel(_ fused: FusedReduce, _ context: LoweringContext) -> Kernel? {
    let space = IterationSpace(shape: fused.shape, layout: .plain, inputs: context.inputTypes.map(\.shape))
    let code = Bytecode(
      fused.program, outputs: [fused.operand], outputDTypes: [fused.program.dtype], space: space)
    let (outer, reduced, inner) = ReductionKernel.view(fused.shape, axes: fused.axes)
    let kind = ReductionKernel.kind(fused.reduction)
    let inputCount = context.inputTypes.count
    let threads = context.options.threads(forElements: space.count)
    return Kernel { arguments in
      let pointers = UnsafeRawPointer(arguments).assumingMemoryBound(to: UnsafeMutableRawPointer?.self)
      apus_fused_reduce(code.program, pointers, arguments[inputCount], nil, kind, outer, reduced, inner, threads)
    }
  }

  static func opcode(_ function: FusedProgram.Function) -> UInt16 {
    let code: apus_op =
      switch function {
      case .copy: APUS_OP_COPY
      case .select: APUS_OP_SELECT
      case .unary(let unary):
        switch unary {
        case .negate: APUS_OP_NEG
        case .absolute: APUS_OP_ABS
        case .sign: APUS_OP_SIGN
        case .exponential: APUS_OP_EXP
        case .exponentialMinusOne: APUS_OP_EXPM1
        case .logarithm: APUS_OP_LOG
        case .logarithmOnePlus: APUS_OP_LOG1P
        case .squareRoot: APUS_OP_SQRT
        case .reciprocalSquareRoot: APUS_OP_RSQRT
        case .reciprocal: APUS_OP_RECIPROCAL
        case .sine: APUS_OP_SIN
        case .cosine: APUS_OP_COS
        case .tangent: APUS_OP_TAN
        case .hyperbolicTangent: APUS_OP_TANH
        case .sigmoid: APUS_OP_SIGMOID
        case .arcTangent: APUS_OP_ATAN
        case .errorFunction: APUS_OP_ERF
        case .floor: APUS_OP_FLOOR
        case .ceiling: APUS_OP_CEIL
        case .round: APUS_OP_ROUND
        case .rectify: APUS_OP_RELU
        case .square: APUS_OP_SQUARE
        case .logicalNot: APUS_OP_NOT
        case .isNaN: APUS_OP_ISNAN
        case .isFinite: APUS_OP_ISFINITE
        }
      case .binary(let binary):
        switch binary {
        case .add: APUS_OP_ADD
        case .subtract: APUS_OP_SUB
        case .multiply: APUS_OP_MUL
        case .divide: APUS_OP_DIV
        case .maximum: APUS_OP_MAX
        case .minimum: APUS_OP_MIN
        case .power: APUS_OP_POW
        case .arcTangent2: APUS_OP_ATAN2
        case .remainder: APUS_OP_REM
        case .less: APUS_OP_LT
        case .lessOrEqual: APUS_OP_LE
        case .greater: APUS_OP_GT
        case .greaterOrEqual: APUS_OP_GE
        case .equal: APUS_OP_EQ
        case .notEqual: APUS_OP_NE
        case .and: APUS_OP_AND
        case .or: APUS_OP_OR
        case .exclusiveOr: APUS_OP_XOR
        }
      }
    return UInt16(code.rawValue)
  }
}

/// Maps the results of a program's instructions to few registers, reusing one after its last use.
struct RegisterAllocation {
  private(set) var instructions: [apus_instruction] = []
  private(set) var registerCount = 0
  private var registerOf: [Int]
  private let inputCount: Int

  init(_ program: FusedProgram, stored: [Int]) {
    inputCount = program.inputTypes.count
    let steps = MultiplyAddPairs.steps(of: program, stored: stored)
    registerOf = [Int](repeating: -1, count: program.instructions.count)
    var lastUse = [Int](repeating: -1, count: program.instructions.count)
    for (position, step) in steps.enumerated() {
      for operand in step.operands where operand >= inputCount { lastUse[operand - inputCount] = position }
    }
    for operand in stored where operand >= inputCount { lastUse[operand - inputCount] = Int.max }
    var free: [Int] = []
    for (position, step) in steps.enumerated() {
      var codes = [UInt16](repeating: 0, count: 3)
      for (index, operand) in step.operands.enumerated() { codes[index] = self.operand(operand) }
      for operand in Set(step.operands) where operand >= inputCount && lastUse[operand - inputCount] == position {
        free.append(registerOf[operand - inputCount])
      }
      let register = free.popLast() ?? registerCount
      registerCount = max(registerCount, register + 1)
      registerOf[step.result] = register
      instructions.append(
        apus_instruction(
          op: step.opcode, dst: UInt16(inputCount + register), a: codes[0], b: codes[1], c: codes[2]))
      if lastUse[step.result] < 0 { free.append(register) }
    }
  }

  /// The kernel's number for an operand of the program.
  func operand(_ operand: Int) -> UInt16 {
    UInt16(operand < inputCount ? operand : inputCount + registerOf[operand - inputCount])
  }
}

/// Joins a product that only one sum or difference uses with it: one pass over the tile instead of two, the same bits.
private enum MultiplyAddPairs {
  /// One instruction of the kernel, which computes the result of an instruction of the program.
  struct Step {
    var opcode: UInt16
    var operands: [Int]
    var result: Int
  }

  static func steps(of program: FusedProgram, stored: [Int]) -> [Step] {
    let inputCount = program.inputTypes.count
    var uses = [Int](repeating: 0, count: program.instructions.count)
    for operand in stored + program.instructions.flatMap(\.operands) where operand >= inputCount {
      uses[operand - inputCount] += 1
    }
    /// The factors of an operand that is a product used once.
    func factors(_ operand: Int) -> [Int]? {
      guard operand >= inputCount, uses[operand - inputCount] == 1 else { return nil }
      let instruction = program.instructions[operand - inputCount]
      return instruction.function == .binary(.multiply) ? instruction.operands : nil
    }
    var joined: Set<Int> = []
    var steps: [Step] = []
    for (position, instruction) in program.instructions.enumerated() {
      let operands = instruction.operands
      var step = Step(opcode: ElementwiseKernel.opcode(instruction.function), operands: operands, result: position)
      func join(_ product: Int, _ other: Int, _ code: apus_op) -> Bool {
        guard let factors = factors(operands[product]) else { return false }
        step.opcode = UInt16(code.rawValue)
        step.operands = factors + [operands[other]]
        joined.insert(operands[product] - inputCount)
        return true
      }
      switch instruction.function {
      case .binary(.add): if !join(0, 1, APUS_OP_MULADD) { _ = join(1, 0, APUS_OP_MULADD) }
      case .binary(.subtract): _ = join(1, 0, APUS_OP_SUBMUL)
      default: break
      }
      steps.append(step)
    }
    return steps.filter { !joined.contains($0.result) }
  }
}

/// The loop nest of an elementwise program: the physical axes of the result with the strides of every input, with
/// neighbouring axes joined wherever all inputs allow.
struct IterationSpace {
  private(set) var extents: [Int]
  /// For each input, its stride along each axis.
  private(set) var strides: [[Int]]

  var count: Int { extents.reduce(1, *) }

  init(shape: Shape, layout: Layout, inputs: [Shape]) {
    let padded = layout.paddedShape(shape)
    // Physical axes: outer axes in order, then the inner blocks.
    var axes: [(axis: Int, extent: Int, step: Int)] = []
    let order = layout.order.isEmpty ? Array(0..<shape.rank) : layout.order
    for axis in order {
      axes.append((axis, padded[axis] / layout.blockSize(along: axis), layout.blockSize(along: axis)))
    }
    var remaining = [Int](repeating: 1, count: shape.rank)
    for axis in 0..<shape.rank { remaining[axis] = layout.blockSize(along: axis) }
    for block in layout.blocks {
      remaining[block.axis] /= block.size
      axes.append((block.axis, block.size, remaining[block.axis]))
    }
    extents = axes.map(\.extent)
    var physical = [Int](repeating: 1, count: axes.count)
    for position in stride(from: axes.count - 2, through: 0, by: -1) {
      physical[position] = physical[position + 1] * axes[position + 1].extent
    }
    strides = inputs.map { input in
      if input == shape { return physical }
      let logical = input.broadcastStrides(to: shape)
      return axes.map { logical[$0.axis] * $0.step }
    }
    join()
  }

  private mutating func join() {
    var position = extents.count - 1
    while position > 0 {
      let joins =
        extents[position] == 1 || extents[position - 1] == 1
        || strides.allSatisfy { $0[position - 1] == $0[position] * extents[position] }
      if joins {
        let keepsOuter = extents[position] == 1
        for input in strides.indices {
          if keepsOuter { strides[input].remove(at: position) } else { strides[input].remove(at: position - 1) }
        }
        extents[position - 1] *= extents[position]
        extents.remove(at: position)
      }
      position -= 1
    }
    if extents == [1] {
      extents = []
      strides = strides.map { _ in [] }
    }
  }
}
