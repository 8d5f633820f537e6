import ApusTensor

/// An image of `inputs` channels as a convolution leaves it: in channel blocks, where the executor chooses layouts.
private func blocked(_ x: Tensor) -> Tensor {
  let channels = x.shape[1]
  return conv2D(x, Tensor.eye(channels, dtype: x.dtype).reshaped(to: [channels, channels, 1, 1]))
}

private let adaptive: [(String, Shape, Size2D)] = [
  ("regular", [1, 8, 4, 2], Size2D(2, 2)), ("irregular", [1, 2, 7, 5], Size2D(3, 2)),
  ("enlarging", [2, 1, 2, 3], Size2D(5, 4)),
]

private let resizings: [(String, Shape, ResampleGeometry)] = [
  (
    "twice", [1, 8, 2, 3],
    ResampleGeometry(
      rows: ResampleAxis(extent: 2, count: 4), columns: ResampleAxis(extent: 3, count: 6), interpolation: .nearest)
  ),
  (
    "smaller", [1, 3, 5, 4],
    ResampleGeometry(
      rows: ResampleAxis(extent: 5, count: 2), columns: ResampleAxis(extent: 4, count: 5, ratio: 0.7),
      interpolation: .nearest)
  ),
  (
    "smoothly", [1, 3, 3, 4],
    ResampleGeometry(
      rows: ResampleAxis(extent: 3, count: 5, ratio: 0.55), columns: ResampleAxis(extent: 4, count: 3),
      interpolation: .bilinear)
  ),
  (
    "corner to corner", [1, 8, 3, 1],
    ResampleGeometry(
      rows: ResampleAxis(extent: 3, count: 5), columns: ResampleAxis(extent: 1, count: 2),
      interpolation: .bilinear(alignsCorners: true))
  ),
]

private let responses: [(String, Shape, Int, Double)] = [
  ("of blocks", [2, 8, 2, 1], 5, 0.75), ("of a padded block", [1, 10, 2, 2], 4, 0.6), ("alone", [2, 3, 2, 1], 1, 1),
  ("wider than the channels", [1, 2, 3, 3], 9, 0.75), ("many positions", [1, 2, 3, 7], 3, 0.5),
]

private let transposed: [(String, Shape, Shape, ConvolutionGeometry, Size2D)] = [
  ("", [2, 3, 2, 3], [3, 2, 3, 2], ConvolutionGeometry(stride: 2, paddingLow: Size2D(1, 0)), 1),
  ("of blocks", [2, 8, 1, 2], [8, 8, 2, 1], ConvolutionGeometry(stride: Size2D(2, 1)), 0),
  ("sides", [1, 4, 3, 2], [4, 4, 3, 3], ConvolutionGeometry(stride: 2, paddingLow: 0, paddingHigh: Size2D(1, 2)), 0),
  ("groups", [1, 4, 3, 2], [4, 3, 2, 2], ConvolutionGeometry(stride: Size2D(1, 2), dilation: 2, groups: 2), 1),
  ("padded beyond the stride", [1, 2, 2, 2], [2, 2, 2, 2], ConvolutionGeometry(dilation: Size2D(3, 2)), Size2D(2, 1)),
]

/// Operations of convolutional networks beside convolution and plain pooling.
let spatialCases: [OpCase] =
  transposed.map { name, x, w, geometry, extra in
    let bias: Shape = [w[1] * geometry.groups]
    return OpCase("transposed convolution \(name)", [numbers(x), numbers(w, salt: 2), numbers(bias, salt: 3)]) { x in
      [transposedConv2D(blocked(x[0]), x[1], bias: x[2], geometry: geometry, outputPadding: extra).squared()]
    }
  }
  + resizings.map { name, shape, geometry in
    OpCase("resized \(name)", [numbers(shape)]) { x in
      [Tensor.record(Resample(geometry: geometry), [blocked(x[0])]).squared()]
    }
  }
  + responses.map { name, shape, size, beta in
    OpCase("local response norm \(name)", [numbers(shape, range: 2)]) { x in
      [localResponseNorm(blocked(x[0]), size: size, alpha: 0.7, beta: beta, k: 1.5)]
    }
  }
  + adaptive.flatMap { name, shape, size in
    [
      OpCase("adaptive average pool \(name)", [numbers(shape)]) { x in
        [blocked(x[0]).adaptivelyAveragePooled(to: size).squared()]
      },
      OpCase("adaptive max pool \(name)", [numbers(shape)]) { x in
        [blocked(x[0]).adaptivelyMaxPooled(to: size).squared()]
      },
    ]
  } + [
    OpCase("global average pool", [numbers([2, 3, 2, 2])], one: { $0[0].globallyAveragePooled().squared() }),
    OpCase("global average pool of blocks", [numbers([1, 8, 3, 2])]) { x in
      [blocked(x[0]).globallyAveragePooled().squared()]
    },
    OpCase("global max pool of blocks", [numbers([1, 8, 3, 2])]) { x in [blocked(x[0]).globallyMaxPooled().squared()] },
    OpCase(
      "blocks joined", [numbers([2, 8, 1, 2]), numbers([2, 16, 1, 2], salt: 2), numbers([2, 3, 1, 2], salt: 3)],
      order: .first
    ) { x in
      let (a, b, c) = (blocked(x[0]), blocked(x[1]), blocked(x[2]))
      return [concatenate([a, b, c], axis: 1).squared(), concatenate([c, a], axis: 1).squared()]
        + [concatenate([c, c], axis: 0), concatenate([a, x[0]], axis: 3)].map { $0.squared() }
    },
    OpCase("blocks cut", [numbers([2, 20, 2, 3])], order: .first) { x in
      let h = blocked(x[0])
      return [
        h[0..., 8..<16], h[0..., 16..., 1..., ..<2], h[1..., ..<8, 0, stride(from: 2, to: 0, by: -2)], h[0..., 4..<12],
        h[0..., stride(from: 0, to: 16, by: 2)],
      ].map { $0.squared() }
    },
    OpCase("blocks padded", [numbers([1, 8, 1, 2]), numbers([1, 5, 2, 1], salt: 2)], order: .first) { x in
      let (a, b) = (blocked(x[0]), blocked(x[1]))
      return [
        a.padded(before: [1, 8, 0, 2], after: [0, 3, 1, 0]),
        a.padded(before: [0, 8, 1, 0], after: [0, 8, 0, 0], with: 2),
        b.padded(before: [0, 0, 1, 2], after: [1, 0, 0, 1]),
        b.padded(before: [0, 0, 1, 0], after: [0, 0, 0, 0], with: 1),
        b.padded(before: [0, 8, 0, 0], after: [0, 2, 0, 0]),
      ].map { $0.squared() }
    },
  ]
