import ApusCompiler
import ApusTensor
import CKernels

/// The right operand of a matrix product in the form in which the own kernel reads it.
struct PackedOperand: Primitive {
  let isTransposed: Bool
  /// Columns of the product, and how many terms are summed.
  let (n, k): (Int, Int)
  let dtype: DType

  var type: TensorType {
    let count =
      dtype == .float64
      ? apus_gemm_packed_count_f64(Int64(n), Int64(k)) : apus_gemm_packed_count_f32(Int64(n), Int64(k))
    return TensorType([Int(count)], dtype)
  }

  var name: String { "pack" }

  func encode(into key: inout PlanKey) {
    key.add(isTransposed)
    key.add([n, k, Int(dtype.rawValue)])
  }

  func resultTypes(_ inputs: [TensorType]) throws(ShapeError) -> [TensorType] { [type] }

  func gradient(_ context: GradientContext) -> [Tensor?] {
    preconditionFailure("packed operands exist only inside plans")
  }

  func evaluate(_ inputs: [HostView], _ outputs: [HostView]) {
    preconditionFailure("packed operands exist only in plans of the CPU backend")
  }

  func kernel(threads: Int32) -> Kernel {
    let (n, k, flag) = (Int64(n), Int64(k), Int32(isTransposed ? 1 : 0))
    let step = isTransposed ? k : n
    if dtype == .float64 {
      return Kernel {
        apus_gemm_pack_f64(
          flag, n, k, $0[0].assumingMemoryBound(to: Double.self), step, $0[1].assumingMemoryBound(to: Double.self),
          threads)
      }
    }
    return Kernel {
      apus_gemm_pack_f32(
        flag, n, k, $0[0].assumingMemoryBound(to: Float.self), step, $0[1].assumingMemoryBound(to: Float.self), threads)
    }
  }
}

/// A matrix product whose right operand was packed beforehand: in a loop it is packed once for all steps.
struct PackedMatMul: CountsMultiplyAdds {
  let right: PackedOperand
  let rows: Int

  static func preparedOperand(_ product: MatMul, _ inputTypes: [TensorType]) -> PreparedOperand? {
    let (left, right) = (inputTypes[0], inputTypes[1])
    guard !product.transposesLeft, left.shape.rank == 2, right.shape.rank == 2, right.shape.elementCount > 0 else {
      return nil
    }
    let (m, n, k) = product.extents(left.shape, right.shape)
    let packing = PackedOperand(isTransposed: product.transposesRight, n: n, k: k, dtype: right.dtype)
    return PreparedOperand(
      input: 1, preparation: packing, type: packing.type, operation: PackedMatMul(right: packing, rows: m))
  }

  var name: String { "matmul" }

  func encode(into key: inout PlanKey) {
    right.encode(into: &key)
    key.add(rows)
  }

  func resultTypes(_ inputs: [TensorType]) throws(ShapeError) -> [TensorType] {
    [TensorType([rows, right.n], right.dtype)]
  }

  func multiplyAdds(_ inputs: [TensorType], _ outputs: [TensorType]) -> Int { rows * right.n * right.k }

  func gradient(_ context: GradientContext) -> [Tensor?] {
    preconditionFailure("products with packed operands exist only inside plans")
  }

  func evaluate(_ inputs: [HostView], _ outputs: [HostView]) {
    preconditionFailure("products with packed operands exist only in plans of the CPU backend")
  }

  func kernel(_ options: CPUOptions) -> Kernel {
    let (m, n, k) = (Int64(rows), Int64(right.n), Int64(right.k))
    let threads = options.threads(forMultiplyAdds: rows * right.n * right.k)
    if right.dtype == .float64 {
      return Kernel {
        apus_gemm_packed_f64(
          m, n, k, $0[0].assumingMemoryBound(to: Double.self), k, $0[1].assumingMemoryBound(to: Double.self),
          $0[2].assumingMemoryBound(to: Double.self), n, threads)
      }
    }
    return Kernel {
      apus_gemm_packed_f32(
        m, n, k, $0[0].assumingMemoryBound(to: Float.self), k, $0[1].assumingMemoryBound(to: Float.self),
        $0[2].assumingMemoryBound(to: Float.self), n, threads)
    }
  }
}
