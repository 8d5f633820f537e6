import ApusTensor

extension Operators {
  /// Branches and loops whose course is known while recording, lists and optional values.
  static let controls: [String: Operator] = [
    "If": Operator { context in
      guard let condition = try context.optionalNumbers(0)?.first else { throw OperatorError("lacks its condition") }
      guard let branch = context.node.graphs[condition != 0 ? "then_branch" : "else_branch"] else {
        throw OperatorError("lacks a branch")
      }
      return try context.run(branch, [])
    },
    "Loop": Operator { try loop($0) },
    "Scan": Operator { try scan($0) },
    "SequenceEmpty": Operator { context in
      let element = ONNXElement(rawValue: Int32(truncatingIfNeeded: context.int("dtype", 1))) ?? .float32
      return [ONNXValue(sequence: [], element: element)]
    },
    "SequenceConstruct": Operator { context in
      [ONNXValue(sequence: try context.tensors(), element: try context.value(0).element)]
    },
    "SequenceInsert": Operator { context in
      var list = try context.sequence(0)
      let place = try context.optionalIntegers(2)?.first ?? list.count
      let position = place < 0 ? place + list.count : place
      guard position >= 0, position <= list.count else { throw OperatorError("inserts at \(place) of \(list.count)") }
      list.insert(try context.tensor(1), at: position)
      return [ONNXValue(sequence: list, element: try context.value(1).element)]
    },
    "SequenceErase": Operator { context in
      var list = try context.sequence(0)
      let place = try context.optionalIntegers(1)?.first ?? list.count - 1
      list.remove(at: try context.axis(place, rank: list.count))
      return [ONNXValue(sequence: list, element: try context.value(0).element)]
    },
    "SequenceAt": Operator { context in
      let list = try context.sequence(0)
      let place = try context.axis(try context.integers(1).first ?? 0, rank: list.count)
      return [ONNXValue(list[place], element: try context.value(0).element)]
    },
    "SequenceLength": Operator { context in
      [ONNXValue(Tensor([Int64(try context.sequence(0).count)], shape: []), isConstant: true)]
    }.constant,
    "ConcatFromSequence": .tensor { context in
      let list = try context.sequence(0)
      guard let first = list.first else { throw OperatorError("joins an empty sequence") }
      let isNew = context.int("new_axis", 0) != 0
      let axis = try context.axis(context.int("axis", 0), rank: first.rank + (isNew ? 1 : 0))
      return isNew ? stack(list, axis: axis) : concatenate(list, axis: axis)
    },
    "SplitToSequence": Operator { try splitToSequence($0) },
    "SequenceMap": Operator { try sequenceMap($0) },
    "Optional": Operator { context in [context.optionalValue(0) ?? .absent] },
    "OptionalHasElement": Operator { context in
      var isThere = false
      if let value = context.optionalValue(0) { if case .none = value.content {} else { isThere = true } }
      return [ONNXValue(Tensor([isThere], shape: []), isConstant: true)]
    }.constant,
    "OptionalGetElement": Operator { context in [try context.value(0)] },
  ]

  private static let longest = 10_000

  private static func splitToSequence(_ context: OperatorContext) throws -> [ONNXValue] {
    let x = try context.tensor(0)
    let axis = try context.axis(context.int("axis", 0), rank: x.rank)
    let extent = x.shape[axis]
    guard extent <= longest else { throw OperatorError("splits into more than \(longest) parts") }
    var sizes = [Int](repeating: 1, count: extent)
    let given = try context.optionalArray(1)
    if let given, given.shape.rank > 0 {
      sizes = given.scalars(as: Int64.self).map { Int($0) }
    } else if let size = given?.scalars(as: Int64.self).first.map({ Int($0) }) {
      guard size > 0 else { throw OperatorError("splits into parts of \(size)") }
      sizes = stride(from: 0, to: extent, by: size).map { min(size, extent - $0) }
    }
    guard sizes.allSatisfy({ $0 >= 0 }), sizes.reduce(0, +) == extent else {
      throw OperatorError("cannot split \(extent) elements into \(sizes)")
    }
    var parts = x.split(sizes: sizes, axis: axis)
    if given == nil, context.int("keepdims", 1) == 0 { parts = parts.map { $0.squeezingShape(at: [axis]) } }
    return [ONNXValue(sequence: parts, element: try context.value(0).element)]
  }

  private static func sequenceMap(_ context: OperatorContext) throws -> [ONNXValue] {
    guard let body = context.node.graphs["body"] else { throw OperatorError("lacks its body") }
    let count = try context.sequence(0).count
    var results = body.outputs.map { _ in [Tensor]() }
    for step in 0..<count {
      let inputs = try context.inputs.indices.map { position -> ONNXValue in
        let value = try context.value(position)
        guard case .sequence(let list) = value.content else { return value }
        guard step < list.count else { throw OperatorError("maps over sequences of different lengths") }
        return ONNXValue(list[step], element: value.element)
      }
      for (place, value) in try context.run(body, inputs).enumerated() {
        guard let tensor = value.tensor else { throw OperatorError("its body gives no tensor") }
        results[place].append(tensor)
      }
    }
    return results.map { ONNXValue(sequence: $0, element: $0.first.map { ONNXElement($0.dtype) } ?? .float32) }
  }

