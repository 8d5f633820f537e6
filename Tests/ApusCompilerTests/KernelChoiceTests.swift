import Apus
import ApusCompiler
import ApusReference
import Foundation
import Synchronization
import Testing

@testable import ApusCPU
@testable import ApusTensor

/// A clock that stands still unless somebody moves it.
private final class FakeClock: Sendable {
  private let time = Mutex(UInt64(1))
  var now: @Sendable () -> UInt64 { { self.time.withLock { $0 } } }
  func pass(_ duration: UInt64) { time.withLock { $0 += duration } }
}

/// Sentences that were reported.
private final class Reports: Sendable {
  private let list = Mutex([String]())
  var take: @Sendable (String) -> Void { { text in self.list.withLock { $0.append(text) } } }
  var sentences: [String] { list.withLock { $0 } }
}

private func temporary(_ name: String) -> String { NSTemporaryDirectory() + "apus-\(name)-\(UUID().uuidString)" }

@Suite struct KernelRaceTests {
  /// What a race comes to when each way takes the times of its list, one after the other, and then the last.
  private func race(_ times: [[UInt64]]) -> (outcome: KernelRace.Outcome, runs: [Int]) {
    var runs = [Int](repeating: 0, count: times.count)
    let outcome = KernelRace().outcome(of: times.count) { place in
      defer { runs[place] += 1 }
      return times[place][min(runs[place], times[place].count - 1)]
    }
    return (outcome, runs)
  }

  @Test func onlyAClearlyFasterWayTakesTheUsualOnesPlace() {
    #expect(race([[100], [80], [85]]).outcome == .init(winner: 1, times: [100, 80, 85], isQuiet: true))
    #expect(race([[100], [89], [85]]).outcome.winner == 2)
    #expect(race([[100], [91]]).outcome.winner == 0)
    #expect(race([[100], [100], [140]]).outcome.winner == 0)
    #expect(race([[100]]).outcome.winner == 0)
  }

  @Test func aDisturbedRunDeceivesNobody() {
    // The usual way was disturbed now and then.
    #expect(race([[100, 100, 900, 100, 900, 100, 100, 900], [95]]).outcome.winner == 0)
    // The faster one was disturbed.
    #expect(race([[100], [150, 70, 400, 70, 70, 300, 71]]).outcome.winner == 1)
    // One lucky run is not enough.
    #expect(race([[100], [100, 101, 101, 85, 101, 101]]).outcome.winner == 0)
  }

  @Test func aBusyMachineIsNotBelieved() {
    let usual = race([[100, 100, 900, 100, 900, 300, 500, 900], [50]]).outcome
    #expect(usual.winner == 0 && !usual.isQuiet)
    let other = race([[100], [50, 50, 900, 80, 90, 900, 500]]).outcome
    #expect(other.winner == 0 && !other.isQuiet)
  }

  @Test func aHopelessWayRunsOnce() {
    let (outcome, runs) = race([[100], [900], [70]])
    #expect(outcome.winner == 2 && runs[1] == 1 && runs[2] == 8)
    #expect(race([[100], [900]]).runs == [2, 1])
  }
}

@Suite struct KernelChooserTests {
  private func chooser(
    _ path: String?, _ clock: FakeClock, machine: String = "m", budget: UInt64 = 1_000_000,
    report: @escaping @Sendable (String) -> Void = { Issue.record("unexpected report: \($0)") }
  ) -> KernelChooser {
    KernelChooser(
      path: path, machine: machine, budget: budget, now: clock.now, waited: { ThreadWaits() }, report: report)
  }

  /// Asks for a choice among ways that take so long; nil where nothing was measured.
  private func measured(_ chooser: KernelChooser, _ clock: FakeClock, _ problem: String, _ times: [UInt64]) -> Int? {
    var prepared = 0
    let place = chooser.choice(problem, times.indices.map { "way-\($0)" }) { place in
      prepared += 1
      return { clock.pass(times[place]) }
    }
    return prepared > 0 ? place : nil
  }

  @Test func measuresOnceAndRemembers() throws {
    let (path, clock) = (temporary("folder") + "/in/choices.txt", FakeClock())
    let first = chooser(path, clock)
    #expect(measured(first, clock, "p", [50, 20, 30]) == 1)
    #expect(measured(first, clock, "p", [50, 20, 30]) == nil)
    #expect(first.known("p", ["way-0", "way-1", "way-2"]) == 1)
    // With other ways it is another question.
    #expect(first.known("p", ["way-0", "way-1"]) == nil)
    #expect(measured(first, clock, "q", [50, 60]) == 0)
    first.finish()
    // Another process knows both, one of another machine none.
    let second = chooser(path, clock)
    #expect(measured(second, clock, "p", [9, 9, 9]) == nil && second.known("p", ["way-0", "way-1", "way-2"]) == 1)
    #expect(measured(second, clock, "q", [9, 9]) == nil)
    let other = chooser(path, clock, machine: "n")
    #expect(measured(other, clock, "p", [50, 60, 30]) == 2)
    other.finish()
    #expect(try KernelChoices.read(path).ways.count == 3)
  }

