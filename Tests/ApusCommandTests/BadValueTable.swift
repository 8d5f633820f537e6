/// Values that an option cannot have, with what else must stand on the command line for them to be looked at.
struct BadValues: Sendable {
  /// The values; each by itself is a mistake.
  let values: [String]
  /// Words before the option.
  let with: [String]
  /// What the sentence calls the option, if not by its name.
  let named: String?

  init(_ values: [String], with: [String] = [], named: String? = nil) {
    (self.values, self.with, self.named) = (values, with, named)
  }

  /// No number, or none that can be.
  private static let noNumber = ["x", "nan", "inf", "-inf"]
  /// No whole number.
  private static let noWhole = ["x", "1.5", "99999999999999999999"]

  /// A whole number of at least 1.
  static func count(_ more: String..., with words: [String] = []) -> BadValues {
    BadValues(noWhole + ["0", "-1"] + more, with: words)
  }
  /// A whole number of at least 0.
  static func whole(_ more: String..., with words: [String] = []) -> BadValues {
    BadValues(noWhole + ["-1"] + more, with: words)
  }
  /// A positive number.
  static func positive(_ more: String..., with words: [String] = []) -> BadValues {
    BadValues(noNumber + ["0", "-0.5"] + more, with: words)
  }
  /// A number of at least 0.
  static func atLeastZero(_ more: String..., with words: [String] = []) -> BadValues {
    BadValues(noNumber + ["-0.5"] + more, with: words)
  }
  /// One of some names.
  static func name(_ values: String..., with words: [String] = [], named: String? = nil) -> BadValues {
    BadValues(values, with: words, named: named)
  }
}

/// Bad values for every option that takes a value; `HOUSES` stands for a table with numbers to predict.
let badValues: [String: [String: BadValues]] = [
  "train": trainingValues.merging(recordingValues) { $1 },
  "cross-validate": trainingValues.merging(["folds": .count("1", "1000")]) { $1 },
  "find-learning-rate": trainingValues.merging([
    "lowest": .positive("100", "1e-308"), "highest": .positive("1e-9", "1e308"), "search-steps": .count("3"),
    "smoothing": .atLeastZero("1", "2"),
  ]) { $1 },
  "finetune": trainingValues.merging(recordingValues) { $1 }.merging([
    "keep": .name("none", "dense9", "-1", "99", with: ["--data", "digits"]),
    "freeze": .name("dense9", "-1", "99", with: ["--data", "digits"]),
    "unfreeze": .name("5", "5:", "x:all", "0:all", "-1:all", "5:dense9", "5:all,", with: ["--data", "digits"]),
    "head": .name("0", "-1", "x", "8,,8", "9999999999", with: ["--data", "digits"]),
    "head-dropout": .atLeastZero("1", "1.5"), "rate-divisor": .positive("0.9"),
  ]) { $1 },
  "ensemble train": trainingValues.merging(recordingValues) { $1 }.merging(["members": .count("1", "1001")]) { $1 },
  "ensemble evaluate": ["data": .name("digts"), "threads": threads],
  "ensemble predict": ["top": .count(), "threads": threads],
  "evaluate": [
    "data": .name("digts"), "metrics": .name("acuracy", "mse", named: "metric"), "threads": threads,
    "beam": .count("257"), "length-penalty": .atLeastZero(),
  ],
  "translate": [
    "beam": .count("257"), "length-penalty": .atLeastZero(), "attention": .name("a.gif"), "threads": threads,
    "weights": .name("missing.npz", named: "pretrained network"),
  ],
  "faces": [
    "weights": .name("missing"), "smallest": .count("11", "5000"),
    "thresholds": .name("0.6", "0,0.7,0.7", "0.6,0.7,1", "0.6,x,0.7"), "output": .name("/proc/none"),
    "threads": threads,
  ],
  "report": ["output": .name("/proc/none/report.html"), "threads": threads],
  "runs": ["sort": .name("size", named: "sort key")],
  "score": ["threads": threads],
  "forecast": [
    "data": .name("prizes.csv"), "season": .count("100000"), "plot": .name("/proc/none/f.svg", "f.txt"),
    "threads": threads,
  ],
  "generate": [
    "prompt": BadValues([]), "length": .count("10000001"), "temperature": .atLeastZero(), "top-k": .count(),
    "top-p": .positive("1.5"), "seed": .whole(), "threads": threads,
  ],
  "predict": [
    "top": .count(), "output": .name("masks"), "threads": threads,
    "weights": .name("missing.pth", named: "pretrained network"),
  ],
  "export": formValues.merging([
    "weights": .name("missing.safetensors"), "output": .name("y.txt"), "input-shape": .name("1,x", "1", "0,64"),
    "classes": .count("9223372036854775807"), "threads": threads,
  ]) { $1 },
  "infer": formValues.merging([
    "weights": .name("missing.safetensors"), "input": .name("missing.npy"), "output": .name("y.txt"),
    "classes": .count("9223372036854775807"), "threads": threads,
  ]) { $1 },
  "summary": formValues.merging([
    "input-shape": .name("1,x", "1", "0,64", "1,-1", "1,,2"), "batch-size": .count(),
    "optimizer": .name("adm"), "threads": threads,
  ]) { $1 },
  "bench": formValues.merging([
    "batch-size": .count(), "mode": .name("both"), "steps": .count(), "optimizer": .name("adm"), "threads": threads,
  ]) { $1 },
  "attack": [
    "data": .name("digts"), "method": .name("fgms"), "epsilon": .positive("0.1,x", "0.1,,0.2"),
    "norm": .name("3", "L2"), "steps": .count("10001", with: ["--method", "pgd"]),
    "step-size": .positive(with: ["--method", "pgd"]), "target": .name("ten", named: "class"), "samples": .count(),
    "examples": .whole("1001"), "seed": .whole(), "save": .name("examples.jpg"), "threads": threads,
  ],
  "data show": dataValues,
  "lecture": [
    "output": .name("/proc/none"), "seed": .whole(), "format": .name("pdf"), "threads": threads,
  ],
]

