import ApusTensor

/// Layers of a recurrent cell over sequences: one above the other, in one direction or both, over sequences of one length
/// or of many.
///
/// Shapes: `[N, T, inputs]` gives `[N, T, outputs]` (`[T, N, ...]` with `timeAxis: 0`), with twice the cell's outputs where
/// there are two directions: those of the forward one first. Parameters are named by layer and direction as PyTorch's:
/// `weight_ih_l0`, `weight_hh_l1_reverse`, so that its state dicts load.
///
/// ```swift
/// let lstm = LSTM(32, 64, layers: 2, bidirectional: true, dropout: 0.3)
/// let outputs = lstm(x)                                            // [N, T, 32] -> [N, T, 128]
/// let (all, last) = lstm.run(over: x, lengths: lengths)            // last: h and c, [4, N, 64] each
/// let (next, _) = lstm.run(over: y, from: last)                    // goes on where the first call ended
/// ```
/// ``LSTM``, ``GRU``, ``RNN`` and ``SimpleRecurrence`` are its forms; any ``RecurrentCell`` can take their place.
public struct Recurrence<Cell: RecurrentCell>: Layer, CustomStringConvertible {
  /// The cells, by layer and direction.
  public var cells: [[Cell]]
  /// Applied to the outputs of every layer but the last.
  public let dropout: Dropout
  /// Learnt states before the first step, `[layers * directions, 1, ...]` for each state of the cell; nil starts from 0.
  public var initialStates: [Parameter]?
  /// The axis of time, 0 or 1; the other is the batch.
  public let timeAxis: Int
  /// Above 0, of every so many steps the inputs and the states at their border are kept alone for the gradient, and the rest
  /// is computed again (checkpoints over time; Chen, Xu, Zhang, Guestrin, 2016). With the root of the number of steps, memory
  /// for the inner values of T steps grows as the root of T; the forward pass runs twice.
  public var checkpointSteps = 0

  /// Layers of cells.
  ///
  /// - Parameters:
  ///   - layers: how many layers there are.
  ///   - bidirectional: whether each layer also goes through the sequence from its end.
  ///   - dropout: how probably an output of a layer below another one is dropped in training.
  ///   - learnsInitialState: whether the states before the first step are learnt, not 0.
  ///   - timeAxis: 1 for `[N, T, ...]`, 0 for `[T, N, ...]`, which spares a transposition.
  ///   - makeCell: from the features of a layer's input (nil for the first layer, whose cell decides) to its cell.
  public init(
    layers: Int = 1, bidirectional: Bool = false, dropout: Double = 0, learnsInitialState: Bool = false,
    timeAxis: Int = 1, dtype: DType = .float32, _ makeCell: (_ inputs: Int?) -> Cell
  ) {
    if !(0...1).contains(timeAxis) {
      _ = LayerCheck.fail("Recurrence(timeAxis: \(timeAxis)): the axis of time must be 0 or 1", nil)
    }
    let count = LayerCheck.positive("Recurrence(layers: \(layers))", layers) ? layers : 1
    var made: [[Cell]] = []
    for _ in 0..<count {
      let below = made.last.map { $0.reduce(0) { $0 + $1.outputs } }
      made.append((0..<(bidirectional ? 2 : 1)).map { _ in makeCell(below) })
    }
    cells = made
    self.dropout = Dropout(dropout)
    self.timeAxis = timeAxis == 0 ? 0 : 1
    let passes = count * (bidirectional ? 2 : 1)
    initialStates =
      learnsInitialState
      ? made[0][0].states.map { Parameter(Tensor.zeros([passes, 1, $0], dtype: dtype), role: .bias) } : nil
  }

  /// The outputs of the last layer at every step, from the initial states.
  public func callAsFunction(_ x: Tensor) -> Tensor { run(over: x).outputs }

