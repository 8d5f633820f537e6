import Apus

/// Convolution and pooling written out with loops over indices, as in the slides *Introduction to Deep Learning* (Mille).
struct HandConvolution {
  let image: [[Double]]
  let kernel: [[Double]]
  /// What the slides give.
  let result: [[Double]]

  /// The numerical example of the slides.
  static let example = HandConvolution(
    image: [[3, 3, 2, 1, 0], [0, 0, 1, 3, 1], [3, 1, 2, 2, 3], [2, 0, 0, 2, 2], [2, 0, 0, 0, 1]],
    kernel: [[0, 1, 2], [2, 2, 0], [0, 1, 2]], result: [[12, 12, 17], [10, 17, 19], [9, 6, 14]])

  /// What the engine makes of the image.
  var byEngine: [Double] {
    func tensor(_ rows: [[Double]]) -> Tensor {
      Tensor(HostArray(Array(rows.joined()), shape: [1, 1, rows.count, rows[0].count]))
    }
    let layer = Conv2D(1, 1, kernel: Size2D(kernel.count), bias: false, dtype: .float64)
    layer.weight.value = tensor(kernel)
    return layer(tensor(image)).scalars()
  }

  /// The sum of K(m, n) I(i + m, j + n), or of K(m, n) I(i + n, j + m).
  func convolved(swapsIndices: Bool) -> [[Double]] {
    let places = 0..<(image.count - kernel.count + 1)
    return places.map { i in
      places.map { j in
        var sum = 0.0
        for m in kernel.indices {
          for n in kernel[m].indices {
            sum += kernel[m][n] * (swapsIndices ? image[i + n][j + m] : image[i + m][j + n])
          }
        }
        return sum
      }
    }
  }

  /// The largest differences between the slides' sums and the engine's gradients, for a mask of 2 x 2 with a bias and
  /// tanh, and for max pooling of 2 x 2 behind it. The loss is a sum with random factors, which are its gradient.
  static func gradientDifferences(seed: UInt64) -> (weight: Double, bias: Double, pool: Double) {
    let side = 7
    let layer = withRandomSeed(seed) { Conv2D(1, 1, kernel: 2, activation: .tanh, dtype: .float64) }
    let x = Tensor.randomNormal([1, 1, side, side], dtype: .float64, seed: seed)
    let factors = Tensor.randomNormal([1, 1, side - 1, side - 1], dtype: .float64, seed: seed &+ 2)
    let (_, gradients) = valueWithGradient(of: layer) { (layer(x) * factors).sum() }
    let engineWeight: [Double] = gradients["weight"]?.scalars() ?? []
    let engineBias = gradients["bias"]?.item() ?? .nan

    let (xs, g): ([Double], [Double]) = (x.scalars(), factors.scalars())
    let inputs = layer(x)
    let slopes = inputs.scalars(as: Double.self).map { 1 - $0 * $0 }
    var (weight, bias) = ([Double](repeating: 0, count: 4), 0.0)
    for i in 0..<side - 1 {
      for j in 0..<side - 1 {
        let arrived = g[i * (side - 1) + j] * slopes[i * (side - 1) + j]
        bias += arrived
        for m in 0..<2 { for n in 0..<2 { weight[2 * m + n] += arrived * xs[(i + m) * side + j + n] } }
      }
    }

    let pooledFactors = Tensor.randomNormal([1, 1, 3, 3], dtype: .float64, seed: seed &+ 3)
    let enginePool: [Double] = gradient(at: inputs) { ($0.maxPooled(2) * pooledFactors).sum() }.scalars()
    let (h, p): ([Double], [Double]) = (inputs.scalars(), pooledFactors.scalars())
    var pool = [Double](repeating: 0, count: h.count)
    for i in 0..<3 {
      for j in 0..<3 {
        let window = [0, 1, side - 1, side].map { 2 * i * (side - 1) + 2 * j + $0 }
        if let largest = window.max(by: { h[$0] < h[$1] }) { pool[largest] = p[3 * i + j] }
      }
    }
    func largest(_ a: [Double], _ b: [Double]) -> Double {
      a.count == b.count ? zip(a, b).map { abs($0 - $1) }.max() ?? .nan : .nan
    }
    return (largest(engineWeight, weight), abs(engineBias - bias), largest(enginePool, pool))
  }
}