  @Test func twoProcessesLoseNothing() throws {
    let (path, clock) = (temporary("choices"), FakeClock())
    let pair = [chooser(path, clock), chooser(path, clock)]
    for (number, one) in pair.enumerated() { #expect(measured(one, clock, "p\(number)", [50, 20]) == 1) }
    for one in pair { one.finish() }
    #expect(try KernelChoices.read(path).ways.count == 2)
  }

  @Test func aPlansMeasuringEnds() {
    let clock = FakeClock()
    let chooser = chooser(nil, clock, budget: 400)
    #expect(measured(chooser, clock, "a", [50, 20]) == 1)
    #expect(measured(chooser, clock, "b", [50, 20]) == nil)
    // The next plan goes on.
    chooser.begin()
    #expect(measured(chooser, clock, "b", [50, 20]) == 1)
  }

  @Test func whatABusyMachineLeavesOpenIsNotKept() {
    let (path, clock) = (temporary("choices"), FakeClock())
    let chooser = chooser(path, clock)
    var (run, prepared) = (0, 0)
    func place() -> Int {
      chooser.choice("p", ["a", "b"]) { place in
        prepared += 1
        return {
          run += 1
          clock.pass(place == 0 ? UInt64(100 * run) : 10)
        }
      }
    }
    #expect(place() == 0 && place() == 0)
    #expect(prepared == 2 && chooser.known("p", ["a", "b"]) == nil)
    chooser.finish()
    #expect(!FileManager.default.fileExists(atPath: path))
  }

  @Test func steadyTimesOfAProcessThatWaitsAreNotBelieved() {
    for (waits, place) in [(UInt64(1), 1), (50, 0)] {
      let (clock, waited) = (FakeClock(), FakeClock())
      let chooser = KernelChooser(
        path: nil, machine: "m", now: clock.now, waited: { ThreadWaits(byThread: ["1": waited.now()]) },
        report: { _ in })
      let found = chooser.choice("p", ["a", "b"]) { place in
        {
          clock.pass(place == 0 ? 100 : 50)
          waited.pass(waits)
        }
      }
      #expect(found == place && chooser.known("p", ["a", "b"]) == (place == 1 ? 1 : nil))
    }
  }

  @Test func onlyThreadsThatLivedAllTheTimeCount() {
    let earlier = ThreadWaits(byThread: ["1": 100, "2": 1_000_000, "3": 7])
    // One waited, one ended, one is as it was, and one began.
    #expect(ThreadWaits(byThread: ["1": 130, "3": 7, "4": 500]).since(earlier) == 30)
    // A number given to another thread anew.
    #expect(ThreadWaits(byThread: ["2": 12]).since(earlier) == 0)
  }

  @Test func linuxCountsTheWaitsOfThisThread() {
    let waits = ThreadWaits.current()
    #expect(waits.byThread["\(ProcessInfo.processInfo.processIdentifier)"] != nil || waits.byThread.isEmpty)
  }

  @Test func aWayThatCannotDoItIsPassedOver() {
    let clock = FakeClock()
    let chooser = chooser(nil, clock)
    let place = chooser.choice("p", ["a", "b", "c"]) { place in place == 1 ? nil : { clock.pass(place == 0 ? 50 : 9) } }
    #expect(place == 2)
    // Without the usual way there is no measure for the others.
    #expect(chooser.choice("q", ["a", "b"]) { place in place == 0 ? nil : {} } == 0)
  }

  private static let broken = [
    "empty": "", "foreign": "something else\n", "older": "apus kernel choices 0\nm\tp\tw\n",
    "cut": "apus kernel choices 1\nm\tp\tw", "too few fields": "apus kernel choices 1\nm\tp\n",
    "too many fields": "apus kernel choices 1\nm\tp\tw\tx\n", "an empty field": "apus kernel choices 1\nm\t\tw\n",
    "an empty line": "apus kernel choices 1\nm\tp\tw\n\n", "an escape": "apus kernel choices 1\nm\tp\u{1b}\tw\n",
    "a long line": "apus kernel choices 1\nm\t\(String(repeating: "p", count: 500))\tw\n",
    "many lines": "apus kernel choices 1\n" + (0...3000).map { "m\tp\($0)\tw\n" }.joined(),
    "large": String(repeating: "apus ", count: 300_000),
  ]

  @Test(arguments: broken.keys.sorted()) func aBrokenFileIsReportedAndReplaced(name: String) throws {
    let (path, clock, reports) = (temporary("choices"), FakeClock(), Reports())
    defer { try? FileManager.default.removeItem(atPath: path) }
    try Data((Self.broken[name] ?? "").utf8).write(to: URL(fileURLWithPath: path))
    let one = chooser(path, clock, report: reports.take)
    #expect(measured(one, clock, "p", [50, 20]) == 1)
    #expect(measured(one, clock, "q", [50, 20]) == 1)
    one.finish()
    #expect(reports.sentences.count == 1 && reports.sentences[0].contains(path))
    #expect(try KernelChoices.read(path).ways.count == 2)
  }

  @Test func aWayThatDoesNotExistIsMeasuredAgain() throws {
    let (path, clock) = (temporary("choices"), FakeClock())
    defer { try? FileManager.default.removeItem(atPath: path) }
    try Data("apus kernel choices 1\nm\tp of way-0,way-1\tway-7\n".utf8).write(to: URL(fileURLWithPath: path))
    #expect(measured(chooser(path, clock), clock, "p", [50, 20]) == 1)
  }

  @Test func whatCannotBeKeptIsSaidOnce() {
    let (clock, reports) = (FakeClock(), Reports())
    let one = chooser("/proc/none/choices.txt", clock, report: reports.take)
    #expect(measured(one, clock, "p", [50, 20]) == 1)
    one.finish()
    one.finish()
    #expect(reports.sentences.count == 1)
    #expect(one.known("p", ["way-0", "way-1"]) == 1)
  }

  @Test func theOldestChoicesGo() throws {
    var choices = KernelChoices()
    for number in 0...KernelChoices.mostChoices { choices.set(.init(machine: "m", problem: "p\(number)"), "w") }
    #expect(choices.ways.count == KernelChoices.mostChoices)
    #expect(choices.ways[.init(machine: "m", problem: "p0")] == nil)
    #expect(try KernelChoices(text: choices.text, file: "f") == choices)
  }

  @Test func theEnvironmentSaysWhere() {
    #expect(KernelChoices.standardPath(["HOME": "/h"]) == "/h/.cache/apus/kernel-choices.txt")
    #expect(KernelChoices.standardPath(["HOME": "/h", "XDG_CACHE_HOME": "/x"]) == "/x/apus/kernel-choices.txt")
    #expect(KernelChoices.standardPath(["HOME": "/h", "APUS_KERNEL_CHOICES": "/f"]) == "/f")
    #expect(KernelChoices.standardPath(["HOME": "/h", "APUS_KERNEL_CHOICES": "off"]) == nil)
    #expect(KernelChoices.standardPath([:]) == nil)
    // One line for a machine, without what separates the fields of the file.
    #expect(!KernelChoices.machine.isEmpty && KernelChoices.machine.utf8.allSatisfy { $0 >= 32 && $0 < 127 })
  }
}

/// Plans whose convolutions were measured.
@Suite struct MeasuredConvolutionTests {
  private struct Case: Sendable, CustomTestStringConvertible {
    var name: String
    var images: Shape, weights: Shape
    var geometry: ConvolutionGeometry
    var testDescription: String { name }
  }

