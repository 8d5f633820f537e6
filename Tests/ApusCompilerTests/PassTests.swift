import ApusCompiler
import ApusTensor
import Testing

// Passes need no kernels to be tested: the graphs are written by hand, as the capture would make them.

private func text(_ graph: Graph) -> String { graph.description }

@Test func simplifyRemovesWhatChangesNothing() {
  var maker = GraphMaker()
  let x = maker.input([2, 3])
  let one = maker.scalar(1)
  let zero = maker.scalar(0)
  let a = maker.apply(Binary(.multiply), x, one)
  let b = maker.apply(Binary(.add), a, zero)
  let c = maker.apply(Reshape(shape: [6]), b)
  let d = maker.apply(Reshape(shape: [3, 2]), c)
  let e = maker.apply(Unary(.negate), maker.apply(Unary(.negate), d))
  maker.graph.roots = [e]
  #expect(
    text(Simplify.run(maker.graph)) == """
      %0 = input() slot=0 : f32[2, 3]
      %1 = reshape(%0) shape=[3, 2] : f32[3, 2]
      return %1
      """)
}

@Test func simplifyMovesTransposesIntoProductsAndBroadcastsIntoArithmetic() {
  var maker = GraphMaker()
  let a = maker.input([4, 2])
  let b = maker.input([4, 3])
  let row = maker.input([3])
  let product = maker.apply(MatMul(), maker.apply(Transpose(permutation: [1, 0]), a), b)
  let sum = maker.apply(Binary(.add), product, maker.apply(Broadcast(shape: [2, 3]), row))
  maker.graph.roots = [maker.apply(Binary(.power), sum, maker.scalar(2))]
  #expect(
    text(Simplify.run(maker.graph)) == """
      %0 = input() slot=0 : f32[4, 2]
      %1 = input() slot=1 : f32[4, 3]
      %2 = input() slot=2 : f32[3]
      %3 = matmul(%0, %1) transposesLeft=true transposesRight=false : f32[2, 3]
      %4 = add(%3, %2) function=add : f32[2, 3]
      %5 = square(%4) function=square : f32[2, 3]
      return %5
      """)
}

@Test func simplifyKeepsWhatCouldChangeAValue() {
  var maker = GraphMaker()
  let x = maker.input([2])
  // x * 0 is NaN for an infinite x; x + [1, 1] gives a larger shape.
  let product = maker.apply(Binary(.multiply), x, maker.scalar(0))
  let wide = maker.apply(Binary(.add), maker.scalar(0), maker.apply(Broadcast(shape: [3, 2]), x))
  maker.graph.roots = [product, wide]
  let simplified = Simplify.run(maker.graph)
  #expect(simplified.type(of: simplified.roots[1]).shape == [3, 2])
  #expect(text(simplified).contains("mul("))
}

@Test func commonSubexpressionsAreComputedOnce() {
  var maker = GraphMaker()
  let x = maker.input([2, 2])
  let first = maker.apply(Reduce(.sum, axes: [0]), maker.apply(Unary(.exponential), x))
  let second = maker.apply(Reduce(.sum, axes: [0]), maker.apply(Unary(.exponential), x))
  let other = maker.apply(Reduce(.sum, axes: [1]), maker.apply(Unary(.exponential), x))
  maker.graph.roots = [first, second, other]
  #expect(
    text(CommonSubexpressions.run(maker.graph)) == """
      %0 = input() slot=0 : f32[2, 2]
      %1 = exp(%0) function=exponential : f32[2, 2]
      %2 = reduce_sum(%1) reduction=sum axes=[0] : f32[1, 2]
      %3 = reduce_sum(%1) reduction=sum axes=[1] : f32[2, 1]
      return %2, %2, %3
      """)
}

