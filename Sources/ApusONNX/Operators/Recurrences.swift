import ApusTensor

extension Operators {
  /// Recurrent networks over a sequence, step by step.
  static let recurrences: [String: Operator] = [
    "RNN": .tensors { try Recurrent($0, gates: 1).run { $0.simple($1, $2) } },
    "GRU": .tensors { try Recurrent($0, gates: 3).run { $0.gated($1, $2) } },
    "LSTM": .tensors { try Recurrent($0, gates: 4).run { $0.longShort($1, $2) } },
  ]
}

/// One of the recurrent operators: inputs `[T, N, I]`, weights `[D, G H, I]` and `[D, G H, H]` for D directions.
private struct Recurrent {
  typealias State = (h: Tensor, c: Tensor?)

  /// The weights of one direction.
  struct Direction {
    var inputWeights: Tensor
    var stateWeights: Tensor
    var inputBias: Tensor
    var stateBias: Tensor
    var peepholes: [Tensor]
    var activations: [@Sendable (Tensor) -> Tensor]
    var hidden: Int
    var clip: Double
    var isLinearBeforeReset: Bool
    var isCoupled: Bool

    private func limited(_ x: Tensor) -> Tensor { clip > 0 ? x.clamped(to: -clip...clip) : x }

    private func gate(_ sum: Tensor, _ position: Int) -> Tensor {
      sum.sliced(axis: 1, from: position * hidden, count: hidden)
    }

    private func sums(_ x: Tensor, _ h: Tensor) -> (fromInput: Tensor, fromState: Tensor) {
      (
        matmul(x, inputWeights.transposed()) + inputBias,
        matmul(h, stateWeights.transposed()) + stateBias
      )
    }

    func simple(_ x: Tensor, _ state: State) -> State {
      let (a, b) = sums(x, state.h)
      return (activations[0](limited(a + b)), nil)
    }

    func gated(_ x: Tensor, _ state: State) -> State {
      let (a, b) = sums(x, state.h)
      let update = activations[0](limited(gate(a, 0) + gate(b, 0)))
      let reset = activations[0](limited(gate(a, 1) + gate(b, 1)))
      let inner: Tensor
      if isLinearBeforeReset {
        inner = gate(a, 2) + reset * gate(b, 2)
      } else {
        let rows = stateWeights.sliced(axis: 0, from: 2 * hidden, count: hidden)
        let bias = stateBias.sliced(axis: 0, from: 2 * hidden, count: hidden)
        inner = gate(a, 2) + matmul(reset * state.h, rows.transposed()) + bias
      }
      let candidate = activations[1](limited(inner))
      return ((1 - update) * candidate + update * state.h, nil)
    }

    func longShort(_ x: Tensor, _ state: State) -> State {
      let (a, b) = sums(x, state.h)
      let old = state.c ?? state.h * 0
      let sum = a + b
      func peeped(_ place: Int, _ cell: Tensor) -> Tensor {
        peepholes.isEmpty
          ? limited(gate(sum, [0, 1, 2][place])) : limited(gate(sum, [0, 1, 2][place]) + peepholes[place] * cell)
      }
      // The order of ONNX: input, output, forget, cell.
      let input = activations[0](peeped(0, old))
      let forget = isCoupled ? 1 - input : activations[0](peeped(2, old))
      let cell = forget * old + input * activations[1](limited(gate(sum, 3)))
      let output = activations[0](peeped(1, cell))
      return (output * activations[2](cell), cell)
    }
  }

  private let x: Tensor
  private let directions: [Direction]
  private let isReversed: [Bool]
  private let lengths: Tensor?
  private let initial: [State]
  private let hasCells: Bool
  private let isBatchFirst: Bool