  private static func loop(_ context: OperatorContext) throws -> [ONNXValue] {
    guard let body = context.node.graphs["body"] else { throw OperatorError("lacks its body") }
    let limit = try context.optionalIntegers(0)?.first ?? .max
    var goesOn = try context.optionalNumbers(1).map { $0.first != 0 } ?? true
    var carried = (2..<max(context.inputs.count, 2)).map { context.optionalValue($0) ?? .absent }
    let stackedCount = body.outputs.count - 1 - carried.count
    guard stackedCount >= 0 else { throw OperatorError("its body gives too few results") }
    var stacked = [[Tensor]](repeating: [], count: stackedCount)
    var step = 0
    while step < limit, goesOn {
      guard step < longest else { throw OperatorError("runs more than \(longest) times") }
      let counter = ONNXValue(Tensor([Int64(step)], shape: []), isConstant: true)
      let condition = ONNXValue(Tensor([true], shape: []), isConstant: true)
      let results = try context.run(body, [counter, condition] + carried)
      guard results[0].isConstant, let next = results[0].tensor else {
        throw OperatorError("its condition is computed from the data; Apus must know it before anything is computed")
      }
      goesOn = next.hostArray().scalars(as: Bool.self).first ?? false
      carried = Array(results[1...carried.count])
      for place in 0..<stackedCount {
        guard let tensor = results[1 + carried.count + place].tensor else { throw OperatorError("stacks no tensors") }
        stacked[place].append(tensor)
      }
      step += 1
    }
    return try carried
      + stacked.map { parts in
        guard !parts.isEmpty else { throw OperatorError("never runs, so that the shape of its results is unknown") }
        return ONNXValue(stack(parts, axis: 0))
      }
  }

  private static func scan(_ context: OperatorContext) throws -> [ONNXValue] {
    guard let body = context.node.graphs["body"] else { throw OperatorError("lacks its body") }
    // Version 8 has a batch axis and lengths before everything else.
    let isOld = context.opset < 9
    let count = context.int("num_scan_inputs", 1)
    let first = isOld ? 1 : 0
    let states = context.inputs.count - first - count
    guard count >= 1, states >= 0, body.outputs.count >= states else { throw OperatorError("has too few inputs") }
    if isOld, context.optionalValue(0) != nil { throw OperatorError("lengths of sequences are not supported") }
    func list(_ names: String..., length: Int) throws -> [Int] {
      let found = names.lazy.compactMap { context.ints($0) }.first ?? [Int](repeating: 0, count: length)
      guard found.count == length else { throw OperatorError("has \(found.count) numbers in \(names[0])") }
      return found
    }
    let outputCount = body.outputs.count - states
    let inputAxes = try list("scan_input_axes", length: count)
    let outputAxes = try list("scan_output_axes", length: outputCount)
    let inputDirections = try list("scan_input_directions", "directions", length: count)
    let outputDirections = try list("scan_output_directions", length: outputCount)
    let sequences = try (0..<count).map { try context.tensor(first + states + $0) }
    let starts = try (0..<states).map { try context.value(first + $0) }
    func run(_ starts: [ONNXValue], _ sequences: [Tensor]) throws -> [Tensor] {
      var carried = starts
      var stacked = [[Tensor]](repeating: [], count: outputCount)
      let axes = try zip(inputAxes, sequences).map { try context.axis($0, rank: $1.rank) }
      let length = sequences[0].shape[axes[0]]
      guard length >= 1, length <= longest, zip(sequences, axes).allSatisfy({ $0.shape[$1] == length }) else {
        throw OperatorError("runs over \(length) steps, or over sequences of different lengths")
      }
      for step in 0..<length {
        let slices = sequences.indices.map { place in
          let position = inputDirections[place] == 0 ? step : length - 1 - step
          return ONNXValue(
            sequences[place].sliced(axis: axes[place], from: position, count: 1).squeezingShape(at: [axes[place]]))
        }
        let results = try context.run(body, carried + slices)
        carried = Array(results.prefix(states))
        for place in 0..<outputCount {
          guard let tensor = results[states + place].tensor else { throw OperatorError("stacks no tensors") }
          stacked[place].append(tensor)
        }
      }
      let last = try carried.map { value in
        guard let tensor = value.tensor else { throw OperatorError("carries no tensors") }
        return tensor
      }
      return try last
        + stacked.enumerated().map { place, parts in
          let axis = try context.axis(outputAxes[place], rank: parts[0].rank + 1)
          return stack(outputDirections[place] == 0 ? parts : parts.reversed(), axis: axis)
        }
    }
    guard isOld else { return try run(starts, sequences).map { ONNXValue($0) } }
    let batch = sequences[0].rank > 0 ? sequences[0].shape[0] : 0
    guard batch >= 1, batch <= longest else { throw OperatorError("has no batch") }
    func one(_ tensor: Tensor, _ row: Int) -> Tensor {
      tensor.sliced(axis: 0, from: row, count: 1).squeezingShape(at: [0])
    }
    let rows = try (0..<batch).map { row in
      try run(
        starts.map { value in value.tensor.map { ONNXValue(one($0, row)) } ?? value }, sequences.map { one($0, row) })
    }
    return rows[0].indices.map { place in ONNXValue(stack(rows.map { $0[place] }, axis: 0)) }
  }
}
