import ApusFormats
import Foundation
import Synchronization

/// Chooses between kernels by measuring, once for each problem on a machine.
///
/// What was measured is kept in a file, so that later processes know it. A plan's measuring ends after `budget`: what is
/// not measured by then is done the usual way until a later plan asks again. So is what a busy machine leaves open.
package final class KernelChooser: Sendable {
  private struct State {
    var choices: [String: String]?
    /// Problems that a busy machine left open, not to be measured again by this process.
    var doubtful: Set<String> = []
    var fresh: [(problem: String, way: String)] = []
    var spent: UInt64 = 0
  }

  private let path: String?
  private let machine: String
  private let budget: UInt64
  private let race: KernelRace
  private let now: @Sendable () -> UInt64
  private let waited: @Sendable () -> ThreadWaits
  private let report: @Sendable (String) -> Void
  private let explains: Bool
  private let state = Mutex(State())
  /// Where trials compute.
  let memory = TrialMemory()

  /// - Parameters:
  ///   - path: of the file; nil to keep nothing.
  ///   - budget: of one plan, in nanoseconds.
  ///   - now: a clock, in nanoseconds.
  ///   - waited: how long the threads of this process have waited for processors.
  ///   - report: takes a sentence for people.
  ///   - explains: whether to report each measurement.
  init(
    path: String?, machine: String = KernelChoices.machine, budget: UInt64 = 5_000_000_000,
    race: KernelRace = KernelRace(), now: @escaping @Sendable () -> UInt64 = KernelChooser.monotonic,
    waited: @escaping @Sendable () -> ThreadWaits = ThreadWaits.current,
    report: @escaping @Sendable (String) -> Void = KernelChooser.printed, explains: Bool = false
  ) {
    (self.path, self.machine, self.budget, self.race) = (path, machine, budget, race)
    (self.now, self.waited, self.report, self.explains) = (now, waited, report, explains)
  }

  /// As the environment asks.
  static func standard() -> KernelChooser {
    let explains = ProcessInfo.processInfo.environment["APUS_EXPLAIN"].map { !$0.isEmpty } ?? false
    return KernelChooser(path: KernelChoices.standardPath(), explains: explains)
  }

  /// The part of a race, as its divisor, that its threads may wait for processors.
  private static let mostWaiting: UInt64 = 20
  /// A clock that never goes back.
  static let monotonic: @Sendable () -> UInt64 = { DispatchTime.now().uptimeNanoseconds }
  static let printed: @Sendable (String) -> Void = { FileHandle.standardError.write(Data("apus: \($0)\n".utf8)) }

  /// Says that another plan may be built, whose budget is whole.
  func begin() { state.withLock { $0.spent = 0 } }

  /// The place of the way known to be best, or nil if that was not measured.
  func known(_ problem: String, _ ways: [String]) -> Int? {
    state.withLock { state in
      if state.choices == nil { state.choices = load() }
      return state.choices?[Self.name(problem, ways)].flatMap { ways.firstIndex(of: $0) }
    }
  }

  /// The place of the best way, measured now if it is not known.
  ///
  /// - Parameters:
  ///   - ways: their names, the usual one first.
  ///   - prepare: makes one ready; nil where it cannot do the problem after all.
  func choice(_ problem: String, _ ways: [String], prepare: (Int) -> (() -> Void)?) -> Int {
    guard ways.count > 1 else { return 0 }
    if let place = known(problem, ways) { return place }
    let name = Self.name(problem, ways)
    guard state.withLock({ $0.spent < budget && !$0.doubtful.contains(name) }) else { return 0 }
    let start = now()
    var runs: [(place: Int, run: () -> Void)] = []
    for place in ways.indices {
      if let run = prepare(place) { runs.append((place, run)) }
      if runs.isEmpty { return 0 }
    }
    let (raceStart, waitedBefore) = (now(), waited())
    let outcome = race.outcome(of: runs.count) { number in
      let start = now()
      runs[number].run()
      return now() &- start
    }
    // Times can be steady and still say more about other programs, when the threads of a kernel wait for each other.
    let isQuiet = outcome.isQuiet && waited().since(waitedBefore) <= (now() &- raceStart) / Self.mostWaiting
    let place = isQuiet ? runs[outcome.winner].place : 0
    if explains {
      let times = zip(runs, outcome.times).map { run, time in
        "\(ways[run.place]) \(time.map { "\(Double($0 / 1000) / 1000) ms" } ?? "given up")"
      }
      let doubt = isQuiet ? "" : " (too busy to tell)"
      report("\(problem): \(ways[place]) of \(times.joined(separator: ", "))\(doubt)")
    }
    state.withLock { state in
      state.spent += now() &- start
      guard isQuiet else {
        state.doubtful.insert(name)
        return
      }
      state.choices?[name] = ways[place]
      state.fresh.append((name, ways[place]))
    }
    return place
  }

  /// Keeps what was measured since the last time, and gives the memory of trials back.
  func finish() {
    let fresh = state.withLock { state in
      defer { state.fresh = [] }
      return state.fresh
    }
    memory.free()
    guard !fresh.isEmpty, let path else { return }
    // Another process may have written meanwhile; a damaged file was reported when it was read.
    var choices = (try? KernelChoices.read(path)) ?? KernelChoices()
    for (problem, way) in fresh { choices.set(KernelChoices.Key(machine: machine, problem: problem), way) }
    do {
      try choices.write(path)
    } catch {
      report("the choices of kernels are not kept: \(error)")
    }
  }

  private func load() -> [String: String] {
    guard let path else { return [:] }
    do {
      let own = try KernelChoices.read(path).ways.filter { $0.key.machine == machine }
      return Dictionary(own.map { ($0.key.problem, $0.value) }) { first, _ in first }
    } catch {
      report("the choices of kernels are not read: \(error)")
      return [:]
    }
  }

  /// A problem with the ways that were open: with others it is another question.
  private static func name(_ problem: String, _ ways: [String]) -> String {
    "\(problem) of \(ways.joined(separator: ","))"
  }
}
