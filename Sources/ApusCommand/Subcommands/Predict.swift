import Apus
import ArgumentParser

/// `apus predict`
struct Predict: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract:
      "Say what pictures show, what sounds or texts are, or what follows from the rows of a table, by a saved run or a "
      + "network with published weights.",
    discussion: """
      EXAMPLES
        apus predict runs/lenet5-mnist seven.png
        apus predict runs/lenet5-fashion-mnist a.png b.png --top 3 --json
        apus predict runs/lenet5-photos photo.jpg
        apus predict efficientnet-lite0 --weights efficientnet-lite0-57934424.pth photo.jpg --top 5
        apus predict runs/unet-scenes scene.jpg --output masks       # masks/scene.png: the class of each pixel
        apus predict runs/sequenceclassifier-spoken-digits seven.wav
        apus predict runs/textclassifier-reviews "a gripping film" "two hours of my life"
        apus predict runs/mlp-houses new.csv            # a prediction for each row

      The pictures are PNG or JPEG files of any size: they are resized and cropped as an image folder's were for the \
      training; colour becomes gray where the model takes gray. The digits and clothes of the data sets are light on a \
      dark ground. apus pretrained lists the networks with published weights. A table needs the columns that the training data \
      had, in any order, but for the one to predict.
      """)

  @Argument(
    help: ArgumentHelp("The folder of a run, or with --weights a network's name.", valueName: "run|network"))
  var folder: String
  @Argument(
    help: ArgumentHelp(
      "PNG or JPEG files; WAV files, for a run of sounds; CSV files, for one of a table; texts, for one of "
        + "textclassifier.", valueName: "file|text"))
  var images: [String]
  @Option(
    help: ArgumentHelp(
      "Weights of one of \(PretrainedNetwork.all.map(\.name).joined(separator: ", ")): .pth, .safetensors or .npz.",
      valueName: "file"))
  var weights: String?
  @Option(help: ArgumentHelp("Classes to name for every picture, sound, text or row.", valueName: "k")) var top = 1
  @Option(
    help: ArgumentHelp(
      "Folder for the masks of a run that gives every pixel a class, PNG files of the pictures' sizes.",
      valueName: "dir"))
  var output: String?
  @OptionGroup(title: "Computation") var compute: ComputeOptions
  @OptionGroup(title: "Output") var out: OutputOptions

  func run() throws {
    try compute.install()
    if let weights {
      guard output == nil else {
        throw TrainingError("--output", "is for runs that draw masks", advice: "leave it out")
      }
      let report = try PretrainedNetwork.named(folder).predict(images, weights: weights, top: top)
      return try out.print(report) { Texts.predictions(report) }
    }
    try PretrainedNetwork.checkIsNone(folder)
    let saved = try SavedRun(folder)
    if let output {
      let report = try saved.segment(images, into: output)
      return try out.print(report) { Texts.masks(report) }
    }
    if saved.takesRows {
      let report = try saved.predictRows(images, top: top)
      return try out.print(report) { Texts.rows(report) }
    }
    let report = try saved.predict(images, top: top)
    try out.print(report) { Texts.predictions(report) }
  }
}
