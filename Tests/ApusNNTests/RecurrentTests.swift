import ApusCPU
import ApusTensor
import Foundation
import Testing

@testable import ApusNN

extension Tensor {
  /// The largest magnitude of an element.
  fileprivate var largest: Double { abs(self).max().item() }
}

/// Recurrent layers against the lecture notes' equations, written out in plain loops.
@Suite struct RecurrentTests {
  private func numbers(_ count: Int, _ factor: Int) -> [Double] {
    (0..<count).map { Double($0 * factor % 17) / 17 - 0.45 }
  }

  private func values(_ parameter: Parameter?) -> [Double] { parameter?.value.scalars(as: Double.self) ?? [] }

  /// Sets every parameter to numbers of its own.
  private func fill(_ module: some Module) {
    for (index, named) in module.parameters.enumerated() {
      named.parameter.value = Tensor(numbers(named.parameter.count, 3 + 2 * index), shape: named.parameter.shape)
    }
  }

  private func sigma(_ x: Double) -> Double { 1 / (1 + Foundation.exp(-x)) }

  /// The notes' equations of Elman's and Jordan's networks, component by component.
  @Test(arguments: [SimpleCell.Context.hidden, .output]) func elmanAndJordanAreTheNotes(context: SimpleCell.Context) {
    withExecutor {
      let (steps, inputs, hidden, outputs) = (6, 3, 4, 2)
      let network =
        context == .hidden
        ? SimpleRecurrence.elman(inputs, hidden, outputs, activation: .sigmoid, dtype: .float64)
        : SimpleRecurrence.jordan(inputs, hidden, outputs, activation: .sigmoid, dtype: .float64)
      fill(network)
      let x = numbers(2 * steps * inputs, 5)
      let cell = network.cells[0][0]
      let (w, tilde) = (values(cell.weightIh), values(cell.weightHh))
      let (big, b, last) = (values(cell.weightHo), values(cell.biasH), values(cell.biasO))
      let width = context == .hidden ? hidden : outputs
      var expected: [Double] = []
      for batch in 0..<2 {
        var before = [Double](repeating: 0, count: width)
        for time in 0..<steps {
          let z = (0..<hidden).map { i in
            let fromInput = (0..<inputs).reduce(0.0) {
              $0 + w[i * inputs + $1] * x[(batch * steps + time) * inputs + $1]
            }
            return sigma(fromInput + (0..<width).reduce(0.0) { $0 + tilde[i * width + $1] * before[$1] } + b[i])
          }
          let y = (0..<outputs).map { k in (0..<hidden).reduce(0.0) { $0 + big[k * hidden + $1] * z[$1] } + last[k] }
          expected += y
          before = context == .hidden ? z : y
        }
      }
      let found = network(Tensor(x, shape: [2, steps, inputs]))
      #expect(found.shape == [2, steps, outputs])
      for (a, b) in zip(found.scalars(as: Double.self), expected) { #expect(abs(a - b) < 1e-12) }
    }
  }

  /// The notes' equations of the LSTM, with one bias for each gate: the sum of PyTorch's two.
  @Test func lstmIsTheNotes() {
    withExecutor {
      let (steps, n, h) = (5, 3, 4)
      let network = LSTM(n, h, dtype: .float64)
      fill(network)
      let weights = network.cells[0][0].weights
      let (input, recurrent) = (values(weights.weightIh), values(weights.weightHh))
      let bias = zip(values(weights.biasIh), values(weights.biasHh)).map(+)
      let x = numbers(steps * n, 7)
      var (hidden, cell) = ([Double](repeating: 0, count: h), [Double](repeating: 0, count: h))
      var expected: [Double] = []
      for time in 0..<steps {
        func gate(_ number: Int, _ unit: Int) -> Double {
          let row = number * h + unit
          return (0..<h).reduce(0.0) { $0 + recurrent[row * h + $1] * hidden[$1] }
            + (0..<n).reduce(0.0) { $0 + input[row * n + $1] * x[time * n + $1] } + bias[row]
        }
        let (u, f) = ((0..<h).map { sigma(gate(0, $0)) }, (0..<h).map { sigma(gate(1, $0)) })
        let (candidate, o) = ((0..<h).map { Foundation.tanh(gate(2, $0)) }, (0..<h).map { sigma(gate(3, $0)) })
        cell = (0..<h).map { f[$0] * cell[$0] + u[$0] * candidate[$0] }
        hidden = (0..<h).map { o[$0] * Foundation.tanh(cell[$0]) }
        expected += hidden
      }
      let (found, states) = network.run(over: Tensor(x, shape: [1, steps, n]))
      for (a, b) in zip(found.scalars(as: Double.self), expected) { #expect(abs(a - b) < 1e-12) }
      for (a, b) in zip(states[1].scalars(as: Double.self), cell) { #expect(abs(a - b) < 1e-12) }
    }
  }

  /// dL/du, dL/dv and dL/dw of one recurrent neuron by the notes' recurrences.
  @Test func gradientsAreTheNotesRecurrences() {
    withExecutor {
      let (u, v, w) = (0.7, -1.2, 0.9)
      let (x, wanted) = ([0.5, -1.0, 0.3, 0.8, -0.2], [0.1, 0.4, -0.6, 0.2, 0.9])
      var (h, dhdu, dhdw) = (0.0, 0.0, 0.0)
      var (du, dv, dw) = (0.0, 0.0, 0.0)
      for (input, target) in zip(x, wanted) {
        let next = Foundation.tanh(u * input + w * h)
        let slope = 1 - next * next
        (dhdu, dhdw) = ((input + w * dhdu) * slope, (h + w * dhdw) * slope)
        h = next
        let y = sigma(v * h)
        let dLdy = 2 * (y - target)
        let outer = dLdy * y * (1 - y)
        (du, dv, dw) = (du + outer * v * dhdu, dv + outer * h, dw + outer * v * dhdw)
      }
      let network = SimpleRecurrence.elman(1, 1, 1, outputActivation: .sigmoid, bias: false, dtype: .float64)
      for (named, value) in zip(network.parameters, [u, w, v]) {
        named.parameter.value = Tensor([value], shape: [1, 1])
      }
      let (_, gradients) = valueWithGradient(of: network) {
        let error = network(Tensor(x, shape: [1, 5, 1])) - Tensor(wanted, shape: [1, 5, 1])
        return sequenceLoss(error * error)
      }
      for (name, expected) in [("weight_ih_l0", du), ("weight_ho_l0", dv), ("weight_hh_l0", dw)] {
        #expect(abs((gradients[name]?.item() ?? .nan) - expected) < 1e-12, "\(name)")
      }
    }
  }

  /// Checkpoints over time change no value and no gradient, wherever their borders lie, and need less memory.
  @Test(arguments: [1, 3, 4, 100])
  func checkpointsOverTimeChangeNothing(steps: Int) {
    withExecutor {
      var network = LSTM(3, 4, layers: 2, bidirectional: true, timeAxis: 0, dtype: .float64)
      fill(network)
      let x = Tensor(numbers(9 * 2 * 3, 5), shape: [9, 2, 3])
      let start = [0, 1].map { Tensor(numbers(4 * 2 * 4, 6 + $0), shape: [4, 2, 4]) }
      for (lengths, window) in [(nil, nil), (Tensor([Int32(9), 5], shape: [2]), nil), (nil, 4)] as [(Tensor?, Int?)] {
        func found(_ steps: Int) -> [Tensor] {
          network.checkpointSteps = steps
          var results: [Tensor] = []
          let ofInputs = gradient(at: [x] + start) { inputs in
            let (outputs, states) = network.run(
              over: inputs[0], from: Array(inputs[1...]), lengths: lengths, truncatedEvery: window)
            results = [outputs] + states
            return (outputs * outputs).sum() + states[0].sum() + states[1].squared().sum()
          }
          let ofWeights = valueWithGradient(of: network) {
            network.run(over: x, from: start, lengths: lengths, truncatedEvery: window).outputs.squared().sum()
          }
          return results + ofInputs + ofWeights.gradients.entries.compactMap(\.tensor)
        }
        let (plain, checkpointed) = (found(0), found(steps))
        #expect(plain.count == 22 && checkpointed.count == 22)
        for (a, b) in zip(plain, checkpointed) { #expect((a - b).largest < 1e-12) }
      }
    }
  }

  @Test func checkpointsOverTimeNeedLessMemory() {
    func peak(_ steps: Int) -> Int {
      let executor = CPUExecutor.make(options: CPUOptions(threads: 1))
      return Execution.$override.withValue(executor) {
        var network = GRU(4, 32, timeAxis: 0)
        network.checkpointSteps = steps
        let x = Tensor(repeating: 0.5, shape: [256, 4, 4])
        realize(valueWithGradient(of: network) { network(x).squared().sum() }.gradients.entries.compactMap(\.tensor))
        return executor.statistics.peakArenaBytes
      }
    }
    let (kept, recomputed) = (peak(0), peak(16))
    #expect(Double(recomputed) <= 0.5 * Double(kept), "\(recomputed) of \(kept) bytes")
  }

  /// Truncation over the whole sequence is none, over a window is the hand-over of states between calls.
  @Test func truncationEqualsWindowsOneByOne() {
    withExecutor {
      let network = GRU(3, 4, layers: 2, dtype: .float64)
      fill(network)
      let x = Tensor(numbers(2 * 7 * 3, 5), shape: [2, 7, 3])
      func gradients(_ run: () -> (Tensor, [Tensor])) -> (Tensor, [Tensor]) {
        let found = valueWithGradient(of: network) {
          let (outputs, states) = run()
          return ((outputs * outputs).sum() + states[0].sum(), [outputs])
        }
        return (found.auxiliary[0], found.entries.compactMap(\.tensor))
      }
      func distance(_ a: [Tensor], _ b: [Tensor]) -> Double {
        zip(a, b).map { ($0 - $1).largest }.max() ?? .infinity
      }
      let (full, fullGradients) = gradients { network.run(over: x) }
      for window in [7, 100] {
        let (outputs, found) = gradients { network.run(over: x, truncatedEvery: window) }
        #expect(distance([outputs], [full]) == 0 && distance(found, fullGradients) < 1e-13)
      }
      let (cut, cutGradients) = gradients { network.run(over: x, truncatedEvery: 3) }
      #expect(distance([cut], [full]) < 1e-13)
      #expect(distance(cutGradients, fullGradients) > 1e-3)
      // Three calls, each from the states of the one before, held constant.
      var (states, sums) = ([Tensor]?.none, [Tensor]())
      for range in [0..<3, 3..<6, 6..<7] {
        let before = states
        let found = valueWithGradient(of: network) {
          let (outputs, after) = network.run(over: x[0..., range], from: before)
          let last = range.upperBound == 7 ? after[0].sum() : Tensor.zeros([], dtype: .float64)
          return ((outputs * outputs).sum() + last, after)
        }
        states = [Tensor(found.auxiliary[0].hostArray())]
        let parts = found.entries.compactMap(\.tensor)
        sums = sums.isEmpty ? parts : zip(sums, parts).map { $0 + $1 }
      }
      #expect(distance(cutGradients, sums) < 1e-12)
    }
  }

  /// A cell of somebody's own: two layers, both directions, lengths, a learnt start; gradients by differences.
  private struct Leaky: RecurrentCell {
    var dense: Dense
    var inputs: Int { dense.weight.shape[1] }
    var outputs: Int { dense.weight.shape[0] }
    var states: [Int] { [outputs, 1] }
    func step(_ x: Tensor, _ states: [Tensor]) -> (output: Tensor, states: [Tensor]) {
      let h = states[0] * 0.6 + dense(x) * (states[1] + 0.4)
      return (h, [h, states[1] * 0.5 + h.sum(squeezingAxes: 1).reshaped(to: [h.shape[0], 1] as Shape) * 0.1])
    }
  }

  @Test func cellsOfOnesOwn() {
    withExecutor {
      let network = Recurrence(layers: 2, bidirectional: true, learnsInitialState: true, dtype: .float64) {
        Leaky(dense: Dense($0 ?? 2, 3, activation: .tanh, dtype: .float64))
      }
      fill(network)
      #expect(
        network.parameters.map(\.name) == [
          "dense.weight_l0", "dense.bias_l0", "dense.weight_l0_reverse", "dense.bias_l0_reverse", "dense.weight_l1",
          "dense.bias_l1", "dense.weight_l1_reverse", "dense.bias_l1_reverse", "initial_0", "initial_1",
        ])
      let x = Tensor(numbers(3 * 4 * 2, 5), shape: [3, 4, 2])
      let lengths = Tensor([Int32(4), 2, 0])
      let check = checkGradients(at: [x] + network.parameters.map(\.parameter.value)) { arguments in
        for (named, value) in zip(network.parameters, arguments.dropFirst()) { named.parameter.value = value }
        let (outputs, states) = network.run(over: arguments[0], lengths: lengths)
        return concatenate([outputs.flattened()] + states.map { $0.flattened() })
      }
      #expect(check.passes, "\(check)")
    }
  }

  /// An empty sequence gives zeros and leaves the states; a sequence is the same alone and in a longer batch.
  @Test func sequencesDoNotSeeEachOther() {
    withExecutor {
      let network = LSTM(2, 3, layers: 2, bidirectional: true, learnsInitialState: true, timeAxis: 1, dtype: .float64)
      fill(network)
      let x = Tensor(numbers(3 * 5 * 2, 7), shape: [3, 5, 2])
      let (outputs, states) = network.run(over: x, lengths: Tensor([Int64(5), 3, 0]))
      let (alone, ends) = network.run(over: x[1..<2, 0..<3])
      let padded = outputs[1..<2]
      #expect((padded[0..., 0..<3] - alone).largest < 1e-14)
      #expect(padded[0..., 3...].largest == 0)
      for (all, end) in zip(states, ends) { #expect((all[0..., 1..<2] - end).largest < 1e-14) }
      #expect(outputs[2].largest == 0)
      let starts = (network.initialStates ?? []).map(\.value)
      for (all, start) in zip(states, starts) { #expect((all[0..., 2..<3] - start).largest == 0) }
    }
  }

  @Test func cellsStepByStepEqualTheLayer() {
    withExecutor {
      let network = GRU(3, 4, dtype: .float64)
      fill(network)
      let x = Tensor(numbers(2 * 3 * 3, 5), shape: [2, 3, 3])
      var h = Tensor.zeros([2, 4], dtype: .float64)
      for time in 0..<3 { h = network.cells[0][0](x[0..., time], [h]).output }
      #expect((network.run(over: x).states[0][0] - h).largest < 1e-14)
    }
  }

  @Test func dropoutIsBetweenLayersOnly() {
    withExecutor {
      let x = Tensor(numbers(4 * 6 * 3, 5), shape: [4, 6, 3])
      func differs(_ layers: Int) -> Double {
        let network = RNN(3, 8, layers: layers, dropout: 0.5, dtype: .float64)
        let noisy = withRandomSeed(3) { withTraining { network(x) } }
        return (noisy - network(x)).largest
      }
      #expect(differs(1) == 0)
      #expect(differs(2) > 0.01)
    }
  }

  /// Initial values: PyTorch's range by default, initializers gate by gate.
  @Test func initialValues() {
    withExecutor {
      let lstm = withRandomSeed(4) { LSTM(3, 16, recurrentInitializer: .orthogonal) }
      let weights = lstm.cells[0][0].weights
      let bound = 1 / 4.0
      for parameter in [weights.weightIh, weights.biasIh, weights.biasHh].compactMap({ $0 }) {
        let range = values(parameter)
        #expect(range.allSatisfy { abs($0) <= bound } && (range.max() ?? 0) > 0.8 * bound)
      }
      for gate in 0..<4 {
        let part = weights.weightHh.value[(gate * 16)..<(gate * 16 + 16)]
        let product = matmul(part, part.transposed()) - Tensor.arange(16, dtype: .int64).oneHot(depth: 16)
        #expect(product.largest < 1e-5)
      }
      #expect("\(lstm)" == "LSTM(3, 16)")
      #expect(
        "\(GRU(2, 4, layers: 2, bidirectional: true, timeAxis: 0))"
          == "GRU(2, 4, layers: 2, bidirectional: true, timeAxis: 0)")
    }
  }

  @Test func mistakesAreNamed() {
    func message(_ body: () -> Void) -> String {
      do {
        try Diagnostics.dryRun { body() }
        return ""
      } catch { return "\(error)" }
    }
    let network = LSTM(3, 4)
    let x = Tensor.zeros([2, 5, 3])
    #expect(message { _ = network(Tensor.zeros([2, 5, 4])) }.contains("it must be sequences [N, T, 3]"))
    #expect(message { _ = network(Tensor.zeros([2, 0, 3])) }.contains("at least one step"))
    #expect(message { _ = network.run(over: x, from: [Tensor.zeros([1, 2, 4])]) }.contains("the states are"))
    #expect(message { _ = network.run(over: x, lengths: Tensor([Int32(1)])) }.contains("i32 or i64 [2]"))
    #expect(message { _ = network.run(over: x, truncatedEvery: 0) }.contains("at least 1"))
    #expect(message { _ = LSTM(0, 4) }.contains("at least 1"))
    #expect(message { _ = RNN(2, 4, layers: 0) }.contains("at least 1"))
    #expect(message { _ = GRU(2, 4, timeAxis: 2) }.contains("0 or 1"))
    #expect(message { _ = Embedding(10, 0) }.contains("at least 1"))
    #expect(message { _ = Embedding(10, 2)(Tensor.zeros([3])) }.contains("i32 or i64"))
  }

  /// Rows of a small table are multiplied before they are looked up: beside the same vectors as one-hot products, which are
  /// not. The table has 5 rows: fewer than half of 24 numbers, and more than half of 6, where only inference does so.
  @Test(arguments: [0, 1]) func productsOfLookedUpRows(timeAxis: Int) {
    withExecutor {
      let embedding = Embedding(5, 3, dtype: .float64)
      let network = LSTM(3, 4, timeAxis: timeAxis, dtype: .float64)
      fill(embedding)
      fill(network)
      struct Both: Module {
        var embedding: Embedding
        var network: LSTM
      }
      func products(_ x: Tensor) -> Int {
        var (count, pending) = (0, [network(x).node])
        while let node = pending.popLast() {
          if node.operation is MatMul, node.type(of: 0).shape == [5, 16] { count += 1 }
          pending += node.inputs.map(\.node)
        }
        return count
      }
      for shape in [[4, 6], [2, 3]] as [Shape] {
        let symbols = Tensor((0..<shape.elementCount).map { Int32($0 * 3 % 5) }, shape: shape)
        let isSmall = shape == [2, 3]
        #expect(products(embedding(symbols)) == 1)
        withTraining { #expect(products(embedding(symbols)) == (isSmall ? 0 : 1)) }
        let oneHot = symbols.oneHot(depth: 5, dtype: .float64)
        let ways: [(Embedding) -> Tensor] = [
          { $0(symbols) }, { matmul(oneHot, $0.weight.value) },
        ]
        let results = ways.map { vectors in
          let found = valueWithGradient(of: Both(embedding: embedding, network: network)) {
            let y = network(vectors(embedding))
            return ((y * (y + 0.3)).sum(), [y])
          }
          return found.auxiliary + found.entries.compactMap(\.tensor)
        }
        #expect(results[0].count == 6)
        for (found, expected) in zip(results[0], results[1]) { #expect((found - expected).largest < 1e-12) }
      }
    }
  }

  /// The embedding is a one-hot vector times its table, in values and gradients.
  @Test func embeddingEqualsOneHotProducts() {
    withExecutor {
      let embedding = Embedding(5, 3, dtype: .float64)
      fill(embedding)
      let numbers = Tensor([Int32(4), 0, 4, 2], shape: [2, 2])
      let factors = Tensor(self.numbers(12, 5), shape: [2, 2, 3])
      let (_, found) = valueWithGradient(of: embedding) { (embedding(numbers) * factors).sum() }
      let (value, expected) = valueWithGradient(of: embedding) {
        (matmul(numbers.oneHot(depth: 5, dtype: .float64), embedding.weight.value) * factors).sum()
      }
      #expect(abs((embedding(numbers) * factors).sum().item() - value.item()) < 1e-14)
      guard let a = found["weight"], let b = expected["weight"] else {
        Issue.record("no gradient")
        return
      }
      #expect((a - b).largest < 1e-14)
      #expect(a[1].largest == 0 && a[4].largest > 0.1)
    }
  }
}
