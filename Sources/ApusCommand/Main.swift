import ArgumentParser

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// The entry point: runs the command, and turns whatever goes wrong into one sentence and an exit status.
@main
enum Main {
  static func main() {
    // A closed pipe and a full quota are errors to report, not reasons to die.
    signal(SIGPIPE, SIG_IGN)
    signal(SIGXFSZ, SIG_IGN)
    do {
      try Command.checkName(CommandLine.arguments.dropFirst().first)
      var command = try Command.parseAsRoot(try Command.joined(Array(CommandLine.arguments.dropFirst())))
      try command.run()
    } catch {
      exit(Failure.report(error))
    }
  }
}
