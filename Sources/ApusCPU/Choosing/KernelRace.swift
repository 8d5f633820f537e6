/// Finds the fastest of several ways to do the same, by doing each a few times in turn.
///
/// The usual way stays unless another is clearly faster: its least time is smaller by a tenth, and it was ahead in most
/// rounds. Other programs only ever make a run longer, so the least of several times is the one to trust, and ways that
/// take turns suffer alike. Where the times of one way differ much among themselves, the machine is too busy to tell.
struct KernelRace: Sendable {
  /// How often each way runs after it has been tried once.
  var rounds = 7
  /// The part of the usual way's time that another must save.
  var leastGain = 0.1
  /// A way whose first run takes so many times the usual one's is given up.
  var hopeless = 3.0
  /// How far a way's middle time may lie above its least, as a part of it.
  var mostNoise = 0.2

  /// What a race came to: the winner's place, the least time of each way that took part, in nanoseconds, and whether the
  /// machine was quiet enough for both to be believed.
  struct Outcome: Equatable {
    var winner: Int
    var times: [UInt64?]
    var isQuiet: Bool
  }

  /// Lets the ways take turns.
  ///
  /// - Parameter run: does one of the ways once, by its place, and gives the nanoseconds it took; the usual way is the
  ///   first.
  func outcome(of count: Int, run: (Int) -> UInt64) -> Outcome {
    // The first run of all pays for what is not yet in the caches.
    _ = run(0)
    let first = max(run(0), 1)
    let entrants = [0] + (1..<max(count, 1)).filter { Double(run($0)) <= hopeless * Double(first) }
    guard entrants.count > 1 else {
      return Outcome(winner: 0, times: [UInt64?](repeating: nil, count: count), isQuiet: true)
    }
    var times = [[UInt64]](repeating: [], count: count)
    for _ in 0..<rounds {
      for place in entrants { times[place].append(run(place)) }
    }
    let least = times.map { $0.min() }
    func isClearlyFaster(_ place: Int) -> Bool {
      guard let own = least[place], let usual = least[0] else { return false }
      let won = zip(times[place], times[0]).filter { $0 < $1 }.count
      return Double(own) <= (1 - leastGain) * Double(usual) && 2 * won > rounds
    }
    let ahead = entrants.dropFirst().filter(isClearlyFaster)
    let winner = ahead.min { (least[$0] ?? .max) < (least[$1] ?? .max) } ?? 0
    let isQuiet = entrants.allSatisfy { place in
      let sorted = times[place].sorted()
      return Double(sorted[sorted.count / 2]) <= (1 + mostNoise) * Double(sorted[0])
    }
    return Outcome(winner: isQuiet ? winner : 0, times: least, isQuiet: isQuiet)
  }
}
