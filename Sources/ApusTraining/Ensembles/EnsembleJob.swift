import ApusFormats

/// The training of an ensemble from a request to a report: everything `apus ensemble train` does.
///
/// Each member is a run of its own, in `member-1`, `member-2` and so on, trained one after the other. All share one split
/// and one normalization; they differ by their seeds, and with bagging by their samples.
public struct EnsembleJob {
  /// The folder of the ensemble.
  public let path: String
  /// How many members there are.
  public var memberCount: Int { plan.members }

  private let plan: EnsembleConfiguration
  private let request: TrainingRequest
  private let isResuming: Bool

  /// Checks the request; what the members are asked for is checked when the first one's job is made.
  ///
  /// - Throws: ``TrainingError`` or `FormatError` when a number is impossible or the folder is taken.
  public init(_ request: EnsembleRequest) throws {
    if let members = request.members, members < 2 || members > 1000 {
      throw TrainingError.impossible("--members", members, "a whole number from 2 to 1000")
    }
    path = try Self.folder(request.training)
    isResuming = request.training.resume
    let begun = EnsembleConfiguration.exists(path) ? try EnsembleConfiguration.read(path) : nil
    if let begun, !isResuming {
      throw TrainingError(
        path, "the folder holds an ensemble of \(begun.members) already",
        advice: "add --resume to go on with it, or choose another --output")
    }
    plan = EnsembleConfiguration(
      members: request.members ?? begun?.members ?? 5, seed: request.training.seed ?? begun?.seed ?? 0,
      isBagged: request.isBagged ?? begun?.isBagged ?? false)
    if let begun {
      guard plan.members >= begun.members else {
        throw TrainingError(
          "--members", "is \(plan.members) but the ensemble in \(path) was begun with \(begun.members)",
          advice: "give at least as many, or train into another folder")
      }
      guard plan.seed == begun.seed, plan.isBagged == begun.isBagged else {
        let option = plan.seed == begun.seed ? "--bagging" : "--seed"
        throw TrainingError(
          option, "differs from what the ensemble in \(path) was begun with",
          advice: "leave the option out, or train into another folder")
      }
    }
    self.request = request.training
  }

  private static func folder(_ request: TrainingRequest) throws -> String {
    if let output = request.output {
      guard !output.isEmpty else { throw TrainingError("--output", "is empty", advice: "name a folder") }
      guard !RunFolder(output).holdsRun else {
        throw TrainingError(output, "the folder holds a single run", advice: "choose another --output")
      }
      return RunFolder(output).path
    }
    guard !request.resume else {
      throw TrainingError(
        "--resume", "does not say which ensemble to go on with", advice: "add --output with its folder")
    }
    return RunFolder.unused(model: "ensemble-\(request.model)", data: request.data).path
  }

  /// Trains every member that is not finished, and judges them all.
  ///
  /// - Parameter progress: makes the reporter of a member from its job and its number, counted from 1.
  /// - Throws: as ``TrainingJob``; finished members stay, and the next training with `resume` goes on.
  public func run(progress: (TrainingJob, Int) throws -> ProgressReporter?) throws -> EnsembleReport {
    for index in 0..<plan.members {
      let job = try TrainingJob(memberRequest(index))
      let task = job.configuration.objective.task
      guard task != .segmentation, task != .sequence else {
        throw TrainingError(
          request.data,
          "gives \(task == .sequence ? "symbols of a text" : "pixels") their classes, which ensembles do not average",
          advice: "use apus train")
      }
      if index == 0 { try begin(job) }
      _ = try job.run(progress: try progress(job, index + 1))
    }
    return try SavedEnsemble(path).evaluate(on: nil)
  }

  private func memberRequest(_ index: Int) -> TrainingRequest {
    var member = request
    member.output = EnsembleConfiguration.member(index, of: path)
    member.seed = plan.seed &+ UInt64(index)
    member.splitSeed = plan.seed
    member.bootstrap = plan.isBagged
    // Every member's folder was begun with the first, so that each knows its options after an interruption.
    member.resume = isResuming || index > 0
    return member
  }

  /// Writes what all members are asked for, before the first one is trained.
  private func begin(_ first: TrainingJob) throws {
    try RunFolder(path).create()
    for index in 0..<plan.members {
      let run = RunFolder(EnsembleConfiguration.member(index, of: path))
      if run.holdsRun { continue }
      var configuration = first.configuration
      configuration.seed = plan.seed &+ UInt64(index)
      try run.create()
      try configuration.write(to: run)
    }
    try plan.write(to: path)
  }
}
