import ArgumentParser

@main
struct Command: ParsableCommand {
  static let configuration = CommandConfiguration(commandName: "apus", abstract: "Deep learning on this machine.")
}
