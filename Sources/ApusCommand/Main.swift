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
      let words = try Command.words(rawWords)
      try Command.checkName(words.first)
      var command = try Command.parseAsRoot(try Command.joined(words))
      try command.run()
    } catch {
      exit(Failure.report(error))
    }
  }

  /// The words of the command line as they were given, without the program's name.
  private static var rawWords: [[UInt8]] {
    (1..<max(Int(CommandLine.argc), 1)).compactMap { number in
      CommandLine.unsafeArgv[number].map { word in (0..<strlen(word)).map { UInt8(bitPattern: word[$0]) } }
    }
  }
}