  init(_ context: OperatorContext, gates: Int) throws {
    isBatchFirst = context.int("layout", 0) != 0
    let (w, r) = (try context.tensor(1), try context.tensor(2))
    let given = try context.tensor(0)
    guard given.rank == 3, w.rank == 3, r.rank == 3, r.shape[2] > 0, w.shape[1] == gates * r.shape[2] else {
      throw OperatorError("has inputs \(given.shape) and weights \(w.shape), \(r.shape), which do not fit")
    }
    let x = isBatchFirst ? given.transposed(permutation: [1, 0, 2]) : given
    self.x = x
    guard x.shape[0] <= 4096 else { throw OperatorError("runs over \(x.shape[0]) steps; Apus takes at most 4096") }
    let (hidden, count) = (r.shape[2], w.shape[0])
    switch context.string("direction", "forward") {
    case "forward": isReversed = [false]
    case "reverse": isReversed = [true]
    case "bidirectional": isReversed = [false, true]
    case let other: throw OperatorError("the direction '\(other.prefix(40))' is unknown")
    }
    guard isReversed.count == count, r.shape[0] == count else {
      throw OperatorError("has weights for \(count) directions")
    }
    let perDirection = gates == 4 ? 3 : gates == 3 ? 2 : 1
    let usual = [1: ["Tanh"], 3: ["Sigmoid", "Tanh"], 4: ["Sigmoid", "Tanh", "Tanh"]][gates] ?? []
    let names = context.strings("activations") ?? (0..<count).flatMap { _ in usual }
    let (alphas, betas) = (context.floats("activation_alpha") ?? [], context.floats("activation_beta") ?? [])
    guard names.count == perDirection * count else { throw OperatorError("names \(names.count) activations") }
    let functions = try names.enumerated().map { place, name in
      try Self.activation(
        name, alpha: place < alphas.count ? alphas[place] : nil, beta: place < betas.count ? betas[place] : nil)
    }
    let (bias, peepholes) = (try context.optional(3), try gates == 4 ? context.optional(7) : nil)
    func row(_ tensor: Tensor, _ direction: Int) -> Tensor {
      tensor.sliced(axis: 0, from: direction, count: 1).squeezingShape(at: [0])
    }
    directions = (0..<count).map { direction in
      let biases = bias.map { row($0, direction) } ?? Tensor.zeros([2 * gates * hidden], dtype: x.dtype)
      return Direction(
        inputWeights: row(w, direction), stateWeights: row(r, direction),
        inputBias: biases.sliced(axis: 0, from: 0, count: gates * hidden),
        stateBias: biases.sliced(axis: 0, from: gates * hidden, count: gates * hidden),
        peepholes: peepholes.map { row($0, direction).split(into: 3, axis: 0) } ?? [],
        activations: Array(functions[direction * perDirection..<(direction + 1) * perDirection]), hidden: hidden,
        clip: context.float("clip", 0), isLinearBeforeReset: context.int("linear_before_reset", 0) != 0,
        isCoupled: context.int("input_forget", 0) != 0)
    }
    lengths = try context.optional(4)
    hasCells = gates == 4
    let isBatch = isBatchFirst
    func start(_ position: Int, _ direction: Int) throws -> Tensor {
      guard let given = try context.optional(position) else {
        return Tensor.zeros([x.shape[1], hidden], dtype: x.dtype)
      }
      return row(isBatch ? given.transposed(permutation: [1, 0, 2]) : given, direction)
    }
    initial = try (0..<count).map { (try start(5, $0), gates == 4 ? try start(6, $0) : nil) }
  }

  private static func activation(
    _ name: String, alpha: Double?, beta: Double?
  ) throws -> @Sendable (Tensor) -> Tensor {
    switch name.lowercased() {
    case "tanh": return { tanh($0) }
    case "sigmoid": return { sigmoid($0) }
    case "relu": return { relu($0) }
    case "affine": return { $0 * (alpha ?? 1) + (beta ?? 0) }
    case "leakyrelu": return { leakyReLU($0, slope: alpha ?? 0.01) }
    case "thresholdedrelu": return { threshold($0, limit: alpha ?? 1, value: 0) }
    case "scaledtanh": return { tanh($0 * (beta ?? 1)) * (alpha ?? 1) }
    case "hardsigmoid": return { ($0 * (alpha ?? 0.2) + (beta ?? 0.5)).clamped(to: 0...1) }
    case "elu": return { elu($0, alpha: alpha ?? 1) }
    case "softsign": return { softSign($0) }
    case "softplus": return { softplus($0) }
    default: throw OperatorError("the activation '\(name.prefix(40))' is unknown")
    }
  }

  /// All steps: `[T, D, N, H]`, and the last states `[D, N, H]`.
  func run(_ step: (Direction, Tensor, State) -> State) -> [Tensor] {
    var outputs: [Tensor] = []
    var last: [State] = []
    for (place, direction) in directions.enumerated() {
      var state = initial[place]
      var steps: [Tensor] = []
      let times = isReversed[place] ? Array((0..<x.shape[0]).reversed()) : Array(0..<x.shape[0])
      for time in times {
        let input = x.sliced(axis: 0, from: time, count: 1).squeezingShape(at: [0])
        var next = step(direction, input, state)
        var output = next.h
        if let lengths {
          // Beyond a sequence's length the state stays and the output is 0.
          let isInside = (lengths .> Double(time)).expandingShape(at: 1)
          next.h = `where`(isInside, next.h, state.h)
          if let c = next.c, let old = state.c { next.c = `where`(isInside, c, old) }
          output = `where`(isInside, output, Tensor(repeating: 0, shape: [], dtype: x.dtype))
        }
        state = next
        steps.append(output)
      }
      outputs.append(stack(isReversed[place] ? steps.reversed() : steps, axis: 0))
      last.append(state)
    }
    let all = stack(outputs, axis: 1)
    let h = stack(last.map(\.h), axis: 0)
    let c = hasCells ? [stack(last.compactMap(\.c), axis: 0)] : []
    guard isBatchFirst else { return [all, h] + c }
    return [all.transposed(permutation: [2, 0, 1, 3])] + ([h] + c).map { $0.transposed(permutation: [1, 0, 2]) }
  }
}
