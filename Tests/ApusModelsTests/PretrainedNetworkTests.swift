import ApusCPU
import ApusNN
import ApusTensor
import GoldenFiles
import Testing

@testable import ApusModels

/// Networks that are there for their published weights: names, shapes and values are those of PyTorch's.
@Suite struct PretrainedNetworkTests {
  private static let faces = try! GoldenFile("faces", .float32)
  private static let letters = try! GoldenFile("letters", .float32)

  @Test(arguments: FaceNet.Stage.allCases) func faceNetsEqualPyTorch(stage: FaceNet.Stage) throws {
    let name = String(stage.catalogName.dropFirst(5))
    let golden = try #require(Self.faces.cases.first { $0.name == name })
    let size = try #require(golden.options["image"]?.integers)
    let side = stage == .proposal ? 12 : size[0]
    let model = try ModelCatalog.make(
      .init(name: stage.catalogName, inputShape: [3, side, side], classes: stage.outputs))
    let listed = model.parameters
    #expect(model.parameterCount == Int(golden.options["count"]?.double ?? 0))
    #expect(listed.count == Int(golden.options["names"]?.double ?? 0))
    let text = listed.map { "\($0.name) \($0.parameter.shape)\n" }.joined()
    #expect(Int(Noise.hash(text)) == Int(golden.options["hash"]?.double ?? 0), "\(text)")
    try withExecutor {
      Noise.fill(model)
      let answers = model(Tensor(Noise.values("\(name)/input", Shape([2, 3] + size))))
      func part(_ start: Int, _ count: Int) -> Tensor { answers.sliced(axis: 1, from: start, count: count) }
      let (classes, boxes) = (try golden.array("classes"), try golden.array("boxes"))
      #expect(difference(softmax(part(0, 2), axis: 1), classes) < 1e-5)
      #expect(difference(part(2, 4), boxes) < 1e-5)
      #expect(golden.has("landmarks") == (stage == .output) && answers.shape[1] == stage.outputs)
      guard stage == .output else { return }
      let landmarks = try golden.array("landmarks")
      #expect(difference(part(6, 10), landmarks) < 1e-5)
    }
  }

  @Test func sizesThatDoNotFitAreNamed() throws {
    for (name, shape, classes) in [
      ("face-rnet", [3, 12, 12], 6), ("face-onet", [3, 48, 48], 10), ("face-pnet", [1, 12, 12], 6),
      ("face-pnet", [3, 8, 20], 6), ("letters-to-sounds", [2, 24], 48),
    ] {
      let error = #expect(throws: ModelCatalog.Failure.self) {
        try ModelCatalog.make(.init(name: name, inputShape: shape, classes: classes))
      }
      #expect(error?.description.hasPrefix(name) == true)
    }
    #expect(throws: Never.self) {
      try ModelCatalog.make(.init(name: "face-pnet", inputShape: [3, 40, 30], classes: 6))
    }
  }

  @Test func lettersToSoundsHasThePublishedParameters() throws {
    let model = try ModelCatalog.make(.init(name: "letters-to-sounds", inputShape: [2, 24], classes: 74))
    #expect(model.parameterCount == 834_890)
    #expect(
      model.parameters.map(\.name)
        == ["enc", "dec"].flatMap { part in ["emb", "w_ih", "w_hh", "b_ih", "b_hh"].map { "\(part)_\($0)" } }
        + ["fc_w", "fc_b"])
    #expect(
      LettersToSounds.letters.count == 29 && LettersToSounds.letters[3] == "a" && LettersToSounds.letters[28] == "z")
    #expect(
      LettersToSounds.sounds.count == 74 && LettersToSounds.sounds[4] == "AA0" && LettersToSounds.sounds[73] == "ZH")
  }

  @Test func lettersToSoundsEqualsPyTorch() throws {
    try withExecutor {
      let model = LettersToSounds(units: 24, embedding: 12)
      for named in model.parameters {
        let (name, parameter) = (named.name, named.parameter)
        let values = Noise.values(name, parameter.shape) { $0 * (name.hasSuffix("emb") ? 2 : 0.75) }
        parameter.replace(Tensor(values))
        if name == "fc_b" {
          let end = Tensor((0..<74).map { $0 == Int(LettersToSounds.end) ? Float(1.5) : 0 })
          parameter.replace(parameter.value + end)
        }
      }
      #expect(Self.letters.cases.count == 5)
      for golden in Self.letters.cases {
        let source = golden.name.utf8.map { Int32($0) - 97 + 3 } + [LettersToSounds.wordEnd]
        let given = [LettersToSounds.start] + (try golden.array("sounds").scalars(as: Int64.self)).map { Int32($0) }
        let width = max(source.count, given.count)
        func padded(_ numbers: [Int32]) -> [Int32] { numbers + [Int32](repeating: 0, count: width - numbers.count) }
        let logits = model(Tensor(padded(source) + padded(given), shape: [1, 2, width]))
        let own = logits.sliced(axis: 1, from: 0, count: given.count).reshaped(to: [given.count, 74] as Shape)
        let error = difference(own, try golden.array("logits"))
        #expect(error < 1e-5, "\(golden.name): \(error)")
      }
    }
  }
}
