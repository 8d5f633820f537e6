import ApusTensor
import Testing

@testable import ApusNN

/// Two lookups of one table, a product behind them, and rows that are looked up but do not count.
private struct Net: Module {
  let table: Embedding
  let dense: Dense

  init(isSparse: Bool) {
    (table, dense) = withRandomSeed(7) {
      (Embedding(6, 4, isSparse: isSparse, dtype: .float64), Dense(4, 3, dtype: .float64))
    }
  }

  func loss(_ numbers: Tensor, _ more: Tensor) -> Tensor {
    _ = table(Tensor([Int32(5)]))
    return sin(dense(table(numbers))).sum() + table(more).squared().sum()
  }
}

@Suite struct SparseEmbeddingTests {
  private let numbers = Tensor([Int32(4), 0, 4, 2, 4, 0], shape: [2, 3])
  private let more = Tensor([Int64(2), 1, 1])

  private func gradients(_ isSparse: Bool) -> (net: Net, gradients: Gradients) {
    let net = Net(isSparse: isSparse)
    return (net, valueWithGradient(of: net) { net.loss(numbers, more) }.gradients)
  }

  private func distance(_ a: Tensor?, _ b: Tensor?) -> Double {
    guard let a, let b, a.shape == b.shape else { return .infinity }
    return abs(a - b).max().item()
  }

