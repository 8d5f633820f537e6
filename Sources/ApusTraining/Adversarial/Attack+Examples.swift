import ApusNN
import ApusTensor

extension Attack {
  /// Adversarial examples for a batch, as far from it as the attack allows.
  ///
  /// The network is attacked as it is in use: no dropout, running statistics. Gradients do not flow through the result.
  ///
  /// ```swift
  /// let adversarial = Attack.fgsm(epsilon: 0.1).perturbed(x, labels, model, range: InputRange(0...1))
  /// ```
  /// - Parameters:
  ///   - inputs: `[N, ...]` in the network's units.
  ///   - targets: what the loss takes; with ``targetClass`` only their shape and type count.
  ///   - loss: what is made large, or with a target class small.
  ///   - range: what values inputs can take.
  public func perturbed(
    _ inputs: Tensor, _ targets: Tensor, _ model: some Layer, loss: LossFunction = { crossEntropy($0, $1) },
    range: InputRange
  ) -> Tensor {
    let wanted = targetClass.map { Tensor(repeating: Double($0), shape: targets.shape, dtype: targets.dtype) }
    return withoutGradient {
      withInference {
        perturbed(inputs, range: range) { x in
          wanted.map { -loss(model(x), $0) } ?? loss(model(x), targets)
        }
      }
    }
  }

  /// The points near a batch where a function is large.
  ///
  /// Inside a gradient the steps stay part of its graph, and the result is a constant for it; outside each step is
  /// computed at once, all of them by one plan. A random start draws from the numbers of the task.
  ///
  /// - Parameters:
  ///   - x: `[N, ...]`, floating point.
  ///   - range: what values the elements can take; those of `x` that lie outside may stay there.
  ///   - objective: gives a scalar, such as the mean loss; its size does not matter, only its direction.
  public func perturbed(_ x: Tensor, range: InputRange, along objective: (Tensor) -> Tensor) -> Tensor {
    let ball = Ball(center: x, range: range, radius: epsilon, norm: norm)
    var y = startsAtRandom ? ball.randomPoint() : x
    for _ in 0..<steps {
      y = ball.projected(y + ball.step(along: gradient(at: y, of: objective), length: stepSize))
      if !GradientScope.isActive { realize(y) }
    }
    return GradientScope.isActive ? y.stoppingGradient() : y
  }
}

/// The points that differ from those of a batch by no more than a radius, in parts of the range, and lie in the range.
private struct Ball {
  let center: Tensor
  let lower: Tensor
  let upper: Tensor
  /// What one unit of the radius is, for every element.
  let width: Tensor
  let radius: Double
  let norm: Attack.Norm

  init(center: Tensor, range: InputRange, radius: Double, norm: Attack.Norm) {
    self.center = center
    (self.radius, self.norm) = (radius, norm)
    width = range.upper - range.lower
    // A point of the batch that lies outside the range is not moved by itself.
    (lower, upper) = (min(range.lower, center), max(range.upper, center))
  }

  private var axes: [Int] { Array(1..<center.rank) }

  /// A step of a length along a gradient.
  func step(along gradient: Tensor, length: Double) -> Tensor {
    switch norm {
    case .infinity: gradient.sign() * width * length
    case .two: direction(gradient * width) * width * length
    }
  }

  /// Every sample at length 1; one that is zero stays so.
  private func direction(_ x: Tensor) -> Tensor {
    guard center.rank > 1 else { return x.sign() }
    // Scaled first: the squares of a confident network's gradients would vanish.
    let scaled = x / max(abs(x).max(alongAxes: axes), tiny)
    return scaled / max(sqrt(scaled.squared().sum(alongAxes: axes)), tiny)
  }

  /// The nearest point of the ball.
  func projected(_ y: Tensor) -> Tensor {
    switch norm {
    case .infinity:
      return min(max(y, max(lower, center - width * radius)), min(upper, center + width * radius))
    case .two:
      // Where the range has no width nothing moves, and the quotient does not matter.
      let moved = (y - center) / max(width, tiny)
      let length = center.rank > 1 ? sqrt(moved.squared().sum(alongAxes: axes)) : abs(moved)
      let kept = center + (y - center) * min(radius / max(length, tiny), 1)
      return min(max(kept, lower), upper)
    }
  }

  /// A point drawn from the ball, each equally likely, then moved into the range.
  func randomPoint() -> Tensor {
    switch norm {
    case .infinity:
      let offset = Tensor.randomUniform(center.shape, in: -1..<1, dtype: center.dtype)
      return projected(center + offset * width * radius)
    case .two:
      let normal = Tensor.randomNormal(center.shape, dtype: center.dtype)
      let shape = Shape([center.shape[0]] + [Int](repeating: 1, count: center.rank - 1))
      let dimensions = Double(center.shape.dropFirst().reduce(1, *))
      let distance = pow(Tensor.randomUniform(shape, dtype: center.dtype), 1 / dimensions)
      return projected(center + direction(normal) * width * distance * radius)
    }
  }

  /// Below every size that counts.
  private var tiny: Double { 1e-30 }
}