private let threads = BadValues.count("1025")

private let formValues: [String: BadValues] = [
  "hidden": BadValues(["x", "0", "-1", "1.5", "nan", "inf", "8,,8", "8,x", "1000000,1000000", "9999999999"]),
  "activation": .name("rely", "relu:1", "leaky-relu:x", "leaky-relu:-1", "elu:nan", "elu:inf", "rrelu:0.3,0.2"),
  "normalization": .name(
    "bach", "group:0", "group:2.5", "group:3", "instance", "local:0", "local:5,nan", "local-alexnet:5,1,1,0"),
  "dropout": .atLeastZero("1", "1.5"), "input-dropout": .atLeastZero("1", "1.5"),
  "input-noise": .atLeastZero(), "spatial-dropout": .atLeastZero("1"),
  "initializer": .name("he-norml", "normal", "normal:-1", "normal:nan", "uniform:0", "constant:inf"),
  "bias-initial": BadValues(["x", "nan", "inf"]), "form": .name("modrn"),
  "width": .count("2000"), "embedding": .whole("100000"), "pooling": .name("sum"),
  "attention": .name("cosine"), "scheduled-sampling": .positive("1.5"), "sampling-steps": .whole(),
]

private let dataValues: [String: BadValues] = [
  "target": .name("prize", "99", "price,,rooms", with: ["HOUSES"], named: "price"),
  "columns": .name("prize", "rooms,,zip", with: ["HOUSES"], named: "column"),
  "ignore": .name("prize", ",", with: ["HOUSES"], named: "column"),
  "categories": .name("prize", ",", with: ["HOUSES"], named: "column"),
  "missing": .name("zero", "nan", "inf", with: ["HOUSES"]), "delimiter": .name("colon", with: ["HOUSES"]),
  "header": .name("maybe", with: ["HOUSES"]), "normalize": .name("stand"),
  "image-size": .name("0", "x", "3x", "5000"), "image-channels": .name("0", "2", "x", "1.5"),
  "bad-images": .name("ask"),
  "scale-targets": .name("stand", with: ["HOUSES"]),
  "augment": .name(
    "spin=3", "shift=x", "shift=-1", "shift=nan", "rotate=inf", "flip=2", "standard,", "zoom", "cutout=1.5e9",
    "mixup=-1", named: "augment"),
  "test-split": .atLeastZero("1", "2"), "window": .count(), "minimum-count": .count(), "vocabulary": .count("1"),
  "horizon": .count(), "source-unit": .name("letters"), "target-unit": .name("letters"),
]