  /// The outputs of the last layer at every step, and the states after the last one.
  ///
  /// - Parameters:
  ///   - x: `[N, T, inputs]`, or `[T, N, inputs]` with `timeAxis` 0; at least one step.
  ///   - states: the states before the first step, `[layers * directions, N, ...]` for each state of the cell, layer by
  ///     layer, the forward direction first; nil takes the learnt ones, or 0. They are constants of this call's gradient
  ///     unless they were recorded in it: handing the states of one window to the next is truncated back-propagation.
  ///   - lengths: i32 or i64 `[N]`: the steps of each sequence, at most T. Steps after a sequence's end change nothing: its
  ///     outputs there are 0, its states those at its end; the reverse direction begins at its end.
  ///   - window: truncates back-propagation through time: the gradient through the states ends at every multiple of so
  ///     many steps. nil goes through all of them.
  /// - Returns: outputs `[N, T, outputs]` or `[T, N, outputs]`, and states shaped as `states`.
  public func run(
    over x: Tensor, from states: [Tensor]? = nil, lengths: Tensor? = nil, truncatedEvery window: Int? = nil
  ) -> (outputs: Tensor, states: [Tensor]) {
    if let problem = problem(x, states, lengths, window) {
      let type = TensorType([1, 1, outputs], x.dtype)
      return (LayerCheck.fail(description + place + ": " + problem, type), states ?? [])
    }
    var h = timeAxis == 0 ? x : x.transposed(permutation: [1, 0, 2])
    let (steps, batch) = (h.shape[0], h.shape[1])
    var mask: Tensor?
    if let lengths {
      let times = Tensor.arange(steps, dtype: lengths.dtype).expandingShape(at: 1)
      let isInside = (times .< lengths.expandingShape(at: 0)).expandingShape(at: 2)
      mask = isInside
      // What stands after an end, NaN included, meets no weight.
      h = h.selected(where: isInside, otherwise: Tensor.zeros([], dtype: h.dtype))
    }
    var last = [[Tensor]](repeating: [], count: cells[0][0].states.count)
    for (layer, directions) in cells.enumerated() {
      if layer > 0 { h = dropout(h) }
      var outputs: [Tensor] = []
      for (direction, cell) in directions.enumerated() {
        let start = start(states, pass: layer * directions.count + direction, batch: batch, dtype: x.dtype)
        let (found, final) = cell.unrolled(
          over: h, from: start, mask: mask, reversed: direction == 1, window: window,
          segment: checkpointSteps > 0 ? checkpointSteps : nil)
        outputs.append(found)
        for index in final.indices { last[index].append(final[index]) }
      }
      h = outputs.count == 1 ? outputs[0] : concatenate(outputs, axis: 2)
    }
    return (timeAxis == 0 ? h : h.transposed(permutation: [1, 0, 2]), last.map { stack($0, axis: 0) })
  }

  /// States of zeros for a batch, as ``run(over:from:lengths:truncatedEvery:)`` takes them.
  public func zeroStates(batch: Int, dtype: DType = .float32) -> [Tensor] {
    cells[0][0].states.map { Tensor.zeros([cells.count * cells[0].count, batch, $0], dtype: dtype) }
  }

  /// Features of an output: of both directions together, where there are two.
  public var outputs: Int { cells[cells.count - 1].reduce(0) { $0 + $1.outputs } }

  private func start(_ states: [Tensor]?, pass: Int, batch: Int, dtype: DType) -> [Tensor] {
    cells[0][0].states.enumerated().map { index, width in
      let shape: Shape = [batch, width]
      if let states { return states[index].sliced(axis: 0, from: pass, count: 1).reshaped(to: shape) }
      guard let learnt = initialStates?[index].value else { return Tensor.zeros(shape, dtype: dtype) }
      return learnt.sliced(axis: 0, from: pass, count: 1).reshaped(to: [1, width] as Shape).broadcast(to: shape)
    }
  }

  /// What is wrong with the arguments of a run; nil when nothing is.
  private func problem(_ x: Tensor, _ states: [Tensor]?, _ lengths: Tensor?, _ window: Int?) -> String? {
    let (first, form) = (cells[0][0], timeAxis == 0 ? "[T, N," : "[N, T,")
    guard x.rank == 3, x.shape[2] == first.inputs, x.shape[timeAxis] > 0, x.dtype.isFloatingPoint else {
      return "the input is \(x.type), it must be sequences \(form) \(first.inputs)] of at least one step"
    }
    let batch = x.shape[1 - timeAxis]
    if let states {
      let needed = first.states.map { Shape([cells.count * cells[0].count, batch, $0]) }
      guard states.map(\.shape) == needed else {
        return "the states are \(states.map(\.shape)), they must be \(needed), layer by layer"
      }
    }
    if let lengths, lengths.shape != [batch] || lengths.dtype != .int32 && lengths.dtype != .int64 {
      return "the lengths are \(lengths.type), they must be i32 or i64 [\(batch)]"
    }
    if let window, window < 1 { return "cannot be truncated every \(window) steps; choose at least 1" }
    return nil
  }

  private var place: String { cells[0][0].parameters.first?.parameter.place ?? "" }

  /// The parameters of the cells, named by layer and direction, then learnt initial states, `initial_0`.
  public var namedParts: [(name: String, part: Any)]? {
    var parts: [(name: String, part: Any)] = []
    for (layer, directions) in cells.enumerated() {
      for (direction, cell) in directions.enumerated() {
        let suffix = "_l\(layer)" + (direction == 1 ? "_reverse" : "")
        parts += cell.parameters.map { ($0.name + suffix, $0.parameter) }
      }
    }
    return parts + (initialStates ?? []).enumerated().map { ("initial_\($0)", $1) }
  }

  /// The code that builds the layers, but for initial values.
  public var description: String {
    let name = "\(Cell.self)"
    let kind = name.hasSuffix("Cell") && name != "SimpleCell" ? String(name.dropLast(4)) : "Recurrence<\(name)>"
    let options: [(String, Bool)] = [
      ("layers: \(cells.count)", cells.count > 1), ("bidirectional: true", cells[0].count > 1),
      ("dropout: \(dropout.probability)", dropout.probability > 0),
      ("learnsInitialState: true", initialStates != nil), ("timeAxis: 0", timeAxis == 0),
    ]
    return "\(kind)("
      + (["\(cells[0][0].inputs)", "\(cells[0][0].outputs)"] + options.filter(\.1).map(\.0))
      .joined(separator: ", ") + ")"
  }
}
