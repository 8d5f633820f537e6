/// Whether a gradient is being taken: computed nodes then keep their inputs.
package enum GradientScope {
  @TaskLocal package static var isActive = false
}

extension Tensor {
  /// A stand-in for the tensor that a gradient can be taken at, apart from every other use of the same value.
  package func asVariable() -> Tensor { Tensor.record(Variable(), [self]) }

  /// Whether the tensor has been computed.
  package var isRealized: Bool { node.hasValues }
}

/// The reverse walk: from a result back to the tensors it depends on, one gradient rule at a time.
package enum ReverseMode {
  /// The gradients of the sum of `seeds[i] . results[i]` with respect to each of `targets`; nil where there is none.
  ///
  /// Contributions of all consumers of a value are summed here and reduced to its shape here, once for every rule.
  package static func gradients(
    of results: [Tensor], seeds: [Tensor], with targets: [Tensor]
  ) -> [Tensor?] {
    let order = GraphLock.withLock { dependents(of: targets, from: results) }
    var slots: [ObjectIdentifier: Int] = [:]
    for (position, node) in order.enumerated() { slots[ObjectIdentifier(node)] = position }
    var gathered = order.map { [Tensor?](repeating: nil, count: $0.outputCount) }
    let targetNodes = Set(targets.map { ObjectIdentifier($0.node) })

    func add(_ contribution: Tensor, to tensor: Tensor) {
      guard let slot = slots[ObjectIdentifier(tensor.node)] else { return }
      let fitted = contribution.summed(to: tensor.shape)
      if let earlier = gathered[slot][tensor.output] {
        gathered[slot][tensor.output] = earlier + fitted
      } else {
        gathered[slot][tensor.output] = fitted
      }
    }
    for (result, seed) in zip(results, seeds) { add(seed, to: result) }

    for position in order.indices.reversed() {
      let node = order[position]
      if targetNodes.contains(ObjectIdentifier(node)) { continue }
      let outputGradients = gathered[position]
      guard outputGradients.contains(where: { $0 != nil }) else { continue }
      let inputs = node.inputs
      let context = GradientContext(
        inputs: inputs,
        outputs: (0..<node.outputCount).map { Tensor(node: node, output: $0) },
        outputGradients: outputGradients,
        needs: inputs.map { slots[ObjectIdentifier($0.node)] != nil && $0.dtype.isFloatingPoint })
      let contributions = node.operation.gradient(context)
      for (index, contribution) in contributions.enumerated() {
        if let contribution, context.needs[index] { add(contribution, to: inputs[index]) }
      }
    }
    return targets.map { target in slots[ObjectIdentifier(target.node)].flatMap { gathered[$0][target.output] } }
  }

  /// The nodes between the results and the targets, inputs before their users; only those that depend on a target.
  private static func dependents(of targets: [Tensor], from results: [Tensor]) -> [Node] {
    var depends: [ObjectIdentifier: Bool] = [:]
    for target in targets { depends[ObjectIdentifier(target.node)] = true }
    var order: [Node] = []
    var placed: Set<ObjectIdentifier> = []
    var stack: [(node: Node, next: Int)] = results.map { ($0.node, 0) }
    while let (node, next) = stack.popLast() {
      let identifier = ObjectIdentifier(node)
      if depends[identifier] == true, !placed.contains(identifier), next == 0 {
        // A target: the walk stops here.
        placed.insert(identifier)
        order.append(node)
        continue
      }
      if next == 0, depends[identifier] != nil { continue }
      let inputs = node.inputs
      if next < inputs.count {
        stack.append((node, next + 1))
        if depends[ObjectIdentifier(inputs[next].node)] == nil || !placed.contains(ObjectIdentifier(inputs[next].node)) {
          stack.append((inputs[next].node, 0))
        }
        continue
      }
      let reaches = inputs.contains { depends[ObjectIdentifier($0.node)] == true }
      if depends[identifier] == nil { depends[identifier] = reaches }
      if reaches, placed.insert(identifier).inserted { order.append(node) }
    }
    return order
  }
}

extension Tensor {
  /// The tensor summed down to a shape it was broadcast from.
  func summed(to target: Shape) -> Tensor {
    guard shape != target else { return self }
    let leading = rank - target.rank
    var axes = Array(0..<Swift.max(leading, 0))
    for axis in 0..<target.rank where leading + axis >= 0 && target[axis] == 1 && shape[leading + axis] != 1 {
      axes.append(leading + axis)
    }
    let summed = axes.isEmpty ? self : Tensor.record(Reduce(.sum, axes: axes), [self])
    if summed.shape == target { return summed }
    // The rule gave a gradient of a smaller shape (a constant): repeat it.
    return leading < 0 || summed.count != target.elementCount
      ? summed.broadcast(to: target) : summed.reshaped(to: target)
  }
}

/// The value of a scalar function and its gradient.
///
/// ```swift
/// let (y, dy) = valueWithGradient(at: x) { x in (x * x).sum() }   // dy = 2 x
/// ```
/// - Precondition: `body` returns a tensor with one element.
public func valueWithGradient(at x: Tensor, of body: (Tensor) -> Tensor) -> (value: Tensor, gradient: Tensor) {
  let (value, gradients) = valueWithGradient(at: [x]) { body($0[0]) }
  return (value, gradients[0])
}

/// The value of a scalar function of several tensors and its gradients.
public func valueWithGradient(at xs: [Tensor], of body: ([Tensor]) -> Tensor) -> (value: Tensor, gradients: [Tensor]) {
  GradientScope.$isActive.withValue(true) {
    let variables = xs.map { Tensor.record(Variable(), [$0]) }
    let value = body(variables)
    let seed = scalarSeed(of: value)
    let found = ReverseMode.gradients(of: [value], seeds: [seed], with: variables)
    return (value, zip(xs, found).map { x, gradient in gradient ?? Tensor(repeating: 0, shape: x.shape, dtype: x.dtype) })
  }
}

/// The gradient of a scalar function.
public func gradient(at x: Tensor, of body: (Tensor) -> Tensor) -> Tensor {
  valueWithGradient(at: x, of: body).gradient
}

/// The gradients of a scalar function of several tensors.
public func gradient(at xs: [Tensor], of body: ([Tensor]) -> Tensor) -> [Tensor] {
  valueWithGradient(at: xs, of: body).gradients
}

/// The value of a function and its pullback: the map from a vector `v` to `v^T J`, the vector-Jacobian product.
///
/// The pullback may be called several times, and its results can be differentiated again.
public func vectorJacobianProduct(
  at x: Tensor, of body: (Tensor) -> Tensor
) -> (value: Tensor, pullback: (Tensor) -> Tensor) {
  let (value, variable) = GradientScope.$isActive.withValue(true) {
    let variable = Tensor.record(Variable(), [x])
    return (body(variable), variable)
  }
  return (
    value,
    { seed in
      precondition(seed.shape == value.shape, "the vector has shape \(seed.shape), the value \(value.shape)")
      let found = ReverseMode.gradients(of: [value], seeds: [seed], with: [variable])[0]
      return found ?? Tensor(repeating: 0, shape: x.shape, dtype: x.dtype)
    }
  )
}

/// The gradient 1 a scalar result starts the reverse walk with.
package func scalarSeed(of value: Tensor) -> Tensor {
  guard value.count == 1, value.dtype.isFloatingPoint else {
    return Diagnostics.fail(
      ShapeError("a gradient needs a result of one floating-point element, got \(value.type); sum it first"),
      like: value.type)
  }
  return Tensor(repeating: 1, shape: value.shape, dtype: value.dtype)
}
