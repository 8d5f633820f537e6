import Apus
import ArgumentParser

/// `apus predict`
struct Predict: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Say what pictures show or texts are, by a saved run.",
    discussion: """
      EXAMPLES
        apus predict runs/lenet5-mnist seven.png
        apus predict runs/lenet5-fashion-mnist a.png b.png --top 3 --json
        apus predict runs/lenet5-photos photo.jpg
        apus predict runs/unet-scenes scene.jpg --output masks       # masks/scene.png: the class of each pixel
        apus predict runs/textclassifier-reviews "a gripping film" "two hours of my life"

      The pictures are PNG or JPEG files of any size: they are resized and cropped as an image folder's were for the \
      training; colour becomes gray where the model takes gray. The digits and clothes of the data sets are light on a \
      dark ground.
      """)

  @Argument(help: ArgumentHelp("The folder of a run.", valueName: "run")) var folder: String
  @Argument(help: ArgumentHelp("PNG or JPEG files; texts, for a run of textclassifier.", valueName: "image|text"))
  var images: [String]
  @Option(help: ArgumentHelp("Classes to name for every picture.", valueName: "k")) var top = 1
  @Option(
    help: ArgumentHelp(
      "Folder for the masks of a run that gives every pixel a class, PNG files of the pictures' sizes.",
      valueName: "dir"))
  var output: String?
  @OptionGroup(title: "Computation") var compute: ComputeOptions
  @OptionGroup(title: "Output") var out: OutputOptions

  func run() throws {
    try compute.install()
    let saved = try SavedRun(folder)
    if let output {
      let report = try saved.segment(images, into: output)
      return try out.print(report) { Texts.masks(report) }
    }
    let report = try saved.predict(images, top: top)
    try out.print(report) { Texts.predictions(report) }
  }
}
