import ApusData
import ApusFormats
import ApusTensor
import Foundation
import Testing

/// `apus ensemble` and `apus attack`, and adversarial training, as a person uses them.
@Suite struct RobustnessTests {
  private let small = ["--data", "digits", "--hidden", "16", "--json"]

  @Test func ensemblesAreTrainedJudgedAndUsed() throws {
    let folder = try Folder()
    let training =
      ["ensemble", "train", "mlp"] + small + ["--epochs", "4", "--members", "3", "--learning-rate", "0.01"]
    let report = try Apus.run(training + ["--output", "three"], in: folder).json()
    let members = try #require(report["members"] as? [[String: Any]])
    #expect(members.compactMap { $0["run"] as? String } == ["three/member-1", "three/member-2", "three/member-3"])
    let accuracy = try #require(report["accuracy"] as? Double)
    let mean = try #require(report["mean_member_accuracy"] as? Double)
    #expect(accuracy > 0.8 && accuracy > mean)
    let judged = try Apus.run(["ensemble", "evaluate", "three", "--json"], in: folder).json()
    #expect(judged["accuracy"] as? Double == accuracy)
    #expect(judged as NSDictionary == report as NSDictionary)
    let runs = try Apus.run(["ensemble", "evaluate", "three/member-1", "three/member-3"], in: folder)
    #expect(runs.status == 0 && runs.output.contains("best member") && runs.output.contains("two members differ on"))

    let digits = try Digits().test
    try PNG.write(
      HostArray(type: TensorType([1, 8, 8], .uint8)) { pixels in
        digits.inputs.withUnsafeBytes { pixels.copyBytes(from: $0.prefix(64)) }
      }, to: folder.file("digit.png"))
    let named = try Apus.run(["ensemble", "predict", "three", "digit.png", "--top", "2", "--json"], in: folder).json()
    let top = try #require((named["predictions"] as? [[String: Any]])?.first?["top"] as? [[String: Any]])
    #expect(top.count == 2 && top[0]["class"] as? String == "\(digits.labels[0])")
  }

