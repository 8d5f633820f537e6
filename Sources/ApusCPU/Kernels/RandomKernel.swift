import ApusCompiler
import ApusTensor
import CKernels

/// Random numbers by the counter-based generator: an element depends on the key, the stream and its place alone.
enum RandomKernel {
  static func kernel(_ random: Random, _ context: LoweringContext) -> Kernel? {
    let count = Int64(random.shape.elementCount)
    let threads = context.options.threads(forElements: random.shape.elementCount * 4)
    let isDouble = random.dtype == .float64
    let (kind, stream) = (random.kind, random.stream)
    return Kernel { arguments in
      let key = arguments[0].assumingMemoryBound(to: Int64.self)
      let seed = UInt64(bitPattern: key[0])
      let identifier = RandomStream.identifier(step: key[1], stream: stream)
      switch (kind, isDouble) {
      case (.uniform, false):
        apus_philox_uniform_f32(arguments[1].assumingMemoryBound(to: Float.self), count, seed, identifier, threads)
      case (.uniform, true):
        apus_philox_uniform_f64(arguments[1].assumingMemoryBound(to: Double.self), count, seed, identifier, threads)
      case (.normal, false):
        apus_philox_normal_f32(arguments[1].assumingMemoryBound(to: Float.self), count, seed, identifier, threads)
      case (.normal, true):
        apus_philox_normal_f64(arguments[1].assumingMemoryBound(to: Double.self), count, seed, identifier, threads)
      }
    }
  }
}
