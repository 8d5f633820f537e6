import ApusTensor

/// Operations of convolutional networks beside convolution and plain pooling.
let spatialRows: [String: GoldenRow] = [
  "adaptive_avg_pool2d": .activation { $1.adaptivelyAveragePooled(to: $0.size("output_size")) },
  "adaptive_max_pool2d": .activation { $1.adaptivelyMaxPooled(to: $0.size("output_size")) },
]
