import ApusEvents
import Foundation
import Testing

@Suite struct ResumeTests {
  /// Kills a training at random moments, checkpoints being written all the time, until it comes to its end.
  @Test func killedTrainingEqualsAnUninterruptedOne() throws {
    let folder = try Folder()
    let training = smallTraining + ["--epochs", "3", "--checkpoint-steps", "1"]
    let start = Date()
    #expect(try Apus.run(training + ["--output", "whole"], in: folder).status == 0)
    // The first kill comes with the first checkpoint; the moments of the others are drawn from the time a whole
    // training takes on this machine.
    let duration = Date().timeIntervalSince(start)
    var kills = 0
    var status: Int32 = -1
    for attempt in 0..<60 {
      let process = try Apus.start(training + ["--output", "killed", "--resume"], in: folder)
      if attempt < 12 {
        if attempt == 0 {
          while process.isRunning, (try? folder.bytes("killed/last.safetensors")) == nil {
            Thread.sleep(forTimeInterval: 0.001)
          }
        } else {
          Thread.sleep(forTimeInterval: duration * Double.random(in: 0.05...0.6))
        }
        if process.isRunning { kill(process.processIdentifier, SIGKILL) }
      }
      process.waitUntilExit()
      if process.terminationReason == .exit {
        status = process.terminationStatus
        break
      }
      kills += 1
    }
    #expect(status == 0 && kills > 0)
    #expect(try folder.bytes("killed/model.safetensors") == folder.bytes("whole/model.safetensors"))
    #expect(try tensors(folder.file("killed/last.safetensors")) == tensors(folder.file("whole/last.safetensors")))
    #expect(try metrics(folder, "killed") == metrics(folder, "whole"))
    // Nothing half-written is left.
    #expect(folder.files().allSatisfy { !$0.contains(".tmp") })
    let names = { (run: String) in
      folder.files().filter { $0.hasPrefix(run + "/") && !$0.contains("tfevents") }.map { $0.dropFirst(run.count) }
    }
    #expect(names("killed") == names("whole"))
    // Every attempt has event files of its own, which together hold what the whole run's file holds, once.
    let (killedEvents, wholeEvents) = (try events(folder, "killed"), try events(folder, "whole"))
    #expect(killedEvents == wholeEvents && wholeEvents.count > 20)
  }

  @Test func moreEpochsGoOnFromTheLast() throws {
    let folder = try Folder()
    let training = smallTraining + ["--output"]
    #expect(try Apus.run(training + ["whole", "--epochs", "3"], in: folder).status == 0)
    #expect(try Apus.run(training + ["parts", "--epochs", "1"], in: folder).status == 0)
    let outcome = try Apus.run(training + ["parts", "--epochs", "3", "--resume"], in: folder)
    #expect(outcome.status == 0)
    #expect(try outcome.json()["epochs"] as? Int == 3)
    #expect(try folder.bytes("parts/model.safetensors") == folder.bytes("whole/model.safetensors"))
    // Again changes nothing.
    #expect(try Apus.run(training + ["parts", "--epochs", "3", "--resume"], in: folder).status == 0)
    #expect(try folder.bytes("parts/model.safetensors") == folder.bytes("whole/model.safetensors"))
  }

  @Test func anUnfinishedRunCanBeUsed() throws {
    let folder = try Folder()
    let process = try Apus.start(smallTraining + ["--epochs", "500", "--output", "run"], in: folder)
    while process.isRunning, (try? folder.bytes("run/metrics.jsonl"))?.isEmpty ?? true {
      Thread.sleep(forTimeInterval: 0.02)
    }
    // Another process cannot train in the same folder.
    let second = try Apus.run(smallTraining + ["--epochs", "500", "--output", "run", "--resume"], in: folder)
    #expect(second.status != 0 && second.errors.contains("another process"))
    kill(process.processIdentifier, SIGKILL)
    process.waitUntilExit()
    let outcome = try Apus.run(["evaluate", "run", "--json"], in: folder)
    #expect(outcome.status == 0, "\(outcome.errors)")
  }

  /// What the event files of a run hold, sorted, without what a clock measured.
  private func events(_ folder: Folder, _ run: String) throws -> [EventFile.Entry] {
    let path = folder.file(run + "/events")
    return try EventWriter.files(in: path).flatMap { try EventFile.entries(of: path + "/" + $0) }
      .filter { !$0.tag.hasSuffix("samples_per_second") }.sorted { ($0.step, $0.tag) < ($1.step, $1.tag) }
  }

  /// The lines of the metrics without what a clock measured.
  private func metrics(_ folder: Folder, _ run: String) throws -> [NSDictionary] {
    let text = String(decoding: try folder.bytes(run + "/metrics.jsonl"), as: UTF8.self)
    return try text.split(separator: "\n").map { line in
      var entry = try #require(JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any])
      for key in ["seconds", "samples_per_second"] { entry[key] = nil }
      return entry as NSDictionary
    }
  }
}
