import Apus
import ArgumentParser
import Foundation
import Testing

@testable import ApusCommand

/// `Documentation/Coverage.md` names what exists: types, functions and tests of the repository, options of the command.
@Suite struct CoverageTests {
  /// A row of a table: item, type or function, way from the command, test, twin.
  private struct Row {
    let line: Int
    let cells: [String]

    /// What stands between backticks in a cell.
    func names(_ column: Int) -> [String] {
      cells[column].split(separator: "`", omittingEmptySubsequences: false).enumerated()
        .filter { $0.offset % 2 == 1 }.map { String($0.element) }
    }
  }

  private static let repository = URL(fileURLWithPath: #filePath)
    .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

  private func rows() throws -> [Row] {
    let text = try String(
      contentsOf: Self.repository.appendingPathComponent("Documentation/Coverage.md"), encoding: .utf8)
    return text.split(separator: "\n", omittingEmptySubsequences: false).enumerated().compactMap { number, line in
      guard line.hasPrefix("| "), !line.hasPrefix("| ---"), !line.hasPrefix("| item |") else { return nil }
      let cells = line.split(separator: "|", omittingEmptySubsequences: false).dropFirst().dropLast()
      return Row(line: number + 1, cells: cells.map { $0.trimmingCharacters(in: .whitespaces) })
    }
  }

  /// What a Swift file declares: every name, and the types it declares or extends.
  private struct Declarations {
    var names: Set<String> = []
    var types: Set<String> = []

    init(_ text: String) {
      let kinds: Set<Substring> = ["struct", "class", "enum", "protocol", "extension", "typealias"]
      let members: Set<Substring> = ["func", "var", "let"]
      for line in text.split(separator: "\n") {
        let words = line.split { !($0.isLetter || $0.isNumber || $0 == "_" || $0 == "." || $0 == "/") }
        guard words.first?.hasPrefix("//") == false else { continue }
        for (word, next) in zip(words, words.dropFirst()) {
          if kinds.contains(word) { types.formUnion(next.split(separator: ".").map(String.init)) }
          if kinds.contains(word) || members.contains(word) { names.insert(String(next)) }
        }
        if words.first == "case" { names.formUnion(words.dropFirst().map(String.init)) }
      }
    }
  }

  private func declarations(below folder: String) throws -> [String: Declarations] {
    let root = Self.repository.appendingPathComponent(folder)
    let paths = try #require(FileManager.default.enumerator(atPath: root.path)?.allObjects as? [String])
    var found: [String: Declarations] = [:]
    for path in paths where path.hasSuffix(".swift") && !path.hasSuffix(".pb.swift") {
      found[path] = Declarations(try String(contentsOf: root.appendingPathComponent(path), encoding: .utf8))
    }
    return found
  }

  @Test func everyRowIsWhole() throws {
    let rows = try rows()
    #expect(rows.count >= 130)
    for row in rows {
      try #require(row.cells.count == 5, "line \(row.line) has \(row.cells.count) cells")
      #expect(!row.cells[0].isEmpty && !row.cells[1].isEmpty && !row.cells[2].isEmpty, "line \(row.line)")
      #expect(!row.names(3).isEmpty, "line \(row.line) names no test")
    }
  }

  @Test func typesAndFunctionsExist() throws {
    let files = try declarations(below: "Sources").values
    for row in try rows() {
      for name in row.names(1) {
        let path = name.split(separator: ".").map(String.init)
        let exists = files.contains { file in
          path.count == 1
            ? file.names.contains(name)
            : file.names.contains(path[path.count - 1]) && file.types.contains(path[path.count - 2])
        }
        #expect(exists, "line \(row.line): there is no \(name) in Sources")
      }
    }
  }

  @Test func testsExist() throws {
    let files = try declarations(below: "Tests")
    for row in try rows() {
      for name in row.names(3) where name.first?.isUppercase == true {
        let path = name.split(separator: ".").map(String.init)
        let exists = files.contains { file, declared in
          let isNamed = file.hasSuffix("/\(path[0]).swift") || declared.types.contains(path[0])
          return path.count == 2 && isNamed && declared.names.contains(path[1])
        }
        #expect(exists, "line \(row.line): there is no test \(name)")
      }
    }
  }

  /// Every option and call is one that the command takes; those of trainings are checked with the data, up to the first step.
  @Test func theCommandTakesWhatIsNamed() throws {
    let folder = try Folder()
    let houses = (0..<40).map { "\($0),\($0 % 3 + 1000),\(Double($0 * 7 % 11) / 4),\(50 + $0 * 3)" }
    try folder.write(Array("id,zip,rooms,price\n\(houses.joined(separator: "\n"))\n".utf8), to: "houses.csv")
    let pictures = HostArray((0..<30 * 784).map { UInt8(truncatingIfNeeded: $0 * 37) }, shape: [30, 28, 28])
    let labels = HostArray((0..<30).map { Int32($0 % 10) }, shape: [30])
    try NPZ.write(["x_train": pictures, "y_train": labels], to: folder.file("pictures.npz"))
    for (part, value) in [("images", UInt8(3)), ("masks", 255)] {
      try FileManager.default.createDirectory(atPath: folder.file("scenes/\(part)"), withIntermediateDirectories: true)
      for index in 0..<4 {
        let pixels = (0..<1024).map { $0 < 512 ? 0 : value }
        try PNG.write(HostArray(pixels, shape: [1, 32, 32]), to: folder.file("scenes/\(part)/\(index).png"))
      }
    }
    for name in ["cat", "dog"] {
      try FileManager.default.createDirectory(
        atPath: folder.file("photos/\(name)"), withIntermediateDirectories: true)
      for index in 0..<8 {
        try PNG.write(
          HostArray(type: TensorType([3, 32, 32], .uint8)) { _ in }, to: folder.file("photos/\(name)/\(index).png"))
      }
    }
    for name in ["yes", "no"] {
      try FileManager.default.createDirectory(
        atPath: folder.file("sounds/\(name)"), withIntermediateDirectories: true)
      for index in 0..<8 {
        try WAV(samples: HostArray([Float](repeating: 0.1, count: 900), shape: [900, 1]), sampleRate: 8000)
          .write(to: folder.file("sounds/\(name)/\(index).wav"))
      }
    }
    try FileManager.default.createDirectory(atPath: folder.file("texts"), withIntermediateDirectories: true)
    try folder.write(Array(String(repeating: "The cat sat. ", count: 200).utf8), to: "texts/cats.txt")
    try folder.write(
      Array((0..<60).map { $0 % 2 == 0 ? "good\ta fine film\n" : "bad\tno\n" }.joined().utf8), to: "reviews.tsv")
    try folder.write(
      Array((0..<40).map { "good day \($0 % 5)\tbuenos días \($0 % 5)\n" }.joined().utf8), to: "pairs.tsv")
    let usual = ["mlp", "--data", folder.file("pictures.npz"), "--hidden", "8"]
    var calls = ParsedCalls()
    for row in try rows() {
      for text in row.names(2) where text.hasPrefix("apus ") || text.hasPrefix("--") {
        let words = text.split(separator: " ").map {
          ["houses.csv", "pictures.npz", "photos", "scenes", "sounds", "texts", "reviews.tsv", "pairs.tsv"].contains($0)
            ? folder.file(String($0)) : String($0)
        }
        do {
          let command: any ParsableCommand =
            words[0] == "apus" ? try calls.command(Array(words.dropFirst())) : try calls.training(usual, words)
          switch command {
          case let command as Train: _ = try TrainingJob(command.training.request())
          case let command as CrossValidate: _ = try command.training.request()
          case let command as FindLearningRate: _ = try command.training.request()
          case let command as EnsembleCommand.Train: _ = try command.training.request()
          case let command as Lecture: _ = try command.experiments(#require(command.name))
          default: break
          }
        } catch {
          Issue.record("line \(row.line): \(text): \(error)")
        }
      }
    }
  }
}
