extension PoolGeometry {
  /// Visits the elements of each window: the offset of the result's element and of the image's, nil in the padding.
  func forEachElement(_ x: Shape, _ y: Shape, _ body: (_ y: Int, _ x: Int?) -> Void) {
    for plane in 0..<(y[0] * y[1]) {
      for i in 0..<y[2] {
        for j in 0..<y[3] {
          let result = (plane * y[2] + i) * y[3] + j
          for p in 0..<kernel.height {
            let row = i * stride.height + p * dilation.height - paddingLow.height
            for q in 0..<kernel.width {
              let column = j * stride.width + q * dilation.width - paddingLow.width
              let isInside = row >= 0 && row < x[2] && column >= 0 && column < x[3]
              body(result, isInside ? (plane * x[2] + row) * x[3] + column : nil)
            }
          }
        }
      }
    }
  }
}

/// The largest element of each window and its place: outputs are the values and, as i32, `row * width + column` inside
/// the image. The first of equal elements wins, in row-major order; NaN is the largest.
package struct MaxPool: Primitive {
  package var geometry: PoolGeometry
  /// Whether the places are an output; plans leave them out where no gradient reads them.
  package var findsPlaces = true

  package init(geometry: PoolGeometry) { self.geometry = geometry }

  package var name: String { "max_pool" }

  package func encode(into key: inout PlanKey) {
    geometry.encode(into: &key)
    key.add(findsPlaces)
  }

  package func resultTypes(_ inputs: [TensorType]) throws(ShapeError) -> [TensorType] {
    let type = try geometry.outputType(of: inputs[0])
    return findsPlaces ? [type, TensorType(type.shape, .int32)] : [type]
  }

  package func gradient(_ context: GradientContext) -> [Tensor?] {
    let backward = MaxPoolBackward(geometry: geometry, inputShape: context.inputs[0].shape)
    return [Tensor.record(backward, [context.outputGradient, context.outputs[1]])]
  }

  package func evaluate(_ inputs: [HostView], _ outputs: [HostView]) {
    let x = inputs[0].doubles()
    let (shape, area) = (inputs[0].shape, inputs[0].shape[2] * inputs[0].shape[3])
    var y = [Double](repeating: -.infinity, count: outputs[0].count)
    var places = [Double](repeating: -1, count: outputs[0].count)
    geometry.forEachElement(shape, outputs[0].shape) { result, place in
      guard let place, !y[result].isNaN else { return }
      if places[result] < 0 || x[place] > y[result] || x[place].isNaN {
        y[result] = x[place]
        places[result] = Double(place % area)
      }
    }
    outputs[0].store(y)
    if findsPlaces { outputs[1].store(places) }
  }
}

/// Sends gradients back to the places maxima came from: inputs are the gradient of the result and the places.
package struct MaxPoolBackward: Primitive {
  package var geometry: PoolGeometry
  package var inputShape: Shape

  package init(geometry: PoolGeometry, inputShape: Shape) {
    self.geometry = geometry
    self.inputShape = inputShape
  }

  package var name: String { "max_pool_backward" }

  package func encode(into key: inout PlanKey) {
    geometry.encode(into: &key)
    key.add(inputShape)
  }

  package func resultTypes(_ inputs: [TensorType]) throws(ShapeError) -> [TensorType] {
    [TensorType(inputShape, inputs[0].dtype)]
  }

  package func gradient(_ context: GradientContext) -> [Tensor?] {
    [Tensor.record(MaxPoolGather(geometry: geometry), [context.outputGradient, context.inputs[1]]), nil]
  }

  package func evaluate(_ inputs: [HostView], _ outputs: [HostView]) {
    let (g, places) = (inputs[0].doubles(), inputs[1].integers())
    let (area, outputArea) = (inputShape[2] * inputShape[3], inputs[0].shape[2] * inputs[0].shape[3])
    var x = [Double](repeating: 0, count: outputs[0].count)
    for index in g.indices where places[index] >= 0 { x[index / outputArea * area + Int(places[index])] += g[index] }
    outputs[0].store(x)
  }
}

