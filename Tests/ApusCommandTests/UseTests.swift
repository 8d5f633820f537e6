import ApusData
import ApusFormats
import ApusTensor
import Foundation
import Testing

@Suite struct UseTests {
  @Test(arguments: ["train", "evaluate", "predict", "infer", "summary", "bench", "data", "data list", "runs"])
  func helpHasExamples(_ command: String) throws {
    let folder = try Folder()
    let outcome = try Apus.run(command.split(separator: " ").map(String.init) + ["--help"], in: folder)
    #expect(outcome.status == 0)
    #expect(outcome.output.contains("EXAMPLES") && outcome.output.contains("apus \(command.prefix(4))"))
    #expect(outcome.errors.isEmpty)
  }

  @Test func predictNamesPictures() throws {
    let folder = try Folder()
    let training = ["train", "mlp", "--data", "digits", "--hidden", "32", "--epochs", "8", "--learning-rate", "0.005"]
    #expect(try Apus.run(training + ["--output", "run"], in: folder).status == 0)
    let test = try Digits().test
    for index in 0..<5 {
      let picture = try test.batch([index]).inputs
      try PNG.write(
        HostArray(type: TensorType([1, 8, 8], .uint8), storage: picture.storage), to: folder.file("\(index).png"))
    }
    let images = (0..<5).map { "\($0).png" }
    let report = try Apus.run(["predict", "run"] + images + ["--top", "3", "--json"], in: folder).json()
    let predictions = try #require(report["predictions"] as? [[String: Any]])
    #expect(predictions.map { $0["image"] as? String } == images)
    var right = 0
    for (index, prediction) in predictions.enumerated() {
      let top = try #require(prediction["top"] as? [[String: Any]])
      #expect(top.count == 3)
      let probabilities = top.compactMap { $0["probability"] as? Double }
      #expect(probabilities == probabilities.sorted(by: >) && probabilities.allSatisfy { $0 >= 0 && $0 <= 1 })
      if top[0]["class"] as? String == String(test.labels[index]) { right += 1 }
    }
    #expect(right >= 4)
  }

  @Test func inferWritesRawOutputs() throws {
    let folder = try Folder()
    #expect(try Apus.run(smallTraining + ["--epochs", "1", "--output", "run"], in: folder).status == 0)
    let values = (0..<3 * 64).map { Float($0 % 7) / 7 }
    try NPY.write(HostArray(values, shape: [3, 1, 8, 8]), to: folder.file("x.npy"))
    try SafeTensors.write(["input": HostArray(values, shape: [3, 64])], to: folder.file("x.safetensors"))
    let infer = ["infer", "mlp", "--hidden", "16", "--weights", "run/model.safetensors", "--json"]
    let report = try Apus.run(infer + ["--input", "x.npy", "--output", "y.npy"], in: folder).json()
    #expect(report["output_shape"] as? [Int] == [3, 10])
    #expect(try Apus.run(infer + ["--input", "x.safetensors", "--output", "y.safetensors"], in: folder).status == 0)
    let plain = try NPY.read(from: folder.file("y.npy"))
    let named = try SafeTensors(contentsOf: folder.file("y.safetensors")).array("output")
    #expect(plain.shape == [3, 10] && plain.scalars(as: Float.self) == named.scalars(as: Float.self))
  }

  @Test func summaryCounts() throws {
    let folder = try Folder()
    let lenet = try Apus.run(["summary", "lenet5", "--json"], in: folder).json()
    #expect(lenet["parameters"] as? Int == 61_706)
    #expect(lenet["multiply_adds"] as? Int == 416_520)
    let layers = try #require(lenet["layers"] as? [[String: Any]])
    let trained = layers.filter { $0["type"] as? String != "operation" }
    #expect(trained.map { $0["name"] as? String } == ["conv1", "conv2", "dense1", "dense2", "dense3"])
    #expect(trained.map { $0["parameters"] as? Int } == [156, 2416, 48_120, 10_164, 850])
    #expect(trained[0]["output_shape"] as? [Int] == [1, 6, 28, 28])
    #expect((lenet["planned_training_memory_mb"] as? Double ?? 0) > 0)
    let mlp = try Apus.run(["summary", "mlp", "--json", "--input-shape", "2,1,28,28"], in: folder).json()
    #expect(mlp["parameters"] as? Int == 669_706)
    #expect(mlp["multiply_adds"] as? Int == 2 * (784 * 512 + 512 * 512 + 512 * 10))
    // Nothing is computed: a step that needs more memory than there is can be asked about.
    let large = ["summary", "lenet5", "--batch-size", "65536", "--threads", "1", "--json"]
    let memory = try Apus.run(large, in: folder, shell: "ulimit -v 1500000").json()["planned_training_memory_mb"]
    #expect((memory as? Double ?? 0) > 1500)
  }

  @Test func benchTimesSteps() throws {
    let folder = try Folder()
    let report = try Apus.run(
      ["bench", "mlp", "--hidden", "16", "--batch-size", "8", "--steps", "7", "--threads", "1", "--json"], in: folder
    ).json()
    #expect(report["steps"] as? Int == 7 && report["threads"] as? Int == 1)
    for key in ["median_ms", "min_ms", "p90_ms", "first_step_ms", "peak_memory_mb"] {
      #expect((report[key] as? Double ?? 0) > 0, "\(key)")
    }
  }

  @Test func benchServes() throws {
    let folder = try Folder()
    let arguments = "bench mlp --hidden 16 --mode infer --serve"
    let outcome = try Apus.run([], in: folder, shell: "printf 'run 0.1\\nnonsense\\n' | \"$0\" \(arguments); exit")
    #expect(outcome.status == 0)
    let lines = try outcome.output.split(separator: "\n").map {
      try #require(JSONSerialization.jsonObject(with: Data($0.utf8)) as? [String: Any])
    }
    try #require(lines.count == 3)
    #expect(lines[0]["ready"] as? Bool == true && lines[0]["first_step_ms"] != nil)
    #expect((lines[1]["steps"] as? Int ?? 0) >= 3 && lines[1]["median_ms"] != nil)
    #expect(lines[2]["error"] != nil)
  }

  @Test func dataSetsAreListed() throws {
    let folder = try Folder()
    let report = try Apus.run(["data", "list", "--json"], in: folder).json()
    let sets = try #require(report["data"] as? [[String: Any]])
    let names = sets.map { $0["name"] as? String }
    #expect(
      names == [
        "digits", "fashion-mnist", "mnist", "cifar10", "cifar100", "iris", "wine", "breast-cancer", "diabetes",
        "cmudict",
        "english-spanish",
      ])
    #expect(sets[0]["available"] as? Bool == true)
    let mnist = sets[2]
    #expect(mnist["available"] as? Bool == false && (mnist["command"] as? String)?.isEmpty == false)
    #expect((mnist["looked_in"] as? [String])?.contains(folder.path + "/no-data/mnist") == true)
  }
}
