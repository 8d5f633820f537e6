import Apus
import ArgumentParser

/// `apus predict`
struct Predict: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Say what pictures show, by a saved run.",
    discussion: """
      EXAMPLES
        apus predict runs/lenet5-mnist seven.png
        apus predict runs/lenet5-fashion-mnist a.png b.png --top 3 --json
        apus predict runs/lenet5-photos photo.jpg

      The pictures are PNG or JPEG files of any size: they are resized and cropped as an image folder's were for the \
      training; colour becomes gray where the model takes gray. The digits and clothes of the data sets are light on a \
      dark ground.
      """)

  @Argument(help: ArgumentHelp("The folder of a run.", valueName: "run")) var folder: String
  @Argument(help: ArgumentHelp("PNG or JPEG files.", valueName: "image")) var images: [String]
  @Option(help: ArgumentHelp("Classes to name for every picture.", valueName: "k")) var top = 1
  @OptionGroup(title: "Computation") var compute: ComputeOptions
  @OptionGroup(title: "Output") var out: OutputOptions

  func run() throws {
    try compute.install()
    let report = try SavedRun(folder).predict(images, top: top)
    try out.print(report) { Texts.predictions(report) }
  }
}
