import Apus
import ArgumentParser

/// `apus faces`
struct Faces: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Find the faces in pictures, with eyes, nose and mouth, by three networks with published weights.",
    discussion: """
      EXAMPLES
        scripts/get-pretrained
        apus faces --weights ~/.cache/apus/pretrained photo.jpg
        apus faces --weights ~/.cache/apus/pretrained a.png b.jpg --smallest 40 --output framed

      The pictures are PNG or JPEG files. --output framed writes framed/a.png and framed/b.png. apus pretrained says \
      where the weights are from (face-pnet, face-rnet, face-onet).
      """)

  @Argument(help: ArgumentHelp("PNG or JPEG files.", valueName: "image")) var images: [String]
  @Option(help: ArgumentHelp("Folder with pnet.pt, rnet.pt and onet.pt.", valueName: "folder")) var weights: String
  @Option(help: ArgumentHelp("Side of the smallest face that is looked for.", valueName: "pixels")) var smallest = 20
  @Option(
    help: ArgumentHelp(
      "How probable a face must be for each of the three networks (0.6,0.7,0.7).", valueName: "p,p,p"))
  var thresholds: String?
  @Option(help: ArgumentHelp("Folder for copies with a frame around each face, PNG files.", valueName: "folder"))
  var output: String?
  @OptionGroup(title: "Computation") var compute: ComputeOptions
  @OptionGroup(title: "Output") var out: OutputOptions

  func run() throws {
    let limits = try thresholds.map {
      try NumberList.numbers($0, option: "--thresholds", example: "0.6,0.7,0.7")
    }
    try compute.install()
    let detector = try FaceDetector(weights: weights, smallest: smallest, thresholds: limits ?? [0.6, 0.7, 0.7])
    let report = try detector.report(images, framedInto: output)
    try out.print(report) { Texts.faces(report) }
  }
}
