import Apus
import ApusCPU
import ApusCompiler
import Testing

@testable import ApusTensor

/// Operations between convolutions leave images in channel blocks: the only reorders are those of what comes in.
///
/// All numbers of channels are multiples of 16, the larger of the blocks.
@Suite struct BlockedLayoutTests {
  /// Runs a function of images on the CPU and counts its kernels by name.
  private func kernels(_ inputs: [Tensor], _ body: ([Tensor]) -> [Tensor]) -> [String: Int] {
    var diagnostics = PlanDiagnostics()
    diagnostics.profiles = true
    let backend = CPUBackend(options: CPUOptions(threads: 1))
    let executor = PlanExecutor(backend: backend, diagnostics: diagnostics)
    Execution.$override.withValue(executor) { realize(body(inputs)) }
    var counts: [String: Int] = [:]
    for line in executor.profileReport().split(separator: "\n") {
      let words = line.split(separator: " ")
      guard let times = words.firstIndex(of: "x"), times >= 1, times + 1 < words.count,
        let count = Int(words[times - 1])
      else { continue }
      counts[String(words[times + 1].filter { $0 != "," }), default: 0] += count
    }
    return counts
  }

  private func images(_ channels: Int, _ outputs: Int = 32) -> [Tensor] {
    func numbers(_ shape: Shape) -> Tensor {
      Tensor(HostArray((0..<shape.elementCount).map { Float($0 * 7919 % 101) / 500 - 0.1 }, shape: shape))
    }
    return [numbers([2, channels, 6, 5]), numbers([outputs, channels, 3, 3])]
  }

  private let geometry = ConvolutionGeometry(paddingLow: 1)

  @Test func aConvolutionReordersItsImages() {
    let counts = kernels(images(32)) { x in [conv2D(x[0], x[1], geometry: geometry)] }
    #expect(counts["convolution"] == 1 && counts["reorder"] == 1, "\(counts)")
  }

  @Test func residualSumsCostNoReorder() {
    let counts = kernels(images(32)) { x in
      var h = conv2D(x[0], x[1], geometry: geometry)
      for _ in 0..<3 { h = relu(h + conv2D(relu(conv2D(h, x[1], geometry: geometry)), x[1], geometry: geometry)) }
      return [h]
    }
    #expect(counts["convolution"] == 1 && counts["convolution_relu"] == 3, "\(counts)")
    #expect(counts["convolution_add_relu"] == 3, "\(counts)")
    #expect(counts["reorder"] == 1, "\(counts)")
  }

  /// An Inception module, a crop, and what the decoder of a U-Net does, forward and backward.
  @Test func joiningAndCuttingChannelsCostsNoReorder() {
    let inputs = images(32)
    let counts = kernels(inputs) { x in
      let h = conv2D(x[0], x[1], geometry: geometry)
      let half = h[0..., 16..<32]
      let joined = concatenate(
        [h, half, h.maxPooled(3, stride: 1, padding: 1), h.averagePooled(3, stride: 1, padding: 1)], axis: 1)
      let skip = joined[0..., 16..<48, 1..., ..<4]
      let up = skip.resized(to: Size2D(6, 5), .bilinear).resized(by: 2, 1)
      let padded = localResponseNorm(up).padded(before: [0, 16, 1, 0], after: [0, 0, 0, 1])
      return [conv2D(padded[0..., 16..., 0..., 0...], x[1], geometry: geometry)]
    }
    for name in ["concatenate", "slice", "pad", "local_response", "resample", "max_pool", "average_pool"] {
      #expect(counts[name, default: 0] > 0, "no \(name) in \(counts)")
    }
    #expect(counts["reorder"] == 1, "\(counts)")
    let training = kernels(inputs) { x in
      gradient(at: [x[0]]) { v in
        let h = conv2D(v[0], x[1], geometry: geometry)
        let joined = concatenate([h, localResponseNorm(h).resized(by: 1.2, 1, .bilinear)[0..., 0..., ..<6]], axis: 1)
        return (conv2D(joined[0..., 16..<48], x[1], geometry: geometry) * x[0]).sum()
      }
    }
    // The image as such and in the gradient of the sum, and the weights, which backward-data reads otherwise.
    #expect(training["reorder", default: 0] <= 3, "\(training)")
    for name in ["unslice", "local_response_backward", "resample_backward"] {
      #expect(training[name, default: 0] > 0, "no \(name) in \(training)")
    }
  }

  @Test func partsThatDoNotFillBlocksAreJoinedInPlainLayout() {
    let counts = kernels(images(32, 12)) { x in
      let h = conv2D(x[0], x[1], geometry: geometry)
      return [concatenate([h, h], axis: 1)]
    }
    #expect(counts["concatenate"] == 1 && counts["reorder", default: 0] >= 1, "\(counts)")
  }

  /// Each of the matrices that a loop reads at every step, forward and backward, is packed once before it.
  @Test func matricesOfLoopsArePackedOnce() {
    let inputs = withRandomSeed(8) {
      [Tensor.randomNormal([6, 3, 5]), Tensor.randomNormal([3, 7]), Tensor.randomNormal([7, 7])]
    }
    let counts = kernels(inputs) { x in
      gradient(at: x) { v in
        let last = scan([v[1]], over: [v[0]]) { carry, slices in
          ([tanh(matmul(carry[0], v[2]) + slices[0].sum(alongAxes: 1))], [])
        }
        return last.carry[0].sum()
      }
    }
    #expect(counts["scan"] == 2 && counts["pack"] == 2, "\(counts)")
  }

  /// An operation that no kernel takes in its layouts is computed through plain ones.
  @Test func whatNoKernelTakesIsComputedThroughThePlainLayout() {
    let layout = Layout.channelBlocked(8)
    let type = TensorType([2, 5, 3, 4], .float64)
    var node = Graph.Node(Unary(.negate), [ValueID(0)], [type])
    node.layouts = [layout]
    let kernel = CPUBackend(options: CPUOptions(threads: 1)).kernel(
      for: node, inputTypes: [type], inputLayouts: [.channelBlocked(16)])
    let values = (0..<120).map { Double($0) - 30.5 }
    func storage(_ layout: Layout) -> Storage { Storage(byteCount: layout.storedCount(type.shape) * 8) }
    let (plain, given, made) = (storage(.plain), storage(.channelBlocked(16)), storage(layout))
    HostView(type: type, pointer: plain.pointer).store(values)
    LayoutConversion.convert(
      type: type, from: plain.pointer, layout: .plain, to: given.pointer, layout: .channelBlocked(16))
    var arguments = [given.pointer, made.pointer, made.pointer]
    arguments.withUnsafeMutableBufferPointer { list in
      if let base = list.baseAddress { kernel.run(base) }
    }
    LayoutConversion.convert(type: type, from: made.pointer, layout: layout, to: plain.pointer, layout: .plain)
    #expect(HostView(type: type, pointer: plain.pointer).doubles() == values.map { -$0 })
    withExtendedLifetime((plain, given, made)) {}
  }
}
