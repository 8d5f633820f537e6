import Apus
import Foundation
import Testing

@testable import ApusCommand

/// Each mistake gives one sentence, a status other than 0, and leaves no file behind.
@Suite struct BadInputTests {
  /// Runs the command and expects one sentence that contains all of `words`.
  private func expectSentence(
    _ arguments: [String], _ words: [String], in folder: Folder, shell: String? = nil,
    sourceLocation: SourceLocation = #_sourceLocation
  ) throws {
    let before = folder.files()
    let outcome = try Apus.run(arguments, in: folder, shell: shell)
    let call = Comment(rawValue: "apus \(arguments.joined(separator: " ")): \(outcome.errors)")
    #expect(outcome.status != 0 && outcome.status < 128, call, sourceLocation: sourceLocation)
    #expect(outcome.output.isEmpty, call, sourceLocation: sourceLocation)
    #expect(outcome.errorLines.count == 1, call, sourceLocation: sourceLocation)
    #expect(outcome.errors.hasPrefix("apus: "), call, sourceLocation: sourceLocation)
    for word in words { #expect(outcome.errors.contains(word), call, sourceLocation: sourceLocation) }
    #expect(folder.files() == before, call, sourceLocation: sourceLocation)
  }

  @Test func unknownNames() throws {
    let folder = try Folder()
    try expectSentence(["trian"], ["trian", "train"], in: folder)
    try expectSentence(["train", "lenet", "--data", "digits"], ["lenet5"], in: folder)
    try expectSentence(["train", "mlp", "--data", "digit"], ["did you mean digits"], in: folder)
    try expectSentence(["train", "mlp", "--data", "fashion-mnist-2"], ["fashion-mnist"], in: folder)
    try expectSentence(["train", "mlp", "--data", "digits", "--optimizer", "adm"], ["adam"], in: folder)
    try expectSentence(["train", "mlp", "--data", "digits", "--activation", "rely"], ["relu"], in: folder)
    try expectSentence(["train", "mlp", "--data", "digits", "--activation", "pRelU2"], ["or prelu?"], in: folder)
    try expectSentence(["train", "mlp", "--data", "digits", "--normalization", "bach"], ["batch"], in: folder)
    try expectSentence(["train", "mlp", "--data", "digits", "--initializer", "he-norml"], ["he-normal"], in: folder)
    try expectSentence(["bench", "lenet5", "--normalization", "group:4"], ["4 groups", "6 channels"], in: folder)
    try expectSentence(["train", "mlp", "--data", "digits", "--form", "modern"], ["form"], in: folder)
    try expectSentence(["train", "mlp", "--data", "digits", "--epoch", "1"], ["--epoch"], in: folder)
    try expectSentence(["train", "mlp"], ["--data"], in: folder)
    try expectSentence(["summary", "resnet"], ["resnet"], in: folder)
    try expectSentence(["lecture", "vanish"], ["vanish", "did you mean vanishing"], in: folder)
    try expectSentence(["lecture", "activations", "--format", "pdf"], ["pdf", "png"], in: folder)
    try expectSentence(["lecture", "activations", "--output", "/proc/none"], ["/proc/none"], in: folder)
    try expectSentence(["lecture", "activations", "--output", "/dev/null"], ["/dev/null"], in: folder)
    try expectSentence(["lecture", "activations", "vanishing"], ["vanishing"], in: folder)
    try expectSentence(["lecture", "activations", "--threads", "0"], ["--threads"], in: folder)
    try expectSentence(["lecture", "activations", "--seed", "-1"], ["seed"], in: folder)
    try expectSentence(["bench", "mlpp"], ["mlp"], in: folder)
    try expectSentence(["bench", "mlp", "--mode", "both"], ["both"], in: folder)
    try expectSentence(["evaluate", "nowhere"], ["nowhere", "no run"], in: folder)
    try expectSentence(
      ["train", "mlp", "--data", "digits", "--task", "regression"], ["--task", "numbers"], in: folder)
    try expectSentence(["predict", "digit-cnn", "a.png"], ["--weights: is missing", "digit-cnn"], in: folder)
    try expectSentence(["translate", "letters-to-sounds", "a"], ["--weights: is missing"], in: folder)
    try expectSentence(["find-learning-rate", "mlp", "--data", "digits", "--output", "x"], ["--output"], in: folder)
    try expectSentence(["lecture", "choice", "--output", "/dev/full"], ["/dev/full/choice: the folder"], in: folder)
  }

  @Test func textIsNoTableOfNumbers() throws {
    let folder = try Folder()
    try folder.write(Array("Once upon a time.\n".utf8), to: "book.txt")
    try expectSentence(["train", "mlp", "--data", "book.txt"], ["book.txt", "is a text", "charlm"], in: folder)
    try expectSentence(["data", "show", "book.txt"], ["book.txt", "is a text", "charlm"], in: folder)
  }

  @Test func ensemblesAreNoRuns() throws {
    let folder = try Folder()
    try FileManager.default.createDirectory(atPath: folder.file("five"), withIntermediateDirectories: true)
    try folder.write(Array("{}".utf8), to: "five/ensemble.json")
    for command in ["evaluate", "report", "attack"] {
      try expectSentence([command, "five"], ["five: this folder holds an ensemble", "five/member-1"], in: folder)
    }
  }

  /// As text, a name of other bytes would be that of another file.
  @Test func wordsThatAreNoText() throws {
    let folder = try Folder()
    let name = "$(printf 'caf\\351')"
    try expectSentence(
      [], ["valid UTF-8", "rename"], in: folder, shell: "set -- convert a.npz \(name).npz")
    try expectSentence(
      [], ["valid UTF-8", "rename"], in: folder, shell: "set -- train mlp --data digits --output \(name)")
    #expect(throws: TrainingError.self) { try Command.words([[0x61], [0xe9, 0x61]]) }
    #expect(try Command.words([Array("né".utf8)]) == ["né"])
  }

  @Test(arguments: [
    ["--epochs", "0"], ["--epochs", "-3"], ["--epochs", "99999999999"], ["--epochs", "2.5"], ["--batch-size", "0"],
    ["--batch-size", "-1"], ["--learning-rate", "0"], ["--learning-rate", "-0.1"], ["--learning-rate", "nan"],
    ["--learning-rate", "inf"], ["--learning-rate", "x"], ["--momentum", "0.9"],
    ["--momentum", "1", "--optimizer", "sgd"],
    ["--momentum", "nan", "--optimizer", "sgd"], ["--weight-decay", "-1"], ["--weight-decay", "nan"],
    ["--clip-norm", "0"],
    ["--validation-split", "1"], ["--validation-split", "-0.5"], ["--validation-split", "nan"],
    ["--early-stopping", "0"],
    ["--early-stopping", "2", "--validation-split", "0"], ["--seed", "-1"], ["--threads", "0"], ["--threads", "-2"],
    ["--hidden", "0"], ["--hidden", "8,,8"], ["--hidden", "1000000,1000000"], ["--dropout", "1"], ["--dropout", "nan"],
    ["--input-dropout", "-0.1"], ["--input-dropout", "1"], ["--input-dropout", "nan"], ["--bias-initial", "nan"],
    ["--bias-initial", "inf"], ["--bias-initial", "x"], ["--activation", "leaky-relu:x"],
    ["--activation", "leaky-relu:-1"], ["--activation", "relu:1"], ["--activation", "rrelu:0.3,0.2"],
    ["--activation", ""], ["--normalization", "group:0"], ["--normalization", "group:2.5"],
    ["--normalization", "group:7"], ["--normalization", "instance"], ["--normalization", "batch:1"],
    ["--initializer", "normal"], ["--initializer", "normal:-1"], ["--initializer", "uniform:0"],
    ["--initializer", "uniform:2,1"], ["--initializer", "truncated-normal:1,0"], ["--initializer", "constant:nan"],
    ["--checkpoint-steps", "0"], ["--checkpoint-seconds", "nan"], ["--resume"], ["--output", ""],
  ])
  func impossibleNumbers(_ option: [String]) throws {
    let folder = try Folder()
    try expectSentence(["train", "mlp", "--data", "digits"] + option, [String(option[0].dropFirst(2))], in: folder)
  }

  @Test func damagedData() throws {
    let folder = try Folder()
    let fixture = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
      .appendingPathComponent("../ApusFormatsTests/Fixtures/stored.npz").standardized
    let archive = Array(try Data(contentsOf: fixture))
    try folder.write([], to: "empty.npz")
    try folder.write(Array(archive.prefix(archive.count / 2)), to: "cut.npz")
    try folder.write((0..<500).map { UInt8(truncatingIfNeeded: $0 &* 37) }, to: "noise.npz")
    try folder.write(archive, to: "other.npz")
    try FileManager.default.createDirectory(atPath: folder.file("empty"), withIntermediateDirectories: true)
    for name in ["empty.npz", "cut.npz", "noise.npz", "missing.npz", "empty"] {
      try expectSentence(["train", "mlp", "--data", name], [name], in: folder)
    }
    try expectSentence(["train", "mlp", "--data", "other.npz"], ["x_train"], in: folder)
    try expectSentence(["train", "mlp", "--data", "fashion-mnist-missing/"], ["no such"], in: folder)
  }

  @Test func damagedWeightsAndRuns() throws {
    let folder = try Folder()
    #expect(try Apus.run(smallTraining + ["--epochs", "1", "--output", "run"], in: folder).status == 0)
    let whole = try folder.bytes("run/model.safetensors")
    try folder.write([], to: "empty.safetensors")
    try folder.write(Array(whole.dropLast(100)), to: "cut.safetensors")
    try folder.write([UInt8](repeating: 7, count: 300), to: "noise.safetensors")
    for name in ["empty", "cut", "noise", "missing"].map({ $0 + ".safetensors" }) {
      try expectSentence(smallTraining + ["--output", "x", "--weights", name], [name], in: folder)
    }
    let other = ["train", "mlp", "--data", "digits", "--hidden", "17", "--weights", "run/model.safetensors"]
    try expectSentence(other, ["dense1.weight", "run/model.safetensors"], in: folder)
    // The folder is taken; other options do not fit the run.
    try expectSentence(smallTraining + ["--output", "run"], ["--resume"], in: folder)
    let resume = smallTraining + ["--output", "run", "--resume"]
    try expectSentence(resume + ["--batch-size", "32"], ["--batch-size", "32", "64"], in: folder)
    try expectSentence(resume + ["--learning-rate", "0.5"], ["--learning-rate"], in: folder)

    let last = try folder.bytes("run/last.safetensors")
    try folder.write(Array(last.prefix(200)), to: "run/last.safetensors")
    try expectSentence(resume + ["--epochs", "2"], ["last.safetensors"], in: folder)
    try folder.write(Array(whole.prefix(50)), to: "run/model.safetensors")
    try expectSentence(["evaluate", "run"], ["model.safetensors"], in: folder)
    try folder.write(Array("{\"format\": 1".utf8), to: "run/config.json")
    try expectSentence(["evaluate", "run"], ["config.json"], in: folder)
  }

  @Test func wrongSizes() throws {
    let folder = try Folder()
    #expect(try Apus.run(smallTraining + ["--epochs", "1", "--output", "run"], in: folder).status == 0)
    try expectSentence(["train", "lenet5", "--data", "digits"], ["28x28", "[1, 8, 8]"], in: folder)
    try PNG.write(HostArray(type: TensorType([1, 28, 28], .uint8)) { _ in }, to: folder.file("large.png"))
    try PNG.write(HostArray(type: TensorType([3, 8, 8], .uint8)) { _ in }, to: folder.file("right.png"))
    try folder.write(Array("no picture".utf8), to: "text.png")
    #expect(try Apus.run(["predict", "run", "right.png"], in: folder).status == 0)
    #expect(try Apus.run(["predict", "run", "large.png"], in: folder).status == 0, "other sizes are resized")
    try expectSentence(["predict", "run", "right.png", "text.png"], ["text.png"], in: folder)
    try expectSentence(["predict", "run", "missing.png"], ["missing.png"], in: folder)
    try expectSentence(["predict", "run", "right.png", "--top", "0"], ["--top"], in: folder)
    try writeIDXFolder(folder, side: 5)
    try expectSentence(["evaluate", "run", "--data", "five"], ["five", "[1, 5, 5]"], in: folder)
    try expectSentence(["summary", "lenet5", "--input-shape", "1,1,30,30"], ["28x28"], in: folder)
    try expectSentence(["summary", "mlp", "--input-shape", "1,x"], ["--input-shape"], in: folder)

    try NPY.write(HostArray([Float](repeating: 0, count: 2 * 63), shape: [2, 63]), to: folder.file("x.npy"))
    let infer = ["infer", "mlp", "--hidden", "16", "--weights", "run/model.safetensors", "--input"]
    try expectSentence(infer + ["x.npy", "--output", "y.npy"], ["run/model.safetensors"], in: folder)
    try expectSentence(infer + ["missing.npy", "--output", "y.npy"], ["missing.npy"], in: folder)
    try expectSentence(infer + ["x.npy", "--output", "y.txt"], ["--output", "y.txt"], in: folder)
  }

  @Test func unwritableOutput() throws {
    let folder = try Folder()
    try folder.write([1], to: "file")
    try expectSentence(smallTraining + ["--output", "file/run"], ["file/run", "--output"], in: folder)
    try expectSentence(smallTraining + ["--output", "/proc/run"], ["/proc/run"], in: folder)
    #expect(try Apus.run(smallTraining + ["--epochs", "1", "--output", "run"], in: folder).status == 0)
    try NPY.write(HostArray([Float](repeating: 0, count: 2 * 64), shape: [2, 64]), to: folder.file("x.npy"))
    let infer = [
      "infer", "mlp", "--hidden", "16", "--weights", "run/model.safetensors", "--input", "x.npy", "--output",
    ]
    try expectSentence(infer + ["nowhere/y.npy"], ["nowhere/y.npy"], in: folder)
    try expectSentence(infer + ["/dev/full"], ["/dev/full", "no space"], in: folder)
  }

  @Test func fullDisk() throws {
    let folder = try Folder()
    #expect(try Apus.run(smallTraining + ["--epochs", "1", "--output", "run"], in: folder).status == 0)
    let kept = try folder.bytes("run/last.safetensors")
    // No file may grow beyond some kilobytes: the checkpoint cannot be written, as on a full disk.
    let outcome = try Apus.run(
      smallTraining + ["--epochs", "2", "--output", "run", "--resume"], in: folder, shell: "ulimit -f 4")
    #expect(outcome.status == 1)
    #expect(outcome.errorLines.count { $0.hasPrefix("apus: ") } == 1 && outcome.errors.contains("cannot be written"))
    #expect(try folder.bytes("run/last.safetensors") == kept)
    #expect(folder.files().allSatisfy { !$0.contains(".tmp") })
    // With space again it goes on.
    #expect(try Apus.run(smallTraining + ["--epochs", "2", "--output", "run", "--resume"], in: folder).status == 0)
  }

  @Test func divergingTraining() throws {
    let folder = try Folder()
    let training = [
      "train", "mlp", "--data", "digits", "--hidden", "16", "--optimizer", "sgd", "--output", "run", "--json",
    ]
    let outcome = try Apus.run(training + ["--learning-rate", "1e12", "--epochs", "2"], in: folder)
    #expect(outcome.status == 1)
    #expect(outcome.output.isEmpty)
    let last = try #require(outcome.errorLines.last)
    #expect(last.contains("diverged in step") && last.contains("dense") && last.contains("run/last.safetensors"))
    #expect(outcome.errorLines.count { $0.hasPrefix("apus: ") } == 1)
    let checkpoint = try SafeTensors(contentsOf: folder.file("run/last.safetensors"))
    for name in checkpoint.names where name.hasPrefix("model.") {
      #expect(try checkpoint.array(name).scalars(as: Double.self).allSatisfy(\.isFinite))
    }
  }

  /// Four IDX files of square pictures.
  private func writeIDXFolder(_ folder: Folder, side: Int) throws {
    try FileManager.default.createDirectory(atPath: folder.file("five"), withIntermediateDirectories: true)
    let count = 20
    for part in ["train", "t10k"] {
      let images = [0, 0, 8, 3, 0, 0, 0, count, 0, 0, 0, side, 0, 0, 0, side].map { UInt8($0) }
      try folder.write(images + [UInt8](repeating: 9, count: count * side * side), to: "five/\(part)-images-idx3-ubyte")
      let labels = (0..<count).map { UInt8($0 % 10) }
      try folder.write([0, 0, 8, 1, 0, 0, 0, UInt8(count)] + labels, to: "five/\(part)-labels-idx1-ubyte")
    }
  }
}
