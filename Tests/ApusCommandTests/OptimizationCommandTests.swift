import Foundation
import Testing

/// Optimizers, schedules and everything around them, by name and option.
@Suite struct OptimizationCommandTests {
  private let tiny = ["train", "mlp", "--data", "digits", "--hidden", "8", "--json", "--epochs"]

  private func config(_ folder: Folder, _ run: String) throws -> [String: Any] {
    let object = try JSONSerialization.jsonObject(with: Data(try folder.bytes(run + "/config.json")))
    return try #require(object as? [String: Any])
  }

  private func rates(_ folder: Folder, _ run: String) throws -> [Double] {
    let text = String(decoding: try folder.bytes(run + "/metrics.jsonl"), as: UTF8.self)
    return try text.split(separator: "\n").map { line in
      let entry = try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any]
      return try #require(entry?["learning_rate"] as? Double)
    }
  }

  @Test(arguments: [
    ["sgd", "--momentum", "0.5", "--dampening", "0.1"], ["momentum", "--momentum-of-steps"], ["nesterov"],
    [
      "adagrad", "--initial-accumulator", "0.1", "--learning-rate-decay", "0.01", "--epsilon", "1e-6",
      "--epsilon-inside-root",
    ],
    ["rmsprop", "--decay", "0.9", "--centered", "--momentum", "0.3", "--learning-rate", "0.003"],
    ["adam", "--amsgrad", "--beta1", "0.8"], ["adamw", "--weight-decay", "0.1", "--beta2", "0.99"],
    ["adadelta", "--decay", "0.8"], ["adamax", "--epsilon", "1e-7"],
    ["nadam", "--momentum-decay", "0.01", "--decoupled-decay"],
    ["radam", "--weight-decay", "0.01", "--learning-rate", "0.01"],
  ])
  func optimizersByName(_ options: [String]) throws {
    let folder = try Folder()
    let outcome = try Apus.run(tiny + ["3", "--output", "run", "--optimizer"] + options, in: folder)
    #expect(outcome.status == 0, "\(outcome.errors)")
    #expect(try outcome.json()["train_loss"] as? Double ?? 9 < 2.25)
    let optimization = try config(folder, "run")["optimization"] as? [String: Any]
    let optimizer = try #require(optimization?["optimizer"] as? [String: Any])
    #expect(optimizer["name"] as? String == options[0])
    // Going on asks for the same settings.
    let again = tiny + ["4", "--output", "run", "--resume"]
    if options.contains("--beta1") {
      #expect(try Apus.run(again + ["--beta1", "0.7"], in: folder).errors.contains("--beta1: is 0.7 but"))
    }
    #expect(try Apus.run(again, in: folder).status == 0)
  }

  @Test(
    arguments: [
      (["step", "--schedule-every", "1", "--schedule-factor", "0.5"], [0.1, 0.05, 0.025]),
      (["multi-step", "--schedule-milestones", "1,2", "--schedule-factor", "0.5"], [0.1, 0.05, 0.025]),
      (["exponential", "--schedule-factor", "0.5"], [0.1, 0.05, 0.025]),
      (["inverse-time", "--schedule-decay", "1", "--schedule-power", "1"], [0.1, 0.05, 0.1 / 3]),
      (
        ["plateau", "--plateau-patience", "0", "--plateau-threshold", "0.999", "--schedule-factor", "0.5"],
        [0.1, 0.1, 0.05]
      ),
      // The last of 21 steps of an epoch, along half a cosine that takes two epochs: 0.01 + 0.045 (1 + cos(pi t / 2)).
      (
        ["cosine-restarts", "--schedule-every", "2", "--minimum-learning-rate", "0.01"],
        [20.0, 41, 20].map { 0.01 + 0.045 * (1 + Foundation.cos(Double.pi * $0 / 42)) }
      ),
      (["polynomial", "--schedule-power", "2"], nil),
      (["cosine", "--warmup-epochs", "1", "--warmup-start", "0.5"], nil),
      (["one-cycle", "--cycle-rise", "0.4", "--cycle-linear"], nil),
      (["constant", "--warmup-steps", "30", "--schedule-unit", "steps"], nil),
    ] as [([String], [Double]?)])
  func schedulesByName(_ options: [String], _ wanted: [Double]?) throws {
    let folder = try Folder()
    let training = tiny + ["3", "--optimizer", "sgd", "--learning-rate", "0.1", "--output", "run", "--schedule"]
    let outcome = try Apus.run(training + options, in: folder)
    #expect(outcome.status == 0, "\(outcome.errors)")
    let rates = try rates(folder, "run")
    #expect(rates.count == 3 && Set(rates).count > 1, "\(rates)")
    if let wanted { #expect(zip(rates, wanted).allSatisfy { abs($0 - $1) < 1e-12 }, "\(rates)") }
    // The same schedule goes on; with another length only where it does not matter.
    let again = try Apus.run(tiny + ["4", "--output", "run", "--resume"], in: folder)
    let depends = ["polynomial", "cosine", "one-cycle"].contains(options[0])
    #expect((again.status == 0) == !depends && again.errors.contains("--epochs") == depends, "\(again.errors)")
  }

  @Test func everythingAtOnceResumesToTheSameBits() throws {
    let folder = try Folder()
    let options = [
      "--optimizer", "adamw", "--schedule", "cosine", "--warmup-epochs", "1", "--minimum-learning-rate", "1e-5",
      "--ema", "0.9", "--ema-start", "warm-up", "--accumulate", "3", "--l1", "1e-5", "--l2", "dense1=1e-4",
      "--max-norm", "3", "--clip-value", "0.5", "--group", "dense1:learning-rate-factor=0.5", "--group",
      "*:role=bias,weight-decay=0", "--checkpoint-steps", "1",
    ]
    let training = tiny + ["4", "--dropout", "0.2"] + options
    #expect(try Apus.run(training + ["--output", "whole"], in: folder).status == 0)
    let process = try Apus.start(training + ["--output", "killed"], in: folder)
    while process.isRunning, (try? folder.bytes("killed/metrics.jsonl"))?.isEmpty ?? true {
      Thread.sleep(forTimeInterval: 0.005)
    }
    kill(process.processIdentifier, SIGKILL)
    process.waitUntilExit()
    let other = try Apus.run(tiny + ["4", "--dropout", "0.3", "--output", "killed", "--resume"], in: folder)
    #expect(other.errors.contains("--dropout: is 0.3 but the run in killed was begun with 0.2"), "\(other.errors)")
    let outcome = try Apus.run(tiny + ["4", "--checkpoint-steps", "1", "--output", "killed", "--resume"], in: folder)
    #expect(outcome.status == 0, "\(outcome.errors)")
    #expect(try folder.bytes("killed/model.safetensors") == folder.bytes("whole/model.safetensors"))
    #expect(try tensors(folder.file("killed/last.safetensors")) == tensors(folder.file("whole/last.safetensors")))
    let last = try tensors(folder.file("whole/last.safetensors"))
    #expect(last["average.dense1.weight"] != nil && last["average.dense1.weight"] != last["model.dense1.weight"])
    #expect(try Apus.run(["evaluate", "whole", "--json"], in: folder).status == 0)
  }

  @Test func runsOfBeforeStayReadable() throws {
    let folder = try Folder()
    let training = tiny + ["1", "--optimizer", "momentum", "--clip-norm", "2", "--output", "run"]
    #expect(try Apus.run(training, in: folder).status == 0)
    var config = try config(folder, "run")
    config["normalization"] = try #require(config["preparation"] as? [String: Any])["normalization"]
    for name in ["optimization", "preparation", "objective", "data_options"] { config[name] = nil }
    config["optimizer"] = ["name": "momentum", "learning_rate": 0.02, "momentum": 0.9, "weight_decay": 0]
    config["clip_norm"] = 2
    try folder.write(Array(try JSONSerialization.data(withJSONObject: config)), to: "run/config.json")
    #expect(try Apus.run(["evaluate", "run"], in: folder).status == 0)
    let other = try Apus.run(tiny + ["2", "--output", "run", "--resume", "--clip-norm", "3"], in: folder)
    #expect(other.errors.contains("--clip-norm: is 3.0 but the run in run was begun with 2.0"))
    #expect(try Apus.run(tiny + ["2", "--output", "run", "--resume"], in: folder).status == 0)
    let resumed = try self.config(folder, "run")
    for name in ["optimization", "preparation", "objective", "data_options"] { #expect(resumed[name] != nil) }
  }

  @Test func learningRateIsLookedFor() throws {
    let folder = try Folder()
    let search = ["find-learning-rate", "mlp", "--data", "digits", "--hidden", "16", "--optimizer", "sgd"]
    let report = try Apus.run(search + ["--highest", "1000", "--lowest", "1e-4", "--json"], in: folder).json()
    let points = try #require(report["points"] as? [[String: Any]])
    #expect(points.count > 30 && points[0]["learning_rate"] as? Double == 1e-4 && points[0]["smoothed_loss"] != nil)
    let suggestion = try #require(report["suggestion"] as? Double)
    #expect(suggestion > 1e-3 && suggestion < 10)
    let text = try Apus.run(search + ["--search-steps", "30"], in: folder)
    #expect(text.status == 0 && text.output.contains("learning rate"))
    #expect(folder.files().isEmpty)
    for option in [["--lowest", "0"], ["--highest", "1e-9"], ["--search-steps", "3"], ["--smoothing", "1"]] {
      let outcome = try Apus.run(search + option, in: folder)
      #expect(outcome.status == 1 && outcome.errorLines.count == 1, "\(outcome.errors)")
    }
  }

  @Test(arguments: [
    (["--optimizer", "adm"], ["adam", "adamw"]), (["--optimizer", "sgd", "--beta1", "0.9"], ["--beta1", "adamax"]),
    (["--momentum", "0.9"], ["--momentum", "adam", "rmsprop"]), (["--beta2", "1"], ["--beta2", "below 1"]),
    (["--epsilon", "-1"], ["--epsilon"]), (["--epsilon", "nan"], ["--epsilon"]),
    (["--optimizer", "adadelta", "--epsilon", "0"], ["--epsilon", "positive"]),
    (["--optimizer", "adagrad", "--initial-accumulator", "-1"], ["--initial-accumulator"]),
    (["--optimizer", "nesterov", "--momentum", "0"], ["--momentum"]),
    (["--optimizer", "rmsprop", "--decay", "1.5"], ["--decay"]),
    (["--optimizer", "sgd", "--amsgrad"], ["--amsgrad", "adamw"]),
    (["--schedule", "cosin"], ["did you mean cosine"]), (["--schedule", "step"], ["--schedule-every"]),
    (["--schedule", "step", "--schedule-every", "0"], ["--schedule-every", "positive"]),
    (["--schedule", "step", "--schedule-every", "nan"], ["--schedule-every"]),
    (["--schedule", "exponential"], ["--schedule-factor"]),
    (["--schedule", "cosine", "--schedule-factor", "0.5"], ["--schedule-factor", "exponential"]),
    (["--schedule", "multi-step"], ["--schedule-milestones"]),
    (["--schedule", "multi-step", "--schedule-milestones", "5,3"], ["--schedule-milestones", "grow"]),
    (["--schedule", "multi-step", "--schedule-milestones", "5,x"], ["--schedule-milestones", "5,x"]),
    (["--schedule", "cosine", "--minimum-learning-rate", "1"], ["--minimum-learning-rate", "below"]),
    (["--schedule", "cosine", "--minimum-learning-rate", "-1"], ["--minimum-learning-rate"]),
    (["--schedule", "cosine", "--schedule-unit", "hours"], ["hours", "epochs", "steps"]),
    (["--schedule", "one-cycle", "--schedule-unit", "epochs"], ["--schedule-unit", "steps"]),
    (["--schedule", "one-cycle", "--cycle-rise", "1"], ["--cycle-rise"]),
    (["--schedule", "one-cycle", "--warmup-epochs", "1"], ["--warmup-epochs", "cosine"]),
    (["--schedule", "plateau", "--plateau-patience", "-1"], ["--plateau-patience"]),
    (["--schedule", "plateau", "--schedule-factor", "1"], ["--schedule-factor"]),
    (["--warmup-epochs", "0"], ["--warmup-epochs"]), (["--warmup-epochs", "nan"], ["--warmup-epochs"]),
    (["--warmup-steps", "10"], ["--warmup-steps", "--warmup-epochs"]), (["--warmup-start", "0.5"], ["--warmup-start"]),
    (["--warmup-epochs", "1", "--warmup-start", "2"], ["--warmup-start"]),
    (["--clip-value", "0"], ["--clip-value"]), (["--clip-parameter-norm", "nan"], ["--clip-parameter-norm"]),
    (["--clip-norm", "-1"], ["--clip-norm"]),
    (["--clip-norm", "1", "--clip-value", "1"], ["--clip-value", "--clip-norm"]),
    (["--accumulate", "0"], ["--accumulate"]), (["--accumulate", "-2"], ["--accumulate"]),
    (["--ema", "1"], ["--ema"]), (["--ema", "nan"], ["--ema"]), (["--ema-start", "first"], ["--ema"]),
    (["--ema", "0.9", "--ema-start", "frist"], ["did you mean first"]), (["--l1", "-1"], ["--l1"]),
    (["--l2", "nan"], ["--l2"]), (["--l2", "dense1=x"], ["--l2", "dense1=x"]),
    (["--l2", "dense9=1"], ["dense9", "dense1"]),
    (["--max-norm", "0"], ["--max-norm"]), (["--max-norm", "inf"], ["--max-norm"]),
    (["--group", "dense1"], ["--group", "dense1"]), (["--group", "cov:frozen"], ["cov", "dense1"]),
    (["--group", "dense1:speed=2"], ["speed=2"]), (["--group", "dense1:weight-decay=-1"], ["weight-decay"]),
    (["--group", "*:role=wieght,frozen"], ["did you mean weight"]), (["--group", "*:frozen"], ["everything"]),
  ])
  func mistakesAreSentences(_ options: [String], _ words: [String]) throws {
    let folder = try Folder()
    let outcome = try Apus.run(tiny + ["1"] + options, in: folder)
    let call = Comment(rawValue: "\(options.joined(separator: " ")): \(outcome.errors)")
    #expect(outcome.status != 0 && outcome.status < 128, call)
    #expect(outcome.output.isEmpty && outcome.errorLines.count == 1 && outcome.errors.hasPrefix("apus: "), call)
    for word in words { #expect(outcome.errors.contains(word), call) }
    #expect(folder.files().isEmpty, call)
  }
}
