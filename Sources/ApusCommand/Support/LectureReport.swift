import Apus
import ApusLectures

/// The experiments there are.
struct LectureList: Encodable {
  struct Entry: Encodable {
    let name: String
    let title: String
    let source: String
  }

  let lectures = Lectures.all.map { Entry(name: $0.name, title: $0.title, source: $0.source) }

  /// A line or two for each.
  var text: String {
    let width = lectures.map(\.name.count).max() ?? 0
    return lectures.map { entry in
      let indent = String(repeating: " ", count: width + 2)
      return "\(entry.name.padded(to: width + 2))\(entry.title)\n\(indent)(\(entry.source))"
    }.joined(separator: "\n")
  }
}

/// What experiments found.
struct LectureReport: Encodable {
  /// What the notes say, and whether the numbers show it.
  struct Claim: Encodable {
    let text: String
    let shown: Bool
  }

  struct Entry: Encodable {
    let name: String
    let title: String
    let source: String
    let paragraph: String
    let claims: [Claim]
    let values: [String: Double]
    let files: [String]
    let seconds: Double
    /// What people read.
    let text: String

    private enum CodingKeys: String, CodingKey {
      case name, title, source, paragraph, claims, values, files, seconds
    }

    init(_ experiment: any LectureExperiment, _ result: LectureResult, files: [String], seconds: Double) {
      (name, title, source) = (experiment.name, experiment.title, experiment.source)
      (paragraph, values) = (result.paragraph, result.values)
      claims = result.claims.map { Claim(text: $0.text, shown: $0.isShown) }
      (self.files, self.seconds) = (files, seconds)
      let verdicts = result.claims.map { claim in
        let indent = String(repeating: " ", count: 11)
        return claim.verdict.padded(to: 11) + claim.text.wrapped(to: 89).replacing("\n", with: "\n" + indent)
      }
      let tables = result.tables.map(\.text).joined(separator: "\n")
      text = """
        \(experiment.title)
        (\(experiment.source))

        \(tables)
        \(result.paragraph.wrapped(to: 100))

        What the notes say, against these numbers:
        \(verdicts.joined(separator: "\n"))

        \(Rounding.text(seconds, 1)) s; written: \(files.isEmpty ? "no figures" : files.joined(separator: ", "))

        """
    }
  }

  let seed: UInt64
  var lectures: [Entry] = []
}

extension String {
  /// The words in lines of at most a width.
  func wrapped(to width: Int) -> String {
    var lines: [String] = []
    for word in split(separator: " ") {
      if let last = lines.last, last.count + 1 + word.count <= width {
        lines[lines.count - 1] = last + " " + word
      } else {
        lines.append(String(word))
      }
    }
    return lines.joined(separator: "\n")
  }
}
