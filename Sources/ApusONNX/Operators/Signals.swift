import ApusTensor
import Foundation

extension Operators {
  /// Windows and Fourier transforms.
  static let signals: [String: Operator] = [
    "HannWindow": .window([0.5, 0.5, 0]),
    "HammingWindow": .window([25.0 / 46, 21.0 / 46, 0]),
    "BlackmanWindow": .window([0.42, 0.5, 0.08]),
    "DFT": .tensor { try fourier($0) },
  ]

  /// The discrete Fourier transform as a product with a matrix: pairs of numbers in the last axis.
  private static func fourier(_ context: OperatorContext) throws -> Tensor {
    let x = try context.tensor(0)
    let isOld = context.opset < 20
    guard x.rank >= 2, let parts = x.shape.last, parts == 1 || parts == 2 else {
      throw OperatorError("transforms \(x.shape), not [..., 1] or [..., 2]")
    }
    let named = try isOld ? context.int("axis", 1) : context.optionalIntegers(2)?.first ?? -2
    let axis = try context.axis(named, rank: x.rank)
    guard axis < x.rank - 1 else { throw OperatorError("transforms the axis of the parts") }
    let isInverse = context.int("inverse", 0) != 0
    let isOneSided = context.int("onesided", 0) != 0
    let length = try context.optionalIntegers(1)?.first ?? x.shape[axis]
    guard length >= 1, length <= 1 << 12 else { throw OperatorError("transforms \(length) points; at most 4096") }
    var signal = x.shape[axis] > length ? x.sliced(axis: axis, from: 0, count: length) : x
    if x.shape[axis] < length {
      var after = [Int](repeating: 0, count: x.rank)
      after[axis] = length - x.shape[axis]
      signal = signal.padded(before: after.map { _ in 0 }, after: after)
    }
    // A half spectrum is made whole by its symmetry before it is turned back.
    let count = isOneSided && !isInverse ? length / 2 + 1 : length
    if isOneSided, isInverse { throw OperatorError("the inverse of a half spectrum is not supported") }
    var order = Array(0..<x.rank - 1)
    order.remove(at: axis)
    order.append(axis)
    let back = (0..<x.rank - 1).map { order.firstIndex(of: $0) ?? 0 }
    func part(_ place: Int) -> Tensor {
      signal.sliced(axis: x.rank - 1, from: place, count: 1).squeezingShape(at: [x.rank - 1]).transposed(
        permutation: order)
    }
    var (cosines, sines) = ([Double](), [Double]())
    for point in 0..<length {
      for frequency in 0..<count {
        let turn = 2 * Double.pi * Double(point * frequency % length) / Double(length)
        cosines.append(cos(turn))
        sines.append((isInverse ? 1 : -1) * cos(turn - Double.pi / 2))
      }
    }
    let scale = isInverse ? 1 / Double(length) : 1
    let c = Tensor(cosines.map { $0 * scale }, shape: [length, count]).cast(to: x.dtype)
    let s = Tensor(sines.map { $0 * scale }, shape: [length, count]).cast(to: x.dtype)
    let real = part(0)
    let imaginary = parts == 2 ? part(1) : nil
    func product(_ a: Tensor, _ m: Tensor) -> Tensor {
      a.rank == 1 ? matmul(a.expandingShape(at: 0), m).squeezingShape(at: [0]) : matmul(a, m)
    }
    var re = product(real, c)
    var im = product(real, s)
    if let imaginary {
      re = re - product(imaginary, s)
      im = im + product(imaginary, c)
    }
    return stack([re.transposed(permutation: back), im.transposed(permutation: back)], axis: x.rank - 1)
  }
}

extension Operator {
  /// A window of a sum of cosines.
  fileprivate static func window(_ terms: [Double]) -> Operator {
    Operator { context in
      let element = try ONNXElement.readable(Int32(truncatingIfNeeded: context.int("output_datatype", 1))).0
      guard let size = try context.integers(0).first, size >= 0, size < 1 << 24 else {
        throw OperatorError("needs a size")
      }
      let length = Double(context.int("periodic", 1) != 0 ? size : size - 1)
      let values = (0..<size).map { place -> Double in
        let turn = 2 * Double.pi * Double(place) / length
        return terms[0] - terms[1] * cos(turn) + terms[2] * cos(2 * turn)
      }
      return [ONNXValue(Tensor(values).cast(to: element.dtype ?? .float32), element: element)]
    }
  }
}
