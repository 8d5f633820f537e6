/// 2-D cross-correlation: images [N, C, H, W] with kernels [O, C / groups, h, w], plus a bias [O] if it has one.
///
/// `y[n, o, i, j] = b[o] + sum over c, p, q of x[n, c, i s + p d - low, j s + q d - low] w[o, c, p, q]`.
package struct Convolution: Primitive {
  package var geometry: ConvolutionGeometry
  package var hasBias: Bool

  package init(geometry: ConvolutionGeometry, hasBias: Bool) {
    self.geometry = geometry
    self.hasBias = hasBias
  }

  package var name: String { "convolution" }

  package func encode(into key: inout PlanKey) {
    geometry.encode(into: &key)
    key.add(hasBias)
  }

  package func resultTypes(_ inputs: [TensorType]) throws(ShapeError) -> [TensorType] {
    let (x, w) = (inputs[0], inputs[1])
    if let problem = geometry.problem { throw ShapeError(problem) }
    guard x.dtype.isFloatingPoint, inputs.allSatisfy({ $0.dtype == x.dtype }) else {
      throw ShapeError("images, kernels and bias must have one floating-point type; convert with cast(to:)")
    }
    guard x.shape.rank == 4 else { throw ShapeError("needs images [N, C, H, W], got \(x.shape)") }
    guard w.shape.rank == 4 else { throw ShapeError("needs kernels [O, C / groups, h, w], got \(w.shape)") }
    guard x.shape[1] == w.shape[1] * geometry.groups else {
      throw ShapeError(
        "the kernels see \(w.shape[1] * geometry.groups) channels, the images have \(x.shape[1])")
    }
    guard w.shape[0] % geometry.groups == 0 else {
      throw ShapeError("\(w.shape[0]) output channels do not divide into \(geometry.groups) groups")
    }
    if hasBias, inputs[2].shape != [w.shape[0]] {
      throw ShapeError("the bias has shape \(inputs[2].shape), \(w.shape[0]) output channels need [\(w.shape[0])]")
    }
    let kernel = Size2D(w.shape[2], w.shape[3])
    let size = geometry.outputSize(of: Size2D(x.shape[2], x.shape[3]), kernel: kernel)
    guard size.height > 0, size.width > 0 else {
      throw ShapeError("the \(kernel) kernel does not fit into images of \(x.shape[2])x\(x.shape[3]) with \(geometry)")
    }
    return [TensorType([x.shape[0], w.shape[0], size.height, size.width], x.dtype)]
  }

  package func gradient(_ context: GradientContext) -> [Tensor?] {
    let (x, w, g) = (context.inputs[0], context.inputs[1], context.outputGradient)
    var gradients: [Tensor?] = [nil, nil]
    if context.needs[0] {
      gradients[0] = Tensor.record(ConvolutionBackwardData(geometry: geometry, inputShape: x.shape), [g, w])
    }
    let wantsBias = hasBias && context.needs[2]
    if context.needs[1] || wantsBias {
      let backward = ConvolutionBackwardWeights(geometry: geometry, weightShape: w.shape, hasBias: wantsBias)
      let results = Tensor.recordAll(backward, [x, g])
      gradients[1] = results[0]
      if hasBias { gradients.append(wantsBias ? results[1] : nil) }
    } else if hasBias {
      gradients.append(nil)
    }
    return gradients
  }

  package func evaluate(_ inputs: [HostView], _ outputs: [HostView]) {
    let (x, w) = (inputs[0].doubles(), inputs[1].doubles())
    var y = [Double](repeating: 0, count: outputs[0].count)
    if hasBias {
      let b = inputs[2].doubles()
      let area = outputs[0].shape[2] * outputs[0].shape[3]
      for index in y.indices { y[index] = b[index / area % b.count] }
    }
    geometry.forEachProduct(inputs[0].shape, inputs[1].shape, outputs[0].shape) { xi, wi, yi in
      y[yi] += x[xi] * w[wi]
    }
    outputs[0].store(y)
  }
}

