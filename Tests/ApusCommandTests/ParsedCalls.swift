import ArgumentParser
import Foundation

@testable import ApusCommand

/// What `--experimental-dump-help` prints, as far as tests need it.
struct CommandDescription: Decodable {
  struct Subcommand: Decodable {
    let commandName: String
    let subcommands: [Subcommand]?
    let arguments: [Argument]?
  }
  struct Argument: Decodable {
    struct Name: Decodable { let name: String }
    let kind: String
    let names: [Name]?
    let sectionTitle: String?
  }
  let command: Subcommand

  /// Every subcommand with arguments, by its path such as `ensemble train`.
  static let all: [String: [Argument]] = {
    var found: [String: [Argument]] = [:]
    func walk(_ command: Subcommand, _ path: [String]) {
      found[path.joined(separator: " ")] = command.arguments ?? []
      for sub in command.subcommands ?? [] where sub.commandName != "help" { walk(sub, path + [sub.commandName]) }
    }
    let text = Data(Command._dumpHelp().utf8)
    if let description = try? JSONDecoder().decode(Self.self, from: text) { walk(description.command, []) }
    return found
  }()

  /// The names of the options that take a value.
  static func options(of path: String) -> [String] {
    (all[path] ?? []).filter { $0.kind == "option" }.compactMap { $0.names?.first?.name }
  }
}

/// Parses calls in this process, each by its own subcommand. In debug builds the parser looks through all its options
/// again and again: a group of options alone is parsed many times faster than `apus train`, and is put into a training
/// that was parsed before.
struct ParsedCalls {
  private var trainings: [[String]: Train] = [:]
  private let sections: [String: String] = Dictionary(
    (CommandDescription.all["train"] ?? []).compactMap { argument in
      argument.names?.first.map { ($0.name, argument.sectionTitle ?? "") }
    }, uniquingKeysWith: { first, _ in first })

  /// The command of a call such as `["ensemble", "predict", "run", "a.png"]`.
  func command(_ words: [String]) throws -> any ParsableCommand {
    var type: any ParsableCommand.Type = Command.self
    var rest = words[...]
    while let word = rest.first, let next = type.configuration.subcommands.first(where: { $0._commandName == word }) {
      (type, rest) = (next, rest.dropFirst())
    }
    return try type.parseAsRoot(try Command.joined(Array(rest)))
  }

  /// The training of `apus train` with two groups of words, of which the first ones come again and again.
  mutating func training(_ usual: [String], _ more: [String]) throws -> Train {
    let titles = Set(more.filter { $0.hasPrefix("--") }.map { sections[String($0.dropFirst(2))] ?? "" })
    guard let title = titles.first, titles.count == 1, !["", "Computation", "Output"].contains(title) else {
      return try Train.parse(try Command.joined(usual + more))
    }
    var train = try trainings[usual] ?? Train.parse(usual)
    trainings[usual] = train
    let words = try Command.joined(more)
    switch title {
    case "Objective": train.training.objective = try .parse(words)
    case "Data": train.training.dataOptions = try .parse(words)
    case "Recording": train.recording = try .parse(words)
    case "Form of the model": train.training.form = try .parse(words)
    case "Optimization": train.training.optimization = try .parse(words)
    default: return try Train.parse(try Command.joined(usual + more))
    }
    return train
  }
}