  private static let cases = [
    Case(name: "3x3", images: [1, 32, 12, 13], weights: [32, 32, 3, 3], geometry: .init(paddingLow: 1)),
    Case(name: "few channels", images: [2, 3, 24, 25], weights: [16, 3, 5, 5], geometry: .init(paddingLow: 2)),
    Case(name: "few channels, strided", images: [2, 5, 49, 40], weights: [19, 5, 5, 5], geometry: .init(stride: 2)),
    Case(name: "1x1", images: [3, 24, 23, 19], weights: [43, 24, 1, 1], geometry: .init()),
    Case(
      name: "strided", images: [2, 32, 24, 24], weights: [40, 32, 3, 3], geometry: .init(stride: 2, paddingLow: 1)),
  ]

  /// A convolution with what is finished in it, for use, and one with all gradients.
  private func run(_ item: Case, _ executor: any Executor) -> [[Float]] {
    Execution.$override.withValue(executor) {
      withRandomSeed(5) {
        let inputs = [
          Tensor.randomNormal(item.images), Tensor.randomNormal(item.weights), Tensor.randomNormal([item.weights[0]]),
        ]
        func result(_ inputs: [Tensor]) -> Tensor {
          Tensor.record(Convolution(geometry: item.geometry, hasBias: true), inputs)
        }
        let weighting = Tensor.randomNormal(result(inputs).shape)
        realize(inputs + [weighting])
        let gradients = gradient(at: inputs) { (result($0) * weighting).sum() }
        let trained = ([result(inputs)] + gradients).map { $0.scalars(as: Float.self) }
        // Parameters last from replay to replay, so their kernels may be prepared.
        let parameters = inputs.dropFirst().map { Parameter($0, role: .weight) }
        let used = withInference {
          relu(result([inputs[0], parameters[0].value, parameters[1].value]) + weighting).scalars(as: Float.self)
        }
        return trained + [used]
      }
    }
  }

