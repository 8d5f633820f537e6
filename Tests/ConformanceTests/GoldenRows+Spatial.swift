import ApusTensor
import GoldenFiles

extension GoldenFile.Case {
  var interpolation: Interpolation {
    options["mode"]?.text == "nearest" ? .nearest : .bilinear(alignsCorners: isTrue("align_corners"))
  }
}

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
  "interpolate": .activation { golden, x in
    if golden.options["size"] != nil { return x.resized(to: golden.size("size"), golden.interpolation) }
    let factors = golden.options["scale_factor"]?.doubles ?? []
    return x.resized(by: factors[0], factors[1], golden.interpolation)
  },
]
