import Apus

/// What data sets there are, as `apus data list --json` prints it.
struct DataReport: Encodable {
  struct Entry: Encodable {
    let name: String
    let summary: String
    let available: Bool
    let found: String?
    let lookedIn: [String]
    let command: String?
    let licence: String
  }

  let data: [Entry]
  /// What a path may lead to instead.
  let paths = DataCatalog.pathForms

  init() {
    data = DataCatalog.entries().map {
      Entry(
        name: $0.name, summary: $0.summary, available: $0.isAvailable, found: $0.found, lookedIn: $0.places,
        command: $0.isAvailable ? nil : $0.command, licence: $0.licence)
    }
  }
}