@Test func fuseJoinsChainsKeepsResultsAndFeedsReductions() {
  var maker = GraphMaker()
  let w = maker.input([8])
  let g = maker.input([8])
  let m = maker.input([8])
  let rate = maker.input([])
  // Momentum: both the new buffer and the new weight are results.
  let buffer = maker.apply(Binary(.add), maker.apply(Binary(.multiply), m, rate), g)
  let weight = maker.apply(Binary(.subtract), w, maker.apply(Binary(.multiply), buffer, rate))
  let norm = maker.apply(Reduce(.sum, axes: [0]), maker.apply(Unary(.square), g))
  maker.graph.roots = [weight, buffer, norm]
  #expect(
    text(Fuse.run(maker.graph)) == """
      %0 = input() slot=0 : f32[8]
      %1 = input() slot=1 : f32[8]
      %2 = input() slot=2 : f32[8]
      %3 = input() slot=3 : f32[]
      %4 = fused(%2, %3, %1, %0) program={v4=mul(a0,a1) v5=add(v4,a2) v6=mul(v5,a1) v7=sub(a3,v6)} shape=[8] \
      outputs=[5, 7] outputDTypes=[f32, f32] : f32[8], f32[8]
      %5 = fused_sum(%1) program={v1=square(a0)} shape=[8] operand=1 reduction=sum axes=[0] : f32[1]
      return %4.1, %4, %5
      """)
}

@Test func fuseNeverMakesACycle() {
  var maker = GraphMaker()
  let x = maker.input([4, 4])
  let a = maker.apply(Unary(.exponential), x)
  // The product stands between the first and the last elementwise operation: they must not join.
  let b = maker.apply(MatMul(), a, a)
  maker.graph.roots = [maker.apply(Binary(.add), a, b)]
  let fused = Fuse.run(maker.graph)
  #expect(Verifier.problem(in: fused) == nil)
  #expect(fused.nodes.filter { $0.operation is FusedElementwise }.count == 2)
}

/// A backend whose products want channel blocks, to test layouts without kernels.
private struct BlockingBackend: Backend {
  var name: String { "blocking" }
  func prepareThread() {}
  func layouts(for node: Graph.Node, inputTypes: [TensorType], inputLayouts: [Layout]) -> LayoutChoice? {
    guard node.operation is Convolution else { return nil }
    return LayoutChoice(
      inputs: [.channelBlocked(8), Layout(order: [], blocks: [.init(axis: 0, size: 8)])], outputs: [.channelBlocked(8)],
      lasting: [1])
  }
  func kernel(for node: Graph.Node, inputTypes: [TensorType], inputLayouts: [Layout]) -> Kernel { Kernel { _ in } }
}

@Test func layoutsSpreadThroughArithmeticAndWeightsKeepTheirs() {
  var maker = GraphMaker()
  let x = maker.input([2, 8, 4, 4])
  let w = maker.input([8, 8, 1, 1])
  let y = maker.apply(Convolution(geometry: .init(), hasBias: false), x, w)
  let h = maker.apply(Unary(.rectify), y)
  let flat = maker.apply(Reshape(shape: [2, 128]), h)
  let updated = maker.apply(Unary(.negate), w)
  maker.graph.roots = [flat, updated]
  let result = ChooseLayouts.run(Fuse.run(maker.graph), backend: BlockingBackend())
  #expect(result.inputLayouts == [1: Layout(order: [], blocks: [.init(axis: 0, size: 8)])])
  #expect(
    text(result) == """
      %0 = input() slot=0 : f32[2, 8, 4, 4]
      %1 = input() slot=1 : f32[8, 8, 1, 1]{/8a}
      %2 = reorder(%0) from=plain to=/8b : f32[2, 8, 4, 4]{/8b}
      %3 = convolution(%2, %1) geometry=stride 1x1 padding 0x0/0x0 dilation 1x1 groups 1 hasBias=false : \
      f32[2, 8, 4, 4]{/8b}
      %4 = fused(%3) program={v1=relu(a0)} shape=[2, 8, 4, 4] outputs=[1] outputDTypes=[f32] : f32[2, 8, 4, 4]{/8b}
      %5 = reorder(%4) from=/8b to=plain : f32[2, 8, 4, 4]
      %6 = reshape(%5) shape=[2, 128] : f32[2, 128]
      %7 = fused(%1) program={v1=neg(a0)} shape=[8, 8, 1, 1] outputs=[1] outputDTypes=[f32] : f32[8, 8, 1, 1]{/8a}
      return %6, %7
      """)
}

