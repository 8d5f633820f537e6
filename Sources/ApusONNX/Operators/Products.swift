import ApusTensor

extension Operators {
  /// Products of matrices.
  static let products: [String: Operator] = [
    "MatMul": .tensor { matrixProduct(try $0.tensor(0), try $0.tensor(1)) },
    "Gemm": .tensor { context in
      let (a, b) = (try context.tensor(0), try context.tensor(1))
      guard a.rank == 2, b.rank == 2 else { throw OperatorError("multiplies \(a.shape) by \(b.shape), not matrices") }
      let (transposesA, transposesB) = (context.int("transA", 0) != 0, context.int("transB", 0) != 0)
      let kind: DType = a.dtype.isFloatingPoint ? a.dtype : .float64
      var y = Tensor.record(
        MatMul(transposesLeft: transposesA, transposesRight: transposesB), [a.cast(to: kind), b.cast(to: kind)])
      let (alpha, beta) = (context.float("alpha", 1), context.float("beta", 1))
      if alpha != 1 { y = y * alpha }
      guard let c = try context.optional(2) else { return y.cast(to: a.dtype) }
      return (beta == 1 ? y + c.cast(to: kind) : y + c.cast(to: kind) * beta).cast(to: a.dtype)
    },
    "Einsum": .tensor { try Einsum($0.string("equation", ""), try $0.tensors()).result() },
    "Det": .tensor { context in
      let x = try context.tensor(0)
      guard x.rank >= 2, x.shape[x.rank - 1] == x.shape[x.rank - 2], x.shape[x.rank - 1] <= 6 else {
        throw OperatorError("is supported for square matrices of at most 6 rows, not \(x.shape)")
      }
      return determinant(x)
    },
  ]

  /// A matrix product, also of whole numbers.
  static func matrixProduct(_ a: Tensor, _ b: Tensor) -> Tensor {
    if a.dtype.isFloatingPoint { return matmul(a, b) }
    return matmul(a.cast(to: .float64), b.cast(to: .float64)).cast(to: a.dtype)
  }

  /// By the expansion along the first row.
  private static func determinant(_ x: Tensor) -> Tensor {
    let size = x.shape[x.rank - 1]
    func entry(_ column: Int) -> Tensor {
      x.sliced(axis: x.rank - 2, from: 0, count: 1).sliced(axis: x.rank - 1, from: column, count: 1)
        .squeezingShape(at: [x.rank - 2, x.rank - 1])
    }
    if size == 1 { return entry(0) }
    let rest = x.sliced(axis: x.rank - 2, from: 1, count: size - 1)
    var sum: Tensor?
    for column in 0..<size {
      var parts: [Tensor] = []
      if column > 0 { parts.append(rest.sliced(axis: x.rank - 1, from: 0, count: column)) }
      if column < size - 1 { parts.append(rest.sliced(axis: x.rank - 1, from: column + 1, count: size - 1 - column)) }
      let term = entry(column) * determinant(concatenate(parts, axis: x.rank - 1))
      sum = sum.map { column.isMultiple(of: 2) ? $0 + term : $0 - term } ?? term
    }
    return sum ?? x
  }
}

/// A sum of products by Einstein's convention: `ij,jk->ik`.
struct Einsum {
  private let terms: [[Character]]
  private let output: [Character]
  private let tensors: [Tensor]

  init(_ equation: String, _ tensors: [Tensor]) throws {
    let text = equation.filter { !$0.isWhitespace }
    let sides = text.split(separator: ">", omittingEmptySubsequences: false)
    let left = sides[0].hasSuffix("-") ? String(sides[0].dropLast()) : String(sides[0])
    let terms = left.split(separator: ",", omittingEmptySubsequences: false).map(String.init)
    guard terms.count == tensors.count, sides.count <= 2 else {
      throw OperatorError("the equation '\(equation.prefix(80))' does not fit \(tensors.count) inputs")
    }
    // Dots stand for axes that are counted from the right.
    let dots: [Character] = Array("0123456789")
    let named = try zip(terms, tensors).map { term, tensor -> [Character] in
      let letters = Array(term.replacing("...", with: "."))
      let hidden = tensor.rank - letters.filter { $0 != "." }.count
      guard hidden >= 0, hidden <= dots.count, letters.contains(".") || hidden == 0 else {
        throw OperatorError("the equation '\(equation.prefix(80))' does not fit an input of \(tensor.rank) axes")
      }
      return letters.flatMap { $0 == "." ? Array(dots.prefix(hidden).reversed()) : [$0] }
    }
    let all = named.flatMap { $0 }
    let hidden = dots.reversed().filter { all.contains($0) }
    if sides.count == 2 {
      output = Array(sides[1].replacing("...", with: ".")).flatMap { $0 == "." ? hidden : [$0] }
    } else {
      let once = Set(all).filter { letter in letter.isLetter && all.filter { $0 == letter }.count == 1 }
      output = hidden + once.sorted()
    }
    guard Set(output).count == output.count, output.allSatisfy({ all.contains($0) }) else {
      throw OperatorError("the equation '\(equation.prefix(80))' names results that no input has")
    }
    self.terms = named
    self.tensors = tensors
  }

