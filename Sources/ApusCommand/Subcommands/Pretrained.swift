import Apus
import ArgumentParser

/// `apus pretrained`
struct Pretrained: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "List networks whose weights are published: where each can be had, its size, licence and checksum.",
    discussion: """
      EXAMPLES
        apus pretrained
        apus predict efficientnet-lite0 --weights efficientnet-lite0-57934424.pth photo.jpg
        apus faces --weights pretrained photo.jpg
        apus translate letters-to-sounds --weights checkpoint20.npz spider

      scripts/get-pretrained fetches the files; nothing is downloaded by this command.
      """)

  @OptionGroup(title: "Output") var out: OutputOptions

  func run() throws {
    try out.print(PretrainedNetwork.all) {
      PretrainedNetwork.all.map { network in
        """
        \(network.name): \(network.summary)
          \(network.package), \(network.file)
          for apus \(network.use.rawValue), \(network.byteCount) bytes, \(network.licence), sha256 \(network.checksum)
        """
      }.joined(separator: "\n")
    }
  }
}
