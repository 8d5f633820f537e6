import ApusTensor

/// The memory an instruction works on: inputs, then outputs, then scratch if it asked for any.
package typealias KernelArguments = UnsafeMutablePointer<UnsafeMutableRawPointer>

/// One operation made ready to run.
package struct Kernel: Sendable {
  /// Bytes of working memory, 64-byte aligned.
  package var scratchBytes: Int
  /// Pairs of an input and an output that may share memory, when the input is no longer needed.
  package var inPlace: [(input: Int, output: Int)]
  /// Does the work. Called by one thread at a time; allocates nothing on the CPU's fast path.
  package var run: @Sendable (KernelArguments) -> Void

  package init(
    scratchBytes: Int = 0, inPlace: [(input: Int, output: Int)] = [], run: @escaping @Sendable (KernelArguments) -> Void
  ) {
    self.scratchBytes = scratchBytes
    self.inPlace = inPlace
    self.run = run
  }
}

/// What an operation wants of its operands' layouts.
package struct LayoutChoice: Sendable {
  /// The layout each input must have.
  package var inputs: [Layout]
  /// The layout each output will have.
  package var outputs: [Layout]
  /// Inputs that keep the layout from step to step, such as weights: data given in another layout is converted once
  /// and stays converted.
  package var lasting: Set<Int>

  package init(inputs: [Layout], outputs: [Layout], lasting: Set<Int> = []) {
    self.inputs = inputs
    self.outputs = outputs
    self.lasting = lasting
  }
}

/// An operation that reads one of its inputs in a form made from it beforehand.
package struct PreparedOperand: Sendable {
  /// The input's place.
  package var input: Int
  /// Makes the form from the input.
  package var preparation: any Primitive
  /// The form's type.
  package var type: TensorType
  /// Takes the place of the operation and reads the form instead of the input.
  package var operation: any Primitive

  package init(input: Int, preparation: any Primitive, type: TensorType, operation: any Primitive) {
    self.input = input
    self.preparation = preparation
    self.type = type
    self.operation = operation
  }
}

/// Turns operations into kernels for one kind of machine.
package protocol Backend: Sendable {
  /// The name used in dumps and measurements.
  var name: String { get }

  /// Called by the thread that is about to make kernels or to run them.
  func prepareThread()

  /// The layouts an operation works in, given the layouts its inputs have so far; nil means plain throughout.
  func layouts(for node: Graph.Node, inputTypes: [TensorType], inputLayouts: [Layout]) -> LayoutChoice?

  /// Whether a merged operation is faster than its parts.
  func prefers(_ merged: any Primitive, inputTypes: [TensorType]) -> Bool

  /// The form in which an operation would rather have an input that stays the same from replay to replay; nil when as it is.
  func preparedOperand(of node: Graph.Node, inputTypes: [TensorType], inputLayouts: [Layout]) -> PreparedOperand?

  /// The form in which an operation in the body of a loop would rather have an input that stays the same from step to step;
  /// nil when as it is.
  func preparedLoopOperand(of operation: any Primitive, inputTypes: [TensorType]) -> PreparedOperand?

  /// Makes the kernel of an operation. `node.layouts` and `inputLayouts` say how the operands lie.
  func kernel(for node: Graph.Node, inputTypes: [TensorType], inputLayouts: [Layout]) -> Kernel
}

extension Backend {
  package func prefers(_ merged: any Primitive, inputTypes: [TensorType]) -> Bool { false }

  package func preparedOperand(
    of node: Graph.Node, inputTypes: [TensorType], inputLayouts: [Layout]
  ) -> PreparedOperand? { nil }

  package func preparedLoopOperand(of operation: any Primitive, inputTypes: [TensorType]) -> PreparedOperand? { nil }

  /// The operation's own reference loops as a kernel: for what a backend has no kernel of its own.
  package func referenceKernel(for node: Graph.Node, inputTypes: [TensorType]) -> Kernel {
    let operation = node.operation
    let outputTypes = node.types
    return Kernel { arguments in
      let inputs = inputTypes.enumerated().map { HostView(type: $1, pointer: arguments[$0]) }
      let outputs = outputTypes.enumerated().map { HostView(type: $1, pointer: arguments[inputTypes.count + $0]) }
      operation.evaluate(inputs, outputs)
    }
  }
}
