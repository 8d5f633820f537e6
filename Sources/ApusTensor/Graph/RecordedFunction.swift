/// A piece of graph with named inputs, recorded once and run many times: the body of a loop.
///
/// Values are numbered: the inputs first, then the outputs of the steps in order.
package struct RecordedFunction: Sendable, OpaqueAttribute {
  /// One operation.
  package struct Step: Sendable {
    package var operation: any Primitive
    package var inputs: [Int]
    package var types: [TensorType]
    /// The number of the step's first output among the values.
    package var firstOutput: Int
  }

  package var inputTypes: [TensorType]
  package var steps: [Step] = []
  /// Numbers of the values the function returns.
  package var results: [Int] = []

  package var valueCount: Int { inputTypes.count + steps.reduce(0) { $0 + $1.types.count } }

  package func type(of value: Int) -> TensorType {
    if value < inputTypes.count { return inputTypes[value] }
    for step in steps where value < step.firstOutput + step.types.count { return step.types[value - step.firstOutput] }
    preconditionFailure("a recorded function has no value \(value)")
  }

  package func encode(into key: inout PlanKey) {
    key.add(inputTypes.count)
    for type in inputTypes { key.add(type) }
    key.add(steps.count)
    for step in steps {
      key.add(Int(bitPattern: ObjectIdentifier(Swift.type(of: step.operation))))
      step.operation.encode(into: &key)
      key.add(step.inputs)
    }
    key.add(results)
  }

  /// The function without those of some inputs that it does not read.
  ///
  /// - Returns: the function, and the positions among `candidates` of those that stay.
  func droppingUnread(_ candidates: Range<Int>) -> (function: RecordedFunction, read: [Int]) {
    var stays = [Bool](repeating: true, count: valueCount)
    for value in candidates { stays[value] = false }
    for step in steps { for value in step.inputs { stays[value] = true } }
    for value in results { stays[value] = true }
    var numbers: [Int] = []
    var next = 0
    for isThere in stays {
      numbers.append(next)
      if isThere { next += 1 }
    }
    var function = self
    function.inputTypes = inputTypes.indices.filter { stays[$0] }.map { inputTypes[$0] }
    for index in steps.indices {
      function.steps[index].inputs = steps[index].inputs.map { numbers[$0] }
      function.steps[index].firstOutput = numbers[steps[index].firstOutput]
    }
    function.results = results.map { numbers[$0] }
    return (function, candidates.filter { stays[$0] }.map { $0 - candidates.lowerBound })
  }

  /// Records the steps again on other tensors; returns every value of the function.
  package func instantiate(_ inputs: [Tensor]) -> [Tensor] {
    var values = inputs
    for step in steps {
      let node = Node(step.operation, step.inputs.map { values[$0] }, types: step.types)
      for output in step.types.indices { values.append(Tensor(node: node, output: output)) }
    }
    return values
  }

  /// Runs the steps by their reference loops; returns every value, which `owners` keeps alive.
  func evaluate(_ inputs: [HostView], owners: inout [Storage]) -> [HostView] {
    var values = inputs
    for step in steps {
      let storages = step.types.map { Storage(byteCount: $0.byteCount) }
      owners.append(contentsOf: storages)
      let outputs = zip(step.types, storages).map { HostView(type: $0, pointer: $1.pointer) }
      step.operation.evaluate(step.inputs.map { values[$0] }, outputs)
      values.append(contentsOf: outputs)
    }
    return values
  }
}

/// The current value of something a loop changes; exists only while the body of the loop is recorded.
struct Placeholder: Primitive {
  var name: String { "placeholder" }
  func resultTypes(_ inputs: [TensorType]) throws(ShapeError) -> [TensorType] {
    throw ShapeError("a placeholder is not an operation")
  }
  func gradient(_ context: GradientContext) -> [Tensor?] { [] }
  func evaluate(_ inputs: [HostView], _ outputs: [HostView]) {
    fatalError("a value inside the body of scan was read or printed; it has no value until the loop runs")
  }

  static func tensor(_ type: TensorType) -> Tensor { Tensor(node: Node(Placeholder(), [], types: [type])) }
}

