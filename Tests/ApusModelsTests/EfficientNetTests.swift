import ApusCPU
import ApusNN
import ApusTensor
import GoldenFiles
import Testing

@testable import ApusModels

@Suite struct EfficientNetTests {
  private static let golden = try! GoldenFile("efficientnet", .float32).cases[0]

  @Test func namesAndShapesAreThoseOfThePublishedWeights() throws {
    let model = try Diagnostics.dryRun {
      try ModelCatalog.make(.init(name: "efficientnet-lite0", inputShape: [3, 224, 224], classes: 1000))
    }
    #expect(model.parameterCount == 4_652_008)
    let listed = model.parameters
    #expect(listed.count == Int(Self.golden.options["names"]?.double ?? 0))
    let text = listed.map { "\($0.name) \($0.parameter.shape)\n" }.joined()
    #expect(Int(Noise.hash(text)) == Int(Self.golden.options["hash"]?.double ?? 0), "\(text)")
  }

  @Test func valuesEqualPyTorch() throws {
    let image = Self.golden.options["image"]?.integers ?? []
    try withExecutor {
      let model = EfficientNetLite(classes: 7, dropout: 0)
      Noise.fill(model)
      let name = "efficientnet_lite0/input\(Int(Self.golden.options["images"]?.double ?? 0))"
      let output = model(Tensor(Noise.values(name, Shape([2] + image))))
      let expected = try Self.golden.array("output")
      #expect(difference(output, expected) < 1e-4)
    }
  }

  @Test func classesHaveNames() {
    #expect(ImageNetClasses.names.count == 1000 && Set(ImageNetClasses.names).count >= 998)
    #expect(ImageNetClasses.names[285] == "Egyptian cat" && ImageNetClasses.names[967] == "espresso")
  }
}
