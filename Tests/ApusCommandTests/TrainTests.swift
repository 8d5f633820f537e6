import Foundation
import Testing

@Suite struct TrainTests {
  @Test func digitsAreLearnt() throws {
    let folder = try Folder()
    let outcome = try Apus.run(
      [
        "train", "mlp", "--data", "digits", "--hidden", "64,32", "--epochs", "15", "--learning-rate", "0.003", "--json",
      ],
      in: folder)
    #expect(outcome.status == 0, "\(outcome.errors)")
    let report = try outcome.json()
    let keys: Set = [
      "model", "data", "parameters", "epochs", "train_loss", "validation_accuracy", "test_loss", "test_accuracy",
      "seconds",
      "samples_per_second", "run",
    ]
    #expect(keys.isSubset(of: report.keys))
    let accuracy = try #require(report["test_accuracy"] as? Double)
    #expect(accuracy >= 0.95)
    #expect(report["parameters"] as? Int == 64 * 64 + 64 + 64 * 32 + 32 + 32 * 10 + 10)
    let run = try #require(report["run"] as? String)
    #expect(run == "runs/mlp-digits")
    let metrics = try String(contentsOfFile: folder.file(run + "/metrics.jsonl"), encoding: .utf8)
    #expect(metrics.split(separator: "\n").count == 15)
    // Plain lines, one for every epoch, because standard error is no terminal.
    #expect(outcome.errorLines.count { $0.hasPrefix("epoch ") } == 15)
    #expect(!outcome.errors.contains("\r") && !outcome.errors.contains("\u{1b}"))

    let judged = try Apus.run(["evaluate", run, "--json"], in: folder).json()
    #expect(judged["test_accuracy"] as? Double == accuracy)
    let matrix = try #require(judged["confusion_matrix"] as? [[Int]])
    #expect(matrix.count == 10 && matrix.joined().reduce(0, +) == 359)
    #expect((judged["per_class"] as? [[String: Any]])?.count == 10)
    let values = try #require(judged["metrics"] as? [String: Double])
    #expect(values["accuracy"] == accuracy && values["top5_accuracy"] ?? 0 > accuracy)
    #expect(values["roc_auc"] ?? 0 > 0.99 && values["f1"] ?? 0 > 0.94 && values["mcc"] ?? 0 > 0.94)
    let chosen = try Apus.run(["evaluate", run, "--json", "--metrics", "top3_accuracy, f1_weighted"], in: folder).json()
    #expect((chosen["metrics"] as? [String: Double]).map { Set($0.keys) } == ["top3_accuracy", "f1_weighted"])
    let unknown = try Apus.run(["evaluate", run, "--metrics", "f2"], in: folder)
    #expect(unknown.status == 1 && unknown.errorLines.count == 1 && unknown.errors.contains("did you mean f1"))
    let unfit = try Apus.run(["evaluate", run, "--metrics", "r2"], in: folder)
    #expect(unfit.status == 1 && unfit.errors.contains("judges regression"))
  }

