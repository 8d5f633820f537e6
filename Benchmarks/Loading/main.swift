// How long files of weights take until their numbers are there, beside reading the same bytes and nothing more. Prints one JSON
// object. Makes its files in a folder first (half a gigabyte each); files of your own may be named after it:
//
//     swift run -c release Loading .build/loading [legacy.pth ...]

import Apus

#if canImport(Glibc)
  import Glibc
#endif

func seconds(_ body: () throws -> Void) rethrows -> Double {
  var (start, end) = (timespec(), timespec())
  clock_gettime(CLOCK_MONOTONIC, &start)
  try body()
  clock_gettime(CLOCK_MONOTONIC, &end)
  return Double(end.tv_sec - start.tv_sec) + Double(end.tv_nsec - start.tv_nsec) * 1e-9
}

/// The fastest of five times.
func best(_ body: () throws -> Void) rethrows -> Double {
  var times: [Double] = []
  for _ in 0..<5 { times.append(try seconds(body)) }
  return times.min() ?? 0
}

/// Reads a file into memory that is there already, a megabyte at a time.
func readBytes(_ path: String) {
  let descriptor = open(path, O_RDONLY)
  let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 20, alignment: 64)
  while read(descriptor, buffer.baseAddress, buffer.count) > 0 {}
  buffer.deallocate()
  close(descriptor)
}

func byteCount(_ path: String) -> Int {
  var status = stat()
  return stat(path, &status) == 0 ? Int(status.st_size) : 0
}

/// Half a gigabyte of weights, in layers of 1024x1024.
func weights() -> [String: HostArray] {
  let values = (0..<1 << 20).map { Float($0 % 8191) / 8191 }
  return Dictionary(
    uniqueKeysWithValues: (0..<125).map { ("layers.\($0).weight", HostArray(values, shape: [1024, 1024])) })
}

struct Timing: Encodable {
  let file: String
  let bytes: Int
  let seconds: Double
  let readingAlone: Double
}

func run() throws {
  let words = Array(CommandLine.arguments.dropFirst())
  let folder = words.first ?? ".build/loading"
  try RunFolder(folder).create()
  let (safetensors, zip, network) = ("weights.safetensors", "weights.pth", "resnet50.onnx")
  let arrays = weights()
  try SafeTensors.write(arrays, to: "\(folder)/\(safetensors)")
  try PyTorchFile.write(arrays, to: "\(folder)/\(zip)")
  let model = try ModelCatalog.make(.init(name: "resnet50", inputShape: [3, 224, 224], classes: 1000))
  try ONNXModel.write(model, sampleShape: [3, 224, 224], to: "\(folder)/\(network)")
  var timings: [Timing] = []
  func time(_ path: String, _ body: () throws -> Void) throws {
    readBytes(path)
    timings.append(
      Timing(file: path, bytes: byteCount(path), seconds: try best(body), readingAlone: best { readBytes(path) }))
  }
  for path in ["\(folder)/\(safetensors)", "\(folder)/\(zip)"] + words.dropFirst() {
    try time(path) {
      let file = try TensorFile(contentsOf: path)
      for name in file.names { _ = try file.array(name) }
    }
  }
  try time("\(folder)/\(network)") { _ = try ONNXModel(contentsOf: "\(folder)/\(network)") }
  print(try JSON.text(timings))
}

do { try run() } catch {
  StandardStreams.error("loading: \(error).\n")
  exit(1)
}
