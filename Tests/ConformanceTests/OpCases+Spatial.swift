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

/// Operations of convolutional networks beside convolution and plain pooling.
let spatialCases: [OpCase] =
  adaptive.flatMap { name, shape, size in
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
