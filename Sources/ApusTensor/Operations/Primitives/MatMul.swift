/// The matrix product of the last two axes, batched and broadcast over the others: `[..., M, K] x [..., K, N]`.
///
/// Either operand may be read transposed, so that gradients need no copies: `dA = G B^T`, `dB = A^T G`.
package struct MatMul: Primitive {
  package var transposesLeft: Bool
  package var transposesRight: Bool

  package init(transposesLeft: Bool = false, transposesRight: Bool = false) {
    self.transposesLeft = transposesLeft
    self.transposesRight = transposesRight
  }

  package var name: String { "matmul" }

  package func encode(into key: inout PlanKey) {
    key.add(transposesLeft)
    key.add(transposesRight)
  }

  /// Extents of one product: rows, columns, and the summed axis.
  package func extents(_ left: Shape, _ right: Shape) -> (m: Int, n: Int, k: Int) {
    let (a, b) = (left.rank, right.rank)
    return (
      m: transposesLeft ? left[a - 1] : left[a - 2],
      n: transposesRight ? right[b - 2] : right[b - 1],
      k: transposesLeft ? left[a - 2] : left[a - 1]
    )
  }

  package func resultTypes(_ inputs: [TensorType]) throws(ShapeError) -> [TensorType] {
    let (left, right) = (inputs[0], inputs[1])
    guard left.dtype == right.dtype, left.dtype.isFloatingPoint else {
      throw ShapeError("both operands must be f32 or both f64")
    }
    guard left.shape.rank >= 2, right.shape.rank >= 2 else {
      throw ShapeError("both operands need at least two axes; see matmul(_:_:) for vectors")
    }
    let (m, n, k) = extents(left.shape, right.shape)
    let rightK = transposesRight ? right.shape[right.shape.rank - 1] : right.shape[right.shape.rank - 2]
    guard k == rightK else { throw ShapeError("the summed axes differ: \(k) on the left, \(rightK) on the right") }
    guard let batch = Shape(left.shape.dropLast(2)).broadcast(with: Shape(right.shape.dropLast(2))) else {
      throw ShapeError("the outer axes do not broadcast")
    }
    return [TensorType(Shape(Array(batch) + [m, n]), left.dtype)]
  }

  package func gradient(_ context: GradientContext) -> [Tensor?] {
    let (a, b, g) = (context.inputs[0], context.inputs[1], context.outputGradient)
    func product(_ x: Tensor, _ transposesX: Bool, _ y: Tensor, _ transposesY: Bool) -> Tensor {
      Tensor.record(MatMul(transposesLeft: transposesX, transposesRight: transposesY), [x, y])
    }
    let left: () -> Tensor = {
      transposesLeft ? product(b, transposesRight, g, true) : product(g, false, b, !transposesRight)
    }
    let right: () -> Tensor = {
      transposesRight ? product(g, true, a, transposesLeft) : product(a, !transposesLeft, g, false)
    }
    return [context.needs[0] ? left() : nil, context.needs[1] ? right() : nil]
  }

  package func evaluate(_ inputs: [HostView], _ outputs: [HostView]) {
    let (left, right) = (inputs[0].shape, inputs[1].shape)
    let (m, n, k) = extents(left, right)
    let (a, b) = (inputs[0].doubles(), inputs[1].doubles())
    let batch = Shape(outputs[0].shape.dropLast(2))
    let leftStrides = Shape(left.dropLast(2)).broadcastStrides(to: batch)
    let rightStrides = Shape(right.dropLast(2)).broadcastStrides(to: batch)
    var result = [Double](repeating: 0, count: outputs[0].count)
    var rightOffsets = [Int](repeating: 0, count: batch.elementCount)
    StridedCopy.forEachOffset(shape: batch, strides: rightStrides, offset: 0) { rightOffsets[$0] = $1 }
    StridedCopy.forEachOffset(shape: batch, strides: leftStrides, offset: 0) { index, leftIndex in
      let (aBase, bBase, cBase) = (leftIndex * m * k, rightOffsets[index] * k * n, index * m * n)
      for row in 0..<m {
        for step in 0..<k {
          let x = a[aBase + (transposesLeft ? step * m + row : row * k + step)]
          for column in 0..<n {
            let y = b[bBase + (transposesRight ? column * k + step : step * n + column)]
            result[cBase + row * n + column] += x * y
          }
        }
      }
    }
    outputs[0].store(result)
  }
}

/// The matrix product, as NumPy's and PyTorch's `matmul`.
///
/// Shapes: `[..., M, K]` times `[..., K, N]` gives `[..., M, N]`, the outer axes broadcast. A vector on the left is a
/// row, on the right a column, and its axis disappears from the result.
///
/// Precision: f32 products are summed in f32 by the CPU kernels, f64 in f64.
public func matmul(_ left: Tensor, _ right: Tensor) -> Tensor {
  guard left.rank > 0, right.rank > 0 else {
    return Diagnostics.fail(
      ShapeError("matmul(\(left.type), \(right.type)): a scalar has no matrix product; use *"), like: left.type)
  }
  if left.rank > 2, right.rank == 2 {
    // One tall product instead of a batch of small ones; its gradient sums over the batch inside the product too.
    let rows = Shape(left.shape.dropLast())
    let tall = left.reshaped(to: [rows.elementCount, left.shape[left.rank - 1]] as Shape)
    return Tensor.record(MatMul(), [tall, right]).reshaped(to: Shape(Array(rows) + [right.shape[1]]))
  }
  let a = left.rank == 1 ? left.expandingShape(at: 0) : left
  let b = right.rank == 1 ? right.expandingShape(at: 1) : right
  let product = Tensor.record(MatMul(), [a, b])
  var dropped: [Int] = []
  if left.rank == 1 { dropped.append(product.rank - 2) }
  if right.rank == 1 { dropped.append(product.rank - 1) }
  return dropped.isEmpty ? product : product.reshaped(to: product.shape.removing(axes: dropped))
}