private let trainingValues = formValues.merging(dataValues) { $1 }.merging(optimizationValues) { $1 }.merging([
  "data": .name("digts", "missing.csv", "missing.npz", "/proc/none"), "epochs": .count("1000001"),
  "batch-size": .count(), "seed": .whole(), "validation-split": .atLeastZero("1", "1.5"), "early-stopping": .count(),
  "adversarial": .name("fgms:0.1", "fgsm", "fgsm:0", "fgsm:-1", "fgsm:nan", "fgsm:x", "pgd:0.1:0", "pgd:0.1:x"),
  "adversarial-weight": .positive("1.5", with: ["--adversarial", "fgsm:0.1"]),
  "weights": .name("missing.safetensors", "/proc"), "task": .name("regresion", "binary", "regression"),
  "loss": .name("mes", "mse", "hinge"), "label-smoothing": .atLeastZero("1.5"),
  "class-weights": .name("x", "1,2", "1,1,1,-1", "1,1,nan", "1,1,inf", "0,0,0", "1,,1"),
  "ignore-class": BadValues(["x", "1.5", "-1", "3", "2147483648"], named: "ignored class"),
  "positive-weight": .positive(with: ["--data", "breast-cancer", "--task", "binary"]),
  "delta": .positive(with: ["HOUSES"]), "metrics": .name("acuracy", "mse", "accuracy,,f1", named: "metric"),
  "threads": threads,
]) { $1 }

/// What is kept on disk.
private let recordingValues: [String: BadValues] = [
  "output": .name("/proc/none"), "checkpoint-steps": .count(),
  "checkpoint-seconds": BadValues(["x", "nan", "-1", "-inf"]), "statistics": .count(),
]

private let penalties = ["x", "nan", "inf", "-0.5", "dense1=x", "dense1=", "dense9=1", "=1"]

private let optimizationValues: [String: BadValues] = [
  "optimizer": .name("adm"), "learning-rate": .positive(), "weight-decay": .atLeastZero(),
  "momentum": .atLeastZero("1", with: ["--optimizer", "momentum"]),
  "dampening": .atLeastZero("1.5", with: ["--optimizer", "momentum"]), "beta1": .atLeastZero("1"),
  "beta2": .atLeastZero("1"), "epsilon": .atLeastZero(), "decay": .atLeastZero("1", with: ["--optimizer", "adadelta"]),
  "initial-accumulator": .atLeastZero(with: ["--optimizer", "adagrad"]),
  "learning-rate-decay": .atLeastZero(with: ["--optimizer", "adagrad"]),
  "momentum-decay": .atLeastZero(with: ["--optimizer", "nadam"]),
  "schedule": .name("cosin", "step", "exponential"), "schedule-unit": .name("hours", with: ["--schedule", "cosine"]),
  "schedule-every": .positive(with: ["--schedule", "step"]),
  "schedule-factor": .positive(with: ["--schedule", "exponential"]),
  "schedule-milestones": .name("x", "5,x", "5,3", "0,5", "-1", "nan", "inf", with: ["--schedule", "multi-step"]),
  "schedule-power": .positive(with: ["--schedule", "polynomial"]),
  "schedule-decay": .positive(with: ["--schedule", "inverse-time"]),
  "schedule-length": .positive(with: ["--schedule", "cosine"]),
  "schedule-growth": .positive("0.5", with: ["--schedule", "cosine-restarts", "--schedule-every", "3"]),
  "minimum-learning-rate": .atLeastZero("1", with: ["--schedule", "cosine"]),
  "cycle-rise": .atLeastZero("1", "1.5", with: ["--schedule", "one-cycle"]),
  "cycle-start-divisor": .positive(with: ["--schedule", "one-cycle"]),
  "cycle-end-divisor": .positive(with: ["--schedule", "one-cycle"]),
  "plateau-patience": .whole(with: ["--schedule", "plateau"]),
  "plateau-threshold": .atLeastZero(with: ["--schedule", "plateau"]),
  "plateau-cooldown": .whole(with: ["--schedule", "plateau"]), "warmup-epochs": .positive(),
  "warmup-steps": .positive(with: ["--schedule-unit", "steps"]),
  "warmup-start": .atLeastZero("2", with: ["--warmup-epochs", "2"]),
  "group": .name("dense1", "cov:frozen", "dense1:speed=2", "dense1:weight-decay=nan", "*:frozen", ":frozen"),
  "clip-norm": .positive(), "clip-value": .positive(), "clip-parameter-norm": .positive(),
  "accumulate": .count("65537"), "ema": .positive("1", "2"), "ema-start": .name("frist", with: ["--ema", "0.9"]),
  "l1": BadValues(penalties, named: "penalty"), "l2": BadValues(penalties, named: "penalty"), "max-norm": .positive(),
]