  @Test func everyOptionOfTheHiddenLayersReachesTheModel() throws {
    let folder = try Folder()
    let options = [
      "--activation", "prelu:0.1", "--normalization", "batch", "--dropout", "0.1", "--input-dropout", "0.05",
      "--input-noise", "0.02",
      "--initializer", "he-normal", "--bias-initial", "0.01",
    ]
    let training = ["train", "mlp", "--data", "digits", "--hidden", "32", "--epochs", "2", "--output", "run", "--json"]
    let report = try Apus.run(training + options, in: folder).json()
    #expect(report["parameters"] as? Int == 64 * 32 + 32 + 2 * 32 + 1 + 32 * 10 + 10)
    let saved = try #require(
      JSONSerialization.jsonObject(with: Data(folder.bytes("run/config.json"))) as? [String: Any])
    let model = try #require(saved["model"] as? [String: Any])
    #expect(model["activation"] as? String == "prelu:0.1" && model["normalization"] as? String == "batch")
    #expect(model["initializer"] as? String == "he-normal" && model["bias_initial"] as? Double == 0.01)
    #expect(model["input_dropout"] as? Double == 0.05 && model["input_noise"] as? Double == 0.02)
    // The run is rebuilt from its configuration, running statistics included.
    let judged = try Apus.run(["evaluate", "run", "--json"], in: folder).json()
    #expect(judged["test_accuracy"] as? Double == report["test_accuracy"] as? Double)
    let resumed = try Apus.run(training + options + ["--resume", "--epochs", "3"], in: folder)
    #expect(resumed.status == 0, "\(resumed.errors)")
    let other = try Apus.run(training + ["--resume", "--activation", "elu"], in: folder)
    #expect(other.status == 1 && other.errorLines.count == 1)
  }

  @Test func sameSeedSameBits() throws {
    let folder = try Folder()
    for name in ["a", "b"] {
      #expect(try Apus.run(smallTraining + ["--epochs", "2", "--output", name], in: folder).status == 0)
    }
    let other = smallTraining + ["--epochs", "2", "--output", "c", "--seed", "1"]
    #expect(try Apus.run(other, in: folder).status == 0)
    let first = try folder.bytes("a/model.safetensors")
    #expect(try folder.bytes("b/model.safetensors") == first)
    #expect(try folder.bytes("c/model.safetensors") != first)
  }

  @Test func deterministicIsTheSameForAnyNumberOfThreads() throws {
    let folder = try Folder()
    for threads in ["1", "2", "3"] {
      let arguments = [
        "--epochs", "1", "--deterministic", "--threads", threads, "--output", threads, "--hidden", "256",
      ]
      #expect(try Apus.run(["train", "mlp", "--data", "digits"] + arguments, in: folder).status == 0)
    }
    let one = try folder.bytes("1/model.safetensors")
    #expect(try folder.bytes("2/model.safetensors") == one)
    #expect(try folder.bytes("3/model.safetensors") == one)
  }

  @Test func kernelsAreMeasuredOnRequestButNotDeterministically() throws {
    let folder = try Folder()
    let measured = ["bench", "lenet5", "--batch-size", "64", "--steps", "1", "--threads", "1", "--measure-kernels"]
    let shell = "export APUS_KERNEL_CHOICES=\"$PWD/choices.txt\""
    let refused = try Apus.run(measured + ["--deterministic"], in: folder, shell: shell)
    #expect(refused.status != 0 && refused.errorLines.count == 1)
    #expect(refused.errors.contains("--measure-kernels: cannot go with --deterministic"))
    // A broken file is one sentence and no obstacle.
    try Data("broken".utf8).write(to: URL(fileURLWithPath: folder.path + "/choices.txt"))
    let first = try Apus.run(measured, in: folder, shell: shell)
    #expect(first.status == 0 && first.errorLines.count == 1 && first.errors.contains("choices.txt"))
  }

  @Test func earlyStoppingKeepsTheBestEpoch() throws {
    let folder = try Folder()
    let report = try Apus.run(
      [
        "train", "mlp", "--data", "digits", "--hidden", "16", "--learning-rate", "0.1", "--epochs", "40",
        "--early-stopping", "1",
        "--json",
      ], in: folder
    ).json()
    let (epochs, best) = (try #require(report["epochs"] as? Int), try #require(report["best_epoch"] as? Int))
    #expect(report["stopped_early"] as? Bool == true)
    #expect(epochs == best + 1 && epochs < 40)
  }

  @Test func weightsAreABeginning() throws {
    let folder = try Folder()
    #expect(try Apus.run(smallTraining + ["--epochs", "2", "--output", "a"], in: folder).status == 0)
    let further = smallTraining + ["--epochs", "1", "--output", "b", "--weights", "a/model.safetensors"]
    let report = try Apus.run(further, in: folder).json()
    let loss = try #require(report["train_loss"] as? Double)
    #expect(loss < 2)
  }
}
