import ApusTensor
import GoldenFiles
import Testing

@testable import ApusNN

/// Recurrent layers against PyTorch's: outputs, last states, and the gradients of inputs, first states and weights.
@Suite struct RecurrentGoldenTests {
  /// What differs too much between a layer and a case.
  private func problems<Cell: RecurrentCell>(
    _ golden: GoldenFile.Case, _ layer: Recurrence<Cell>, _ dtype: DType, staining: Bool
  ) throws -> [String] {
    try withExecutor {
      layer.convert(to: dtype)
      var values = layer.snapshot()
      #expect(Set(values.tensors.keys) == Set(golden.parameters), "\(golden.name)")
      for role in golden.parameters { values.tensors[role] = try golden.tensor(role) }
      try layer.restore(values)
      let counts = golden.options["lengths"]?.integers ?? []
      let lengths = counts.isEmpty ? nil : Tensor(counts.map { Int32($0) })
      let names = golden.has("c_0") ? ["h", "c"] : ["h"]
      var input = try golden.tensor("input")
      if staining, let lengths {
        let times = Tensor.arange(input.shape[0], dtype: .int32).expandingShape(at: 1)
        let isInside = (times .< lengths.expandingShape(at: 0)).expandingShape(at: 2)
        input = input.selected(where: isInside, otherwise: Tensor(repeating: .nan, shape: [], dtype: dtype))
      }
      let roles = ["input"] + names.map { $0 + "_0" }
      let starts = try [input] + names.map { try golden.tensor($0 + "_0") }
      let probe = Probe(starts: starts.map { Parameter($0) }, layer: layer)
      let outputs = ["output"] + names.map { $0 + "_n" }
      let gradients = try valueWithGradient(of: probe) {
        let states = probe.starts.dropFirst().map(\.value)
        let (output, last) = layer.run(over: probe.starts[0].value, from: states, lengths: lengths)
        let all = [output] + last
        let terms = try zip(outputs, all).map { ($1 * (try golden.tensor("upstream." + $0))).sum() }
        return (terms.dropFirst().reduce(terms[0], +), all)
      }
      var differences: [String: Double] = [:]
      for (index, name) in outputs.enumerated() {
        differences[name] = difference(gradients.auxiliary[index], try golden.array(name))
      }
      for (index, role) in roles.enumerated() {
        differences["grad." + role] = try gradients["starts.\(index)"].map {
          difference($0, try golden.array("grad." + role))
        }
      }
      for role in golden.parameters {
        differences["grad." + role] = try gradients["layer." + role].map {
          difference($0, try golden.array("grad." + role))
        }
      }
      #expect(differences.count == outputs.count + roles.count + golden.parameters.count, "\(golden.name)")
      return differences.filter { $0.value > tolerance(dtype) }.map { "\(golden.name) \($0.key): off by \($0.value)" }
    }
  }

  private struct Probe<Cell: RecurrentCell>: Module {
    var starts: [Parameter]
    var layer: Recurrence<Cell>
  }

  @Test(arguments: [DType.float32, .float64]) func layersEqualPyTorch(dtype: DType) throws {
    let cases = try GoldenFile("recurrent", dtype).cases(of: "recurrent")
    #expect(cases.count == 20)
    for golden in cases {
      for staining in golden.name.contains("lengths") ? [false, true] : [false] {
        let options = golden.options
        let kind = options["kind"]?.text ?? ""
        func size(_ key: String) -> Int { options[key]?.integers[0] ?? 0 }
        let (inputs, units, layers) = (size("input_size"), size("hidden_size"), size("num_layers"))
        let (both, bias) = (options["bidirectional"]?.isTrue == true, options["bias"]?.isTrue == true)
        let found =
          switch kind {
          case "lstm":
            try problems(
              golden, LSTM(inputs, units, layers: layers, bidirectional: both, bias: bias, timeAxis: 0), dtype,
              staining: staining)
          case "gru":
            try problems(
              golden, GRU(inputs, units, layers: layers, bidirectional: both, bias: bias, timeAxis: 0), dtype,
              staining: staining)
          default:
            try problems(
              golden,
              RNN(
                inputs, units, layers: layers, activation: kind == "rnn_relu" ? .relu : .tanh, bidirectional: both,
                bias: bias, timeAxis: 0), dtype, staining: staining)
          }
        #expect(found == [], "staining \(staining)")
      }
    }
  }
}
