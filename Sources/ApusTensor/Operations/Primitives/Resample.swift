/// Images `[N, C, H, W]` of another size: every pixel is a weighted sum of pixels, by the geometry's tables.
package struct Resample: Primitive {
  package var geometry: ResampleGeometry

  package init(geometry: ResampleGeometry) { self.geometry = geometry }

  package var name: String { "resample" }

  package func encode(into key: inout PlanKey) { geometry.encode(into: &key) }

  package func resultTypes(_ inputs: [TensorType]) throws(ShapeError) -> [TensorType] {
    let (shape, dtype) = (inputs[0].shape, inputs[0].dtype)
    guard shape.rank == 4, dtype.isFloatingPoint else {
      throw ShapeError("needs floating-point images [N, C, H, W], got \(inputs[0])")
    }
    return [TensorType([shape[0], shape[1], geometry.rows.count, geometry.columns.count], dtype)]
  }

  package func gradient(_ context: GradientContext) -> [Tensor?] {
    [Tensor.record(ResampleBackward(geometry: geometry), [context.outputGradient])]
  }

  package func evaluate(_ inputs: [HostView], _ outputs: [HostView]) {
    let x = inputs[0].doubles()
    var y = [Double](repeating: 0, count: outputs[0].count)
    let (area, resultArea) = (
      geometry.rows.extent * geometry.columns.extent, geometry.rows.count * geometry.columns.count
    )
    for plane in 0..<(inputs[0].shape[0] * inputs[0].shape[1]) {
      geometry.forEachProduct { to, from, factor in y[plane * resultArea + to] += factor * x[plane * area + from] }
    }
    outputs[0].store(y)
  }
}

/// The gradient of ``Resample``: every element of the result's gradient is shared out between the pixels it came from.
package struct ResampleBackward: Primitive {
  package var geometry: ResampleGeometry

  package init(geometry: ResampleGeometry) { self.geometry = geometry }

  package var name: String { "resample_backward" }

  package func encode(into key: inout PlanKey) { geometry.encode(into: &key) }

  package func resultTypes(_ inputs: [TensorType]) throws(ShapeError) -> [TensorType] {
    let shape = inputs[0].shape
    return [TensorType([shape[0], shape[1], geometry.rows.extent, geometry.columns.extent], inputs[0].dtype)]
  }

  package func gradient(_ context: GradientContext) -> [Tensor?] {
    [Tensor.record(Resample(geometry: geometry), [context.outputGradient])]
  }

  package func evaluate(_ inputs: [HostView], _ outputs: [HostView]) {
    let g = inputs[0].doubles()
    var x = [Double](repeating: 0, count: outputs[0].count)
    let (area, resultArea) = (
      geometry.rows.extent * geometry.columns.extent, geometry.rows.count * geometry.columns.count
    )
    for plane in 0..<(inputs[0].shape[0] * inputs[0].shape[1]) {
      geometry.forEachProduct { from, to, factor in x[plane * area + to] += factor * g[plane * resultArea + from] }
    }
    outputs[0].store(x)
  }
}