  @Test func theGradientIsThatOfTheWholeTable() throws {
    try withExecutor {
      let (_, rows) = gradients(true)
      let (_, whole) = gradients(false)
      let entry = try #require(rows.entries.first)
      #expect(entry.tensor?.shape == [9, 4] && entry.rows?.scalars(as: Int64.self) == [4, 0, 4, 2, 4, 0, 2, 1, 1])
      #expect(entry.tensor?[2].scalars() == [0, 0, 0, 0] as [Double])
      for name in ["table.weight", "dense.weight", "dense.bias"] { #expect(distance(rows[name], whole[name]) < 1e-14) }
      #expect(rows["table.weight"]?[5].scalars() == [0, 0, 0, 0] as [Double])
      #expect(rows[entry.parameter]?.shape == [6, 4])
    }
  }

  @Test func theGradientEqualsDifferences() throws {
    try withExecutor {
      let (net, found) = gradients(true)
      let gradient = try #require(found["table.weight"]).scalars(as: Double.self)
      let start = net.table.weight.value.scalars(as: Double.self)
      for position in start.indices {
        func loss(_ change: Double) -> Double {
          var changed = start
          changed[position] += change
          net.table.weight.value = Tensor(changed, shape: [6, 4])
          return net.loss(numbers, more).item()
        }
        let slope = (loss(1e-5) - loss(-1e-5)) / 2e-5
        #expect(abs(slope - gradient[position]) < 1e-8 * max(1, abs(slope)), "element \(position)")
      }
    }
  }

  /// Limits, factors and sums see the numbers of the whole gradient.
  @Test func limitsAndSumsAreThoseOfTheWholeTable() {
    withExecutor {
      let (rows, whole) = (gradients(true).gradients, gradients(false).gradients)
      for order in NormOrder.allCases { #expect(distance(rows.globalNorm(order), whole.globalNorm(order)) < 1e-13) }
      let changes: [(Gradients) -> Gradients] = [
        { $0.clipped(globalNorm: 0.3) }, { $0.clipped(norm: 0.2) }, { $0.clipped(value: 0.4) }, { $0 * 0.75 },
        { $0.realized() }, { $0.filtered { $0.name != "dense.bias" } },
      ]
      for change in changes {
        #expect(distance(change(rows)["table.weight"], change(whole)["table.weight"]) < 1e-14)
      }
      let net = Net(isSparse: true)
      let parts = [0, 1, 2].map { part in
        valueWithGradient(of: net) { net.loss(numbers[0..., part..<(part + 1)], more[part..<(part + 1)]) }.gradients
      }
      let sum = (parts[0].realized() + parts[1]).realized() + parts[2]
      #expect(distance(sum["table.weight"], whole["table.weight"]) < 1e-14)
      #expect(distance(sum.globalNorm(), whole.globalNorm()) < 1e-13)
      // With gradients that are whole, or none.
      let given = Gradients(of: net, value: sum.value, ["table.weight": Tensor.ones([6, 4], dtype: .float64)])
      #expect(distance((sum + given)["table.weight"], whole["table.weight"].map { $0 + 1 }) < 1e-14)
      #expect((sum + given).entries[0].rows == nil)
      let none = sum.filtered { $0.name != "table.weight" }
      #expect(distance((none + sum)["table.weight"], whole["table.weight"]) < 1e-14)
      #expect(distance((sum + none)["table.weight"], whole["table.weight"]) < 1e-14)
    }
  }

  @Test func tablesThatNobodyLooksUpHaveNoGradient() {
    withExecutor {
      let net = Net(isSparse: true)
      let (_, unused) = valueWithGradient(of: net) { net.dense(Tensor.ones([1, 4], dtype: .float64)).sum() }
      #expect(unused.unusedNames == ["table.weight"])
      let (_, uncounted) = valueWithGradient(of: net) {
        _ = net.table(numbers)
        return net.dense(Tensor.ones([1, 4], dtype: .float64)).sum()
      }
      #expect(uncounted.unusedNames == ["table.weight"])
      net.table.weight.isTrainable = false
      let (_, frozen) = valueWithGradient(of: net) { net.loss(numbers, more) }
      #expect(frozen.entries.map(\.name) == ["dense.weight", "dense.bias"])
    }
  }

  /// An inner gradient's rows stand for the outer's.
  @Test func gradientsOfGradients() {
    withExecutor {
      func second(_ isSparse: Bool) -> Tensor? {
        let net = Net(isSparse: isSparse)
        let (_, outer) = valueWithGradient(of: net) {
          let inner = valueWithGradient(of: net) { net.loss(numbers, more) }.gradients
          return (inner["table.weight"]?.squared().sum() ?? inner.value) + inner.value
        }
        return outer["table.weight"]
      }
      #expect(distance(second(true), second(false)) < 1e-12)
    }
  }

  @Test func whatCannotBeSparseIsSaid() {
    func message(_ loss: (Net) -> Tensor) -> String {
      let net = Net(isSparse: true)
      _ = net.parameters
      do {
        _ = try Diagnostics.dryRun { valueWithGradient(of: net) { loss(net) } }
        return ""
      } catch { return "\(error)" }
    }
    #expect(message { $0.loss(numbers, more) } == "")
    #expect(message { net in withoutGradient { net.table.weight.value.sum() } * net.dense.weight.value.sum() } == "")
    #expect(
      message { $0.table.weight.value.sum() }
        == "the loss reads 'table.weight' as a whole, a table that is trained row by row; look its rows up, read it "
        + "inside withoutGradient { }, or build it without isSparse")
    let refused = "rows of 'table.weight' are looked up inside the body of scan or checkpointed"
    #expect(
      message { net in checkpointed(net.dense.weight.value) { $0.sum() + net.table(more).sum() } }.hasPrefix(refused))
    let looped = message { net in
      scan([Tensor.zeros([3, 4], dtype: .float64)], over: [Tensor.ones([2, 3], dtype: .int64)]) { carry, slices in
        ([carry[0] + net.table(slices[0])], [])
      }.carry[0].sum()
    }
    #expect(looped.hasPrefix(refused))
    let net = Net(isSparse: true)
    #expect(throws: SettingError.self) { try WeightPenalty.l2(0.1).validate(for: net) }
    #expect(throws: Never.self) { try WeightPenalty.l2(layers: ["dense": 0.1]).validate(for: net) }
    net.table.weight.isTrainable = false
    #expect(throws: Never.self) { try WeightPenalty.l2(0.1).validate(for: net) }
    #expect("\(net.table)" == "Embedding(6, 4, isSparse: true)")
  }
}
