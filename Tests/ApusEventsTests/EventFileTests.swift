import ApusFormats
import Foundation
import Testing

@testable import ApusEvents

/// A folder that lives as long as the value.
private final class Folder {
  let path = NSTemporaryDirectory() + "apus-events-" + UUID().uuidString
  deinit { try? FileManager.default.removeItem(atPath: path) }
}

@Suite struct EventFileTests {
  /// A file by TensorBoard's own writer; Fixtures/make_fixtures.py made it.
  private static let golden =
    URL(fileURLWithPath: #filePath).deletingLastPathComponent().path
    + "/Fixtures/tensorboard.tfevents"

  private let histogram = EventHistogram(
    min: -1.5, max: 2.25, sum: 3, sumOfSquares: 9.0625, limits: [-0.25, 1, 2.25], counts: [1, 2, 3])

  @Test func checksumsAreThoseOfRFC3720() {
    #expect(CRC32C.of("123456789".utf8) == 0xE306_9283)
    #expect(CRC32C.of([UInt8](repeating: 0, count: 32)) == 0x8A91_36AA)
    #expect(CRC32C.of([UInt8](repeating: 0xFF, count: 32)) == 0x62A8_AB43)
    #expect(CRC32C.of((0..<32).map { UInt8($0) }) == 0x46DD_794E)
    #expect(CRC32C.of([UInt8]()) == 0)
  }

  @Test func framesAreTensorBoards() throws {
    let file = try Array(Data(contentsOf: URL(fileURLWithPath: Self.golden)))
    let records = file.withUnsafeBytes { TFRecord.records(in: $0) }
    #expect(records.count == 4)
    #expect(records.flatMap(TFRecord.framed) == file)
    // The messages too, byte for byte.
    for record in records { #expect(try TensorBoardEvent(serializedBytes: record).serializedBytes() == record) }
  }

  @Test func entriesAreTensorBoards() throws {
    let entries = try EventFile.entries(of: Self.golden)
    try #require(entries.count == 4)
    #expect(entries.map(\.tag) == ["configuration", "train/loss", "train/loss", "weights/0.weight"])
    #expect(entries.map(\.step) == [0, 1, 1 << 40, 1 << 40])
    #expect(entries[0].value == .text("größer *than*"))
    #expect(entries[1].value == .scalar(0.5))
    if case .scalar(let value) = entries[2].value { #expect(value.isNaN) } else { Issue.record("no scalar") }
    #expect(entries[3].value == .histogram(histogram))
  }

  @Test func ownRecordsAreTensorBoards() throws {
    let file = try Array(Data(contentsOf: URL(fileURLWithPath: Self.golden)))
    let records = file.withUnsafeBytes { TFRecord.records(in: $0) }
    for (index, entry) in try EventFile.entries(of: Self.golden).enumerated() where index != 2 {
      var event = TensorBoardEvent()
      event.step = Int64(entry.step)
      event.wallTime = 1000.5 + Double(entry.step)
      event.summary.value = [entry.value.message(entry.tag)]
      if index == 3 { event.summary.value.insert(EventFile.Value.scalar(.nan).message("train/loss"), at: 0) }
      #expect(try event.serializedBytes() == records[index == 3 ? 3 : index + 1])
    }
  }

  @Test func cutAndDamagedRecordsEndTheFile() throws {
    let file = try Array(Data(contentsOf: URL(fileURLWithPath: Self.golden)))
    let folder = Folder()
    try FileManager.default.createDirectory(atPath: folder.path, withIntermediateDirectories: true)
    func entries(_ bytes: [UInt8]) throws -> Int {
      try Data(bytes).write(to: URL(fileURLWithPath: folder.path + "/events.out.tfevents.1"))
      return try EventFile.entries(of: folder.path + "/events.out.tfevents.1").count
    }
    for cut in 0..<file.count { #expect(try entries(Array(file.prefix(cut))) < 4) }
    for place in file.indices {
      var damaged = file
      damaged[place] ^= 0x10
      #expect(try entries(damaged) < 4)
    }
    // A length beyond the file.
    let long = [UInt8](repeating: 0xFF, count: 8)
    let claim = TFRecord.framed(long).dropFirst(12).prefix(12)
    #expect(try entries(Array(claim) + [0, 0, 0, 0, 0]) == 0)
    #expect(throws: FormatError.self) { try EventFile.entries(of: folder.path + "/nothing") }
  }

  @Test func laterFilesRepeatNothing() throws {
    let folder = Folder()
    var first: EventWriter? = try EventWriter(folder: folder.path)
    try first?.write([("loss", .scalar(1)), ("text", .text("a"))], step: 0)
    try first?.write([("loss", .scalar(2))], step: 10)
    try first?.write([("loss", .scalar(2))], step: 20)
    let firstPath = try #require(first?.path)
    first = nil
    // What a killed process leaves: the last record is cut.
    let bytes = try Data(contentsOf: URL(fileURLWithPath: firstPath))
    try bytes.dropLast(3).write(to: URL(fileURLWithPath: firstPath))

    let second = try EventWriter(folder: folder.path)
    for step in [0, 10, 20, 30] { try second.write([("loss", .scalar(Float(step)))], step: step) }
    try second.write([("text", .text("a")), ("weights", .histogram(histogram))], step: 0)
    let files = try EventWriter.files(in: folder.path)
    #expect(files.count == 2 && folder.path + "/" + files[0] == firstPath)
    let entries = try files.map { try EventFile.entries(of: folder.path + "/" + $0) }
    #expect(entries[0].map(\.step) == [0, 0, 10])
    #expect(entries[1].map(\.tag) == ["loss", "loss", "weights"])
    #expect(entries[1].map(\.step) == [20, 30, 0])
  }

  @Test func placesThatCannotBeWrittenAreSentences() {
    #expect(throws: FormatError.self) { try EventWriter(folder: "/dev/null/events") }
    #expect(throws: FormatError.self) { try EventWriter.files(in: "/dev/null/events") }
  }
}
