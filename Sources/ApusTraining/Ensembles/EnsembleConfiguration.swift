import ApusFormats

/// What an ensemble was asked for: `ensemble.json`, beside the folders of its members.
struct EnsembleConfiguration: Sendable, Hashable, Codable {
  /// The version of this format.
  var format = 1
  /// The version of the program that began the ensemble.
  var apusVersion = ApusVersion.current
  /// How many members there are.
  var members: Int
  /// The seed of the first member; each later one has the next number.
  var seed: UInt64
  /// Whether every member trains on a bootstrap sample of its own.
  var isBagged: Bool

  private enum CodingKeys: String, CodingKey {
    case format, members, seed
    case apusVersion = "apus_version"
    case isBagged = "bagging"
  }

  /// The file in a folder.
  static func path(_ folder: String) -> String { RunFolder(folder).ensemble }

  /// The folder of a member, counted from 0.
  static func member(_ index: Int, of folder: String) -> String { RunFolder(folder).path + "/member-\(index + 1)" }

  /// Reads the file of a folder.
  ///
  /// - Throws: ``TrainingError`` or `FormatError` when there is none or it is damaged.
  static func read(_ folder: String) throws -> EnsembleConfiguration {
    let file = path(folder)
    guard exists(folder) else {
      throw TrainingError(
        folder, "there is no ensemble in this folder", advice: "give a folder that apus ensemble train made")
    }
    guard let found = try? JSON.decode(EnsembleConfiguration.self, try TextFile.read(file)), found.members >= 1 else {
      throw TrainingError(
        file, "is damaged or was not written by this program", advice: "train again into a new folder")
    }
    guard found.format == 1 else {
      throw TrainingError(
        file, "has format \(found.format), this program knows format 1", advice: "use a newer program")
    }
    return found
  }

  /// Whether a folder holds an ensemble.
  static func exists(_ folder: String) -> Bool { RunFolder(folder).holdsEnsemble }

  func write(to folder: String) throws { try AtomicFile.write(JSON.readable(self), to: Self.path(folder)) }
}
