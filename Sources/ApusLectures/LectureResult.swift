import Apus

/// What an experiment found.
public struct LectureResult: Sendable {
  /// A picture and the name of its file, without extension.
  public struct Drawing: Sendable {
    /// The name of the file.
    public var name: String
    /// The picture.
    public var figure: Figure

    /// A picture under a name.
    public init(_ name: String, _ figure: Figure) {
      self.name = name
      self.figure = figure
    }
  }

  /// The numbers as people read them.
  public var tables: [LectureTable]
  /// The pictures.
  public var drawings: [Drawing]
  /// What was done and what came out, with the numbers in it.
  public var paragraph: String
  /// What the notes say, held against the numbers.
  public var claims: [LectureClaim]
  /// The numbers under names, for programs.
  public var values: [String: Double]

  /// A result.
  public init(
    tables: [LectureTable], drawings: [Drawing], paragraph: String, claims: [LectureClaim], values: [String: Double]
  ) {
    self.tables = tables
    self.drawings = drawings
    self.paragraph = paragraph
    self.claims = claims
    self.values = values
  }
}
