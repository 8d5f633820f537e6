import ApusTensor

/// Operations of convolutional networks beside convolution and plain pooling.
let spatialRows: [String: GoldenRow] = [
  "adaptive_avg_pool2d": .activation { $1.adaptivelyAveragePooled(to: $0.size("output_size")) },
  "adaptive_max_pool2d": .activation { $1.adaptivelyMaxPooled(to: $0.size("output_size")) },
  "conv_transpose2d": GoldenRow(inputs: ["input", "weight", "bias"]) { golden, x in
    [
      transposedConv2D(
        x[0], x[1], bias: x.count > 2 ? x[2] : nil, geometry: golden.convolution,
        outputPadding: golden.size("output_padding"))
    ]
  },
]