/// Closes a recorded graph over placeholders into a function.
struct FunctionRecorder {
  private(set) var function: RecordedFunction
  /// Tensors from outside that the function reads, as further inputs after the placeholders and boundaries; leaves that
  /// were taken come first, in the order in which they were made.
  private(set) var captured: [Tensor] = []
  private var numbers: [ObjectIdentifier: Int] = [:]
  private var reaches: [ObjectIdentifier: Bool] = [:]
  private var keepsAlive: [Node] = []
  private let takesLeaves: Bool
  /// Values that exist already and are given as data, with `takesLeaves`.
  private var leaves: [Node] = []

  /// - Parameters:
  ///   - inputs: the placeholders, and any recorded tensors that are to be given as data instead of computed; of an
  ///     operation with several outputs all, in order.
  ///   - takesLeaves: whether operations on nothing but values that exist already belong to the function too.
  init(inputs: [Tensor], takesLeaves: Bool = false) {
    self.takesLeaves = takesLeaves
    function = RecordedFunction(inputTypes: inputs.map(\.type))
    for (number, input) in inputs.enumerated() {
      numbers[ObjectIdentifier(input.node)] = number - input.output
      reaches[ObjectIdentifier(input.node)] = true
      keepsAlive.append(input.node)
    }
  }

  /// Records what the tensors are computed from.
  mutating func close(over results: [Tensor]) {
    let order = visit(results)
    var constants: [(node: Node, output: Int)] = []
    // Captured tensors are inputs, numbered before any step.
    func note(_ tensor: Tensor) {
      guard reaches[ObjectIdentifier(tensor.node)] != true, !isInlined(tensor.node),
        !constants.contains(where: { $0.node === tensor.node && $0.output == tensor.output })
      else { return }
      constants.append((tensor.node, tensor.output))
    }
    for node in order { for input in node.inputs { note(input) } }
    for result in results { note(result) }
    leaves.sort { $0.sequence < $1.sequence }
    for (position, leaf) in leaves.enumerated() {
      numbers[ObjectIdentifier(leaf)] = function.inputTypes.count + position
    }
    captured = leaves.map { Tensor(node: $0, output: 0) } + constants.map { Tensor(node: $0.node, output: $0.output) }
    let firstCaptured = function.inputTypes.count
    function.inputTypes += captured.map(\.type)
    func number(of tensor: Tensor, _ recorder: inout FunctionRecorder) -> Int {
      if let number = recorder.numbers[ObjectIdentifier(tensor.node)] { return number + tensor.output }
      if let constant = recorder.captured.firstIndex(where: { $0.isIdentical(to: tensor) }) {
        return firstCaptured + constant
      }
      return recorder.place(tensor.node, inputs: []) + tensor.output  // an inlined scalar
    }
    for node in order { _ = place(node, inputs: node.inputs.map { number(of: $0, &self) }) }
    function.results = results.map { number(of: $0, &self) }
  }

  private func isInlined(_ node: Node) -> Bool { (node.operation as? ScalarConstant)?.isSpecial ?? false }

  private mutating func place(_ node: Node, inputs: [Int]) -> Int {
    let first = function.valueCount
    function.steps.append(
      .init(
        operation: node.operation, inputs: inputs, types: (0..<node.outputCount).map { node.type(of: $0) },
        firstOutput: first))
    numbers[ObjectIdentifier(node)] = first
    keepsAlive.append(node)
    return first
  }

  /// Nodes that depend on an input, inputs before users.
  private mutating func visit(_ results: [Tensor]) -> [Node] {
    var order: [Node] = []
    var stack: [(node: Node, next: Int)] = results.map { ($0.node, 0) }
    while let (node, next) = stack.popLast() {
      let identifier = ObjectIdentifier(node)
      if next == 0, reaches[identifier] != nil { continue }
      if next < node.inputs.count {
        stack.append((node, next + 1))
        stack.append((node.inputs[next].node, 0))
        continue
      }
      guard reaches[identifier] == nil else { continue }
      if takesLeaves, node.hasValues, node.outputCount == 1 {
        reaches[identifier] = true
        leaves.append(node)
        continue
      }
      let depends = node.inputs.contains { reaches[ObjectIdentifier($0.node)] == true }
      reaches[identifier] = depends
      if depends { order.append(node) }
    }
    return order
  }
}
