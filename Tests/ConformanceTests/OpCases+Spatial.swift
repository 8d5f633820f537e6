import ApusTensor

/// An image of `inputs` channels as a convolution leaves it: in channel blocks, where the executor chooses layouts.
private func blocked(_ x: Tensor) -> Tensor {
  let channels = x.shape[1]
  return conv2D(x, Tensor.eye(channels, dtype: x.dtype).reshaped(to: [channels, channels, 1, 1]))
}

private let adaptive: [(String, Shape, Size2D)] = [
  ("regular", [2, 8, 6, 4], Size2D(3, 4)), ("irregular", [1, 3, 7, 5], Size2D(3, 2)),
  ("enlarging", [2, 1, 2, 3], Size2D(5, 4)),
]

private let transposed: [(String, Shape, Shape, ConvolutionGeometry, Size2D)] = [
  ("", [2, 3, 2, 3], [3, 2, 3, 2], ConvolutionGeometry(stride: 2, paddingLow: Size2D(1, 0)), 1),
  ("of blocks", [2, 8, 2, 3], [8, 8, 2, 2], ConvolutionGeometry(stride: 2), 0),
  ("sides", [1, 8, 3, 3], [8, 8, 3, 3], ConvolutionGeometry(stride: 2, paddingLow: 0, paddingHigh: Size2D(1, 2)), 0),
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
    OpCase("global average pool of blocks", [numbers([2, 8, 3, 2])]) { x in
      [blocked(x[0]).globallyAveragePooled().squared()]
    },
    OpCase("global max pool of blocks", [numbers([2, 8, 3, 2])]) { x in [blocked(x[0]).globallyMaxPooled().squared()] },
  ]