  private func expectEqual(_ found: [[Float]], _ expected: [[Float]], _ label: String) {
    for (number, (a, b)) in zip(found, expected).enumerated() {
      let scale = (b.reduce(0) { $0 + $1 * $1 } / Float(b.count)).squareRoot()
      let worst = zip(a, b).map { abs($0 - $1) }.max() ?? .infinity
      #expect(a.count == b.count && worst < 1e-4 * scale, "\(label), result \(number) is off by \(worst) of \(scale)")
    }
  }

  /// Every way that a measurement could choose, taken in turn by writing it into the file.
  @Test(arguments: cases) private func everyWayEqualsTheReference(_ item: Case) throws {
    let path = temporary("choices")
    defer { try? FileManager.default.removeItem(atPath: path) }
    func executor() -> PlanExecutor {
      // Whatever the times are, each problem is noted.
      let race = KernelRace(rounds: 1, hopeless: .infinity, mostNoise: .infinity)
      let chooser = KernelChooser(
        path: path, budget: .max, race: race, waited: { ThreadWaits() },
        report: { Issue.record("unexpected report: \($0)") })
      return PlanExecutor(backend: CPUBackend(options: CPUOptions(threads: 2, usesWinograd: true), chooser: chooser))
    }
    let expected = run(item, ReferenceExecutor())
    expectEqual(run(item, executor()), expected, "measured")
    let measured = try KernelChoices.read(path)
    // The forward pass and at least the gradient of the weights.
    #expect(measured.ways.count >= 2)
    func ways(_ key: KernelChoices.Key) -> [String] {
      key.problem.split(separator: " ").last.map { $0.split(separator: ",").map(String.init) } ?? []
    }
    let most = measured.ways.keys.map { ways($0).count }.max() ?? 0
    #expect(most >= 2)
    for place in 0..<most {
      var forced = KernelChoices()
      for key in measured.ways.keys { forced.set(key, ways(key)[min(place, ways(key).count - 1)]) }
      try forced.write(path)
      expectEqual(run(item, executor()), expected, "way \(place)")
      // Nothing was measured anew: the file's choices were taken.
      #expect(try KernelChoices.read(path) == forced)
    }
  }

  @Test private func deterministicAndUsualPlansNeverMeasure() throws {
    let path = temporary("choices")
    @Sendable func noClock() -> UInt64 {
      Issue.record("something was measured")
      return 1
    }
    let asked = KernelChooser(path: path, now: noClock, waited: { ThreadWaits() }, report: { _ in })
    let deterministic = CPUBackend(options: CPUOptions(isDeterministic: true, measuresKernels: true), chooser: asked)
    #expect(deterministic.chooser == nil)
    #expect(CPUBackend(options: CPUOptions(isDeterministic: true, measuresKernels: true)).chooser == nil)
    #expect(CPUBackend().chooser == nil && CPUBackend(options: CPUOptions(measuresKernels: true)).chooser != nil)
    // Bit for bit the fixed choice.
    let found = run(Self.cases[0], PlanExecutor(backend: deterministic))
    #expect(found == run(Self.cases[0], CPUExecutor.make(options: CPUOptions(isDeterministic: true))))
    #expect(!FileManager.default.fileExists(atPath: path))
  }

  /// The switch takes Winograd's way from those that are measured.
  @Test private func withoutWinogradItIsNoCandidate() throws {
    let path = temporary("choices")
    defer { try? FileManager.default.removeItem(atPath: path) }
    for usesWinograd in [true, false] {
      try? FileManager.default.removeItem(atPath: path)
      let options = CPUOptions(threads: 2, usesWinograd: usesWinograd)
      let chooser = KernelChooser(
        path: path, race: KernelRace(rounds: 1, mostNoise: .infinity), waited: { ThreadWaits() }, report: { _ in })
      _ = run(Self.cases[0], PlanExecutor(backend: CPUBackend(options: options, chooser: chooser)))
      let text = (try? String(contentsOfFile: path, encoding: .utf8)) ?? ""
      #expect(text.contains("winograd") == usesWinograd)
    }
  }
}
