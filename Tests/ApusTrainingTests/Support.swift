import Apus
import Foundation

/// Two classes that a line separates: points left and right of 0.
func points(_ count: Int, seed: UInt64 = 1) throws -> Dataset {
  var generator = PhiloxGenerator(seed: seed, stream: 0)
  var values: [Float] = []
  var labels: [Int32] = []
  for index in 0..<count {
    let label = Int32(index % 2)
    values += [
      Float(label) * 2 - 1 + Float.random(in: -0.4...0.4, using: &generator), .random(in: -1...1, using: &generator),
    ]
    labels.append(label)
  }
  return try Dataset(
    name: "points", inputs: HostArray(values, shape: [count, 2]), targets: HostArray(labels, shape: [count]),
    classNames: ["left", "right"])
}

/// A small network, the same for the same seed.
func network(seed: UInt64 = 1, dropout: Double = 0) -> Sequential {
  withRandomSeed(seed) {
    Sequential {
      Dense(2, 8, activation: .relu)
      Dropout(dropout)
      Dense(8, 2)
    }
  }
}

/// The bits of all parameters.
func bits(_ model: some Module) -> [String: [Float]] {
  model.snapshot().tensors.mapValues { $0.scalars(as: Float.self) }
}

/// A folder that lives as long as the value.
final class TemporaryFolder {
  let path = NSTemporaryDirectory() + "apus-training-" + UUID().uuidString
  deinit { try? FileManager.default.removeItem(atPath: path) }
}