  func result() throws -> Tensor {
    var operands = try zip(tensors, terms).map { try Self.diagonal($0, $1) }
    while operands.count > 1 {
      let (b, a) = (operands.removeLast(), operands.removeLast())
      let others = Set(operands.flatMap(\.letters)).union(output)
      operands.append(try Self.product(a, b, keeping: others))
    }
    guard let last = operands.first else { throw OperatorError("has no inputs") }
    let summed = Self.sum(last, keeping: Set(output))
    return summed.tensor.transposed(permutation: output.compactMap { summed.letters.firstIndex(of: $0) })
  }

  private typealias Operand = (tensor: Tensor, letters: [Character])

  /// One axis for each letter: a letter that occurs twice means the diagonal.
  private static func diagonal(_ tensor: Tensor, _ letters: [Character]) throws -> Operand {
    var (tensor, letters) = (tensor, letters)
    while let second = letters.indices.first(where: { letters[..<$0].contains(letters[$0]) }),
      let first = letters.firstIndex(of: letters[second])
    {
      guard tensor.shape[first] == tensor.shape[second] else { throw OperatorError("a diagonal of unequal axes") }
      let extents = tensor.shape
      let row = Tensor.record(
        Iota(shape: Shape(extents.indices.map { $0 == first ? extents[first] : 1 }), axis: first, dtype: .int64), [])
      let column = Tensor.record(
        Iota(shape: Shape(extents.indices.map { $0 == second ? extents[second] : 1 }), axis: second, dtype: .int64), [])
      let zero = Tensor(repeating: 0, shape: [], dtype: tensor.dtype)
      tensor = `where`(row .== column, tensor, zero).sum(squeezingAxes: [second])
      letters.remove(at: second)
    }
    return (tensor, letters)
  }

  private static func sum(_ operand: Operand, keeping kept: Set<Character>) -> Operand {
    let axes = operand.letters.indices.filter { !kept.contains(operand.letters[$0]) }
    if axes.isEmpty { return operand }
    return (operand.tensor.sum(squeezingAxes: axes), operand.letters.filter { kept.contains($0) })
  }

  /// A batch of matrix products: letters of both that stay, letters of one that stay, letters of both that are summed.
  private static func product(_ a: Operand, _ b: Operand, keeping kept: Set<Character>) throws -> Operand {
    let a = sum(a, keeping: kept.union(b.letters))
    let b = sum(b, keeping: kept.union(a.letters))
    let batch = a.letters.filter { b.letters.contains($0) && kept.contains($0) }
    let inner = a.letters.filter { b.letters.contains($0) && !kept.contains($0) }
    let (rows, columns) = (a.letters.filter { !b.letters.contains($0) }, b.letters.filter { !a.letters.contains($0) })
    func extents(_ letters: [Character], _ operand: Operand) -> [Int] {
      letters.compactMap { letter in operand.letters.firstIndex(of: letter).map { operand.tensor.shape[$0] } }
    }
    func arranged(_ operand: Operand, _ order: [Character], _ shape: [Int]) -> Tensor {
      operand.tensor.transposed(permutation: order.compactMap { operand.letters.firstIndex(of: $0) })
        .reshaped(to: Shape(shape))
    }
    let (batchA, batchB) = (extents(batch, a), extents(batch, b))
    guard extents(inner, a) == extents(inner, b) || batchA != batchB, batchA == batchB else {
      throw OperatorError("axes of one letter have different extents")
    }
    let (m, n) = (extents(rows, a), extents(columns, b))
    func size(_ list: [Int]) -> Int { list.reduce(1, *) }
    let left = arranged(a, batch + rows + inner, [size(batchA), size(m), size(extents(inner, a))])
    let right = arranged(b, batch + inner + columns, [size(batchB), size(extents(inner, b)), size(n)])
    let product = Operators.matrixProduct(left, right)
    guard batchA.count + m.count + n.count <= Shape.maximumRank else { throw OperatorError("has too many axes") }
    return (product.reshaped(to: Shape(batchA + m + n)), batch + rows + columns)
  }
}