/// Reads the elements at the places maxima came from: the derivative of ``MaxPoolBackward``.
package struct MaxPoolGather: Primitive {
  package var geometry: PoolGeometry

  package init(geometry: PoolGeometry) { self.geometry = geometry }

  package var name: String { "max_pool_gather" }

  package func encode(into key: inout PlanKey) { geometry.encode(into: &key) }

  package func resultTypes(_ inputs: [TensorType]) throws(ShapeError) -> [TensorType] {
    [TensorType(inputs[1].shape, inputs[0].dtype)]
  }

  package func gradient(_ context: GradientContext) -> [Tensor?] {
    let backward = MaxPoolBackward(geometry: geometry, inputShape: context.inputs[0].shape)
    return [Tensor.record(backward, [context.outputGradient, context.inputs[1]]), nil]
  }

  package func evaluate(_ inputs: [HostView], _ outputs: [HostView]) {
    let (x, places) = (inputs[0].doubles(), inputs[1].integers())
    let (shape, result) = (inputs[0].shape, outputs[0].shape)
    let (area, outputArea) = (shape[2] * shape[3], result[2] * result[3])
    outputs[0].store(places.indices.map { places[$0] < 0 ? 0 : x[$0 / outputArea * area + Int(places[$0])] })
  }
}

/// The mean of each window; padding counts as zeros when `countsPadding`, otherwise only the image's elements count.
package struct AveragePool: Primitive {
  package var geometry: PoolGeometry
  package var countsPadding: Bool

  package init(geometry: PoolGeometry, countsPadding: Bool) {
    self.geometry = geometry
    self.countsPadding = countsPadding
  }

  package var name: String { "average_pool" }

  package func encode(into key: inout PlanKey) {
    geometry.encode(into: &key)
    key.add(countsPadding)
  }

  package func resultTypes(_ inputs: [TensorType]) throws(ShapeError) -> [TensorType] {
    [try geometry.outputType(of: inputs[0])]
  }

  package func gradient(_ context: GradientContext) -> [Tensor?] {
    let backward = AveragePoolBackward(
      geometry: geometry, inputShape: context.inputs[0].shape, countsPadding: countsPadding)
    return [Tensor.record(backward, [context.outputGradient])]
  }

  package func evaluate(_ inputs: [HostView], _ outputs: [HostView]) {
    let x = inputs[0].doubles()
    let counts = geometry.divisors(inputs[0].shape, outputs[0].shape, countsPadding: countsPadding)
    var y = [Double](repeating: 0, count: outputs[0].count)
    geometry.forEachElement(inputs[0].shape, outputs[0].shape) { result, place in
      if let place { y[result] += x[place] }
    }
    let area = counts.count
    outputs[0].store(y.indices.map { y[$0] / counts[$0 % area] })
  }
}

extension PoolGeometry {
  /// What the sum of each window is divided by, for one plane of the result.
  ///
  /// With padding, a window counts the positions inside the padded image, as PyTorch does: the growth of ceil mode
  /// does not count.
  func divisors(_ x: Shape, _ y: Shape, countsPadding: Bool) -> [Double] {
    var list: [Double] = []
    func count(_ index: Int, _ size: Int, _ kernel: Int, _ stride: Int, _ low: Int, _ high: Int, _ step: Int) -> Int {
      (0..<kernel).filter { offset in
        let place = index * stride + offset * step - low
        return countsPadding ? place < size + high : place >= 0 && place < size
      }.count
    }
    for i in 0..<y[2] {
      let rows = count(
        i, x[2], kernel.height, stride.height, paddingLow.height, paddingHigh.height, dilation.height)
      for j in 0..<y[3] {
        let columns = count(j, x[3], kernel.width, stride.width, paddingLow.width, paddingHigh.width, dilation.width)
        list.append(Double(Swift.max(rows * columns, 1)))
      }
    }
    return list
  }
}

/// Spreads the gradient of each mean over its window.
package struct AveragePoolBackward: Primitive {
  package var geometry: PoolGeometry
  package var inputShape: Shape
  package var countsPadding: Bool

  package init(geometry: PoolGeometry, inputShape: Shape, countsPadding: Bool) {
    self.geometry = geometry
    self.inputShape = inputShape
    self.countsPadding = countsPadding
  }

  package var name: String { "average_pool_backward" }

  package func encode(into key: inout PlanKey) {
    geometry.encode(into: &key)
    key.add(inputShape)
    key.add(countsPadding)
  }

  package func resultTypes(_ inputs: [TensorType]) throws(ShapeError) -> [TensorType] {
    [TensorType(inputShape, inputs[0].dtype)]
  }

  package func gradient(_ context: GradientContext) -> [Tensor?] {
    [Tensor.record(AveragePool(geometry: geometry, countsPadding: countsPadding), [context.outputGradient])]
  }

  package func evaluate(_ inputs: [HostView], _ outputs: [HostView]) {
    let g = inputs[0].doubles()
    let counts = geometry.divisors(inputShape, inputs[0].shape, countsPadding: countsPadding)
    var x = [Double](repeating: 0, count: outputs[0].count)
    geometry.forEachElement(inputShape, inputs[0].shape) { result, place in
      if let place { x[place] += g[result] / counts[result % counts.count] }
    }
    outputs[0].store(x)
  }
}