extension ConvolutionGeometry {
  /// Visits every product of a convolution: the offsets of the image's, the kernel's and the result's element.
  func forEachProduct(_ x: Shape, _ w: Shape, _ y: Shape, _ body: (_ x: Int, _ w: Int, _ y: Int) -> Void) {
    let perGroup = w[0] / groups
    for n in 0..<y[0] {
      for o in 0..<y[1] {
        for c in 0..<w[1] {
          let channel = o / perGroup * w[1] + c
          for p in 0..<w[2] {
            for q in 0..<w[3] {
              let wi = ((o * w[1] + c) * w[2] + p) * w[3] + q
              for i in 0..<y[2] {
                let row = i * stride.height + p * dilation.height - paddingLow.height
                guard row >= 0, row < x[2] else { continue }
                for j in 0..<y[3] {
                  let column = j * stride.width + q * dilation.width - paddingLow.width
                  guard column >= 0, column < x[3] else { continue }
                  body(((n * x[1] + channel) * x[2] + row) * x[3] + column, wi, ((n * y[1] + o) * y[2] + i) * y[3] + j)
                }
              }
            }
          }
        }
      }
    }
  }
}

/// The gradient of a convolution with respect to its images: inputs are the gradient of the result and the kernels.
package struct ConvolutionBackwardData: Primitive {
  package var geometry: ConvolutionGeometry
  package var inputShape: Shape

  package init(geometry: ConvolutionGeometry, inputShape: Shape) {
    self.geometry = geometry
    self.inputShape = inputShape
  }

  package var name: String { "convolution_backward_data" }

  package func encode(into key: inout PlanKey) {
    geometry.encode(into: &key)
    key.add(inputShape)
  }

  package func resultTypes(_ inputs: [TensorType]) throws(ShapeError) -> [TensorType] {
    [TensorType(inputShape, inputs[0].dtype)]
  }

  package func gradient(_ context: GradientContext) -> [Tensor?] {
    let (g, w, seed) = (context.inputs[0], context.inputs[1], context.outputGradient)
    return [
      context.needs[0] ? Tensor.record(Convolution(geometry: geometry, hasBias: false), [seed, w]) : nil,
      context.needs[1]
        ? Tensor.recordAll(
          ConvolutionBackwardWeights(geometry: geometry, weightShape: w.shape, hasBias: false), [seed, g])[0] : nil,
    ]
  }

  package func evaluate(_ inputs: [HostView], _ outputs: [HostView]) {
    let (g, w) = (inputs[0].doubles(), inputs[1].doubles())
    var x = [Double](repeating: 0, count: outputs[0].count)
    geometry.forEachProduct(inputShape, inputs[1].shape, inputs[0].shape) { xi, wi, yi in x[xi] += g[yi] * w[wi] }
    outputs[0].store(x)
  }
}

/// The gradients of a convolution with respect to its kernels and, if asked for, its bias: inputs are the images and
/// the gradient of the result.
package struct ConvolutionBackwardWeights: Primitive {
  package var geometry: ConvolutionGeometry
  package var weightShape: Shape
  package var hasBias: Bool

  package init(geometry: ConvolutionGeometry, weightShape: Shape, hasBias: Bool) {
    self.geometry = geometry
    self.weightShape = weightShape
    self.hasBias = hasBias
  }

  package var name: String { "convolution_backward_weights" }

  package func encode(into key: inout PlanKey) {
    geometry.encode(into: &key)
    key.add(weightShape)
    key.add(hasBias)
  }

  package func resultTypes(_ inputs: [TensorType]) throws(ShapeError) -> [TensorType] {
    let dtype = inputs[0].dtype
    return [TensorType(weightShape, dtype)] + (hasBias ? [TensorType([weightShape[0]], dtype)] : [])
  }

  package func gradient(_ context: GradientContext) -> [Tensor?] {
    let (x, g) = (context.inputs[0], context.inputs[1])
    let seed = context.outputGradient
    let data: Tensor? =
      context.needs[0]
      ? Tensor.record(ConvolutionBackwardData(geometry: geometry, inputShape: x.shape), [g, seed]) : nil
    guard context.needs[1] else { return [data, nil] }
    var result = Tensor.record(Convolution(geometry: geometry, hasBias: false), [x, seed])
    if hasBias, let bias = context.outputGradients[1] {
      result = result + bias.reshaped(to: [1, weightShape[0], 1, 1] as Shape)
    }
    return [data, result]
  }

  package func evaluate(_ inputs: [HostView], _ outputs: [HostView]) {
    let (x, g) = (inputs[0].doubles(), inputs[1].doubles())
    var w = [Double](repeating: 0, count: outputs[0].count)
    geometry.forEachProduct(inputs[0].shape, weightShape, inputs[1].shape) { xi, wi, yi in w[wi] += x[xi] * g[yi] }
    outputs[0].store(w)
    if hasBias {
      var b = [Double](repeating: 0, count: weightShape[0])
      let area = inputs[1].shape[2] * inputs[1].shape[3]
      for (index, value) in g.enumerated() { b[index / area % b.count] += value }
      outputs[1].store(b)
    }
  }
}
