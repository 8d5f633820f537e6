// What the engine itself costs, beside the kernels: a call of a kernel in a plan, recording a step of LeNet-5, and
// finding and replaying its plan. Prints one JSON object. Run on a quiet machine:
//
//     swift run -c release PlanOverhead

import Apus
import ApusCompiler

#if canImport(Glibc)
  import Glibc
#endif

func seconds() -> Double {
  var time = timespec()
  clock_gettime(CLOCK_MONOTONIC, &time)
  return Double(time.tv_sec) + Double(time.tv_nsec) * 1e-9
}

/// The median time of a call, in seconds.
func median(of count: Int, _ body: () -> Void) -> Double {
  for _ in 0..<(count / 10 + 1) { body() }
  let times = (0..<count).map { _ in
    let start = seconds()
    body()
    return seconds() - start
  }
  return times.sorted()[count / 2]
}

/// A plan of a thousand kernels that do next to nothing: copies of four numbers.
func instructionOverhead() -> Double {
  var graph = Graph()
  graph.inputTypes = [TensorType([4], .float32)]
  var value = graph.append(GraphInput(slot: 0), [], graph.inputTypes)
  for _ in 0..<1000 { value = graph.append(Materialize(), [value], graph.inputTypes) }
  graph.roots = [value]
  let program = Program(graph, backend: CPUBackend(options: CPUOptions(threads: 1)))
  let arena = Storage(byteCount: program.memory.arenaBytes + 64)
  let input = Storage(byteCount: 64)
  let output = Storage(byteCount: 64)
  input.pointer.initializeMemory(as: UInt8.self, repeating: 0, count: 64)
  let inputs = [input.pointer]
  let results = [output.pointer]
  let time = median(of: 2000) {
    program.run(inputs: inputs, scalars: [], results: results, arena: arena.pointer)
  }
  withExtendedLifetime((arena, input, output)) {}
  return time / 1000
}

/// Recording a step of LeNet-5 with its gradients; and realizing a graph of the same kernels' number whose kernels are
/// tiny, which is what looking up and replaying a plan costs.
func recording() -> Double {
  let model = LeNet5()
  let images = Tensor.zeros([32, 1, 28, 28])
  let labels = Tensor([Int32](repeating: 3, count: 32))
  return median(of: 500) {
    _ = valueWithGradient(of: model) { crossEntropy(model(images), labels) }
  }
}

func lookup() -> (seconds: Double, nodes: Int) {
  let x = Tensor([1.0 as Float, 2, 3, 4])
  let nodes = 150
  let record: () -> Tensor = {
    var y = x
    for _ in 0..<(nodes / 2) { y = y * 1.5 + x }
    return y
  }
  let recorded = median(of: 500) { _ = record() }
  let both = median(of: 500) { realize(record()) }
  return (both - recorded, nodes)
}

let instruction = instructionOverhead()
let record = recording()
let (replay, nodes) = lookup()
func rounded(_ value: Double) -> Double { (value * 10).rounded() / 10 }
print(
  "{\"ns_per_instruction\": \(rounded(instruction * 1e9)), \"record_lenet5_us\": \(rounded(record * 1e6)), "
    + "\"lookup_and_replay_us\": \(rounded(replay * 1e6)), \"lookup_nodes\": \(nodes)}")