  @Test func killedEnsembleGoesOn() throws {
    let folder = try Folder()
    let training = ["ensemble", "train", "mlp"] + small + ["--epochs", "3", "--members", "3"]
    #expect(try Apus.run(training + ["--output", "whole"], in: folder).status == 0)
    let process = try Apus.start(training + ["--output", "killed", "--checkpoint-steps", "1"], in: folder)
    // Killed while the second member trains.
    while process.isRunning, (try? folder.bytes("killed/member-2/last.safetensors")) == nil {
      Thread.sleep(forTimeInterval: 0.001)
    }
    kill(process.processIdentifier, SIGKILL)
    process.waitUntilExit()
    let first = try folder.bytes("killed/member-1/model.safetensors")
    if process.terminationReason == .uncaughtSignal {
      let early = try Apus.run(["ensemble", "evaluate", "killed"], in: folder)
      #expect(early.status == 1 && early.errors.contains("--resume"))
    }
    let resumed = try Apus.run(["ensemble", "train", "mlp"] + small + ["--output", "killed", "--resume"], in: folder)
    #expect(resumed.status == 0, "\(resumed.errors)")
    #expect(try folder.bytes("killed/member-1/model.safetensors") == first)
    for member in ["member-1", "member-2", "member-3"] {
      #expect(
        try folder.bytes("killed/\(member)/model.safetensors") == folder.bytes("whole/\(member)/model.safetensors"))
    }
  }

  @Test func attacksLowerAccuracyAndTrainingRaisesIt() throws {
    let folder = try Folder()
    let training = ["train", "mlp"] + small + ["--epochs", "8", "--learning-rate", "0.01", "--output"]
    #expect(try Apus.run(training + ["plain"], in: folder).status == 0)
    let defended = training + ["defended", "--adversarial", "fgsm:0.15", "--adversarial-weight", "0.7"]
    #expect(try Apus.run(defended, in: folder).status == 0)
    func attacked(_ run: String, _ options: [String] = []) throws -> [Double] {
      let report = try Apus.run(["attack", run, "--epsilon", "0.05,0.15", "--json"] + options, in: folder).json()
      let attacks = try #require(report["attacks"] as? [[String: Any]])
      #expect(attacks.compactMap { $0["epsilon"] as? Double } == [0.05, 0.15])
      return try [#require(report["clean_accuracy"] as? Double)] + attacks.compactMap { $0["accuracy"] as? Double }
    }
    let (plain, strong) = (try attacked("plain"), try attacked("defended"))
    #expect(plain[0] > 0.9 && plain[1] < plain[0] && plain[2] < plain[0] - 0.3, "\(plain)")
    #expect(strong[0] > 0.85 && strong[2] > plain[2] + 0.15, "\(plain), \(strong)")
    let steps = try attacked("plain", ["--method", "pgd", "--steps", "5"])
    #expect(steps[0] == plain[0] && steps[2] <= plain[2] + 0.02, "\(plain), \(steps)")
    // The attack belongs to the run: resuming with another is refused, without any it goes on.
    let resume = ["train", "mlp"] + small + ["--output", "defended", "--resume"]
    let other = try Apus.run(resume + ["--adversarial", "fgsm:0.2"], in: folder)
    #expect(other.status == 1 && other.errors.contains("--adversarial") && other.errorLines.count == 1)
    #expect(try Apus.run(resume, in: folder).status == 0)
  }

  @Test func examplesAreWritten() throws {
    let folder = try Folder()
    #expect(try Apus.run(["train", "mlp"] + small + ["--epochs", "3", "--output", "run"], in: folder).status == 0)
    let attack = ["attack", "run", "--samples", "100", "--examples", "3", "--epsilon", "0.2", "--save"]
    let told = try Apus.run(attack + ["examples.png"], in: folder)
    #expect(told.status == 0 && told.output.contains("example 3, sample") && told.output.contains("on 100 samples"))
    // Three rows of three pictures of 112 x 112, 4 apart.
    #expect(try Pictures.read(from: folder.file("examples.png"), channels: 1).shape == [1, 352, 352])
    let report = try Apus.run(attack + ["examples.npz", "--json"], in: folder).json()
    let arrays = try NPZ.read(from: folder.file("examples.npz"))
    let (x, changed) = (try #require(arrays["x"]), try #require(arrays["x_adversarial"]))
    #expect(x.shape == [3, 1, 8, 8] && changed.shape == x.shape)
    let differences = zip(x.scalars(as: Double.self), changed.scalars(as: Double.self)).map { Swift.abs($0 - $1) }
    #expect(differences.allSatisfy { $0 <= 0.2 + 1e-6 } && differences.contains { $0 > 0.19 })
    #expect(changed.scalars(as: Double.self).allSatisfy { $0 >= 0 && $0 <= 1 })
    let examples = try #require(report["examples"] as? [[String: Any]])
    #expect(
      try #require(arrays["y"]).scalars(as: Int64.self).map { String($0) }
        == examples.compactMap { $0["label"] as? String }
    )
    // What is seen in the picture is what the report says.
    #expect(try Apus.run(attack + ["pictures"], in: folder).status == 0)
    let seen = try Apus.run(["predict", "run", "pictures/1-original.png", "--json"], in: folder).json()
    let guess = try #require(((seen["predictions"] as? [[String: Any]])?.first?["top"] as? [[String: Any]])?.first)
    let original = try #require(examples[0]["original"] as? [String: Any])
    #expect(guess["class"] as? String == original["class"] as? String)
    #expect(abs((guess["probability"] as? Double ?? 0) - (original["probability"] as? Double ?? 1)) < 1e-5)
  }

  @Test func mistakesAreSentences() throws {
    let folder = try Folder()
    #expect(try Apus.run(["train", "mlp"] + small + ["--epochs", "1", "--output", "run"], in: folder).status == 0)
    let before = folder.files()
    func expect(_ arguments: [String], _ words: String..., line: Int = #line) throws {
      let outcome = try Apus.run(arguments, in: folder)
      let call = Comment(rawValue: "line \(line): apus \(arguments.joined(separator: " ")): \(outcome.errors)")
      #expect(outcome.status != 0 && outcome.output.isEmpty && outcome.errorLines.count == 1, call)
      for word in words { #expect(outcome.errors.contains(word), call) }
      #expect(folder.files() == before, call)
    }
    // Which values are impossible is tested with the requests; here, that each option comes to a sentence.
    for value in ["0.1,", "nan", "2"] { try expect(["attack", "run", "--epsilon=\(value)"], "--epsilon") }
    try expect(["attack", "run", "--method", "pgd", "--steps=0"], "--steps")
    try expect(["attack", "run", "--method", "pgd", "--step-size=nan"], "--step-size")
    try expect(["attack", "run", "--steps", "3"], "--steps", "pgd")
    try expect(["attack", "run", "--method", "fgms"], "fgms")
    try expect(["attack", "run", "--norm", "1"], "--norm")
    try expect(["attack", "run", "--target", "11"], "11")
    try expect(["attack", "run", "--samples", "0"], "--samples")
    try expect(["attack", "run", "--examples=-1"], "--examples")
    try expect(["attack", "run", "--save", "x.gif"], "--save", "x.gif")
    try expect(["attack", "run", "--save", "nowhere/x.png"], "nowhere")
    try expect(["attack", "run", "--save", ""], "--save")
    try expect(["attack", "run", "--data", "digit"], "digits")
    try expect(["attack", "nowhere"], "nowhere")
    try expect(["ensemble", "trian"], "trian")
    try expect(["ensemble", "evaluate", "nowhere"], "nowhere")
    try expect(["ensemble", "evaluate", "run", "nowhere"], "nowhere")
    try expect(["ensemble", "predict", "run", "x.png"], "run", "ensemble")
    let train = ["ensemble", "train", "mlp"] + small
    try expect(train + ["--members=1"], "--members")
    try expect(train + ["--output", "run"], "run")
    try expect(train + ["--resume"], "--resume")
    try expect(train + ["--epochs", "0", "--output", "new"], "--epochs")
    try expect(["train", "mlp"] + small + ["--adversarial=fgsm:2"], "--adversarial")
    try expect(
      ["train", "mlp"] + small + ["--adversarial", "fgsm:0.1", "--adversarial-weight=nan"], "--adversarial-weight")
    try expect(["train", "mlp"] + small + ["--adversarial-weight", "0.5"], "--adversarial-weight", "fgsm:0.1")
  }
}
