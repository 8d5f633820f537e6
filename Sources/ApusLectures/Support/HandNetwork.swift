import Apus

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// A matrix of plain numbers, row by row.
struct Matrix {
  let rows: Int
  let columns: Int
  var elements: [Double]

  /// The elements of a tensor `[rows, columns]`.
  init(_ tensor: Tensor) {
    (rows, columns, elements) = (tensor.shape[0], tensor.shape[1], tensor.scalars())
  }

  /// Zeros in the shape of another matrix.
  init(zerosLike other: Matrix) {
    (rows, columns) = (other.rows, other.columns)
    elements = [Double](repeating: 0, count: rows * columns)
  }

  subscript(row: Int, column: Int) -> Double {
    get { elements[row * columns + column] }
    set { elements[row * columns + column] = newValue }
  }
}

extension Tensor {
  /// A row of a matrix as plain numbers.
  func row(_ index: Int) -> [Double] { self[index].scalars() }
}

/// A network with a sigmoid layer, a tanh layer and an output layer, in plain numbers: `a(k) = b(k) + W(k) h(k-1)` and
/// `h(k) = phi(a(k))`, section 2.2 of the notes.
struct HandNetwork {
  let w1, w2, w3: Matrix
  let b1, b2, b3: [Double]

  /// The values that the forward pass stores.
  struct Pass {
    let a1, h1, a2, h2, a3: [Double]
  }

  /// The weights and biases of three dense layers.
  init(_ network: Sequential) {
    let values = network.parameters.map(\.parameter.value)
    (w1, w2, w3) = (Matrix(values[0]), Matrix(values[2]), Matrix(values[4]))
    (b1, b2, b3) = (values[1].scalars(), values[3].scalars(), values[5].scalars())
  }

  /// The forward pass of one sample.
  func forward(_ x: [Double]) -> Pass {
    let a1 = Self.affine(b1, w1, x)
    let h1 = a1.map { 1 / (1 + exp(-$0)) }
    let a2 = Self.affine(b2, w2, h1)
    let h2 = a2.map { tanh($0) }
    return Pass(a1: a1, h1: h1, a2: a2, h2: h2, a3: Self.affine(b3, w3, h2))
  }

  /// phi' of the sigmoid, from its value: phi (1 - phi).
  static func sigmoidSlope(_ phi: Double) -> Double { phi * (1 - phi) }

  /// phi' of tanh, from its value: 1 - phi^2.
  static func tanhSlope(_ phi: Double) -> Double { 1 - phi * phi }

  /// exp(z_i) / sum over j of exp(z_j).
  static func softmax(_ z: [Double]) -> [Double] {
    let powers = z.map { exp($0) }
    return powers.map { $0 / powers.reduce(0, +) }
  }

  private static func affine(_ b: [Double], _ w: Matrix, _ h: [Double]) -> [Double] {
    (0..<w.rows).map { i in b[i] + (0..<w.columns).map { j in w[i, j] * h[j] }.reduce(0, +) }
  }
}