@Test func convolutionsTakeOverTheirRectifiers() {
  var maker = GraphMaker()
  let x = maker.input([2, 8, 4, 4])
  let w = maker.input([8, 8, 1, 1])
  let alone = maker.apply(Unary(.rectify), maker.apply(Convolution(geometry: .init(), hasBias: false), x, w))
  let shared = maker.apply(Convolution(geometry: .init(stride: 2), hasBias: false), x, w)
  maker.graph.roots = [alone, maker.apply(Unary(.rectify), shared), shared]
  let names = Finish.run(Fuse.run(maker.graph)).nodes.map { $0.operation.name }
  #expect(names == ["input", "input", "convolution_relu", "convolution", "fused"])
}

@Test func updatesFollowTheirGradientsThoughTheRateIsRecordedLast() {
  var maker = GraphMaker()
  let gradient = maker.apply(Unary(.exponential), maker.input([4]))
  let other = maker.apply(Unary(.square), gradient)
  let rate = maker.graph.append(BoundScalar(slot: 0), [], [TensorType([], .float32)])
  maker.graph.scalarCount = 1
  maker.graph.roots = [maker.apply(Binary(.multiply), gradient, rate), maker.apply(Unary(.negate), other)]
  let names = Schedule.run(maker.graph).nodes.map { $0.operation.name }
  #expect(names == ["input", "bound_scalar", "exp", "mul", "square", "neg"])
}

@Test func paddedLayoutsStayWhereZerosStayZero() {
  func layout(after operation: some Primitive) -> Layout {
    var maker = GraphMaker()
    let x = maker.input([2, 6, 4, 4])
    let w = maker.input([6, 6, 1, 1])
    let y = maker.apply(Convolution(geometry: .init(), hasBias: false), x, w)
    maker.graph.roots = [maker.apply(operation, y)]
    let result = ChooseLayouts.run(Fuse.run(maker.graph), backend: BlockingBackend())
    return result.layout(of: result.roots[0])
  }
  #expect(layout(after: Unary(.rectify)) == .channelBlocked(8))
  #expect(layout(after: Unary(.exponential)).isPlain)  // exp(0) = 1 would fill the padding
}

@Test func memoryIsReusedOverwrittenAndSharedByViews() {
  var maker = GraphMaker()
  let x = maker.input([64])
  var value = x
  // A chain of matrix-free kernels: each can overwrite its input, so one buffer is enough.
  for _ in 0..<5 { value = maker.apply(Unary(.exponential), value) }
  let view = maker.apply(Reshape(shape: [8, 8]), value)
  maker.graph.roots = [maker.apply(MatMul(), view, view)]
  let kernels: [Kernel?] = maker.graph.nodes.map { node in
    switch node.operation {
    case is GraphInput, is Reshape: nil
    case is Unary: Kernel(inPlace: [(0, 0)]) { _ in }
    default: Kernel(scratchBytes: 100) { _ in }
    }
  }
  let plan = PlanMemory.run(maker.graph, kernels: kernels)
  #expect(plan.places[1] == [.arena(0)])
  #expect(plan.places[5] == [.arena(0)])
  #expect(plan.places[6] == [.arena(0)])  // the view
  #expect(plan.rootPlaces == [.result(0)])
  #expect(plan.arenaBytes == 256 + 128)  // one buffer and the product's scratch
  #expect(plan.bytesWithoutReuse == 5 * 256 + 256)
}

@Test func theVerifierNamesWhatIsWrong() {
  var maker = GraphMaker()
  let x = maker.input([2])
  let y = maker.apply(Unary(.exponential), x)
  maker.graph.roots = [y]
  #expect(Verifier.problem(in: maker.graph) == nil)
  var broken = maker.graph
  broken.nodes[1].types[0].shape = [3]
  #expect(Verifier.problem(in: broken)?.contains("%1 = exp gives") == true)
  broken = maker.graph
  broken.nodes[1].inputs = [ValueID(1)]
  #expect(Verifier.problem(in: broken)?.contains("not made before it") == true)
}

@Test func dotNamesEveryOperation() {
  var maker = GraphMaker()
  let x = maker.input([2])
  maker.graph.roots = [maker.apply(Unary(.exponential), x)]
  #expect(maker.graph.dot.contains("n1 [label=\"exp\\nf32[2]\"];"))
  #expect(maker.graph.dot.contains("n0 -> n1;"))
}
